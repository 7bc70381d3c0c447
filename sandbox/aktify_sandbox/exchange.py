"""A request, its response, and both together with the reason: the values that go from the connection to the record."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aktify_sandbox.contract.answers import Answer
    from aktify_sandbox.scenarios.rules import Forced

Headers = list[tuple[bytes, bytes]]
BLANKS = b" \t"
"""What may stand around a header's value, and is no part of it (RFC 9110, 5.6.3)."""


@dataclass(slots=True)
class Request:
    """What a client has sent."""

    method: str
    path: str
    """With its escapes decoded."""
    raw_headers: Headers
    """The headers in order, as they were written."""
    body: bytes
    """No more of it than a sandbox takes."""
    query: bytes = b""
    version: str = "1.1"
    """Of HTTP."""
    left_out: int = 0
    """Bytes of the body that came and aren't held: it was too large."""
    client: str | None = None
    """Its address and port."""
    arrived: float = 0.0
    """Seconds since the epoch."""
    started: float = 0.0
    """The same moment by a clock that only goes forward, in seconds."""
    can_break: bool = True
    """Whether its connection can be broken off, as most faults do."""

    by_name: dict[bytes, bytes] = field(init=False)
    """The headers by their names in lower case; of one that is repeated, its last value."""

    def __post_init__(self) -> None:
        self.by_name = {name.lower(): value.strip(BLANKS) for name, value in self.raw_headers}

    @property
    def headers(self) -> Headers:
        """In order: names in lower case, values without the blanks around them (RFC 9110, 5.5)."""
        return [(name.lower(), value.strip(BLANKS)) for name, value in self.raw_headers]

    def count(self, name: bytes) -> int:
        """How many headers have that name, in lower case."""
        if len(self.by_name) == len(self.raw_headers):
            return name in self.by_name
        return [each for each, _ in self.headers].count(name)

    @property
    def is_admin(self) -> bool:
        """Whether it is for the sandbox itself, and not for what it stands in for."""
        return self.path.startswith("/_sandbox") and self.path[9:10] in ("", "/")

    @property
    def body_bytes(self) -> int:
        """How long the body was."""
        return len(self.body) + self.left_out


@dataclass(slots=True)
class Response:
    """What is answered."""

    status: int
    headers: list[tuple[str, str]]
    """In order: names in lower case, values in Latin-1."""
    body: bytes
    is_lead: bool = False
    """Whether the body is the lead of the answer, as it is recorded."""


@dataclass(slots=True, eq=False)
class Exchange:
    """A request with its answer and the reason."""

    number: int
    request: Request
    answer: "Answer"
    response: Response | None
    """None when nothing is answered: the client is gone, or a fault stands in the place of an answer."""
    forced: "Forced | None" = None
    duration_ms: float = 0.0
    """From the request to the decision."""
    is_waiting: bool = False
    """Whether it waits at the barrier, undecided."""

    @property
    def is_plain(self) -> bool:
        """Whether the answer goes out whole and at once."""
        forced = self.forced
        return forced is None or not (forced.delay or forced.spec.fault)
