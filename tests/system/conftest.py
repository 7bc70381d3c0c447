"""Sandboxes in processes of their own."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from support.running import COMMAND, Running, Serve


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts sandboxes with options; in memory unless a state is given. They are stopped after the test."""
    with contextlib.ExitStack() as stack:

        def start(
            *options: str,
            folder: Path | None = None,
            program: Sequence[str] = COMMAND,
            **environment: str,
        ) -> Running:
            state = () if "--state" in options else ("--in-memory",)
            running = Running(folder or tmp_path / "work", *options, *state, program=program, **environment)
            stack.callback(lambda: running.process.poll() is None and running.stop())
            return running

        yield start


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One sandbox for all tests that need nothing special of it."""
    running = Running(tmp_path_factory.mktemp("sandbox"), "--in-memory")
    yield running
    assert running.stop() == 0
