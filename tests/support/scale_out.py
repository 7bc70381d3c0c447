"""A copy of `examples/scale-out` on free ports: its script starts four sandboxes behind a real proxy."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from support.conditions import eventually
from support.paths import ROOT
from support.ports import free_ports
from support.running import LEAD, needs, unmeasured

EXAMPLE = ROOT / "examples" / "scale-out"
NAMES = ("s1", "s2", "s3", "s4")
READY = "Ready for leads."
PROXY_PORT, OWN_PORTS, SANDBOX_PORTS = 8500, range(8501, 8505), range(8511, 8515)
PROGRAMS = {
    "haproxy": ["haproxy", "-c", "-f", "haproxy.cfg"],
    "nginx": ["nginx", "-t", "-p", ".", "-c", "nginx.conf"],
    "envoy": ["envoy", "--mode", "validate", "-c", "envoy.yaml"],
}
"""How each proxy checks its configuration."""
_PORT = re.compile(r"\b85[01][0-9]\b")


def environment(**more: str) -> dict[str, str]:
    """Where the sandbox is installed, and so is Envoy."""
    places = [str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin"]
    return unmeasured(PATH=os.pathsep.join(places), PYTHONDONTWRITEBYTECODE="1", **more)


def needs_proxy(name: str) -> None:
    """Skip, or fail, without that program; Envoy comes with the development tools where it has a wheel."""
    if not shutil.which(name, path=environment()["PATH"]):
        needs(name)


def copied(folder: Path, campaigns: int = 0) -> dict[str, str]:
    """Copy the example there, on free ports; what became of each port.

    `campaigns` are added to its own: `c0` with the key `customer-0`, and so on.
    """
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", "state"))
    old = (PROXY_PORT, *OWN_PORTS, *SANDBOX_PORTS)
    changed = dict(zip(map(str, old), map(str, free_ports(len(old))), strict=True))
    for path in folder.iterdir():
        path.write_text(_PORT.sub(lambda found: changed.get(found[0], found[0]), path.read_text()))
    with (folder / "aktify-sandbox.yaml").open("a") as file:
        file.writelines(f"  c{number}: {{keys: [customer-{number}]}}\n" for number in range(campaigns))
    return changed


class ScaledOut:
    """The example, running."""

    def __init__(self, folder: Path, proxy: str, campaigns: int, **variables: str) -> None:
        ports = copied(folder, campaigns=campaigns)
        self.folder, self.proxy, self._variables = folder, proxy, variables
        self.url = f"http://127.0.0.1:{ports[str(PROXY_PORT)]}"
        self.own = {
            name: f"http://127.0.0.1:{ports[str(port)]}" for name, port in zip(NAMES, OWN_PORTS, strict=True)
        }
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=30)
        self._started: list[subprocess.Popen[str]] = []
        self.process = self.run()
        eventually(lambda: READY in self.output() or self.process.poll() is not None, 60)
        assert self.process.poll() is None, self.output()

    def run(self, *names: str) -> "subprocess.Popen[str]":
        """Start the script, or one sandbox by its name."""
        with (self.folder / "output.txt").open("a") as out:
            started = subprocess.Popen(
                ["./run", *names],
                cwd=self.folder,
                env=environment(PROXY=self.proxy, **self._variables),
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self._started.append(started)
        return started

    def output(self) -> str:
        """What the script has printed so far."""
        return (self.folder / "output.txt").read_text()

    def post(self, key: str | None, lead: Any = None, **headers: str) -> httpx.Response:
        """Post a lead to the proxy."""
        given = {"x-api-key": key} if key else {}
        return self.http.post("/api/v1/leads", json=lead or LEAD, headers=given | headers)

    def insist(self, key: str) -> httpx.Response:
        """Post a lead until there is an answer: a connection that a killed sandbox had is broken once."""
        answers: list[httpx.Response] = []

        def post() -> bool:
            with contextlib.suppress(httpx.TransportError):
                answers.append(self.post(key))
            return bool(answers)

        eventually(post)
        return answers[0]

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask the admin API through the proxy. In names of headers, _ is -."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.get(f"/_sandbox{path}", headers=given)

    def sandbox_of(self, key: str) -> str:
        """The name of the sandbox that a key has."""
        answer = self.get("/health", x_api_key=key)
        return answer.headers["x-sandbox"]

    def pid(self, name: str) -> int:
        """The process of a sandbox."""
        [found] = [pid for pid, words in _processes(self.folder) if f"state/{name}" in words]
        return found

    def processes(self) -> list[int]:
        """All processes that run in the folder."""
        return [pid for pid, _ in _processes(self.folder)]

    def merge(self, what: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run the script that makes one list of all."""
        command = ["python3", "merge.py", what, self.url]
        return subprocess.run(
            command, cwd=self.folder, env=environment(**variables), capture_output=True, text=True, timeout=60
        )

    def interrupt(self) -> int:
        """Ctrl-C, which the terminal sends to all; the exit code."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(30)

    def close(self) -> None:
        """End what still runs."""
        self.http.close()
        self.interrupt()
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for started in self._started:
            started.wait(30)


def _processes(folder: Path) -> Iterator[tuple[int, list[str]]]:
    """Number and words of each process whose folder this is."""
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (path / "cwd").readlink() == folder.resolve():
                yield int(path.name), (path / "cmdline").read_text().split("\0")
