"""One request to a sandbox in this process: read as from a socket, answered as over one, without one.

What asks sends bytes and reads bytes, in whatever thread it is; all else happens in the sandbox's own.
"""

import contextlib
import errno
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from typing import Any

from aktify_sandbox.exchange import Exchange, Request, Response
from aktify_sandbox.originals import asyncio, os, time
from aktify_sandbox.scenarios.faults import Pause, Reset
from aktify_sandbox.server.encoder import chunk, encoded, head_of
from aktify_sandbox.server.parser import RequestParser
from aktify_sandbox.server.refusals import Refusal
from aktify_sandbox.server.thread import ServerThread

_PIECE = 4_096
"""Bytes parsed in one go, as on a connection."""

Part = tuple[bytes, "Future[Any]"]
"""Bytes of the answer, nothing being its end, and where the next will be."""


class Call:
    """The request and its answer."""

    def __init__(self, thread: ServerThread) -> None:
        """Raises `ConnectionRefusedError` when the sandbox doesn't run (any more)."""
        if not thread.is_open or thread.loop is None:
            raise _refused()
        self._thread, self._loop, self._endpoint = thread, thread.loop, thread.app.endpoint
        self._parser = RequestParser(self)
        # the request
        self._request: Request | None = None
        self._body = bytearray()
        self._is_whole = False
        self._closes = False
        """Whether it asks for its connection to be closed."""
        # the answer
        self.answer: Future[Part] = Future()
        """The bytes to read next. Raises `ConnectionResetError`."""
        self._tail = self.answer
        self._current: Exchange | None = None
        """A withheld, late or broken answer."""
        self._delivering: asyncio.Task[None] | None = None
        self._is_over = False
        self._gone = asyncio.Event()

    # called by the client, in its own thread

    def send(self, data: bytes) -> None:
        """Send bytes of the request. Raises `BrokenPipeError` once they are no longer read: the answer says why."""
        for place in range(0, len(data), _PIECE):
            if self._parser.is_refusing:
                raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
            self._parser.receive_data(data[place : place + _PIECE])

    def taken(self, part: Part) -> bytes:
        """These bytes were read; get ready for the next. The end is read again and again."""
        content, following = part
        if content:
            self.answer = following
        return content

    def close(self) -> None:
        """Hang up, if it isn't over."""
        if not self._is_over:
            with contextlib.suppress(ConnectionRefusedError):
                self._in_its_thread(self._leave)

    def on_head(self, request: Request, *, keeps_alive: bool, expects: bool) -> None:  # noqa: ARG002  nobody waits
        """The request's head is complete."""
        self._request, self._closes = _stamped(request), not keeps_alive

    def on_body(self, piece: bytes) -> None:
        """A part of its body; no more is held than the sandbox takes."""
        assert self._request is not None  # noqa: S101  a head comes first
        room = len(piece) if self._is_admin else self._endpoint.max_body - len(self._body)
        self._body += piece[:room]
        self._request.left_out += max(0, len(piece) - room)

    def on_end(self) -> None:
        """The request is whole."""
        self._is_whole = True
        self._in_its_thread(self._begin)

    def on_refusal(self, refusal: Refusal, request: Request | None) -> None:
        """The bytes can't be parsed."""
        is_recorded = request is not None or not self._is_admin
        if request is not None:
            self._request = _stamped(request)
        self._is_whole = True
        self._in_its_thread(self._begin, refusal, is_recorded)

    @property
    def _is_admin(self) -> bool:
        return self._request is not None and self._request.is_admin

    def _in_its_thread(self, do: Callable[..., None], *given: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(do, *given)
        except RuntimeError:  # its loop is closed
            raise _refused() from None

    # the sandbox, in its thread

    def _begin(self, refusal: Refusal | None = None, is_recorded: bool = True) -> None:
        request = self._whole()
        self._thread.calls.add(self.cut)
        if not self._thread.is_open:
            self.cut()
        elif refusal is not None:
            self._endpoint.refuse(request, *refusal, self._answer, is_recorded=is_recorded)
        elif self._is_admin:
            self._delivering = self._task(self._ask(request))
        else:
            exchange = self._endpoint.handle(request, self._answer)
            if exchange.is_waiting or not exchange.is_plain:
                self._current = exchange

    def _whole(self) -> Request:
        """The request with the body as far as it was received."""
        request = self._request or Request("", "", [], b"")
        request.body = bytes(self._body)
        return request

    def _answer(self, exchange: Exchange) -> None:
        """Its line is written: now it may leave."""
        if self._is_over:
            return
        if exchange.is_plain:
            self._current = None
            parts = encoded(exchange, self._thread.standing_headers, closes=self._closes)
            self._put(b"".join(part for part in parts if isinstance(part, bytes)))
            self._end()
        else:
            self._current = exchange
            self._delivering = self._task(self._deliver(exchange))

    async def _deliver(self, exchange: Exchange) -> None:
        for part in encoded(exchange, self._thread.standing_headers, closes=self._closes):
            match part:
                case bytes():
                    self._put(part)
                case Pause(seconds):
                    await asyncio.sleep(seconds)
                case Reset():
                    with contextlib.suppress(InvalidStateError):  # the caller no longer waits
                        self._tail.set_exception(_reset())
        self._current = None
        self._end()

    async def _ask(self, request: Request) -> None:
        """Ask the admin API."""
        in_chunks, has_body = False, request.method != "HEAD"

        async def send(message: Any) -> None:
            nonlocal in_chunks
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]
                ]
                is_framed = any(name == "content-length" for name, _ in headers)
                in_chunks = has_body and not is_framed and status not in (204, 304)
                standing, response = self._thread.standing_headers, Response(status, headers, b"")
                self._put(head_of(response, standing, closes=self._closes, in_chunks=in_chunks))
                return
            content = bytes(message.get("body", b""))
            if content and has_body:
                self._put(chunk(content) if in_chunks else content)
            if in_chunks and not message.get("more_body"):
                self._put(chunk(b""))

        await self._thread.ask(request, self._gone, send)

    def _task(self, work: Any) -> "asyncio.Task[None]":
        """A task that takes time. However it ends, it is the end of the answer; a stopping sandbox waits for it
        briefly.
        """
        task: asyncio.Task[None] = self._loop.create_task(work)
        self._thread.tasks.add(task)
        task.add_done_callback(self._thread.tasks.discard)
        task.add_done_callback(lambda _: self._end())
        return task

    def _put(self, part: bytes) -> None:
        if self._is_over:
            return
        following: Future[Part] = Future()
        with contextlib.suppress(InvalidStateError):  # the waiting caller was cancelled
            self._tail.set_result((part, following))
        self._tail = following

    def _end(self) -> None:
        """End the answer."""
        if not self._tail.done():
            self._put(b"")
        self._is_over = True
        self._thread.calls.discard(self.cut)

    def _leave(self) -> None:
        """Whoever asked has gone."""
        if self._is_over:
            return
        if self._request is not None and not self._is_whole and not self._is_admin:
            self._endpoint.break_off(self._whole())
        if self._current is not None:
            self._endpoint.hang_up(self._current)
        self._gone.set()
        self._stop()

    def cut(self) -> None:
        """The sandbox stops and doesn't wait for withheld answers."""
        if self._current is not None and self._current.is_waiting:
            self._endpoint.hang_up(self._current)
        if self._current is not None or self._delivering is None:
            self._stop()

    def _stop(self) -> None:
        self._current = None
        self._end()
        if self._delivering is not None and not self._is_admin:  # which learns it by ASGI
            self._delivering.cancel()


def _stamped(request: Request) -> Request:
    request.arrived, request.started = time.time(), time.perf_counter()
    return request


def _refused() -> ConnectionRefusedError:
    return ConnectionRefusedError("The sandbox has stopped.")


def _reset() -> ConnectionResetError:
    """In the words of the system."""
    return ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
