"""The Dockerfile as data, and its container as a process of this machine: there may be no engine here."""

import json
import os
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import httpx

from support.paths import ROOT


class Instruction(NamedTuple):
    """A line of a Dockerfile, joined with those that continue it."""

    word: str
    rest: str

    @property
    def argv(self) -> list[str]:
        """The arguments of the exec form. Raises `ValueError` for the shell form."""
        found: list[str] = json.loads(self.rest[self.rest.index("[") :])
        return found


def stages() -> list[list[Instruction]]:
    """The instructions of each stage; each begins with its FROM."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = [line.split(None, 1) for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    found: list[list[Instruction]] = []
    for word, rest in lines:
        if word == "FROM":
            found.append([])
        found[-1].append(Instruction(word, rest.strip()))
    return found


def the(word: str) -> Instruction:
    """The one instruction of that name in the last stage."""
    [found] = [each for each in stages()[-1] if each.word == word]
    return found


def environment_of_image() -> dict[str, str]:
    """What ENV sets, PATH apart."""
    words = dict(word.partition("=")[::2] for word in the("ENV").rest.split())
    del words["PATH"]
    return words


class Container:
    """What the image would run: its command with its environment, as a process on a port that is free."""

    def __init__(self, programs: Path, folder: Path, port: int, *arguments: str, **environment: str) -> None:
        """`programs` is where the image's /opt/sandbox/bin is here; `folder` holds /state and /work."""
        self.url = f"http://127.0.0.1:{port}"
        self._programs = programs
        self.state = folder / "state"
        (folder / "work").mkdir(parents=True, exist_ok=True)
        self.state.mkdir(mode=0o700, exist_ok=True)
        self._folder = folder / "work"
        self._environment = {
            **environment_of_image(),
            "AKTIFY_SANDBOX_STATE": str(self.state),
            "AKTIFY_SANDBOX_PORT": str(port),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": "/nonexistent",
            **environment,
        }
        argv = [*the("ENTRYPOINT").argv, *(arguments or the("CMD").argv)]
        self.process = self._start(argv)
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=30)

    def _start(self, argv: Sequence[str]) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [self._programs / argv[0], *argv[1:]],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def is_healthy(self) -> bool:
        """What the image's HEALTHCHECK says."""
        argv = [word.replace("http://127.0.0.1:8509", self.url) for word in the("HEALTHCHECK").argv]
        assert self.url in argv
        check = self._start(argv)
        check.communicate(timeout=30)
        return check.returncode == 0

    def wait(self) -> None:
        """Until it is healthy, as whoever starts containers does."""
        deadline = time.monotonic() + 30
        while not self.is_healthy():
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline

    def stop(self) -> tuple[int, str]:
        """SIGTERM, as `docker stop` sends it: exit code, and all that was printed."""
        self.process.terminate()
        out, _ = self.process.communicate(timeout=60)
        self.http.close()
        return self.process.returncode, out
