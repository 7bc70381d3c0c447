"""The sandbox as a server in the foreground: bind, open the state, serve, stop cleanly."""

import asyncio
import contextlib
import errno
import gc
import json
import logging
import os
import signal
import socket
import sys
import traceback
import webbrowser
from collections.abc import Callable, Generator
from pathlib import Path
from types import FrameType

import uvicorn

from aktify_sandbox.app import Application
from aktify_sandbox.banner import banner
from aktify_sandbox.forcing import Forcing
from aktify_sandbox.log import LogError
from aktify_sandbox.nodes import DocumentMistakes
from aktify_sandbox.protocol import SandboxProtocol
from aktify_sandbox.settings import Settings
from aktify_sandbox.shelf import NoSuchScenario
from aktify_sandbox.store import Store
from aktify_sandbox.terminal import Terminal

_KEEP_ALIVE_SECONDS = 75
_STOP_SECONDS = 1
_LOOK_AGAIN_SECONDS = 1


def _say(text: str) -> None:
    print(f"aktify-sandbox: {text}", file=sys.stderr, flush=True)  # noqa: T201  the user's terminal


class CannotServe(Exception):
    """Why the sandbox can't start, in words for the user."""


def serve(settings: Settings, notices: list[str]) -> int:
    """Run until Ctrl-C, SIGTERM or `stop`. Returns the exit code: 0, or 1 when it couldn't start."""
    try:
        check_ready_file(settings.ready_file)
        # bound before the state is opened: a taken port touches nothing
        listening = bind(settings.host, settings.port)
        with contextlib.closing(listening):
            return _serve(settings, notices, listening)
    except (CannotServe, LogError, NoSuchScenario, DocumentMistakes) as error:
        _say(str(error))
        return 1


def _serve(settings: Settings, notices: list[str], listening: socket.socket) -> int:
    folder = None if settings.in_memory else settings.state
    store = Store(folder, fsync=settings.fsync, keep=settings.keep)
    terminal = Terminal(form=settings.log_format, quiet=settings.quiet, show_pii=settings.show_pii)
    origin = _origin(settings.host, listening.getsockname()[1])
    for notice in [*notices, *store.warnings]:
        _say(notice)

    def stop() -> None:
        server.should_exit = True

    watching: list[asyncio.Task[None]] = []  # whoever drops a task may lose it

    def ready() -> None:
        terminal.say(banner(settings, origin, store, app.forcing.active))
        if settings.ready_file:
            write_ready_file(settings, origin)
        if settings.open:
            webbrowser.open(f"{origin}/_sandbox/")
        watching.append(asyncio.get_running_loop().create_task(watch(app.forcing)))
        gc.collect()
        gc.freeze()  # what is there at the start stays: the collector need not look at it again and again

    try:
        app = Application(settings, store, origin, terminal.show, stop)
        for warning in app.warnings:
            _say(warning)
        server = Server(app, ready)
        server.run(sockets=[listening])
    finally:
        terminal.flush()
        store.close()
        if settings.ready_file:
            with contextlib.suppress(OSError):
                settings.ready_file.unlink(missing_ok=True)
    if store.is_gone:
        _say(f"{folder} was deleted while the sandbox ran; what it held is lost.")
        return 1
    terminal.say(
        "\nStopped. Nothing was lost; `aktify-sandbox serve` goes on from here." if folder else "\nStopped."
    )
    return 0


async def watch(forcing: Forcing) -> None:
    """Read scenario files again soon after they change, for as long as the loop runs; nobody waits meanwhile."""
    while True:
        try:
            for old in forcing.stale():
                _say(forcing.replace(old, await asyncio.to_thread(old.again)))
        except Exception:  # a defect of ours must not end the watch
            traceback.print_exc(file=sys.stderr)
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `CannotServe`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2_048)
    except OSError as error:
        listening.close()
        raise CannotServe(_why_not_bound(host, port, error)) from None
    return listening


def _why_not_bound(host: str, port: int, error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    if "in use" in reason:
        return f"Port {port} on {host} is taken: stop what uses it, or give --port 0 for a free one."
    if "permission" in reason:
        return f"Port {port} on {host} is reserved by the system: give a --port above 1023."
    return f"{host}:{port} can't be listened on: {reason}."


def _origin(host: str, port: int) -> str:
    """The address as a client on this machine sees it."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104  a comparison
    return f"http://{name}:{port}"


def check_ready_file(path: Path | None) -> None:
    """Find out before anything else whether the ready file can be written. Raises `CannotServe`."""
    if path is None:
        return
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        beside = Path(f"{path}.new")
        beside.touch()
        beside.unlink()
    except OSError as error:
        raise CannotServe(
            f"--ready-file {path} can't be written: {(error.strerror or '').lower()}."
        ) from None


def write_ready_file(settings: Settings, origin: str) -> None:
    """Say where the sandbox is, whole or not at all."""
    assert settings.ready_file is not None  # noqa: S101  the caller has looked
    keys = [key.key for campaign in settings.campaigns for key in campaign.keys if not key.revoked]
    content = {
        "url": origin,
        "endpoint": f"{origin}/api/v1/leads",
        "apiKey": next(iter(keys), None),
        "pid": os.getpid(),
    }
    beside = Path(f"{settings.ready_file}.new")
    beside.write_text(json.dumps(content))
    beside.replace(settings.ready_file)


class Server(uvicorn.Server):
    """Uvicorn that says when it is ready and never waits for a request that isn't complete."""

    def __init__(self, app: Application, ready: Callable[[], None]) -> None:
        logging.getLogger("uvicorn.error").setLevel(
            logging.CRITICAL + 1
        )  # our own recorder tells what went wrong
        super().__init__(
            uvicorn.Config(
                app,
                http=SandboxProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_STOP_SECONDS,
            )
        )
        self._app = app
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer requests, then say so."""
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let go of streams and half-sent requests at once; those that are complete get their answers."""
        self._app.feed.close()
        for connection in list(self.server_state.connections):
            if isinstance(connection, SandboxProtocol):
                connection.abandon_half_sent()
        await asyncio.sleep(0)
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Stop on SIGINT and SIGTERM without raising them again afterwards: a clean stop is exit code 0."""
        before = {
            number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.handle_exit(number, frame)
