"""How an answer goes out that is late, broken or never comes: the actions, for whoever moves the bytes.

A fault is real. Over a socket (`server/protocol.py`) the connection is reset or closed, so that a client meets what a
failing network would give it; without one (`testing/transports.py`) httpx raises what it would raise there.
"""

from collections.abc import Iterator
from typing import NamedTuple

from aktify_sandbox.exchange import Exchange, Response
from aktify_sandbox.scenarios.schema import LONGEST_WAIT

_PIECES = 10
_BETWEEN_PIECES = 0.1


class Pause(NamedTuple):
    """Nothing happens for so many seconds."""

    seconds: float


class Head(NamedTuple):
    """Status line and headers go out."""

    response: Response
    in_chunks: bool
    """Whether the body comes in chunks, so that no length is announced."""


class Piece(NamedTuple):
    """A part of the body goes out."""

    content: bytes


class End(NamedTuple):
    """The answer is whole."""


class Cut(NamedTuple):
    """These bytes go out as they are, and the connection is closed."""

    last: bytes = b""


class Reset(NamedTuple):
    """The connection is reset: what wasn't sent yet is thrown away."""


Action = Pause | Head | Piece | End | Cut | Reset


def actions(exchange: Exchange) -> Iterator[Action]:
    """What is done for an answer, in order. The last is `End`, `Cut` or `Reset`."""
    forced, response = exchange.forced, exchange.response
    if forced and forced.delay:
        yield Pause(forced.delay)
    fault = forced.spec.fault if forced else None
    chunks = exchange.request.version != "1.0"  # which knows none
    if response is None:
        yield from _without_answer(fault)
    elif fault == "dribble":
        yield from _dribble(response, chunks)
    elif fault == "truncate":
        yield Head(response if response.body else _longer(response), in_chunks=False)
        yield Piece(response.body[: len(response.body) // 2])
        yield Cut()
    elif fault == "malformed-chunk":
        yield Head(response, in_chunks=chunks)
        yield Piece(response.body[: len(response.body) // 2] or b" ")
        yield Cut(b"this is not a chunk's size\r\n" if chunks else b"")
    else:
        yield Head(response, in_chunks=False)
        yield Piece(response.body)
        yield End()


def _without_answer(fault: str | None) -> Iterator[Action]:
    if fault == "reset":
        yield Reset()
        return
    if fault == "hang":
        yield Pause(LONGEST_WAIT)
    yield Cut()


def _dribble(response: Response, chunks: bool) -> Iterator[Action]:
    yield Head(response, in_chunks=chunks)
    size = max(1, -(-len(response.body) // _PIECES))
    for place in range(0, len(response.body), size):
        yield Piece(response.body[place : place + size])
        yield Pause(_BETWEEN_PIECES)
    yield End()


def _longer(response: Response) -> Response:
    """An answer without a body is cut off by promising one."""
    headers = [(name, "1" if name == "content-length" else value) for name, value in response.headers]
    return Response(response.status, headers, b"")
