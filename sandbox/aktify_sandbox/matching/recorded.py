"""A recorded request, in the form that conditions use."""

import functools
import json
from typing import Any

from aktify_sandbox.matching.condition import Texts
from aktify_sandbox.matching.words import WORDS, Entry


class RecordedRequest:
    """An entry, with its lead as it was sent."""

    def __init__(self, entry: Entry) -> None:
        self.entry: Entry = entry
        self.id: str = entry["id"]

    @functools.cached_property
    def _sent(self) -> dict[str, Any] | None:
        """The lead as sent; empty if it wasn't one; None if the body isn't recorded whole."""
        entry = self.entry
        if entry.get("truncated") or entry.get("bodyOmitted"):
            return None
        if entry.get("bodyEncoding") or not entry["body"]:
            return {}
        try:
            sent = json.loads(entry["body"].removeprefix("\ufeff"))
        except (ValueError, RecursionError):
            return {}
        return sent if isinstance(sent, dict) else {}

    @property
    def is_cut(self) -> bool:
        """Whether the body isn't recorded whole."""
        return self._sent is None

    def texts(self, name: str) -> Texts | None:
        """The values under the name: empty if it is missing, None if it isn't recorded."""
        if name.startswith("body."):
            return self._field(name[5:])
        if name.startswith("header "):
            wanted = name[7:]
            found = ((name.lower(), value.strip(" \t")) for name, value in self.entry["headers"])
            return tuple(value for name, value in found if name == wanted)
        return WORDS[name].texts(self)

    def _field(self, name: str) -> Texts | None:
        if self._sent is None:
            return None
        value = _inside(self._sent, name)
        if value is None:
            return ()
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        phone = self.entry["phone"] if name == "phoneNumber" else None
        return (text, phone, phone[5:]) if phone else (text,)


def _inside(value: Any, name: str) -> Any:
    """`metadata.source` leads into an object, unless it has a name with exactly these dots."""
    if not isinstance(value, dict) or name in value:
        return value.get(name) if isinstance(value, dict) else None
    first, dot, others = name.partition(".")
    return _inside(value.get(first), others) if dot else None
