"""A real sandbox on a real port, for every test that talks HTTP."""

import contextlib
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

COMMAND = [sys.executable, "-m", "aktify_sandbox"]
LEAD = {"phoneNumber": "(509) 555-1234", "region": "CA"}


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without what would change a sandbox's mind."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AKTIFY_")}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


class Running:
    """A sandbox in a process of its own."""

    def __init__(self, folder: Path, *options: str, **environment: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.ready_file = folder / "ready.json"
        self.out = (folder / "out.txt").open("w+")
        command = [*COMMAND, "serve", "--port", "0", "--ready-file", str(self.ready_file), *options]
        env = clean_environment(**environment)
        self.process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=self.out, stderr=subprocess.STDOUT
        )
        self._wait()
        ready = json.loads(self.ready_file.read_text())
        self.url: str = ready["url"]
        self.endpoint: str = ready["endpoint"]
        self.api_key: str = ready["apiKey"]
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=30)

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while not self.ready_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"serve did not start:\n{self.output()}")
            time.sleep(0.02)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def output(self) -> str:
        """What it has printed so far."""
        self.out.flush()
        return (self.folder / "out.txt").read_text()

    def post(self, lead: Any = None, key: str | None = None, **more: Any) -> httpx.Response:
        """Post a lead."""
        headers = {"x-api-key": key or self.api_key, **more.pop("headers", {})}
        return self.http.post("/api/v1/leads", json=LEAD if lead is None else lead, headers=headers, **more)

    def record_of(self, answer: httpx.Response) -> dict[str, Any]:
        """What was recorded of the request that got this answer."""
        return self.get(f"/_sandbox/requests/{answer.headers['x-aktify-sandbox-request']}")

    def get(self, path: str) -> Any:
        """JSON from our door."""
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self.end()

    def end(self) -> int:
        """Wait for the end; the exit code."""
        code = self.process.wait(20)
        self.http.close()
        self.out.close()
        return code


Serve = Callable[..., Running]

_names = itertools.count()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts sandboxes with options; in memory unless a state is given. They are stopped after the test."""
    with contextlib.ExitStack() as stack:

        def start(*options: str, folder: Path | None = None, **environment: str) -> Running:
            state = () if "--state" in options else ("--in-memory",)
            running = Running(folder or tmp_path / f"serve-{next(_names)}", *options, *state, **environment)
            stack.callback(lambda: running.process.poll() is None and running.stop())
            return running

        yield start


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One sandbox for all tests that need nothing special of it."""
    running = Running(tmp_path_factory.mktemp("sandbox"), "--in-memory")
    yield running
    assert running.stop() == 0


@pytest.fixture
def sandbox(shared_sandbox: Running) -> Iterator[Running]:
    """The shared sandbox with a key, and so leads, of the test's own."""
    before = shared_sandbox.api_key
    shared_sandbox.api_key = f"test-key.t{next(_names)}"
    yield shared_sandbox
    shared_sandbox.api_key = before
