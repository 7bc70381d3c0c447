"""A recorded request as conditions look at it."""

import functools
import json
from collections.abc import Mapping
from typing import Any

from aktify_sandbox.matching.condition import Condition, Texts
from aktify_sandbox.redaction import masked_key

Entry = Mapping[str, Any]

_YES_OR_NO = {"yes": "yes", "no": "no", "true": "yes", "false": "no"}


class RecordedRequest:
    """One whose record was read, with its lead as it was sent."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.id: str = entry["id"]

    @functools.cached_property
    def _sent(self) -> dict[str, Any] | None:
        """The lead that was sent; empty when it was none; None when the record doesn't hold the whole body."""
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
        """Whether the record doesn't hold the whole body."""
        return self._sent is None

    def texts(self, name: str) -> Texts | None:
        """What stands under the name: nothing when it is missing, None when the record doesn't show it."""
        entry, response, reason = self.entry, self.entry["response"], self.entry["reason"]
        match name:
            case "status":
                status = str(response["status"]) if response else "none"
                return (status, f"{status[0]}xx") if response else (status,)
            case "phone":
                return self._phone(entry["phone"])
            case "key" | "campaign":
                return (entry[name],) if entry[name] else ()
            case "forced":
                by = reason["scenario"]
                return ("no",) if by is None else ("yes", by)
            case "kept":
                return ("yes" if "lead" in entry else "no",)
            case "ruling":
                rulings = [reason["ruling"], *(problem["ruling"] for problem in entry["problems"])]
                return tuple(each for each in rulings if each)
            case "search":
                return (text_of(entry),)
            case "method" | "path":
                return (entry[name],)
            case _ if name.startswith("header "):
                wanted = name[7:]
                found = ((name.lower(), value.strip(" \t")) for name, value in entry["headers"])
                return tuple(value for name, value in found if name == wanted)
            case _:
                return self._field(name.removeprefix("body."))

    def _phone(self, phone: str | None) -> Texts | None:
        if phone:
            return phone, phone[5:]
        return None if self._sent is None else ()

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
    """`metadata.source` leads into an object, unless a name in it is called just that, dots and all."""
    if not isinstance(value, dict) or name in value:
        return value.get(name) if isinstance(value, dict) else None
    first, dot, others = name.partition(".")
    return _inside(value.get(first), others) if dot else None


def text_of(entry: Entry) -> str:
    """All that a person would call the text of an entry, line by line. `history/filters.py` knows what joins it."""
    response = entry["response"] or {}
    headers = [f"{name}: {value}" for name, value in [*entry["headers"], *response.get("headers", [])]]
    problems = [text for problem in entry["problems"] for text in problem.values()]
    parts = [
        entry[name]
        for name in ("id", "method", "path", "query", "body", "phone", "campaign", "key", "receivedAt")
    ]
    parts += [*headers, response.get("body"), entry["reason"]["rule"], *problems]
    return "\n".join(str(part) for part in parts if part is not None)


def condition_on(word: str, *values: str) -> Condition:
    """What filters and expectations say of a record by a word whose value is no condition but a text, or several."""
    text = _YES_OR_NO.get(values[0], values[0]) if word in ("forced", "kept") else values[0]
    match word:
        case "key":
            return Condition(word, _key_texts(text))
        case "search":
            return Condition(word, matches=_Holds(text))
        case "forced" if text not in ("yes", "no"):
            return Condition(word, matches=_IsForcedBy(text))
        case "forced" | "kept":
            return Condition(word, frozenset([text]))
        case _:
            return Condition(word, frozenset(values))


class _Holds:
    """Whether a text holds another one, in upper or lower case."""

    def __init__(self, part: str) -> None:
        self._part = part.lower()

    def __call__(self, text: str) -> bool:
        return self._part in text.lower()


class _IsForcedBy(_Holds):
    """The same for what forced an answer; whether one was forced at all is no part of its name."""

    def __call__(self, text: str) -> bool:
        return text not in ("yes", "no") and super().__call__(text)


def _key_texts(key: str) -> frozenset[str]:
    """How a record may show a key: masked, and with the name of a namespace behind it."""
    base, dot, name = key.partition(".")
    return frozenset([key, masked_key(key), f"{masked_key(base)}.{name}" if dot else masked_key(key)])
