"""A real sandbox on a real port, for every test that talks HTTP."""

import contextlib
import itertools
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import settings

from support.paths import ROOT
from support.running import COMMAND, Running, Serve, clean_environment

settings.register_profile("suite", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("suite")

SYSTEM = Path(__file__).parent / "system"
_names = itertools.count()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--system` adds `tests/system`, `--whole` runs in full what has a small form, `--pictures` renews `docs/`."""
    parser.addoption("--system", action="store_true", help="collect tests/system too")
    parser.addoption("--whole", action="store_true", help="run the long form of tests that have one")
    parser.addoption(
        "--pictures", action="store_true", help="take the README's pictures of the inspector anew"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without `--system`, what lies in `tests/system` is left out unless it is named."""
    if collection_path != SYSTEM or config.getoption("--system"):
        return None
    named = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    return None if any(path.resolve().is_relative_to(SYSTEM) for path in named) else True


@pytest.fixture(scope="session")
def whole(request: pytest.FixtureRequest) -> bool:
    """Whether the long form was asked for."""
    return bool(request.config.getoption("--whole"))


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


@pytest.fixture
def sandbox(shared_sandbox: Running) -> Iterator[Running]:
    """The shared sandbox with a key, and so leads, of the test's own."""
    before = shared_sandbox.api_key
    shared_sandbox.api_key = f"test-key.t{next(_names):05d}"  # of one length: none is a part of another
    yield shared_sandbox
    shared_sandbox.api_key = before


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as pip gets it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, env=clean_environment(), check=True, capture_output=True)
    return next(folder.glob("*.whl"))
