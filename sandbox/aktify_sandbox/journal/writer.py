"""Writes each exchange to the log as one line before its answer is sent."""

import contextlib
import re
from collections.abc import Callable

import orjson

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.contract.answers import ENDPOINT, Answer
from aktify_sandbox.contract.phone import is_fictional
from aktify_sandbox.errors import LogWriteError
from aktify_sandbox.exchange import Exchange, Request
from aktify_sandbox.journal.entry import BODY_HELD, Body, Entry, add_body, entry_of
from aktify_sandbox.journal.presented_keys import keys_presented_by
from aktify_sandbox.originals import time
from aktify_sandbox.redaction import Redaction
from aktify_sandbox.storage.index import LeadEntry
from aktify_sandbox.storage.store import Done, Store

_TOLD_BY_CLIENT = (
    "method",
    "path",
    "query",
    "headers",
    "body",
    "response",
    "problems",
    "reason",
    "lead",
    "short",
)


class JournalWriter:
    """Records exchanges before they are answered, then informs listeners."""

    def __init__(self, store: Store, campaigns: Campaigns, listener: Callable[[Exchange], None]) -> None:
        """`campaigns` know the secret keys, and the rulings for requests without a known key."""
        self._store = store
        self._campaigns = campaigns
        self._listener = listener

    def append(self, exchange: Exchange, written: Done) -> None:
        """Record the exchange and its lead. Calls `written` when its line is written, or with the error if that failed.

        After an error nothing is kept.
        """
        exchange.duration_ms = round((time.perf_counter() - exchange.request.started) * 1000, 3)
        answer, lead = exchange.answer, None
        if answer.stores_lead and answer.access and answer.identity:
            code = answer.short.code if answer.short else None
            lead = LeadEntry(answer.access.campaign, answer.identity, code)
        self._store.add(exchange.number, self._line(exchange), lead, written)

    def hung_up(self, exchange: Exchange) -> None:
        """The client disconnected before its answer: this shows its timeout."""
        waited = round((time.perf_counter() - exchange.request.started) * 1000, 3)
        with contextlib.suppress(LogWriteError):  # the disk is full: the entry stays without this
            self._store.amend(exchange.number, {"hungUpAfterMs": waited})

    def tell(self, exchange: Exchange) -> None:
        """Show the exchange in the terminal."""
        self._listener(exchange)

    def _line(self, exchange: Exchange) -> bytes:
        """The entry as a line, with every key masked, wherever the client put it."""
        entry, request = self._entry(exchange), exchange.request
        redaction = self._campaigns.redaction(keys_presented_by(request))
        if redaction.seeks and _may_show_key(exchange, entry, redaction):
            self._mask(exchange, entry, redaction)
        return orjson.dumps(entry)

    def _mask(self, exchange: Exchange, entry: Entry, redaction: Redaction) -> None:
        told = {name: entry[name] for name in _TOLD_BY_CLIENT if name in entry}
        masked = redaction.masked(told)
        if entry["body"] and ("bodyEncoding" in entry or "truncated" in entry):
            entry.pop("bodyEncoding", None)
            masked = {**masked, **_shown_octets(exchange.request, redaction)}
        if masked != told:
            entry |= masked
            exchange.request.path, exchange.request.method = entry["path"], entry["method"]
            exchange.answer.rule = entry["reason"]["rule"]
            if exchange.forced:
                exchange.forced = exchange.forced._replace(by=entry["reason"]["scenario"])

    def _entry(self, exchange: Exchange) -> Entry:
        access, entry = exchange.answer.access, entry_of(exchange)
        rulings = access.rules.rulings if access else self._campaigns.rulings
        if rulings["fictional-only"] == "on" and not _is_made_up(exchange.answer):
            if exchange.answer.objection != "forced":  # it says nothing about the lead
                exchange.answer.rule = _UNTOLD
            exchange.request.path = entry["path"] = _ordinary_path(entry["path"])
            return _without_person(entry)
        return entry


_BREAKS = re.compile(rb"[\0\r\n\t]")
"""What may separate the characters of a key: in UTF-16, or in base64 of many lines. In valid JSON nothing does."""


def _may_show_key(exchange: Exchange, entry: Entry, redaction: Redaction) -> bool:
    """A quick look at everything that the client controls, before the whole entry is searched."""
    body, response = exchange.request.body, exchange.response
    if "bodyEncoding" in entry or "truncated" in entry:
        return True
    if exchange.answer.sent is None and _BREAKS.search(body):
        return True
    head = orjson.dumps([entry[name] for name in ("method", "path", "query", "headers")])
    return redaction.may_find(body, response.body if response else b"", head)


def _shown_octets(request: Request, redaction: Redaction) -> Body:
    """A body that isn't text, or only its beginning. It is masked before it is cut, so that no half of a key
    is left.
    """
    cut = request.left_out > 0
    body = request.body[: 2 * BODY_HELD] if cut else request.body
    shown: Body = {"body": None}
    add_body(shown, redaction.masked_octets(body), cut=cut)
    return shown


def _is_made_up(answer: Answer) -> bool:
    """Whether the lead can't be a real person: its number is valid and fictional."""
    return answer.phone is not None and is_fictional(answer.phone)


_UNTOLD = "Not recorded: --fictional-only is on."


def _ordinary_path(path: str) -> str:
    return path if path.rstrip("/") == ENDPOINT else "…"


def _without_person(entry: Entry) -> Entry:
    response = entry["response"] and {**entry["response"], "body": None}
    problems = [{**problem, "message": "…", "hint": "…"} for problem in entry["problems"]]
    hidden: Entry = {
        "body": None,
        "bodyOmitted": "fictional-only",
        "phone": None,
        "query": "",
        "problems": problems,
    }
    if entry["reason"]["objection"] != "forced":
        hidden["reason"] = {**entry["reason"], "rule": _UNTOLD}
    return {**entry, **hidden, "response": response}
