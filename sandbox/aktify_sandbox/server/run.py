"""The sandbox as a server in the foreground: bind, open the state, serve, stop cleanly."""

import asyncio
import contextlib
import errno
import gc
import json
import os
import signal
import socket
import tempfile
from pathlib import Path
from types import FrameType
from typing import Self

from aktify_sandbox.addresses import origin_of
from aktify_sandbox.app import Application, run_background_tasks
from aktify_sandbox.atomic_write import readable_to_all, replaced
from aktify_sandbox.client.messages import HEALTH, AdminRequest, AdminResponse
from aktify_sandbox.errors import LogError, ResourceError, ServeError
from aktify_sandbox.server.banner import banner
from aktify_sandbox.server.output import background_output
from aktify_sandbox.server.server import Server, bind, say
from aktify_sandbox.server.terminal import Terminal
from aktify_sandbox.settings import WELL_KNOWN_KEYS, Settings, first_key
from aktify_sandbox.storage import server_file
from aktify_sandbox.storage.folder import Folder
from aktify_sandbox.storage.log import too_many_files
from aktify_sandbox.storage.store import Store
from aktify_sandbox.text import printable

_ANSWER_SECONDS = 1
_SPARE_DESCRIPTORS = 24


def serve(settings: Settings, notices: list[str]) -> int:
    """Run until Ctrl-C, SIGTERM or `stop`. Returns the exit code: 0, or 1 when it couldn't start.

    Raises `InputError`: settings that can't be.
    """
    with Signals() as signals, background_output(form=settings.log_format):
        try:
            check_ready_file(settings.ready_file)
            check_descriptors()
            # bound before the state is opened: a taken port touches nothing
            listening = bind(settings.host, settings.port)
            with contextlib.ExitStack() as stack:
                for each in listening:
                    stack.callback(each.close)
                return _serve(settings, notices, listening, signals)
        except ResourceError as error:
            is_taken = isinstance(error, ServeError) and error.reason == errno.EADDRINUSE
            say(f"{error}{_other(origin_of(settings.host, settings.port)) if is_taken else ''}")
            return 1


def _other(url: str) -> str:
    """Whether it is another sandbox that has the port, and which; empty if it is anything else."""
    health = _asked(url, HEALTH)
    if health is None or not health.is_health:
        return ""
    status = _asked(url, "/status")  # a refusal if it wants a token
    content = {} if status is None else status.problem
    where = printable(str(content["state"] or "nothing: it is in memory")) if "state" in content else ""
    serves = f" It serves {where}." if where else ""
    return f" It is another aktify-sandbox.{serves} `aktify-sandbox stop --url {url}` stops it."


def _asked(url: str, path: str) -> AdminResponse | None:
    """What the admin API answers, None if nothing does. Whoever answers is told nothing of ours."""
    import httpx

    try:
        with httpx.Client(base_url=url, trust_env=False, timeout=_ANSWER_SECONDS) as client:
            answer = client.get(AdminRequest("GET", path).target)
    except httpx.HTTPError:
        return None
    return AdminResponse(answer.status_code, answer.content)


def _serve(settings: Settings, notices: list[str], listening: list[socket.socket], signals: "Signals") -> int:
    folder = None if settings.in_memory else settings.state
    store = Store(folder, fsync=settings.fsync, max_requests=settings.keep)
    terminal = Terminal(form=settings.log_format, quiet=settings.quiet, show_pii=settings.show_pii)
    here = origin_of(settings.host, listening[0].getsockname()[1])
    origin = settings.public_url or here
    for notice in [*notices, *store.warnings]:
        say(notice)

    def stop() -> None:
        server.stop()

    watching: list[asyncio.Task[None]] = []  # whoever drops a task may lose it

    def ready() -> None:
        if store.state_folder:
            announce(store.state_folder, here)
        terminal.say(banner(settings, app.campaigns, store, app.forcing.active, here))
        if settings.ready_file:
            write_ready_file(settings, origin)
        if settings.open:
            import webbrowser

            webbrowser.open(f"{here}/_sandbox/")
        watching.append(asyncio.get_running_loop().create_task(run_background_tasks(app, say)))
        gc.collect()
        gc.freeze()  # what is there at the start stays: the collector need not look at it again and again

    try:
        app = Application(settings, store, origin, terminal.show, stop)
        for warning in app.warnings:
            say(warning)
        signals.server = server = Server(app, ready)
        server.run(sockets=listening)
    finally:
        terminal.flush()
        store.close()
        if settings.ready_file and settings.ready_file.is_file():
            with contextlib.suppress(OSError):
                settings.ready_file.unlink()
    if store.trouble:
        say(f"{store.trouble} What came after that was answered 503 and isn't kept.")
        return 1
    terminal.say(
        "\nStopped. Nothing was lost; `aktify-sandbox serve` goes on from here." if folder else "\nStopped."
    )
    return 0


def check_ready_file(path: Path | None) -> None:
    """Find out before anything else whether the ready file can be written. Raises `ServeError`."""
    if path is None:
        return
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".aktify-sandbox-"):
            pass
    except OSError as error:
        raise ServeError(f"--ready-file {path} can't be written: {(error.strerror or '').lower()}.") from None


def check_descriptors() -> None:
    """Find out whether there are as many files and connections to spare as a start takes. Raises `ServeError`.

    An event loop that runs out of them halfway can't even be closed.
    """
    with contextlib.ExitStack() as stack:
        try:
            for _ in range(_SPARE_DESCRIPTORS):
                stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            raise ServeError(too_many_files(error) or str(error)) from None


def write_ready_file(settings: Settings, origin: str) -> None:
    """Say where the sandbox is, whole or not at all."""
    assert settings.ready_file is not None  # noqa: S101  the caller has looked
    content = {
        "url": origin,
        "endpoint": f"{origin}/api/v1/leads",
        "apiKey": first_key(settings.campaigns),
        "pid": os.getpid(),
    }
    mode = readable_to_all() if content["apiKey"] in WELL_KNOWN_KEYS else 0o600
    with replaced(settings.ready_file, mode=mode) as file:
        file.write(json.dumps(content).encode())


def announce(folder: Folder, url: str) -> None:
    """Say in the state folder where the sandbox is, if that can be written."""
    try:
        folder.announce(url)
    except (OSError, LogError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        say(f"{folder.path / server_file.NAME} can't be written ({reason}): commands need --url {url}.")


class Signals:
    """An orderly end on SIGINT, SIGTERM, and SIGHUP (the terminal was closed) unless it is ignored, as under `nohup`.

    From before the state is opened until all is closed: a second signal changes nothing.
    """

    server: Server | None = None
    """What is to stop, once it is there."""

    def __enter__(self) -> Self:
        is_ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        stopping = [signal.SIGINT, signal.SIGTERM, *([] if is_ignored else [signal.SIGHUP])]
        self._before = {number: signal.signal(number, self._on_signal) for number in stopping}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, _: int, __: FrameType | None) -> None:
        if self.server is None:
            raise SystemExit(0)
        self.server.should_exit = True
