"""How an answer goes out: at once, late, or broken on the connection itself.

A fault is real: the transport is reset or closed, so that a client meets what a failing network would give it. It needs
`protocol.py` under it, which puts the connection into the scope.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

from aktify_sandbox.originals import asyncio
from aktify_sandbox.scenarios.schema import LONGEST_WAIT

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_PIECES = 10
_BETWEEN_PIECES = 0.1


class Connection(Protocol):
    """What a fault does to a connection."""

    held: bool
    """Whether an answer is withheld on purpose, so that nobody need wait for it at a stop."""
    let_go: bool
    """Whether the sandbox itself ended it."""

    def reset(self) -> None:
        """End it with a TCP reset."""

    def end(self, last: bytes = b"") -> None:
        """Write these bytes as they are, and close it."""


@dataclass(slots=True)
class Response:
    """What goes out: status, headers and body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


async def deliver(send: Send, response: Response) -> None:
    """The whole of it, at once."""
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
    await send({"type": "http.response.body", "body": response.body})


class Trouble:
    """An answer that is late, broken or never comes."""

    def __init__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        self._connection: Connection = scope["aktify.connection"]
        self._chunks = scope["http_version"] != "1.0"  # which knows none
        self._receive = receive
        self._send = send

    async def deliver(self, response: Response | None, delay: float, fault: str | None) -> bool:
        """Answer after `delay` seconds with the fault. False when the client hung up before that was done."""
        self._connection.held = True
        try:
            return await self._deliver(response, delay, fault)
        finally:
            self._connection.held = False

    async def _deliver(self, response: Response | None, delay: float, fault: str | None) -> bool:
        if delay and await self._client_leaves_within(delay):
            return self._connection.let_go
        if response is None:
            return await self._without_answer(fault)
        match fault:
            case None:
                await deliver(self._send, response)
            case "dribble":
                return await self._dribble(response)
            case "truncate":
                await self._start(response if response.body else _longer(response))
                await self._piece(response.body[: len(response.body) // 2])
                await self._end()
            case _:
                await self._start(response, in_chunks=True)
                await self._piece(response.body[: len(response.body) // 2] or b" ")
                await self._end(b"this is not a chunk's size\r\n" if self._chunks else b"")
        return True

    async def _without_answer(self, fault: str | None) -> bool:
        if fault == "hang":
            if await self._client_leaves_within(LONGEST_WAIT):
                return self._connection.let_go
        elif fault == "reset":
            self._connection.reset()
            await self._gone()
            return True
        await self._end()
        return True

    async def _dribble(self, response: Response) -> bool:
        await self._start(response, in_chunks=True)
        size = max(1, -(-len(response.body) // _PIECES))
        for place in range(0, len(response.body), size):
            await self._piece(response.body[place : place + size])
            if await self._client_leaves_within(_BETWEEN_PIECES):
                return self._connection.let_go
        await self._send({"type": "http.response.body", "body": b""})
        return True

    async def _start(self, response: Response, *, in_chunks: bool = False) -> None:
        in_chunks = in_chunks and self._chunks
        headers = [
            (name, value) for name, value in response.headers if not in_chunks or name != b"content-length"
        ]
        await self._send({"type": "http.response.start", "status": response.status, "headers": headers})

    async def _piece(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def _end(self, last: bytes = b"") -> None:
        self._connection.end(last)
        await self._gone()

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def client_leaves_before(self, event: "asyncio.Future[None]", seconds: float) -> bool:
        """Whether the client hangs up (or the sandbox stops) before the event and the time."""
        self._connection.held = True
        gone = asyncio.ensure_future(self._gone())
        try:
            await asyncio.wait([event, gone], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return gone.done()
        finally:
            gone.cancel()
            self._connection.held = False

    async def _client_leaves_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._gone(), seconds)
        except TimeoutError:
            return False
        return True


def _longer(response: Response) -> Response:
    """An answer without a body is cut off by promising one."""
    headers = [(name, b"1" if name == b"content-length" else value) for name, value in response.headers]
    return Response(response.status, headers, b"")


class Gathering:
    """Posts of one phone that wait for each other, so that they race in earnest."""

    _LONGEST = 2.0

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], list[asyncio.Future[None]]] = {}

    async def wait(self, campaign: str, phone: str, count: int, trouble: Trouble) -> bool:
        """Return when so many wait for the same number, or after two seconds. False when the client hung up first."""
        together = self._waiting.setdefault((campaign, phone), [])
        arrived = asyncio.get_running_loop().create_future()
        together.append(arrived)
        if len(together) >= count:
            self._let_go(campaign, phone)
        left = await trouble.client_leaves_before(arrived, self._LONGEST)
        if left and arrived in together:
            together.remove(arrived)
        elif not arrived.done():
            self._let_go(campaign, phone)
        return not left

    def _let_go(self, campaign: str, phone: str) -> None:
        for arrived in self._waiting.pop((campaign, phone), ()):
            if not arrived.done():
                arrived.set_result(None)
