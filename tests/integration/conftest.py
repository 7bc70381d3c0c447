"""Sandboxes in the test's own process."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.running import Hosted, HostSandbox


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[HostSandbox]:
    """Starts sandboxes with options; in memory unless a state is given. They are stopped after the test."""
    with contextlib.ExitStack() as stack:

        def start(
            *options: str,
            folder: Path | None = None,
            **environment: str,
        ) -> Hosted:
            state = () if "--state" in options else ("--in-memory",)
            running = Hosted(folder or tmp_path / "work", *options, *state, **environment)
            stack.callback(running.stop)
            return running

        yield start


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """One sandbox for all tests that need nothing special of it."""
    running = Hosted(tmp_path_factory.mktemp("sandbox"), "--in-memory")
    yield running
    assert running.stop() == 0
