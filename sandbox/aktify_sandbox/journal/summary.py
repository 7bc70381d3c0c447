"""A request in a few words, for lists, reports, failing tests and the overview.

Imports little, since the command line loads it to print a list.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

ORDINARY = (("POST", "/api/v1/leads"), ("", ""))
"""Methods and paths that needn't be shown: those of posted leads, and of what wasn't an HTTP request."""

BEFORE_ALL = "r000000000"
"""An id smaller than that of every request."""

NO_ANSWER = "no answer"
"""Shown instead of a status when there was no answer."""


class Summary(NamedTuple):
    """The parts of the line."""

    id: str
    received_at: str
    """RFC 3339, in UTC, with milliseconds."""
    status: int | None
    """None without an answer."""
    method: str
    """Empty, like the path, if it wasn't an HTTP request."""
    path: str
    phone: str | None
    campaign: str | None
    reason: str
    ruling: str | None
    """The ruling that decided."""
    forced_by: str | None
    hung_up: str
    """After how long the client hung up, in words; empty if it didn't."""

    @property
    def time(self) -> str:
        """The local time of day with its offset, with milliseconds."""
        return local_time(self.received_at).partition(" ")[2]

    @property
    def shown_status(self) -> str:
        """The status, or “no answer”."""
        return str(self.status or NO_ANSWER)

    @property
    def request(self) -> str:
        """Method and path; empty if it wasn't an HTTP request."""
        return f"{self.method} {self.path}".strip()

    @property
    def is_ordinary(self) -> bool:
        """Whether its method and path needn't be shown."""
        return (self.method, self.path) in ORDINARY


def summary_of(entry: Mapping[str, Any]) -> Summary:
    """The summary of an entry, whole or as in lists."""
    reason, waited = entry["reason"], entry.get("hungUpAfterMs")
    return Summary(
        entry["id"],
        entry["receivedAt"],
        status_of(entry),
        entry["method"],
        entry["path"],
        entry["phone"],
        entry["campaign"],
        reason["rule"],
        reason["ruling"],
        reason["scenario"],
        "" if waited is None else f"The client hung up after {waited:,.0f} ms.",
    )


def local_time(moment: str, timespec: str = "milliseconds") -> str:
    """A moment in RFC 3339 as this machine's local date and time, with the offset; anything else stays as it is.

    `timespec`: how exactly, as `datetime.isoformat` takes it.
    """
    try:
        return datetime.fromisoformat(moment).astimezone().isoformat(" ", timespec)
    except (OverflowError, ValueError):
        return moment


def status_of(entry: Mapping[str, Any]) -> int | None:
    """The status of the answer; None without one."""
    response = entry["response"]
    return response["status"] if response else None
