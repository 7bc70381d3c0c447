"""What a recorded request was, as far as its entry says, so that other tools can send it again."""

import json
from typing import Any, NamedTuple
from urllib.parse import quote

from aktify_sandbox.journal.entry import Entry, body_of
from aktify_sandbox.redaction import may_hold_key
from aktify_sandbox.text import printable

_IN_PATHS = "!$&'()*+,/:;=@~"
_IN_QUERIES = _IN_PATHS + "?%[]"
_SET_BY_CLIENTS = (
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "expect",
    "te",
    "trailer",
    "upgrade",
    "accept-encoding",
    "user-agent",
)


def target(entry: Entry) -> str:
    """Path and query as in an address."""
    path = quote(entry["path"], safe=_IN_PATHS)
    query = quote(entry["query"], safe=_IN_QUERIES)
    return f"{path}?{query}" if query else path


class Sent(NamedTuple):
    """What to send again, as far as the entry has it."""

    headers: list[tuple[str, str]]
    """Without those that every client sets itself, and without masked ones."""
    body: bytes
    has_key: bool
    remarks: list[str]
    """What is missing, in words."""

    @property
    def text(self) -> str | None:
        """The body, if a command line or program can contain it as text."""
        try:
            text = self.body.decode()
        except UnicodeDecodeError:
            return None
        return None if "\0" in text or text.startswith("@") else text  # curl takes @ for a file name

    @property
    def lead(self) -> dict[str, Any] | None:
        """The body as a JSON object, if sending that means the same."""
        media = next((value for name, value in self.headers if name.lower() == "content-type"), "")
        if media.strip(" \t") != "application/json":
            return None
        try:
            lead = json.loads(self.body, object_pairs_hook=_once, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return None
        return lead if isinstance(lead, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError
    return dict(pairs)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def sent(entry: Entry) -> Sent:
    """What an entry says about the request as it was sent."""
    names = [name.lower() for name, _ in entry["headers"]]
    hidden = [name for name in names if may_hold_key(name) and name != "x-api-key"]
    remarks = ["Phone numbers, e-mail addresses and last names are masked."] if entry.get("masked") else []
    remarks += [f"The header {printable(name)} is left out: the record hides its value." for name in hidden]
    if entry.get("bodyOmitted"):
        remarks.append("The body isn't recorded: --fictional-only is on.")
    elif entry.get("truncated"):
        remarks.append(
            f"The body is cut off: the record holds only the beginning of its {entry['bodyBytes']:,} bytes."
        )
    return Sent(
        [
            (name, value)
            for name, value in entry["headers"]
            if name.lower() not in _SET_BY_CLIENTS and not may_hold_key(name)
        ],
        body_of(entry),
        "x-api-key" in names,
        remarks,
    )
