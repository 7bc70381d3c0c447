"""Commands of the program in the test's own process; `running.COMMAND` starts one in a process of its own."""

import io
import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest

from aktify_sandbox.cli import main
from support.running import Sandboxed, commands_of

ARGUMENTS = {
    "command": "true",
    "file": "-",
    "id": "r000000001",
    "key": "nobody",
    "kind": "lead",
    "name": "flaky",
    "names": "flaky",
    "status": "503",
}
"""By the name of an argument: one that its command takes."""


def arguments_of(command: click.Command) -> list[str]:
    """What stands behind the options of a command, so that only they may be wrong."""
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    return [ARGUMENTS[f"{each.name}"] for each in arguments if each.required or each.name in ARGUMENTS]


class Outcome(NamedTuple):
    """What became of a command."""

    returncode: int
    stdout: str
    stderr: str


def call(
    *words: str, folder: Path | None = None, text: str | None = None, environment: dict[str, str]
) -> Outcome:
    """Run a command there, with that on its standard input and none of our own variables but those."""
    streams = [io.TextIOWrapper(io.BytesIO((text or "").encode()), "utf-8", write_through=True)]
    streams += [io.TextIOWrapper(io.BytesIO(), "utf-8", newline="", write_through=True) for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AKTIFY_")]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        if folder:
            patch.chdir(folder)
        for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
            patch.setattr(sys, name, stream)
        with pytest.raises(SystemExit) as end:
            main(words, prog_name="aktify-sandbox")
    code = end.value.code or 0
    assert isinstance(code, int)
    for stream in streams:
        stream.seek(0)
    return Outcome(code, streams[1].read(), streams[2].read())


def run(
    sandbox: Sandboxed | None, *words: str, text: str | None = None, code: int = 0, **environment: str
) -> str:
    """Run a command against the sandbox and return what it printed."""
    where = {"AKTIFY_SANDBOX_URL": sandbox.url, "AKTIFY_API_KEY": sandbox.api_key} if sandbox else {}
    done = call(*words, text=text, environment={**where, **environment})
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stdout + done.stderr


def in_json(sandbox: Sandboxed, *words: str, **more: Any) -> Any:
    return json.loads(run(sandbox, *words, "--json", **more))


def commands() -> list[list[str]]:
    found: list[list[str]] = []
    for name, command in commands_of(main).items():
        inner = getattr(command, "commands", None)
        found += [[name, word] for word in inner] if inner else [[name]]
    return found
