"""A recorded request as coverage and findings look at it. Made for each of a million entries, so it is light."""

import functools
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from aktify_sandbox.contract.answers import ENDPOINT
from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.scenarios.faults import Fault, is_lost

if TYPE_CHECKING:
    from aktify_sandbox.report.attempts import EarlierPost


class Observed:
    """One request of a client, what it was answered, and when."""

    __slots__ = (
        "at",
        "before",
        "campaign",
        "client",
        "ended",
        "entry",
        "fault",
        "forced",
        "id",
        "is_failure",
        "is_lost",
        "is_post_of_lead",
        "key",
        "lead",
        "objection",
        "phone",
        "sent",
        "status",
    )

    def __init__(self, entry: Entry) -> None:
        """From an entry, as its line in the journal has it or as the admin API shows it."""
        response, reason = entry["response"], entry["reason"]
        hung_up = entry.get("hungUpAfterMs")
        self.entry = entry
        self.id: str = entry["id"]
        self.at = _seconds(entry["receivedAt"])
        """When it arrived, in seconds since the epoch."""
        self.client: str | None = entry["client"]
        """The client's address and port: its connection."""
        self.campaign: str | None = entry["campaign"]
        self.key: str | None = entry["key"]
        """The key, masked, or its name."""
        self.phone: str | None = entry["phone"]
        """The lead's number in E.164; None where none is known."""
        self.status: int | None = response["status"] if response else None
        self.objection: str = reason["objection"]
        """What decided: see `journal.entry.Reason`."""
        self.forced: str | None = reason["scenario"]
        """What forced the answer, in whole or in part."""
        self.fault: str | None = entry.get("fault")
        self.ended = _ended(self.at, entry, hung_up)
        """When the client had its answer or hung up, in seconds since the epoch; None: the record doesn't say."""
        self.is_lost: bool = (
            response is None or hung_up is not None or (self.fault is not None and is_lost(self.fault))
        )
        """Whether no whole answer reached the client: a fault, no answer, or the client hung up."""
        self.is_failure: bool = (
            self.is_lost or self.status is None or self.status >= 500 or self.status == 429
        )
        """Whether a client is to send it again: 5xx, 429, or a lost answer."""
        self.is_post_of_lead: bool = entry["method"] == "POST" and entry["path"] == ENDPOINT
        """Whether it is a POST to the endpoint, whatever was answered."""
        self.lead: int | None = None
        """What stands for the lead, once the report has looked; None where there is none to be known again."""
        self.before: EarlierPost | None = None
        """The last post of the same lead, as far as the report remembers one."""
        self.sent: dict[str, Any] | None = _object_in(entry)
        """The body as an object; None where it is none, or where the record doesn't hold it whole."""

    @property
    def is_ordinary(self) -> bool:
        """Whether nothing was forced."""
        return self.forced is None

    def header(self, name: str) -> str | None:
        """The last value of the header of that name, in lower case; None without one."""
        values = [value for given, value in self.entry["headers"] if given.lower() == name]
        return values[-1].strip(" \t") if values else None

    def response_header(self, name: str) -> str | None:
        """The answer's header of that name, in lower case; None without one."""
        response = self.entry["response"] or {}
        return next((value for given, value in response.get("headers", ()) if given == name), None)


def observed(entry: Entry) -> Observed:
    """An entry as coverage and findings look at it."""
    return Observed(entry)


def _ended(at: float, entry: Entry, hung_up: float | None) -> float | None:
    if hung_up is not None:
        return at + hung_up / 1000
    if entry.get("fault") == Fault.HANG:
        return None
    took: float = entry["durationMs"] + entry.get("delayMs", 0)
    return at + took / 1000


def _seconds(timestamp: str) -> float:
    """RFC 3339 in UTC with milliseconds, as `journal.entry.timestamp` writes it."""
    return _whole_seconds(timestamp[:19]) + int(timestamp[20:23]) / 1000


@functools.lru_cache(maxsize=16)
def _whole_seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp + "+00:00").timestamp()


def _object_in(entry: Entry) -> dict[str, Any] | None:
    body = entry["body"]
    if not body or "bodyEncoding" in entry or "truncated" in entry:
        return None
    try:
        sent = orjson.loads(body.removeprefix("\ufeff"))
    except orjson.JSONDecodeError:
        return None
    return sent if isinstance(sent, dict) else None
