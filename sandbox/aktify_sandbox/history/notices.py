"""What is worth knowing about a request and not part of its answer. Worked out when its record is read."""

from collections.abc import Iterator
from typing import Any

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.contract.notices import Note
from aktify_sandbox.errors import RulingError
from aktify_sandbox.scenarios.engine import BY_HEADER, preferences, preferred_status

Record = dict[str, Any]


def notes_on(record: Record, campaigns: Campaigns) -> list[Record]:
    """The notes on a request's headers, then those on its body."""
    looks = (_origin(record), _preference(record), _body(record, campaigns))
    return [note._asdict() for look in looks for note in look]


def _body(record: Record, campaigns: Campaigns) -> Iterator[Note]:
    """What was accepted, by the rulings that were in force when the request came."""
    if record["body"] is None or record["campaign"] is None or "bodyEncoding" in record:
        return
    try:
        rules = campaigns.rules_for(record.get("rulings", {}), record.get("link", "optional"))
    except RulingError as mistake:  # a ruling of an earlier run is missing in this one
        yield Note("", f"Notes can't be worked out. {mistake}", mistake.name)
        return
    yield from rules.notes(record["body"].encode())


def _origin(record: Record) -> Iterator[Note]:
    """Only a browser says from which page a request comes."""
    for origin in _values(record, "origin"):
        what = "A browser asked (CORS preflight)" if _is_preflight(record) else "A browser sent this"
        yield Note(
            "Origin",
            f"{what} for a page of {origin}. Aktify documents no CORS, so a page can't rely on an answer, and whoever"
            " opens the page can read its API key. Fix: post leads from your server.",
            None,
        )


def _is_preflight(record: Record) -> bool:
    return record["method"] == "OPTIONS" and bool(_values(record, "access-control-request-method"))


def _preference(record: Record) -> Iterator[Note]:
    """`Prefer: code=…` that forced nothing."""
    header = ",".join(_values(record, "prefer"))
    found, by = preferences(header), record["reason"]["scenario"]
    if not found or by == BY_HEADER:
        return
    code = preferred_status(header)
    if code is None:
        why = "it takes a status from 200 to 599, e.g. Prefer: code=503."
    elif by:
        why = f"{by} decided before it."
    elif record["reason"]["objection"] in (
        "accepted",
        "duplicate",
    ):  # 201: the request gets its normal answer
        return
    else:
        why = "it forces the answer to a lead that would be a 201 or 409, and this request isn't one."
    yield Note("Prefer", f"{found[0]} had no effect: {why}", None)


def _values(record: Record, wanted: str) -> list[str]:
    return [value.strip(" \t") for name, value in record["headers"] if name.lower() == wanted]
