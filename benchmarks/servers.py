"""A server in a process and a folder of its own, on the server's core.

The sandbox is started as a user starts it, `aktify-sandbox serve --port N` in an empty folder and nothing else
said: the state goes to `.aktify-sandbox`, one line per request to standard output, which is a file.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from benchmarks import machine
from benchmarks.leads import HOST, phone_number, pieces

ROOT = Path(__file__).parent.parent
SANDBOX = "sandbox"
WITH_RULES = "sandbox with rules"
"""The same, with a scenario of 1,000 rules in force, none of which mentions a lead that is sent."""
_RULES = 1_000
_PATIENCE = 300.0
_LOOK_AGAIN = 0.001

Command = list[str]


def sandbox_command(*arguments: str) -> Command:
    """The command that was installed with the package, or the module if there is none."""
    installed = Path(sys.executable).with_name("aktify-sandbox")
    start = [str(installed)] if installed.exists() else [sys.executable, "-m", "aktify_sandbox"]
    return [*start, *arguments]


def command_of(name: str, port: int) -> Command:
    """How a contestant is started."""
    if name in (SANDBOX, WITH_RULES):
        scenario = ["--scenario", _scenario()] if name == WITH_RULES else []
        return sandbox_command("serve", "--port", str(port), *scenario)
    return [sys.executable, "-m", "benchmarks.peers", name, str(port)]


def _scenario() -> str:
    """A file of rules on ZIP codes that `leads.py` doesn't send."""
    rules = [{"when": {"zipCode": f"{10_000 + n}"}, "answer": 503} for n in range(_RULES)]
    path = Path(gettempdir()) / f"aktify-benchmark-{os.getuid()}-rules.json"
    path.write_text(json.dumps({"rules": rules}))
    return str(path)


def clean_environment() -> dict[str, str]:
    """The environment without what would change a sandbox's mind; the peers find this package."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AKTIFY_")}
    return {**kept, "PYTHONPATH": str(ROOT)}


class DidNotServe(Exception):
    """A server ended, or gave no answer in time."""


class Server:
    """A running server; `first_answer` is how many seconds it took from the start of the process."""

    def __init__(self, name: str, folder: Path, place: int, launcher: Command | None = None) -> None:
        """`place` is that of the phone number in the first request; `launcher` stands for the usual command."""
        self.folder = folder
        self.port = free_port()
        command = launcher or command_of(name, self.port)
        if launcher:
            command = [part.replace("{port}", str(self.port)) for part in command]
        server_core, _ = machine.cores()
        began = time.perf_counter()
        with (folder / "output.txt").open("a") as out, machine.on_core(server_core):
            self._process = subprocess.Popen(
                command, cwd=folder, env=clean_environment(), stdout=out, stderr=subprocess.STDOUT
            )
        self.status, self.head = self._first_answer(place)
        self.first_answer = time.perf_counter() - began

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        return self._process.poll() is not None

    def _first_answer(self, place: int) -> tuple[int, str]:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if self.ended:
                break
            try:
                return ask(self.port, phone_number(place).join(pieces(self.port)))
            except ConnectionError:
                time.sleep(_LOOK_AGAIN)
        self.kill()
        raise DidNotServe((self.folder / "output.txt").read_text())

    def stop(self) -> float:
        """End it cleanly. How many seconds that took."""
        return self._ended_by(signal.SIGTERM)

    def kill(self) -> float:
        """`kill -9`. How many seconds that took."""
        return self._ended_by(signal.SIGKILL)

    def _ended_by(self, number: signal.Signals) -> float:
        began = time.perf_counter()
        self._process.send_signal(number)
        self._process.wait(_PATIENCE)
        return time.perf_counter() - began


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as looking:
        looking.bind((HOST, 0))
        port: int = looking.getsockname()[1]
        return port


def ask(port: int, request: str) -> tuple[int, str]:
    """Send a whole request; status and head of the answer. Raises `ConnectionError`."""
    with socket.create_connection((HOST, port), _PATIENCE) as connection:
        connection.sendall(request.encode())
        answer = connection.recv(65_536).decode()
    if not answer:
        raise ConnectionResetError
    return int(answer[9:12]), answer.partition("\r\n\r\n")[0]


@contextmanager
def served(name: str, place: int) -> Iterator[Server]:
    """A server with an empty folder; it is stopped and its folder removed afterwards."""
    with TemporaryDirectory(prefix="aktify-benchmark-") as folder:
        server = Server(name, Path(folder), place)
        try:
            yield server
        finally:
            server.stop()
