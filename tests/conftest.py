"""A real sandbox on a real port, for every test that talks HTTP."""

import gc
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from support import examples  # noqa: F401  it registers the profiles
from support.paths import ROOT
from support.running import Sandboxed, clean_environment
from support.snapshots import Snapshot, Snapshots, case_of

SYSTEM = Path(__file__).parent / "system"
_names = itertools.count()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--system` adds `tests/system`, `--whole` runs in full what has a small form.

    `--update-snapshots` renews `tests/snapshots/`, `--pictures` renews `docs/`.
    """
    parser.addoption("--system", action="store_true", help="collect tests/system too")
    parser.addoption("--whole", action="store_true", help="run the long form of tests that have one")
    parser.addoption("--update-snapshots", action="store_true", help="hold the texts as they are said now")
    parser.addoption(
        "--pictures", action="store_true", help="take the README's pictures of the inspector anew"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Before the tests are imported: how many examples Hypothesis tries, and the signals that commands start with.

    `nohup` and a shell's `&` have some of them ignored, and what ignores a signal can't be ended by it.
    """
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    settings.load_profile("whole" if config.getoption("--system") or config.getoption("--whole") else "quick")
    if config.getoption("--update-snapshots") and config.getoption("dist", "no") not in ("no", "loadfile"):
        raise pytest.UsageError(
            "--update-snapshots needs --dist loadfile: a test's texts are renewed together"
        )


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Two for a core, since integration tests wait half of their time; unit tests don't, and system tests little."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    cores = os.cpu_count() or 1
    if config.getoption("--system"):
        return cores + 1
    return None if all("unit" in argument for argument in config.args) else 2 * cores


def pytest_collection_finish() -> None:
    """What was imported and collected is there until the end: no collection of garbage looks at it again."""
    gc.freeze()


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


@pytest.fixture(scope="session")
def snapshots(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Snapshots]:
    """What is said, as `tests/snapshots/` holds it."""
    held = Snapshots(bool(request.config.getoption("--update-snapshots")), tmp_path_factory.getbasetemp())
    yield held
    held.write()


@pytest.fixture
def snapshot(request: pytest.FixtureRequest, snapshots: Snapshots) -> Snapshot:
    """Compares what is said somewhere with the text that is held of it."""
    places = itertools.count(2)
    seen = set[str]()

    def compare(surface: str, text: str, case: str = "") -> None:
        case = case or case_of(request)
        numbered = f"{case} ({next(places)})" if case in seen else case
        seen.add(case)
        snapshots.check(surface, request.function.__name__, numbered, text)

    return compare


@pytest.fixture
def sandbox(shared_sandbox: Sandboxed) -> Iterator[Sandboxed]:
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
