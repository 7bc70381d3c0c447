"""The load: a client program posts leads to a server, from the load's core, and the server's CPU time is taken."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from benchmarks import machine
from benchmarks.leads import HOST, KEY, LEAD, NUMBERS, PATH, request
from benchmarks.servers import ROOT, Server, clean_environment

CLIENTS = Path(__file__).with_name("clients")
_LEAST_RATE = 500
"""Answers per second below which a load is given up: the server is dead, or as good as."""


@dataclass(frozen=True, slots=True)
class Client:
    """A program of clients/, with its kind and its number of pending requests; wrk takes any number."""

    program: str
    kind: str = ""
    concurrency: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    lead: Mapping[str, object] = field(default_factory=lambda: LEAD)
    key: str = KEY

    @property
    def missing(self) -> str | None:
        """What isn't installed for it."""
        if self.program == "python":
            library = self.kind.partition("-")[0]
            return None if find_spec(library) else library
        needed = {"java": "javac"}.get(self.program, self.program)  # `java File.java` compiles
        return None if shutil.which(needed) else needed

    def require(self) -> None:
        """Nothing can be measured without it."""
        if self.missing:
            raise click.ClickException(
                f"{self.missing} isn't installed.\nFix: apt-get install {self.missing}"
            )

    def command(self, port: int, load: "Load") -> list[str]:
        """How it is started."""
        url = f"http://{HOST}:{port}{PATH}"
        numbers = [str(load.start), str(load.different), str(load.seconds), str(load.count)]
        if self.program == "wrk":
            seconds = load.patience if load.count else max(1, round(load.seconds))
            options = ["-t1", f"-c{self.concurrency}", f"-d{seconds}s", "--timeout", "30s"]
            what = request(port, {"x-api-key": self.key, **self.headers}, self.lead)
            return ["wrk", *options, "-s", str(CLIENTS / "wrk.lua"), url, "--", *numbers, what]
        start = {
            "python": [sys.executable, "-m", "benchmarks.clients.python", self.kind],
            "node": ["node", str(CLIENTS / "node.mjs"), self.kind],
            "java": ["java", str(CLIENTS / "Java.java")],
        }[self.program]
        return [*start, url, self.key, json.dumps(self.lead), str(self.concurrency), *numbers]


CONNECTIONS = 32
WRK = Client("wrk", concurrency=CONNECTIONS)


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: `different` leads from a place on, in a loop, for a time or up to a count.

    A server knows the lead of place 0 from its start.
    """

    start: int = 1
    seconds: float = 0.0
    count: int = 0
    different: int = NUMBERS

    @property
    def patience(self) -> int:
        """Seconds after which it is given up."""
        return 60 + round(self.seconds) + self.count // _LEAST_RATE


@dataclass(frozen=True, slots=True)
class Measured:
    """The results of a load; only wrk reports `sent` and `p99_ms`."""

    statuses: dict[str, int]
    cpu_seconds: float
    failed: int = 0
    sent: int = 0
    p99_ms: float = 0.0

    @property
    def answered(self) -> int:
        """How many answers came."""
        return sum(self.statuses.values())

    @property
    def cpu_us(self) -> float:
        """CPU time of the server per request, in µs."""
        return self.cpu_seconds / self.answered * 1e6


def put(load: Load, client: Client, server: Server, expected: set[int]) -> Measured:
    """Load a server and take its CPU time. An answer with another status than the expected ones is an error."""
    _, load_core = machine.cores()
    before = machine.cpu_seconds(server.pid)
    with machine.on_core(load_core):
        said = post(load, client, server.port)
    measured = Measured(**said, cpu_seconds=machine.cpu_seconds(server.pid) - before)
    if measured.failed or not measured.answered or not {int(each) for each in measured.statuses} <= expected:
        raise click.ClickException(
            f"Expected answers with {sorted(expected)}; got {measured.statuses}, and {measured.failed} failed."
        )
    return measured


def post(load: Load, client: Client, port: int) -> dict[str, Any]:
    """Run a client until it ends: the answers by status, and what else it reports."""
    try:
        done = subprocess.run(
            client.command(port, load),
            cwd=ROOT,
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=True,
            timeout=load.patience + 30,
        )
    except subprocess.TimeoutExpired as error:
        raise click.ClickException(f"The client didn't end in {error.timeout} s.") from error
    except subprocess.CalledProcessError as error:
        raise click.ClickException(f"The client failed: {error.stdout}{error.stderr}") from error
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said
