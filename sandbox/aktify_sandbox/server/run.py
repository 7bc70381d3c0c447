"""Runs the sandbox in the foreground: bind, open the state, serve, stop cleanly."""

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
from typing import TYPE_CHECKING, Self

from aktify_sandbox.addresses import origin_of
from aktify_sandbox.app import Application, run_background_tasks
from aktify_sandbox.atomic_write import readable_to_all, replaced
from aktify_sandbox.client.messages import HEALTH, AdminRequest, AdminResponse
from aktify_sandbox.contract.answers import ENDPOINT
from aktify_sandbox.errors import DocumentError, LogError, ResourceError, ServeError
from aktify_sandbox.server.banner import banner
from aktify_sandbox.server.output import background_output, finish_saying, say
from aktify_sandbox.server.server import Server, bind
from aktify_sandbox.server.terminal import Terminal
from aktify_sandbox.settings import WELL_KNOWN_KEYS, Settings
from aktify_sandbox.storage import server_file
from aktify_sandbox.storage.folder import Folder
from aktify_sandbox.storage.log import too_many_files
from aktify_sandbox.storage.store import Store
from aktify_sandbox.text import printable

if TYPE_CHECKING:
    from aktify_sandbox.calibration.result import Calibration

_ANSWER_SECONDS = 1
_SPARE_DESCRIPTORS = 24
_MOST_PROBLEMS = 3
_SIGNALS: dict[int, str] = {
    signal.SIGINT: "Ctrl-C (SIGINT)",
    signal.SIGTERM: "SIGTERM",
    signal.SIGHUP: "SIGHUP: the terminal was closed",
}
"""What may stop it, in words."""


def serve(settings: Settings, notices: list[str]) -> None:
    """Run until Ctrl-C, SIGTERM or `stop`.

    Raises `InputError` for invalid settings, and `ResourceError` when it can't start or can't store requests any more.
    """
    with StopSignals() as signals, background_output(form=settings.log_format):
        check_ready_file(settings.ready_file)
        check_descriptors()
        # bound before the state is opened, so that nothing is touched if the port is taken
        try:
            listening = bind(settings.host, settings.port)
        except ServeError as error:
            other = _other(settings) if error.reason == errno.EADDRINUSE else None
            raise ServeError(other or str(error), error.reason) from None
        with contextlib.ExitStack() as stack:
            for each in listening:
                stack.callback(each.close)
            _serve(settings, notices, listening, signals)


def _other(settings: Settings) -> str | None:
    """Names the sandbox that has the port; None if another program has it."""
    url = origin_of(settings.host, settings.port)
    health = _asked(url, HEALTH)
    if health is None or not health.is_health:
        return None
    status = _asked(url, "/status")  # refused if it requires a token
    content = {} if status is None else status.problem
    if content.get("state") == str(settings.state.resolve()) and not settings.in_memory:
        return (
            f"An aktify-sandbox already serves {printable(str(settings.state))}. "
            f"Fix: use it at {url}, or stop it with `aktify-sandbox stop --url {url}`."
        )
    state = content.get("state") or "a state in memory"
    which = f", which serves {printable(str(state))}" if "state" in content else ""
    return (
        f"Port {settings.port} is taken by another aktify-sandbox{which}. "
        f"Stop it with `aktify-sandbox stop --url {url}`, or use --port 0."
    )


def _asked(url: str, path: str) -> AdminResponse | None:
    """The admin API's answer, None without one. Sends nothing secret, since any program may listen there."""
    import httpx

    try:
        with httpx.Client(base_url=url, trust_env=False, timeout=_ANSWER_SECONDS) as client:
            answer = client.get(AdminRequest("GET", path).target)
    except httpx.HTTPError:
        return None
    return AdminResponse(answer.status_code, answer.content)


def _serve(
    settings: Settings, notices: list[str], listening: list[socket.socket], signals: "StopSignals"
) -> None:
    folder = None if settings.in_memory else settings.state
    store = Store(folder, fsync=settings.fsync, max_requests=settings.keep)
    terminal = Terminal(form=settings.log_format, quiet=settings.quiet, show_pii=settings.show_pii)
    here = origin_of(settings.host, listening[0].getsockname()[1])
    origin = settings.public_url or here
    calibration, trouble = calibration_of(settings)
    for notice in [*notices, *store.warnings, *trouble]:
        say(notice)

    def stop() -> None:
        signals.stopped_by = "`aktify-sandbox stop`"
        server.stop()

    watching: list[asyncio.Task[None]] = []  # a task without a reference may be lost

    def ready() -> None:
        if store.state_folder:
            announce(store.state_folder, here)
        terminal.say(banner(settings, app.campaigns, store, app.forcing.active, here, calibration))
        if settings.ready_file:
            write_ready_file(settings, origin, app.campaigns.default_key)
        if settings.open:
            import webbrowser

            webbrowser.open(f"{here}/_sandbox/")
        watching.append(asyncio.get_running_loop().create_task(run_background_tasks(app, say)))
        gc.collect()
        gc.freeze()  # objects from the start stay: spare the garbage collector from checking them repeatedly

    try:
        app = Application(settings, store, origin, terminal.show, stop)
        for warning in app.warnings:
            say(warning)
        finish_saying()  # before the banner, which goes to standard output
        signals.server = server = Server(app, ready)
        server.run(sockets=listening)
    finally:
        terminal.flush()
        store.close()
        if settings.ready_file and settings.ready_file.is_file():
            with contextlib.suppress(OSError):
                settings.ready_file.unlink()
    if store.trouble:
        raise ResourceError(f"{store.trouble} Later requests got a 503 and weren't recorded.")
    kept = " All leads and requests are saved; `aktify-sandbox serve` continues with them." if folder else ""
    terminal.say(f"\nStopped by {signals.stopped_by}.{kept}")


def calibration_of(settings: Settings) -> "tuple[Calibration | None, list[str]]":
    """The calibration to show, and notices of what is wrong with its file."""
    if settings.calibration is None:
        return None, []
    from aktify_sandbox.calibration.file import read

    try:
        return read(settings.calibration), []
    except DocumentError as error:
        return None, [
            f"The calibration isn't shown: {problem}" for problem in error.problems[:_MOST_PROBLEMS]
        ]


def check_ready_file(path: Path | None) -> None:
    """Check first whether the ready file can be written. Raises `ServeError`."""
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
    """Check that enough files and connections are available for a start. Raises `ServeError`.

    An event loop that runs out of them halfway can't even be closed.
    """
    with contextlib.ExitStack() as stack:
        try:
            for _ in range(_SPARE_DESCRIPTORS):
                stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            raise ServeError(too_many_files(error) or str(error)) from None


def write_ready_file(settings: Settings, origin: str, key: str | None) -> None:
    """Write the sandbox's address and key, whole or not at all."""
    assert settings.ready_file is not None  # noqa: S101  the caller has looked
    content = {
        "url": origin,
        "endpoint": f"{origin}{ENDPOINT}",
        "apiKey": key,
        "pid": os.getpid(),
    }
    mode = readable_to_all() if content["apiKey"] in WELL_KNOWN_KEYS else 0o600
    with replaced(settings.ready_file, mode=mode) as file:
        file.write(json.dumps(content).encode())


def announce(folder: Folder, url: str) -> None:
    """Write the sandbox's address into the state folder, if possible."""
    try:
        folder.announce(url)
    except (OSError, LogError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        say(f"{folder.path / server_file.NAME} can't be written ({reason}): commands need --url {url}.")


class StopSignals:
    """Stops cleanly on SIGINT, SIGTERM, and SIGHUP (the terminal was closed) unless it is ignored, as under `nohup`.

    Active from before the state is opened until everything is closed: a second signal changes nothing.
    """

    server: Server | None = None
    """The server to stop, once it exists."""
    stopped_by = ""
    """What stopped it, in words."""

    def __enter__(self) -> Self:
        is_ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        stopping = [signal.SIGINT, signal.SIGTERM, *([] if is_ignored else [signal.SIGHUP])]
        self._before = {number: signal.signal(number, self._on_signal) for number in stopping}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self.stopped_by = self.stopped_by or _SIGNALS[number]
        if self.server is None:
            raise SystemExit(0)
        self.server.should_exit = True
