"""Late, broken and missing answers, as actions for the code that moves the bytes.

Faults are real. Over a socket (`server/protocol.py`) the connection is reset or closed, just as in a failing network.
Without one (`testing/transports.py`) httpx raises the same exception.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple, Self

from aktify_sandbox.exchange import Exchange, Response

LONGEST_WAIT = 300
"""The most seconds that a delay or a hang may take."""
_NOTHING = Response(0, [], b"")
_PIECES = 10
_BETWEEN_PIECES = 0.1


class Pause(NamedTuple):
    """Wait for this many seconds."""

    seconds: float


class Head(NamedTuple):
    """Send the status line and headers."""

    response: Response
    in_chunks: bool
    """Whether the body is sent in chunks, without a length."""


class Piece(NamedTuple):
    """Send a part of the body."""

    content: bytes


class End(NamedTuple):
    """End the answer."""


class Cut(NamedTuple):
    """Send these bytes as they are, and close the connection."""

    last: bytes = b""


class Reset(NamedTuple):
    """Reset the connection and discard what isn't sent yet."""


Action = Pause | Head | Piece | End | Cut | Reset


class Outgoing(NamedTuple):
    """An answer to deliver."""

    response: Response
    """Unused when a fault has no answer."""
    in_chunks: bool
    """Whether its body may be sent in chunks."""


def _whole(out: Outgoing) -> Iterator[Action]:
    yield Head(out.response, in_chunks=False)
    yield Piece(out.response.body)
    yield End()


def _hang(_: Outgoing) -> Iterator[Action]:
    yield Pause(LONGEST_WAIT)
    yield Cut()


def _reset(_: Outgoing) -> Iterator[Action]:
    yield Reset()


def _close(_: Outgoing) -> Iterator[Action]:
    yield Cut()


def _truncate(out: Outgoing) -> Iterator[Action]:
    response = out.response
    yield Head(response if response.body else _longer(response), in_chunks=False)
    yield Piece(response.body[: len(response.body) // 2])
    yield Cut()


def _break_chunk(out: Outgoing) -> Iterator[Action]:
    response, in_chunks = out
    yield Head(response, in_chunks)
    yield Piece(response.body[: len(response.body) // 2] or b" ")
    yield Cut(b"this is not a chunk's size\r\n" if in_chunks else b"")


def _dribble(out: Outgoing) -> Iterator[Action]:
    response, in_chunks = out
    yield Head(response, in_chunks)
    size = max(1, -(-len(response.body) // _PIECES))
    for place in range(0, len(response.body), size):
        yield Piece(response.body[place : place + size])
        yield Pause(_BETWEEN_PIECES)
    yield End()


def _longer(response: Response) -> Response:
    """An answer without a body is truncated by announcing one."""
    headers = [(name, "1" if name == "content-length" else value) for name, value in response.headers]
    return Response(response.status, headers, b"")


class Fault(StrEnum):
    """The faults by their names in scenario files, `force` and the journal."""

    deliver: Callable[[Outgoing], Iterator[Action]]
    """What to do instead of delivering the whole answer immediately."""
    words: str
    """The wording in the reason of an answer."""
    label: str
    """The wording on the page."""
    raises: str
    """The exception that httpx raises, over a socket and in process; empty if the answer arrives whole."""
    has_answer: bool
    """Whether an answer is begun, so that the client sees a status."""
    needs_connection: bool
    """Whether it acts on the connection itself, which another ASGI server controls."""

    def __new__(  # the defaults let a type checker accept looking up a fault by name
        cls,
        name: str,
        deliver: Callable[[Outgoing], Iterator[Action]] = _whole,
        words: str = "",
        label: str = "",
        raises: str = "",
        has_answer: bool = True,
        needs_connection: bool = False,
    ) -> Self:
        """One row of the table below."""
        fault = str.__new__(cls, name)
        fault._value_ = name
        fault.deliver, fault.words, fault.label, fault.raises = deliver, words, label, raises
        fault.has_answer, fault.needs_connection = has_answer, needs_connection
        return fault

    @property
    def loses_answer(self) -> bool:
        """Whether the client doesn't get the whole answer."""
        return bool(self.raises)

    # fmt: off
    HANG = (
        "hang", _hang, "no answer until the client gives up", "no answer (hang)",
        "ReadTimeout", False, False,
    )
    RESET = (
        "reset", _reset, "the connection is reset", "connection reset",
        "ReadError", False, True,
    )
    EMPTY = (
        "empty", _close, "the connection is closed without an answer", "closed without an answer",
        "RemoteProtocolError", False, True,
    )
    TRUNCATE = (
        "truncate", _truncate, "the answer is cut off", "answer cut off",
        "RemoteProtocolError", True, True,
    )
    MALFORMED_CHUNK = (
        "malformed-chunk", _break_chunk, "a chunk of the answer is malformed", "malformed chunk",
        "RemoteProtocolError", True, True,
    )
    DRIBBLE = (
        "dribble", _dribble, "the answer comes in small pieces", "in small pieces",
        "", True, False,
    )
    # fmt: on


OTHER_NAMES = {
    "timeout": Fault.HANG.value,
    "close": Fault.EMPTY.value,
    "disconnect": Fault.RESET.value,
    "slow": Fault.DRIBBLE.value,
    "cut": Fault.TRUNCATE.value,
}
"""Names of these faults in other tools, and ours."""


_WHOLE = frozenset(fault for fault in Fault if not fault.loses_answer)


def is_lost(fault: str | None) -> bool:
    """Whether the fault with that name keeps the answer from arriving whole."""
    return fault is not None and fault not in _WHOLE


def actions(exchange: Exchange) -> Iterator[Action]:
    """The actions for an answer, in order. The last is `End`, `Cut` or `Reset`."""
    forced, response = exchange.forced, exchange.response
    if forced and forced.delay:
        yield Pause(forced.delay)
    fault = forced.spec.fault if forced else None
    deliver = fault.deliver if fault else _whole if response else _close
    knows_chunks = exchange.request.version != "1.0"
    yield from deliver(Outgoing(response or _NOTHING, knows_chunks))
