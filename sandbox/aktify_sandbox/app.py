"""Connects the parts of a sandbox and makes the ASGI application from them."""

import functools
import logging
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as StarletteRequest
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from aktify_sandbox.addresses import origin_of
from aktify_sandbox.admin import Components, admin_routes
from aktify_sandbox.admin.client_jobs import disconnected
from aktify_sandbox.admin.keys import restore, salt_in
from aktify_sandbox.admin.state import load_at_start
from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.endpoint import Endpoint
from aktify_sandbox.errors import StoppingError
from aktify_sandbox.exchange import Exchange, Request
from aktify_sandbox.history.stream import Stream
from aktify_sandbox.journal.writer import JournalWriter
from aktify_sandbox.originals import asyncio, time
from aktify_sandbox.scenarios.engine import ForcingEngine
from aktify_sandbox.scenarios.faults import Action, Cut, End, Head, Pause, Piece, actions
from aktify_sandbox.scenarios.library import ScenarioLibrary
from aktify_sandbox.settings import Settings
from aktify_sandbox.storage.store import Store

_LOOK_AGAIN_SECONDS = 1
_LOGGER = logging.getLogger("aktify_sandbox")


class Application:
    """The parts of a sandbox."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        origin: str,
        listener: Callable[[Exchange], None],
        stop: Callable[[], None] | None,
        folders: Iterable[Path] = (),
    ) -> None:
        """`origin` is the sandbox's address as clients see it: `http://127.0.0.1:8509`.

        `stop` ends its server; None when another program runs it. `folders` are searched for `scenarios/`; by default,
        the current folder.

        Raises `InputError`, `LogError`.
        """
        salt = salt_in(store.index.plain)
        self.campaigns = campaigns = Campaigns(
            settings.campaigns, settings.profile, settings.rulings, origin, salt
        )
        notices = restore(store.index.plain, campaigns)
        campaigns.find((campaigns.default_key or "").encode())  # compiles the rules before the first request
        self.forcing = ForcingEngine(
            campaigns,
            ScenarioLibrary(*(tuple(folders) or (Path.cwd(),))),
            active=settings.scenarios,
            numbers=settings.magic,
            seed=settings.seed,
        )
        self.warnings = [*notices, *self.forcing.warnings]
        self.endpoint = Endpoint(
            settings, campaigns, self.forcing, store, JournalWriter(store, campaigns, listener)
        )
        self.stream = Stream(store)
        self.store, self.jobs = store, store.jobs
        components = Components(
            settings, campaigns, self.forcing, store, self.stream, self.endpoint, self.jobs, stop
        )
        if settings.from_state:
            self.warnings += load_at_start(components, settings.from_state)
        self.asgi = Starlette(routes=admin_routes(components))
        # Starlette's pattern would exclude paths with line breaks
        self.asgi.router.default = EndpointApp(self.endpoint)
        self.asgi.router.redirect_slashes = False  # the endpoint says what is wrong with a path

    def close(self) -> None:
        """End streams, waiting and jobs: the sandbox stops."""
        self.stream.close()
        self.jobs.close()


def create_app(settings: Settings | None = None) -> Starlette:
    """The sandbox for any ASGI server (`uvicorn --factory aktify_sandbox.app:create_app`) and `httpx.ASGITransport`.

    `settings` has the options of `serve`; None keeps nothing on disk and accepts `test-key`. The state is closed when
    the server ends the application's lifespan. Links in answers begin with `public_url`, or with `host` and `port`.
    Faults that act on a connection (`Fault.needs_connection`) are answered 501: they need `aktify-sandbox serve`.
    Messages that `serve` would print go to the logger `aktify_sandbox`.

    Raises `InputError`, `LogError`.
    """
    settings = settings or Settings(in_memory=True)
    folder = None if settings.in_memory else settings.state
    store = Store(folder, fsync=settings.fsync, max_requests=settings.keep)
    origin = settings.public_url or origin_of(settings.host, settings.port)
    try:
        application = Application(settings, store, origin, lambda _: None, None)
    except BaseException:
        store.close()
        raise
    for notice in (*store.warnings, *application.warnings):
        _LOGGER.warning(notice)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        watching = asyncio.ensure_future(run_background_tasks(application, _LOGGER.warning))
        try:
            yield
        finally:
            await _cancelled(watching)
            application.close()
            store.close()

    application.asgi.router.lifespan_context = lifespan
    return application.asgi


async def run_background_tasks(application: Application, tell: Callable[[str], None]) -> None:
    """Run the background tasks for as long as the loop runs; `tell` gets their messages."""
    await asyncio.gather(_prove(application.store, tell), watch(application.forcing, tell))


async def _prove(store: Store, tell: Callable[[str], None]) -> None:
    """A start trusts its checkpoint; this verifies the lines that the checkpoint covers."""
    with suppress(StoppingError):
        damage = await store.jobs.run(store.verify()) if store.unverified else None
        if damage:
            tell(damage)


async def watch(forcing: ForcingEngine, tell: Callable[[str], None]) -> None:
    """Reload scenario files soon after they change, without blocking the loop."""
    while True:
        try:
            for old in forcing.stale():
                tell(forcing.replace(old, await asyncio.to_thread(old.reload)))
        except Exception:  # a defect of the sandbox must not end the watch
            traceback.print_exc(file=sys.stderr)
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


class EndpointApp:
    """The endpoint under any ASGI server. Faults that act on a connection aren't possible here."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await WebSocketClose()(scope, receive, send)
            return
        request = _request(scope)
        try:
            await _take_in(request, scope, receive, self._endpoint.max_body)
        except ClientDisconnect:
            self._endpoint.break_off(request)
            return
        except BaseException:  # an exception from the user's body (`httpx.ASGITransport`)
            self._endpoint.break_off(request)
            self._endpoint.flush()
            raise
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        exchange = self._endpoint.handle(request, functools.partial(_settle, written))
        answer = _Answer(exchange, written, send)
        answering = asyncio.ensure_future(answer.go_out())
        leaving = asyncio.ensure_future(disconnected(receive))
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancelled(leaving)
            await _cancelled(answering)
            if not answer.is_out:
                self._endpoint.hang_up(exchange)


def _request(scope: Scope) -> Request:
    client = scope.get("client")
    return Request(
        scope["method"],
        scope["path"],
        list(scope["headers"]),
        b"",
        scope["query_string"],
        scope["http_version"],
        client=f"{client[0]}:{client[1]}" if client else None,
        arrived=time.time(),
        started=time.perf_counter(),
        can_break=False,
    )


async def _take_in(request: Request, scope: Scope, receive: Receive, limit: int) -> None:
    """Read the body, keeping at most `limit` bytes. Raises `ClientDisconnect`."""
    async for piece in StarletteRequest(scope, receive).stream():
        room = limit - len(request.body)
        request.body += piece[:room]
        request.left_out += max(0, len(piece) - room)


def _settle(written: "asyncio.Future[None]", _: Exchange) -> None:
    if not written.done():  # the waiting task may have been cancelled
        written.set_result(None)


class _Answer:
    """Sends the answer of an exchange."""

    def __init__(self, exchange: Exchange, written: "asyncio.Future[None]", send: Send) -> None:
        self._exchange, self._written, self._send = exchange, written, send
        self.is_out = False
        """Whether its last piece has been sent, or none will be."""

    async def go_out(self) -> None:
        """Send the answer with its pauses."""
        await self._written
        with suppress(OSError):  # the client is gone (ASGI, 2.4)
            for action in actions(self._exchange):
                await self._do(action)

    async def _do(self, action: Action) -> None:
        send = self._send
        match action:
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Head(response, in_chunks):
                shown = [
                    (name.encode(), value.encode("latin-1"))
                    for name, value in response.headers
                    if not in_chunks or name != "content-length"
                ]
                await send({"type": "http.response.start", "status": response.status, "headers": shown})
            case Piece(content):
                await send({"type": "http.response.body", "body": content, "more_body": True})
            case End():
                self.is_out = True
                await send({"type": "http.response.body", "body": b""})
            case Cut():  # after the five minutes of a `hang`
                self.is_out = True


async def _cancelled(task: "asyncio.Future[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
