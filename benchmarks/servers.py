"""A server in a process and a folder of its own, on the server's core.

The sandbox is started as its user starts it, `aktify-sandbox serve --port N` in an empty folder: the state goes to
`.aktify-sandbox`, a line per request to standard output, which is a file.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks import machine
from benchmarks.leads import HOST, phone_number, request

ROOT = Path(__file__).parent.parent
ECHO = [sys.executable, "-m", "benchmarks.echo"]
STATE = ".aktify-sandbox"
_PATIENCE = 300.0
_LOOK_AGAIN = 0.001
_A_WHILE, _CALM = 0.5, 0.25
"""Seconds, and the share of a core that a steady client and a timer take at most."""


def sandbox(*arguments: str) -> list[str]:
    """The command that was installed with the package, or the module if there is none."""
    installed = Path(sys.executable).with_name("aktify-sandbox")
    start = [str(installed)] if installed.exists() else [sys.executable, "-m", "aktify_sandbox"]
    return [*start, *arguments]


SERVE = sandbox("serve")


def clean_environment() -> dict[str, str]:
    """The environment without settings of the sandbox and proxies; compiled modules are kept, as they usually are."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AKTIFY_")
        and not name.lower().endswith("_proxy")
        and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {**kept, "PYTHONPATH": str(ROOT)}


class DidNotServe(click.ClickException):
    """A server ended, or gave no answer in time."""


class Server:
    """A running server; `first_answer` is how many seconds it took from the start of the process."""

    def __init__(self, command: Sequence[str], folder: Path, *, on_one_core: bool = True) -> None:
        """Start it and wait for its answer to a lead with the first of all phone numbers."""
        self.folder = folder
        self.port = free_port()
        server_core, _ = machine.cores()
        core = machine.on_core(server_core) if on_one_core else nullcontext()
        began = time.perf_counter()
        with (folder / "output.txt").open("a") as out, core:
            self._process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                cwd=folder,
                env=clean_environment(),
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self._await_answer(command)
        self.first_answer = time.perf_counter() - began

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def _await_answer(self, command: Sequence[str]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                self.ask()
            except ConnectionError:
                time.sleep(_LOOK_AGAIN)
            else:
                return
        self.kill()
        raise DidNotServe(f"{' '.join(command)} gave no answer: {(self.folder / 'output.txt').read_text()}")

    def ask(self) -> str:
        """Post a lead with the first of all phone numbers; the answer. Raises `ConnectionError`."""
        lead = request(self.port).replace("{phone}", phone_number(0))
        with socket.create_connection((HOST, self.port), _PATIENCE) as connection:
            connection.sendall(lead.encode())
            answer = connection.recv(65_536).decode()
        if not answer.startswith(("HTTP/1.1 201 ", "HTTP/1.1 409 ")):
            raise ConnectionResetError(answer)
        return answer

    @property
    def url(self) -> str:
        """The address of its admin API."""
        return f"http://{HOST}:{self.port}/_sandbox"

    def await_calm(self) -> None:
        """Wait until it hardly works any more: nothing long is under way in the background."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            before = machine.cpu_seconds(self.pid)
            time.sleep(_A_WHILE)
            if machine.cpu_seconds(self.pid) - before < _CALM * _A_WHILE:
                return
        raise DidNotServe("The server works on and on, though little is asked of it.")

    def stop(self) -> float:
        """End it cleanly. How many seconds that took. An exit code other than 0 is an error."""
        took = self._ended_by(signal.SIGTERM)
        if self._process.returncode:
            raise DidNotServe(f"It ended with exit code {self._process.returncode}.")
        return took

    def kill(self) -> float:
        """`kill -9`. How many seconds that took."""
        return self._ended_by(signal.SIGKILL)

    def _ended_by(self, number: signal.Signals) -> float:
        began = time.perf_counter()
        self._process.send_signal(number)
        self._process.wait(_PATIENCE)
        return time.perf_counter() - began


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as looking:
        looking.bind((HOST, 0))
        port: int = looking.getsockname()[1]
        return port


@contextmanager
def served(
    command: Sequence[str], folder: Path | None = None, *, on_one_core: bool = True
) -> Iterator[Server]:
    """A server, in an empty folder that goes with it unless there is one; it is killed at the end."""
    with TemporaryDirectory(prefix="aktify-benchmark-") as empty:
        server = Server(command, folder or Path(empty), on_one_core=on_one_core)
        try:
            yield server
        finally:
            server.kill()
