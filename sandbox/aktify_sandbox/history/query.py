"""Queries of the journal: one request whole, or many by filters, newest first."""

from collections.abc import Iterator

import orjson

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.history.filters import Filters
from aktify_sandbox.history.notices import notices
from aktify_sandbox.jobs import Work
from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.storage.index import identity_in, public, restored
from aktify_sandbox.storage.log import is_request, request_id
from aktify_sandbox.storage.store import Store

_ONLY_WHOLE = ("headers", "body", "bodyEncoding", "bodyOmitted", "httpVersion", "rulings", "truncated")


def page(
    store: Store, filters: Filters, limit: int, before: int | None
) -> Work[tuple[list[Entry], str | None]]:
    """The newest entries that the filters admit, as the list shows them, and the id from which to go on."""
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


def listed(entry: Entry) -> Entry:
    """An entry as the list shows it: without headers and bodies."""
    response = entry["response"] and {"status": entry["response"]["status"]}
    return {**public(entry, _ONLY_WHOLE), "response": response}


def whole(store: Store, campaigns: Campaigns, number: int) -> Entry | None:
    """An entry with its notices and, for a duplicate, the first post beside it; None if there is none."""
    entry = store.request(number)
    return None if entry is None else _whole(store, campaigns, entry, number)


def all_whole(store: Store, campaigns: Campaigns, filters: Filters) -> Iterator[Entry | None]:
    """Every entry that the filters admit, whole, oldest first; None for each line that is no such entry.

    Safe to use from another thread.
    """
    oldest = store.oldest_request
    for line in store.log.lines():
        if line.number >= oldest and is_request(line) and filters.admits(line):
            yield _whole(store, campaigns, store.amended(line.load(), line.number), line.number)
        else:
            yield None


def _whole(store: Store, campaigns: Campaigns, entry: Entry, number: int) -> Entry:
    more: Entry = {"notes": notices(entry, campaigns)}
    entry = restored(entry)
    if entry["reason"]["objection"] == "duplicate":
        more["firstPost"] = first_post(store, entry["campaign"], identity_in(entry), number, _sent(entry))
    return {**public(entry), **more}


def first_post(store: Store, campaign: str, identity: str, number: int, this: Entry) -> Entry | None:
    """The post that took the number: when it came, how the phone was written, and what differs from this one."""
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


def _sent(entry: Entry) -> Entry:
    try:
        sent = orjson.loads((entry["body"] or "").removeprefix("\ufeff"))
    except orjson.JSONDecodeError:
        return {}
    return sent if isinstance(sent, dict) else {}
