"""A real sandbox, in the test's process or in one of its own, and a client to talk to it."""

import abc
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from starlette.routing import Mount, Route

from aktify_sandbox.app import Application
from aktify_sandbox.cli import main
from aktify_sandbox.cli.commands.serve import serve as serve_command
from aktify_sandbox.server.thread import ServerThread
from aktify_sandbox.settings import Settings
from aktify_sandbox.storage.store import Store
from support.conditions import eventually

COMMAND = [sys.executable, "-m", "aktify_sandbox"]
_numbers = itertools.count()

LEAD = {"phoneNumber": "(509) 555-1234", "region": "CA"}


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without what would change a sandbox's mind."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AKTIFY_")}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


def unmeasured(**more: str) -> dict[str, str]:
    """That environment for programs whose own run is no proof of ours: coverage would only slow them."""
    return {
        name: value for name, value in clean_environment(**more).items() if not name.startswith("COVERAGE")
    }


def commands_of(group: click.Group) -> dict[str, click.Command]:
    """The commands of a group by their names."""
    context = click.Context(group, **main.context_settings)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in found.items() if command}


def needs(program: str) -> str:
    """Where the program is. Without it the test is skipped; where nothing may be skipped (`.ci/run`), it fails."""
    found = shutil.which(program)
    if found:
        return found
    why = f"{program} isn't on this machine"
    if os.environ.get("AKTIFY_TESTS_SKIP_NOTHING"):
        pytest.fail(f"{why}, and AKTIFY_TESTS_SKIP_NOTHING is set.", pytrace=False)
    pytest.skip(why)


NPM = {
    f"npm_config_{name}": value
    for name, value in {
        "audit": "false",
        "fund": "false",
        "ignore_scripts": "true",
        "prefer_offline": "true",
        "update_notifier": "false",
    }.items()
}
"""The environment in which npm installs packages and does nothing else."""


def needs_registry(said: str) -> None:
    """The same where npm couldn't reach its registry, by what it said."""
    if re.search(r"^npm error code (ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT)", said, re.MULTILINE):
        needs("npm's registry")


class Sandboxed(abc.ABC):
    """A running sandbox as a client finds it."""

    url: str
    api_key: str
    http: httpx.Client

    def _connect(self, url: str, api_key: str) -> None:
        self.url, self.api_key = url, api_key
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=30)

    @property
    def endpoint(self) -> str:
        return f"{self.url}/api/v1/leads"

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def post(self, lead: Any = None, key: str | None = None, **more: Any) -> httpx.Response:
        """Post a lead."""
        headers = {"x-api-key": key or self.api_key, **more.pop("headers", {})}
        return self.http.post("/api/v1/leads", json=LEAD if lead is None else lead, headers=headers, **more)

    def record_of(self, answer: httpx.Response) -> dict[str, Any]:
        """What was recorded of the request that got this answer."""
        record: dict[str, Any] = self.get(f"/_sandbox/requests/{answer.headers['x-aktify-sandbox-request']}")
        return record

    def get(self, path: str) -> Any:
        """JSON from the admin API."""
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @abc.abstractmethod
    def stop(self) -> int:
        """End it cleanly; the exit code."""


class Hosted(Sandboxed):
    """A sandbox in a thread of the test's process: what `serve` runs with these options, but terminal and signals."""

    def __init__(self, folder: Path, *options: str, **environment: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        group = click.Context(main, **main.context_settings)
        with serve_command.make_context("serve", ["--port", "0", *options], parent=group) as context:
            flags = {name: value for name, value in context.params.items() if value not in (None, ())}
        settings, self.notices = Settings.gather(flags, environment, folder)
        settings = replace(settings, state=folder / settings.state)
        self.thread = ServerThread(settings, folders=[folder])
        self.thread.start()
        self.notices += self.thread.notices
        self._connect(self.thread.url, self.thread.api_key)

    def stop(self) -> int:
        return self.end()

    def end(self) -> int:
        """Wait for the end, or bring it about; the exit code."""
        self.http.close()
        self.thread.stop()
        return 0


class Running(Sandboxed):
    """A sandbox in a process of its own."""

    def __init__(
        self, folder: Path, *options: str, program: Sequence[str] = COMMAND, **environment: str
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"serve-{next(_numbers)}"
        self.ready_file = folder / f"{name}.json"
        self.out_file = folder / f"{name}.txt"
        command = [*program, "serve", "--port", "0", "--ready-file", str(self.ready_file), *options]
        env = clean_environment(**environment)
        with self.out_file.open("w") as out:
            self.process = subprocess.Popen(
                command, cwd=folder, env=env, stdout=out, stderr=subprocess.STDOUT
            )
        self._wait()
        ready = json.loads(self.ready_file.read_text())
        assert ready["endpoint"] == f"{ready['url']}/api/v1/leads"
        self._connect(ready["url"], ready["apiKey"])

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while not self.ready_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"serve did not start:\n{self.output()}")
            time.sleep(0.02)  # pause: between two looks at a process that may end

    def output(self) -> str:
        """What it has printed so far."""
        return self.out_file.read_text()

    def banner(self) -> str:
        """What it prints at the start, which may be later than that it is ready."""
        eventually(lambda: "Press Ctrl-C to stop." in self.output())
        return self.output()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self.end()

    def seconds_to_stop(self) -> float:
        """SIGTERM; how long it takes until everything is closed, the exit code being 0.

        What the interpreter does then isn't counted: coverage writes its data.
        """
        began = time.monotonic()
        self.process.terminate()
        eventually(lambda: not self.ready_file.exists())
        seconds = time.monotonic() - began
        assert self.end() == 0, self.output()
        return seconds

    def end(self) -> int:
        """Wait for the end; the exit code."""
        code = self.process.wait(60)
        self.http.close()
        return code


Serve = Callable[..., Running]
"""Starts a sandbox with options, in a process of its own."""

HostSandbox = Callable[..., Hosted]
"""Starts a sandbox with options, in the test's process."""


def admin_routes() -> set[tuple[str, str]]:
    """Every path under `/_sandbox` and its methods, from the route table itself."""
    store = Store(None)
    app = Application(Settings(), store, "http://127.0.0.1:1", lambda _: None, lambda: None)
    store.close()
    found = {("/_sandbox", "GET")}
    for mount in app.asgi.routes:
        if not isinstance(mount, Mount):
            continue
        for route in mount.routes:
            assert isinstance(route, Route)
            if route.path != "/_sandbox":  # which isn't below the mount
                found |= {(mount.path + route.path, method) for method in route.methods or ()}
    return found


def all_routes() -> list[tuple[str, str]]:
    """Every method and path of the admin API, from the route table itself."""
    return sorted((method, path.replace("{id}", "r000000001")) for path, method in admin_routes())


def until(sandbox: Running, words: str) -> None:
    """Wait until it has printed these words."""
    eventually(lambda: words in sandbox.output())


def memory(sandbox: Running, name: str) -> int:
    """VmRSS, what is resident now, or VmHWM, the most that ever was; in kB."""
    status = Path(f"/proc/{sandbox.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(name)))
