"""A request in a few words: what a list, a report, a test's failure and an overview put on one line, each its own way.

Everything here is light: the command line loads it to print a list.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

ORDINARY = (("POST", "/api/v1/leads"), ("", ""))
"""Methods and paths that tell nothing: of a post of a lead, and of what was no request of HTTP."""

BEFORE_ALL = "r000000000"
"""The id that is older than that of every request."""

NO_ANSWER = "---"
"""What stands for a status where nothing was answered."""


class Summary(NamedTuple):
    """The parts of the line."""

    id: str
    received_at: str
    """RFC 3339, in UTC, with milliseconds."""
    status: int | None
    """None when nothing was answered."""
    method: str
    """Empty, as the path, for what was no request of HTTP."""
    path: str
    phone: str | None
    campaign: str | None
    reason: str
    ruling: str | None
    """The ruling that decided."""
    forced_by: str | None
    hung_up: str
    """In words, after how long the client hung up; empty if it didn't."""

    @property
    def time(self) -> str:
        """The time of day, in UTC, with milliseconds."""
        return self.received_at[11:23]

    @property
    def shown_status(self) -> str:
        """The status, or what stands for none."""
        return str(self.status or NO_ANSWER)

    @property
    def request(self) -> str:
        """Method and path; empty for what was no request of HTTP."""
        return f"{self.method} {self.path}".strip()

    @property
    def is_ordinary(self) -> bool:
        """Whether its method and path tell nothing."""
        return (self.method, self.path) in ORDINARY


def summary_of(entry: Mapping[str, Any]) -> Summary:
    """Of an entry of the journal, whole or as the list shows it."""
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


def status_of(entry: Mapping[str, Any]) -> int | None:
    """What a request was answered; None when nothing was."""
    response = entry["response"]
    return response["status"] if response else None
