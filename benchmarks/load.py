"""The load: 32 connections that send one lead after another, from the load's core.

By `wrk` with lead.lua where it is installed, else by python_load.py, which measures the same less finely: it can
send fewer requests per second than the fastest of the servers could answer. Both count the answers by status and
report the same line.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine
from benchmarks.leads import HOST, PATH, pieces
from benchmarks.servers import DidNotServe, Server, clean_environment

CONNECTIONS = 32
_LUA = Path(__file__).with_name("lead.lua")
_LEAST_RATE = 500
"""Requests per second below which a load that counts answers is given up: the server is dead, or as good as."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be sent: for a time, or until so many are answered; over and over the same `different` leads."""

    first: int
    seconds: float = 0.0
    answers: int = 0
    different: int = 1_000_000_000
    before: int = 0
    """How many of them were sent before; this load goes on from there."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a load."""

    statuses: dict[str, int]
    sent: int
    failed: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_seconds: float
    resident_mb: float

    @property
    def answered(self) -> int:
        """How many answers came."""
        return sum(self.statuses.values())

    @property
    def cpu_us(self) -> float:
        """CPU time of the server per request, in µs."""
        return self.cpu_seconds / max(self.answered, 1) * 1e6

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.answered / self.seconds


def generator() -> str:
    """The load generator, as the results name it."""
    return (
        f"`wrk`, {CONNECTIONS} connections" if shutil.which("wrk") else f"Python, {CONNECTIONS} connections"
    )


def put(load: Load, server: Server) -> Measured:
    """Load a server and measure it meanwhile."""
    _, load_core = machine.cores()
    before = machine.cpu_seconds(server.pid)
    with machine.on_core(load_core):
        done = subprocess.run(
            _command(load, server.port),
            cwd=server.folder,
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    if server.ended:
        raise DidNotServe((server.folder / "output.txt").read_text())
    spent = machine.cpu_seconds(server.pid) - before
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            found = json.loads(line.removeprefix("RESULT "))
            measured = Measured(**found, cpu_seconds=spent, resident_mb=machine.resident_mb(server.pid))
            if measured.answered >= load.answers:
                return measured
    raise RuntimeError(done.stdout + done.stderr)


def _command(load: Load, port: int) -> list[str]:
    what = [str(load.first), str(load.different), str(load.before), str(load.answers), *pieces(port)]
    if not shutil.which("wrk"):
        script = [sys.executable, "-m", "benchmarks.python_load"]
        return [*script, str(port), str(CONNECTIONS), str(load.seconds), *what]
    seconds = 60 + load.answers // _LEAST_RATE if load.answers else max(1, round(load.seconds))
    options = [
        "--threads",
        "1",
        "--connections",
        str(CONNECTIONS),
        "--duration",
        f"{seconds}s",
        "--timeout",
        "30s",
    ]
    return ["wrk", *options, "--script", str(_LUA), f"http://{HOST}:{port}{PATH}", "--", *what]
