"""A sandbox in a thread of the user's process, with its own event loop."""

import atexit
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self, TypeVar

from aktify_sandbox.addresses import origin_of
from aktify_sandbox.app import Application, run_background_tasks
from aktify_sandbox.errors import SandboxDied
from aktify_sandbox.exchange import Exchange, Headers, Request
from aktify_sandbox.greenlets import monkey_patched_by
from aktify_sandbox.originals import asyncio, os, socket, threading, time
from aktify_sandbox.proxies import exempting
from aktify_sandbox.server.output import say
from aktify_sandbox.server.server import Server, bind
from aktify_sandbox.settings import Settings, first_key
from aktify_sandbox.storage.store import Store

T = TypeVar("T")

_START_SECONDS = 30
_ELSEWHERE = (
    "Fix: let the sandbox be a process of its own: `aktify-sandbox exec -- pytest`, "
    "or `aktify-sandbox serve` and AKTIFY_SANDBOX_URL."
)

NO_SOCKET = "http://localhost:0"
"""The address of a sandbox that doesn't listen: connecting to it by mistake fails immediately."""


class ServerThread:
    """A sandbox in a thread of this process. Doesn't touch signals, terminal and garbage collector."""

    app: Application
    loop: asyncio.AbstractEventLoop | None = None
    url: str

    def __init__(
        self,
        settings: Settings,
        *,
        listen: bool = True,
        listener: Callable[[Exchange], None] | None = None,
        folders: Iterable[Path] = (),
    ) -> None:
        """With `listen=False` there is no socket. `listener` is called with every exchange, in the sandbox's thread.

        `folders` are searched for `scenarios/`; by default, the current folder.
        """
        self.settings = settings
        self.api_key = first_key(settings.campaigns) or ""
        self.failure: BaseException | None = None
        """The exception that ended the thread, if it was a defect."""
        self.calls: set[Callable[[], None]] = set()
        """Ends the requests in progress when there is no socket. Only for its own thread."""
        self._listen = listen
        self._folders = tuple(folders)
        self._listener = listener or (lambda _: None)
        self._thread: threading.Thread | None = None
        self._started_well = False
        self._process = os.getpid()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    @property
    def notices(self) -> list[str]:
        """The notices of the start, in words for the user."""
        return [*self._store.warnings, *self.app.warnings]

    @property
    def newest(self) -> int:
        """The number of the newest line. It grows with every change."""
        return self._store.newest

    def start(self) -> None:
        """Return once requests are answered.

        Raises `InputError`, `ResourceError`, `SandboxDied`; then everything is cleaned up.
        """
        self._check_threads()
        settings = self.settings
        listening = bind(settings.host, settings.port) if self._listen else []
        with contextlib.ExitStack() as undo:
            for each in listening:
                undo.callback(each.close)
            self.url = origin_of(settings.host, listening[0].getsockname()[1]) if listening else NO_SOCKET
            self._store = Store(
                None if settings.in_memory else settings.state,
                fsync=settings.fsync,
                max_requests=settings.keep,
            )
            undo.callback(self._store.close)
            self.app = Application(
                settings,
                self._store,
                settings.public_url or self.url,
                self._listener,
                self._stop_soon,
                self._folders,
            )
            undo.pop_all()
        self._started = threading.Event()
        self._server = Server(self.app, self._ready)
        self._thread = threading.Thread(
            target=self._run, args=(listening,), name="aktify-sandbox", daemon=True
        )
        self._thread.start()
        in_time = self._started.wait(_START_SECONDS)
        if not in_time:
            self._thread = None
            raise SandboxDied(
                f"The sandbox's thread has not started within {_START_SECONDS} seconds. {_ELSEWHERE}"
            )
        atexit.register(self.stop)
        if self.failure:
            self.stop()

    def stop(self) -> None:
        """End it, whatever is in progress; further calls do nothing. Raises `SandboxDied` if it has died before."""
        thread, self._thread = self._thread, None
        if thread is None or os.getpid() != self._process:  # a forked child doesn't have this thread
            return
        atexit.unregister(self.stop)
        if self.loop is not None:
            with contextlib.suppress(RuntimeError):  # its loop has ended already
                self.loop.call_soon_threadsafe(self._stop_soon)
        thread.join()
        self._raise_if_dead()

    @property
    def is_alive(self) -> bool:
        """Whether it answers."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def is_open(self) -> bool:
        """Whether it accepts new requests."""
        return self.is_alive and self._server.is_open

    def environment_for_command(self) -> dict[str, str]:
        """The variables of this process, and those by which a command finds the sandbox.

        Variables for what doesn't exist, such as a key where none is configured, are removed rather than inherited.
        """
        own = {
            "AKTIFY_BASE_URL": self.url,
            "AKTIFY_API_KEY": self.api_key,
            "AKTIFY_SANDBOX_URL": self.url,
            "AKTIFY_SANDBOX_TOKEN": self.settings.token or "",
        }
        inherited = {**os.environ, **exempting(self.url, os.environ)}
        return {name: value for name, value in {**inherited, **own}.items() if value or name not in own}

    @property
    def standing_headers(self) -> Headers:
        """The headers of every answer: its date."""
        return self._server.server_state.default_headers

    @property
    def tasks(self) -> "set[asyncio.Task[None]]":
        """The tasks in progress, which a stop waits for briefly."""
        return self._server.server_state.tasks

    def check(self) -> None:
        """Raises `SandboxDied` if it doesn't answer although it wasn't stopped."""
        self._check_threads()
        self._raise_if_dead()
        if self._thread is not None and not self.is_open:
            raise SandboxDied("The sandbox was told to stop from outside (POST /_sandbox/stop).")

    def _check_threads(self) -> None:
        """Raises `SandboxDied` where a separate thread can't run."""
        library = monkey_patched_by()
        if library:
            raise SandboxDied(
                f"{library} has replaced the threads of this process (monkey patching), "
                f"and the sandbox can't run in one of its greenlets. {_ELSEWHERE}"
            )

    def _raise_if_dead(self) -> None:
        if self.failure:
            what = "has died" if self._started_well else "couldn't start"
            raise SandboxDied(
                f"The sandbox's thread {what}: {self.failure!r}. Please report it."
            ) from self.failure

    # in its own thread

    async def ask(
        self, request: Request, gone: asyncio.Event, send: Callable[[Any], Awaitable[None]]
    ) -> None:
        """One request to the admin API, by ASGI. `gone`: the caller no longer waits."""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": request.path,
            "query_string": request.query,
            "root_path": "",
            "headers": request.headers,
            "client": None,
            "server": None,
        }
        is_asked = False

        async def receive() -> dict[str, Any]:
            nonlocal is_asked
            if is_asked:
                await gone.wait()
                return {"type": "http.disconnect"}
            is_asked = True
            return {"type": "http.request", "body": request.body, "more_body": False}

        await self.app.asgi(scope, receive, send)

    def _run(self, listening: list[socket.socket]) -> None:
        try:
            with asyncio.Runner(loop_factory=self._server.config.get_loop_factory()) as runner:
                self.loop = runner.get_loop()
                if isinstance(self.loop, asyncio.BaseEventLoop):  # has a replaceable clock
                    self.loop.time = time.monotonic  # type: ignore[method-assign]  # the true one
                runner.run(self._serve(listening))
        except BaseException as error:  # raised in the calling thread
            self.failure = error
        finally:
            try:
                self._end_calls()
                for each in listening:
                    each.close()
                self._store.close()
            except BaseException as error:
                self.failure = self.failure or error
            self._started.set()

    async def _serve(self, sockets: list[socket.socket]) -> None:
        asyncio.get_running_loop().set_default_executor(_Workers())
        watching = asyncio.create_task(run_background_tasks(self.app, say))
        try:
            await self._server.serve(sockets)
        finally:
            watching.cancel()
            await self._server.abort_connections()

    def _ready(self) -> None:
        self._started_well = True
        self._started.set()

    def _stop_soon(self) -> None:
        self._server.stop()
        self.app.endpoint.flush()
        self._end_calls()

    def _end_calls(self) -> None:
        for end in [*self.calls]:
            end()


class _Workers(ThreadPoolExecutor):
    """A thread for each piece of work, of the class that `threading.Thread` was before a test replaced it."""

    def __init__(self) -> None:
        super().__init__()
        self._running: set[threading.Thread] = set()

    def submit(self, work: Callable[..., T], /, *given: Any, **named: Any) -> "Future[T]":
        """Start the work immediately."""
        done: Future[T] = Future()

        def run() -> None:
            if done.set_running_or_notify_cancel():
                try:
                    done.set_result(work(*given, **named))
                except BaseException as error:  # raised to the waiting caller
                    done.set_exception(error)
            self._running.discard(thread)

        thread = threading.Thread(target=run, name="aktify-sandbox works", daemon=True)
        self._running.add(thread)
        thread.start()
        return done

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let running work finish."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        for thread in [*self._running] if wait else []:
            thread.join()
