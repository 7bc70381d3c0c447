"""Queries of the request journal: one whole entry, or many by filters, newest first."""

from collections import Counter
from collections.abc import Iterator
from typing import TypedDict

import orjson

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.contract.body import syntax_error_in
from aktify_sandbox.history.filters import Filters
from aktify_sandbox.history.notices import notices
from aktify_sandbox.jobs import Work
from aktify_sandbox.journal.entry import Entry, body_of
from aktify_sandbox.scenarios.origin import origin_of
from aktify_sandbox.storage.index import identity_in, public, restored
from aktify_sandbox.storage.log import is_request, request_id
from aktify_sandbox.storage.store import Store

_ONLY_WHOLE = ("headers", "body", "bodyEncoding", "bodyOmitted", "httpVersion", "rulings", "truncated")


def page(
    store: Store, filters: Filters, limit: int, before: int | None
) -> Work[tuple[list[Entry], str | None]]:
    """The newest matching entries as in the list, and the id from which to continue."""
    found: list[Entry] = []
    last = 0
    for line in store.newest_requests(before, filters.after_number):
        yield
        if not filters.admits(line):
            continue
        if len(found) == limit:
            return found, request_id(last)
        last = line.number
        found.append(listed(store.amended(line.load(), line.number)))
    return found, None


class Totals(TypedDict):
    """Numbers of requests of each kind, among the newest."""

    counted: int
    """The number of requests that were counted, whether or not they match."""
    isComplete: bool
    """Whether these are all requests."""
    newest: str | None
    """The id of the newest one; None if there are none."""
    statuses: dict[str, int]
    """By status, or `none` for no answer, among those that match all filters but `status`; the most frequent first."""
    reasons: dict[str, int]
    """By `reason.objection`, among those that match all filters but `reason`."""


def totals(store: Store, but_status: Filters, but_reason: Filters, limit: int) -> Work[Totals]:
    """Counts the newest `limit` requests. Two of the filters are applied twice; each entry is parsed once."""
    statuses: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    counted, newest, is_complete = 0, None, True
    for line in store.newest_requests():
        yield
        if counted == limit:
            is_complete = False
            break
        counted += 1
        newest = newest or request_id(line.number)
        of_status, of_reason = but_status.admits(line), but_reason.admits(line)
        if of_status or of_reason:
            entry = store.amended(line.load(), line.number)
            response = entry["response"]
            statuses[str(response["status"]) if response else "none"] += of_status
            reasons[entry["reason"]["objection"]] += of_reason
    return {
        "counted": counted,
        "isComplete": is_complete,
        "newest": newest,
        "statuses": _most_frequent_first(statuses),
        "reasons": _most_frequent_first(reasons),
    }


def _most_frequent_first(counts: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in counts.most_common() if count}


def listed(entry: Entry) -> Entry:
    """An entry as in the list: without headers and bodies."""
    response = entry["response"] and {"status": entry["response"]["status"]}
    return {**public(entry, _ONLY_WHOLE), "response": response}


def whole(store: Store, campaigns: Campaigns, number: int) -> Entry | None:
    """An entry with its computed fields (see `Entry`); None if it doesn't exist."""
    entry = store.request(number)
    return None if entry is None else _whole(store, campaigns, entry, number)


def all_whole(store: Store, campaigns: Campaigns, filters: Filters) -> Iterator[Entry | None]:
    """Every matching entry, whole, oldest first; None for each line that doesn't match.

    Safe to use from another thread.
    """
    oldest = store.oldest_request
    for line in store.log.lines():
        if line.number >= oldest and is_request(line) and filters.admits(line):
            yield _whole(store, campaigns, store.amended(line.load(), line.number), line.number)
        else:
            yield None


def all_recorded(store: Store, filters: Filters) -> Iterator[Entry | None]:
    """Every matching entry as its line has it, with what became known later, oldest first; None for other lines.

    Safe to use from another thread.
    """
    oldest = store.oldest_request
    for line in store.log.lines():
        if line.number >= oldest and is_request(line) and filters.admits(line):
            yield store.amended(line.load(), line.number)
        else:
            yield None


def _whole(store: Store, campaigns: Campaigns, entry: Entry, number: int) -> Entry:
    more: Entry = {"notes": notices(entry, campaigns)}
    entry = restored(entry)
    objection, forced_by = entry["reason"]["objection"], entry["reason"]["scenario"]
    if forced_by:
        more["forcedBy"] = origin_of(forced_by)
    syntax_error = _syntax_error(entry) if objection == "body" else None
    if syntax_error:
        more["syntaxError"] = syntax_error
    if objection == "duplicate":
        more["firstPost"] = first_post(store, entry["campaign"], identity_in(entry), number, _sent(entry))
    return {**public(entry), **more}


def first_post(store: Store, campaign: str, identity: str, number: int, this: Entry) -> Entry | None:
    """The request that first posted the number: when it came, how the phone was written, and how it differs from this
    one.
    """
    taken = store.lead_number(campaign, identity)
    lead = store.lead(taken) if taken is not None and taken < number else None
    if taken is None or lead is None:
        return None
    first = store.request(taken)
    before = _sent(first) if first else dict(lead["lead"])
    names = list(dict.fromkeys([*before, *this]))
    return {
        "id": lead["request"],
        "receivedAt": lead["receivedAt"],
        "phoneNumber": before.get("phoneNumber", lead["lead"].get("phoneNumber")),
        "phone": lead["phone"],
        "sent": before,
        "differences": [
            {"field": name, "first": before.get(name), "this": this.get(name)}
            for name in names
            if before.get(name) != this.get(name)
        ],
    }


def _syntax_error(entry: Entry) -> Entry | None:
    """The position of the JSON syntax error in the recorded body, whose keys are masked."""
    concerns_fields_only = all(problem["field"] for problem in entry["problems"])
    if concerns_fields_only or "bodyEncoding" in entry or "truncated" in entry:
        return None
    place = syntax_error_in(body_of(entry))
    return place and {"line": place[0], "column": place[1]}


def _sent(entry: Entry) -> Entry:
    try:
        sent = orjson.loads((entry["body"] or "").removeprefix("\ufeff"))
    except orjson.JSONDecodeError:
        return {}
    return sent if isinstance(sent, dict) else {}
