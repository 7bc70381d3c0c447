"""Notices about a request that aren't part of its answer. Computed when its entry is read."""

from collections.abc import Iterator

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.contract.notices import Notice
from aktify_sandbox.errors import RulingError
from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.scenarios.engine import USUAL, preferences, preferred_status
from aktify_sandbox.scenarios.origin import BY_HEADER


def notices(entry: Entry, campaigns: Campaigns) -> list[Entry]:
    """The notices on a request's headers, then those on its body."""
    looks = (_origin(entry), _preference(entry), _body(entry, campaigns))
    return [notice._asdict() for look in looks for notice in look]


def _body(entry: Entry, campaigns: Campaigns) -> Iterator[Notice]:
    """Notices about the lead under the rulings that were in force when the request came."""
    if entry["body"] is None or entry["campaign"] is None or "bodyEncoding" in entry:
        return
    try:
        rules = campaigns.rules_for(entry.get("rulings", {}), entry.get("link", "optional"))
    except RulingError as error:  # an earlier run had a ruling that doesn't exist here
        yield Notice("", f"No notices: {error}", error.name)
        return
    yield from rules.notices(entry["body"].encode())


def _origin(entry: Entry) -> Iterator[Notice]:
    """Only a browser sends the origin of a page."""
    for origin in _values(entry, "origin"):
        what = "A browser sent this preflight" if _is_preflight(entry) else "A browser sent this"
        yield Notice(
            "Origin",
            f"{what} for a page of {origin}. Aktify documents no CORS, so a page can't rely on an answer, and "
            "anyone who opens the page can read its API key. Fix: post leads from your server.",
            None,
        )


def _is_preflight(entry: Entry) -> bool:
    return entry["method"] == "OPTIONS" and bool(_values(entry, "access-control-request-method"))


def _preference(entry: Entry) -> Iterator[Notice]:
    """`Prefer: code=…` that forced nothing."""
    header = ",".join(_values(entry, "prefer"))
    found, by = preferences(header), entry["reason"]["scenario"]
    if not found or by == BY_HEADER:
        return
    code = preferred_status(header)
    if code is None:
        why = "it takes a status from 200 to 599, e.g. Prefer: code=503."
    elif by:
        why = f"{by} takes precedence."
    elif entry["reason"]["objection"] in USUAL:  # 201: the request gets its normal answer
        return
    else:
        why = "it applies only to requests that would get 201 or 409."
    yield Notice("Prefer", f"{found[0]} had no effect: {why}", None)


def _values(entry: Entry, wanted: str) -> list[str]:
    return [value.strip(" \t") for name, value in entry["headers"] if name.lower() == wanted]
