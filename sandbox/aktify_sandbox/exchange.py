"""Values that pass from the connection to the journal: a request, its response, and both with the reason."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aktify_sandbox.contract.answers import Answer
    from aktify_sandbox.scenarios.rules import Forced

Headers = list[tuple[bytes, bytes]]
BLANKS = b" \t"
"""White space around a header's value, which isn't part of it (RFC 9110, 5.6.3)."""


@dataclass(slots=True)
class Request:
    """A request from a client."""

    method: str
    path: str
    """With its escapes decoded."""
    raw_headers: Headers
    """The headers in order, as sent."""
    body: bytes
    """Cut off at the limit of the sandbox."""
    query: bytes = b""
    version: str = "1.1"
    """Of HTTP."""
    left_out: int = 0
    """Bytes of the body that were received but not kept, since it was too large."""
    client: str | None = None
    """The client's address and port."""
    arrived: float = 0.0
    """Seconds since the epoch."""
    started: float = 0.0
    """The same time by a monotonic clock, in seconds."""
    can_break: bool = True
    """Whether its connection can be closed or reset, as most faults do."""

    by_name: dict[bytes, bytes] = field(init=False)
    """The headers by lower-case name; of a repeated one, its last value."""

    def __post_init__(self) -> None:
        self.by_name = {name.lower(): value.strip(BLANKS) for name, value in self.raw_headers}

    @property
    def headers(self) -> Headers:
        """In order: names in lower case, values without the blanks around them (RFC 9110, 5.5)."""
        return [(name.lower(), value.strip(BLANKS)) for name, value in self.raw_headers]

    def count(self, name: bytes) -> int:
        """The number of headers with that lower-case name."""
        if len(self.by_name) == len(self.raw_headers):
            return name in self.by_name
        return [each for each, _ in self.headers].count(name)

    @property
    def is_admin(self) -> bool:
        """Whether it is for the admin API rather than the endpoint."""
        return self.path.startswith("/_sandbox") and self.path[9:10] in ("", "/")

    @property
    def body_bytes(self) -> int:
        """The length of the body."""
        return len(self.body) + self.left_out


@dataclass(slots=True)
class Response:
    """The response to a request."""

    status: int
    headers: list[tuple[str, str]]
    """In order: names in lower case, values in Latin-1."""
    body: bytes
    is_lead: bool = False
    """Whether the body is the recorded lead."""


@dataclass(slots=True, eq=False)
class Exchange:
    """A request with its answer and the reason."""

    number: int
    request: Request
    answer: "Answer"
    response: Response | None
    """None when there is no answer: the client is gone, or a fault replaces it."""
    forced: "Forced | None" = None
    duration_ms: float = 0.0
    """Seconds from the request to the decision."""
    is_waiting: bool = False
    """Whether it waits at the barrier, without a decision."""

    @property
    def is_plain(self) -> bool:
        """Whether the answer is sent whole and without delay."""
        forced = self.forced
        return forced is None or not (forced.delay or forced.spec.fault)
