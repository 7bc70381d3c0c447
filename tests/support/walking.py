"""A page followed as a reader does it: its files saved, its commands typed, their output compared."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.paths import ROOT
from support.running import Running, clean_environment

_BLOCK = re.compile(
    r"(?:^[^\n]*?(Add[^\n]*)?`([\w./-]+)`[^\n`]*:\n\n)?^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
_ORIGIN = "127.0.0.1:8509"
_QUIETER = "-p no:asyncio -p no:cacheprovider"
"""A reader has no pytest-asyncio, which would warn, and a cache would only be written."""


@dataclass(frozen=True, slots=True)
class File:
    """A block under a line that names a file: “Save this as `name`:”, or “Add this to `name`:”."""

    name: str
    text: str
    added: bool


@dataclass(frozen=True, slots=True)
class Typed:
    """A command, and what it prints."""

    command: str
    output: str


def steps(page: str) -> Iterator[File | Typed]:
    """What a page says to save and to type, in its order."""
    for added, name, kind, text in _BLOCK.findall(page):
        if kind == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                yield Typed(command, output)
        elif name:
            yield File(name, text, bool(added))


def matches(found: str, wanted: str) -> bool:
    """Whether the output is what the page shows, `...` standing for anything."""
    first, *others = wanted.strip().split("...")
    found = found.strip()
    if not others:
        return found == first
    if not found.startswith(first):
        return False
    at = len(first)
    for part in others[:-1]:
        place = found.find(part, at)
        if place < 0:
            return False
        at = place + len(part)
    return found[at:].endswith(others[-1])


class Walk:
    """A reader in an empty folder; a sandbox runs, unless the page says when to start it."""

    def __init__(self, folder: Path, page: str) -> None:
        self.folder = folder
        self._steps = list(steps(page))
        self._exports = ""
        self._sandbox: Running | None = None
        (folder / "fixtures").symlink_to(ROOT / "fixtures")
        if not any(
            isinstance(step, Typed) and step.command.startswith("aktify-sandbox serve")
            for step in self._steps
        ):
            self._sandbox = Running(folder, "--in-memory", "--quiet")

    def follow(self) -> int:
        """Take each step; how many commands there were. Raises `AssertionError` where the output differs."""
        try:
            for step in self._steps:
                if isinstance(step, File):
                    self._save(step)
                else:
                    self._type(step)
        finally:
            if self._sandbox and self._sandbox.process.poll() is None:
                self._sandbox.stop()
        return sum(isinstance(step, Typed) for step in self._steps)

    def _save(self, file: File) -> None:
        path = self.folder / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text() + "\n\n" if file.added else "") + file.text)

    def _type(self, typed: Typed) -> None:
        command = typed.command
        if command.startswith("aktify-sandbox serve"):
            found = self._serve(command)
        else:
            if command.startswith("export "):
                self._exports += f"{command}\n"
            found = self._run(f"{self._exports}{command}")
        assert matches(found, typed.output), f"{command}\n{found}\nwanted:\n{typed.output}"

    def _serve(self, command: str) -> str:
        self._sandbox = Running(self.folder, *command.split()[2:])
        return self._sandbox.banner().replace(f"127.0.0.1:{self._sandbox.port}", _ORIGIN)

    def _run(self, command: str) -> str:
        sandbox = self._sandbox
        assert sandbox
        origin = f"127.0.0.1:{sandbox.port}"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        more = {} if (self.folder / ".aktify-sandbox").exists() else {"AKTIFY_SANDBOX_URL": sandbox.url}
        typed = command.replace(_ORIGIN, origin).replace("curl ", "curl -s ")
        done = subprocess.run(
            ["bash", "-c", f"exec 2>&1; {typed}"],
            cwd=self.folder,
            env=clean_environment(PATH=path, NO_PROXY="*", PYTEST_ADDOPTS=_QUIETER, **more),
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.stdout.replace(origin, _ORIGIN)
