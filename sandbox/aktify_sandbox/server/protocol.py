"""One connection: requests in, answers out, in the order of the requests.

A request goes straight to the endpoint; its answer is sent when its line is written. `/_sandbox` goes through uvicorn's
request cycle and Starlette.
"""

import functools
import struct
from collections import deque
from collections.abc import Coroutine
from typing import Any, NamedTuple

from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.protocols.utils import get_remote_addr
from uvicorn.server import ServerState

from aktify_sandbox.endpoint import Endpoint
from aktify_sandbox.exchange import Exchange, Request, Response
from aktify_sandbox.originals import asyncio, socket, time
from aktify_sandbox.scenarios.faults import Cut, End, Pause, Reset
from aktify_sandbox.server.cycle import cycle_for, disconnect
from aktify_sandbox.server.encoder import encoded, head_of
from aktify_sandbox.server.parser import RequestParser
from aktify_sandbox.server.refusals import Refusal

_PIECE = 4_096
"""Bytes parsed in one go, which limits how many requests are parsed before the first of them is answered."""
_MOST_UNREAD = 65_536
_MOST_PENDING = 64
_LINGER_SECONDS = 0.5


class _Asked(NamedTuple):
    """A complete request to the endpoint."""

    request: Request
    keeps_alive: bool


class _RefusedRequest(NamedTuple):
    """Bytes that can't be parsed; the rest is ignored."""

    request: Request
    refusal: Refusal
    cycle: RequestResponseCycle | None
    """The request to `/_sandbox` in whose body they were."""


class _Continue(NamedTuple):
    """A client that waits for `100 Continue` before it sends its body."""


_Item = _Asked | _RefusedRequest | _Continue | RequestResponseCycle


class SandboxProtocol(asyncio.Protocol):
    """One connection."""

    def __init__(
        self,
        endpoint: Endpoint,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # noqa: ARG002  uvicorn gives it; we have none
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._max_body = endpoint.max_body
        self._config = config
        self._state = server_state
        self._loop = _loop or asyncio.get_event_loop()
        self._parser = RequestParser(self)
        self.transport: asyncio.Transport
        self._flow: FlowControl
        self._client: str | None = None
        # input
        self._unread = b""
        self._place = 0
        """The offset in it from which to continue."""
        self._reads = True
        """Whether input is still read."""
        self._request: Request | None = None
        """The request whose body is being received."""
        self._keeps_alive = True
        """Whether the connection stays open after it."""
        self._cycle: RequestResponseCycle | None = None
        """In its place, a request to `/_sandbox`."""
        # output
        self._pending = 0
        """Answers to send when their lines are written."""
        self._current: Exchange | RequestResponseCycle | None = None
        """What must be answered before anything else begins."""
        self._waiting: deque[_Item] = deque()
        self._begun = 0
        """How many requests were begun in this turn of the event loop."""
        self._is_due = False
        """Whether reading continues in the next turn."""
        self._delivering: asyncio.Task[None] | None = None
        self._withheld = False
        self.closed_by_server = False
        """Whether the sandbox stops and no longer waits."""
        self._half_closed = False
        self._is_stopping = False
        self._was_active = False
        self._timer: asyncio.TimerHandle | None = None

    # input

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A client has connected."""
        self.transport, self._flow = transport, FlowControl(transport)
        self._state.connections.add(self)  # type: ignore[arg-type]  # uvicorn only iterates and calls `shutdown`
        client = get_remote_addr(transport)
        self._client = f"{client[0]}:{client[1]}" if client else None

    def data_received(self, data: bytes) -> None:
        """Read the input as far as its turn has come."""
        self._was_active, self._begun = True, 0
        if not self._reads:  # keep reading for a moment, otherwise the client's system discards our answer
            return
        if self._unread or len(data) > _PIECE or self._must_wait:
            self._unread, self._place = self._unread[self._place :] + data, 0
            self._go_on()
        else:
            self._parser.receive_data(data)

    def _go_on(self) -> None:
        """Begin what waits, then read on; if there is much, not all in one turn."""
        while self._waiting and self._current is None:
            self._begin(self._waiting.popleft())
        while self._place < len(self._unread) and not self._must_wait:
            if self._begun >= _MOST_PENDING:
                self._go_on_later()
                break
            piece = self._unread[self._place : self._place + _PIECE]
            self._place += len(piece)
            self._parser.receive_data(piece)
        left = len(self._unread) - self._place if self._reads else 0
        if not left:
            self._unread, self._place = b"", 0
        if left > _MOST_UNREAD:
            self._flow.pause_reading()
        elif self._cycle is None:
            self._flow.resume_reading()
        if self._half_closed:
            self._close_if_nothing_is_owed()

    def _go_on_later(self) -> None:
        """In the next turn of the event loop, after others."""
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._go_on_now)

    def _go_on_now(self) -> None:
        self._is_due = False
        self._begun = 0
        if not self.transport.is_closing():
            self._go_on()

    @property
    def _must_wait(self) -> bool:
        """Whether parsing must wait for something else."""
        if self._current is not None and self._current is not self._cycle:
            return True
        return self._flow.write_paused or not self._reads

    # callbacks of the parser

    def on_head(self, request: Request, *, keeps_alive: bool, expects: bool) -> None:
        """A request's head is complete."""
        if not self._reads:  # it comes after the last request of the connection
            return
        if request.is_admin:
            done = functools.partial(self._finish_cycle, keeps_alive)
            self._cycle = cycle_for(
                request, self, self._flow, self._state, keeps_alive=keeps_alive, expects=expects, done=done
            )
            self._begin_in_turn(self._cycle)
            return
        self._request, self._keeps_alive = self._stamped(request), keeps_alive
        if expects:
            self._begin_in_turn(_Continue())

    def on_body(self, piece: bytes) -> None:
        """A part of its body; only as much is kept as the sandbox accepts."""
        request, cycle = self._request, self._cycle
        if request is not None:
            room = self._max_body - len(request.body)
            if len(piece) <= room:
                request.body += piece
            else:
                request.body += piece[:room]
                request.left_out += len(piece) - room
        elif cycle is not None and not cycle.response_complete:
            cycle.body += piece
            if len(cycle.body) > HIGH_WATER_LIMIT:
                self._flow.pause_reading()
            cycle.message_event.set()

    def on_end(self) -> None:
        """The request is complete."""
        request, self._request = self._request, None
        cycle, self._cycle = self._cycle, None
        if request is not None:
            self._reads = self._keeps_alive
            if self._current is None and not self._waiting:
                self._ask(request, self._keeps_alive)
            else:
                self._waiting.append(_Asked(request, self._keeps_alive))
        elif cycle is not None:
            cycle.more_body, self._reads = False, cycle.keep_alive
            cycle.message_event.set()

    def on_refusal(self, refusal: Refusal, request: Request | None) -> None:
        """The bytes can't be parsed."""
        if not self._reads:
            return
        self._reads = False
        cycle, self._cycle = self._cycle, None
        if cycle is not None and cycle in self._waiting:
            self._waiting.remove(cycle)
        if request is None:
            request, self._request = self._request or Request("", "", [], b""), None
        else:
            self._stamped(request)
        self._begin_in_turn(_RefusedRequest(request, refusal, cycle))

    def _stamped(self, request: Request) -> Request:
        request.client, request.arrived, request.started = self._client, time.time(), time.perf_counter()
        return request

    # in order

    def _begin_in_turn(self, item: _Item) -> None:
        refuses_current = (
            isinstance(item, _RefusedRequest) and item.cycle is not None and item.cycle is self._current
        )
        if self._waiting or (self._current is not None and not refuses_current):
            self._waiting.append(item)
        else:
            self._begin(item)

    def _begin(self, item: _Item) -> None:
        if isinstance(item, _Asked):
            self._ask(item.request, item.keeps_alive)
            return
        if self._pending:  # earlier requests first
            self._endpoint.flush()
        if isinstance(item, RequestResponseCycle):
            self._current = item
            self._start(item.run_asgi(self._config.loaded_app))
        elif isinstance(item, _RefusedRequest):
            self._pending += 1
            written = functools.partial(self._answer_refused, item.cycle)
            self._endpoint.refuse(item.request, *item.refusal, written, is_recorded=item.cycle is None)
        else:
            self._send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _ask(self, request: Request, keeps_alive: bool) -> None:
        self._begun += 1
        self._pending += 1
        exchange = self._endpoint.handle(request, functools.partial(self._answer, keeps_alive))
        if exchange.forced is not None and (exchange.is_waiting or not exchange.is_plain):
            self._current = exchange
        elif self._pending >= _MOST_PENDING:
            self._endpoint.flush()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)
        return task

    # output

    def _answer(self, keeps_alive: bool, exchange: Exchange) -> None:
        """Its line is written, so it may be sent."""
        self._pending -= 1
        if exchange.is_plain:
            if self._current is exchange:  # it was gathered, or its line couldn't be written
                self._current = None
            if exchange.response is not None:
                body = b"" if exchange.request.method == "HEAD" else exchange.response.body
                self._send(
                    self._head_of(exchange.response, closes=not keeps_alive or self._is_stopping) + body
                )
            self._finish(keeps_alive)
        elif self._half_closed:  # a client that has closed its side doesn't wait for a late answer
            self._current = exchange
            self.transport.close()
        elif not self.transport.is_closing():
            self._current = exchange
            self._delivering = self._start(self._deliver(exchange, keeps_alive))

    async def _deliver(self, exchange: Exchange, keeps_alive: bool) -> None:
        """A late or broken answer."""
        closes = not keeps_alive or self._is_stopping
        for part in encoded(exchange, self._state.default_headers, closes=closes):
            match part:
                case bytes():
                    self._send(part)
                    await self._flow.drain()
                case Pause(seconds):
                    await asyncio.sleep(seconds)
                case Cut():
                    self._current = None
                    self.transport.close()
                case Reset():
                    self._current = None
                    self.reset()
                case End():
                    self._current = None
                    self._finish(keeps_alive)

    def _answer_refused(self, cycle: RequestResponseCycle | None, exchange: Exchange) -> None:
        self._pending -= 1
        if self.transport.is_closing():
            return
        if exchange.response is not None and not (cycle and cycle.response_started):
            self._send(self._head_of(exchange.response, closes=False) + exchange.response.body)
        self.transport.write_eof()
        self._flow.resume_reading()
        self._loop.call_later(_LINGER_SECONDS, self.transport.close)
        if cycle:
            self._loop.call_soon(disconnect, cycle)  # only once the application has received the body so far

    def _head_of(self, response: Response, *, closes: bool) -> bytes:
        return head_of(response, self._state.default_headers, closes=closes)

    def _send(self, data: bytes) -> None:
        if data and not self.transport.is_closing():
            self.transport.write(data)

    def _finish(self, keeps_alive: bool) -> None:
        """One answer less is pending: what waited for it may follow."""
        self._state.total_requests += 1
        if self.transport.is_closing():
            return
        if not keeps_alive or self._is_stopping:
            self.transport.close()
            return
        if self._timer is None:
            self._timer = self._loop.call_later(self._config.timeout_keep_alive, self._close_if_idle)
        if self._unread or self._waiting:
            self._go_on_later()
        elif self._half_closed:
            self._close_if_nothing_is_owed()

    def _close_if_idle(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._was_active or self._owes:
            self._was_active = False  # it is needed again meanwhile
            self._timer = self._loop.call_later(self._config.timeout_keep_alive, self._close_if_idle)
        else:
            self.transport.close()

    def _finish_cycle(self, keeps_alive: bool) -> None:
        self._current = None
        self._finish(keeps_alive)

    # the ends of a connection

    def eof_received(self) -> bool:
        """The client sends nothing more, but may still read answers. Returns whether to stay open."""
        self._endpoint.flush()
        self._half_closed = self._owes and not self.withheld
        return self._half_closed

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  why makes no difference
        """The client has disconnected: incomplete and unanswered requests are broken off."""
        self._state.connections.discard(self)
        self._flow.resume_writing()
        if self._timer is not None:
            self._timer.cancel()
        current, self._current = self._current, None
        if isinstance(current, Exchange):
            if self._delivering is not None:
                self._delivering.cancel()
            if not self.closed_by_server or current.is_waiting:
                self._endpoint.hang_up(current)
        for cycle in (current, self._cycle):
            if isinstance(cycle, RequestResponseCycle):
                disconnect(cycle)
        if self._request is not None:
            self._endpoint.break_off(self._request)
        for item in self._waiting:
            if isinstance(item, _Asked):
                self._endpoint.break_off(item.request)
        self._waiting.clear()

    @property
    def withheld(self) -> bool:
        """Whether an answer is withheld on purpose; a client that has closed its side then counts as gone."""
        return self._withheld or isinstance(self._current, Exchange)

    @withheld.setter
    def withheld(self, withheld: bool) -> None:
        self._withheld = withheld
        if withheld and self._half_closed:
            self.transport.close()

    @property
    def _owes(self) -> bool:
        """Whether an answer to a complete request is pending."""
        is_cycle = self._current is not None and self._current is not self._cycle
        return self._pending > 0 or is_cycle or bool(self._waiting) or (bool(self._unread) and self._reads)

    def _close_if_nothing_is_owed(self) -> None:
        if self._half_closed and not self._owes:
            self.transport.close()

    def pause_writing(self) -> None:
        """The client isn't reading its answers."""
        self._flow.pause_writing()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._flow.resume_writing()
        self._go_on()

    def reset(self) -> None:
        """End the connection with a TCP reset: unsent data is discarded."""
        linger_no_time = struct.pack("ii", 1, 0)
        self.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, linger_no_time
        )
        self.transport.abort()

    # when the sandbox stops

    def abandon_half_sent(self) -> None:
        """Abort incomplete requests and withheld answers, since they can't be waited for."""
        self.closed_by_server = True
        if self.withheld or self._request is not None or self._cycle is not None or self._parser.has_begun:
            self.transport.abort()

    def shutdown(self) -> None:
        """Send pending answers first; requests in progress are the last on their connection."""
        self._is_stopping = True
        self._endpoint.flush()
        if not self._owes:
            self.transport.close()
        elif isinstance(self._current, RequestResponseCycle):
            self._current.keep_alive = False
