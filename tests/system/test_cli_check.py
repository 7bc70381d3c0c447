"""`check`: the tests that need a process of its own."""

import os
import pty
import subprocess
from pathlib import Path

from support.commands import Outcome, call
from support.running import COMMAND, clean_environment


def check(*arguments: str | Path, cwd: Path, text: str | None = None) -> Outcome:
    return call("check", *map(str, arguments), folder=cwd, text=text, environment={})


def test_a_hostile_file_moves_no_cursor(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Phone,State,No\x1b[2Jtes\n\x1b]0;owned\x07509,\u202eCA,\x1b[31m\n")
    here, there = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "check", "a.csv"], cwd=tmp_path, stdout=there, env=clean_environment()
    ) as process:
        os.close(there)
        seen = b""
        while piece := _read(here):
            seen += piece
    os.close(here)
    assert process.returncode == 1
    for sign in (b"\x1b[2J", b"\x1b]0", b"\x07", "\u202e".encode()):
        assert sign not in seen


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the other end is closed
        return b""
