"""What the pytest plugin costs: a run that doesn't use it, its first use, each test, the end of the session.

pytest itself runs a file of tests, half of them without the fixture and half with it, and a `conftest.py` takes the
times: of a test all that pytest does for it (setup, call, teardown, reports). What a test costs is the difference of
the medians; what the first use costs is the first test with the fixture against the median of the others, and what the
plugin imports before the first of all tests.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks import machine, results
from benchmarks.servers import clean_environment

_CONFTEST = """
import json, time
import pytest

tests, loop, end = [], [], [0.0]

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop():
    loop.append(time.perf_counter())
    return (yield)

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    began = time.perf_counter()
    loop.append(began)
    result = yield
    tests.append(("aktify_sandbox" in item.fixturenames, time.perf_counter() - began))
    return result

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish():
    began = time.perf_counter()
    result = yield
    end[0] = time.perf_counter() - began
    return result

def pytest_unconfigure():
    with open("times.json", "w") as out:
        json.dump({"imports": loop[1] - loop[0], "tests": tests, "end": end[0]}, out)
"""
_TESTS = """
import http.client, json, pytest
from urllib.parse import urlsplit

LEAD = json.dumps({{"phoneNumber": "(509) 555-1234", "region": "CA"}})

@pytest.mark.parametrize("number", range({count}))
def test_without(number): ...

@pytest.mark.parametrize("number", range({count}))
def test_with(aktify_sandbox, number): ...

@pytest.mark.parametrize("number", range({posts}))
def test_with_a_post(aktify_sandbox, number):
    connection = http.client.HTTPConnection(urlsplit(aktify_sandbox.url).netloc)
    headers = {{"x-api-key": aktify_sandbox.api_key, "content-type": "application/json"}}
    connection.request("POST", "/api/v1/leads", LEAD, headers)
    assert connection.getresponse().status == 201
    connection.close()
"""
_IMPORT = (
    "import time, pytest\nbegan = time.perf_counter()\nimport aktify_sandbox.testing.pytest_plugin\n"
    "print(time.perf_counter() - began)"
)
_QUIET = [
    f"no:{name}" for name in ("cacheprovider", "asyncio", "trio", "anyio", "schemathesis", "hypothesispytest")
]


@dataclass(frozen=True, slots=True)
class Run:
    """The results of one run of pytest, in milliseconds."""

    first: float
    each: float
    end: float


def run(runs: int, tests: int, to: Path | None) -> None:
    """Measure and write the section."""
    _run(2)  # writes compiled modules, as an installation does
    imports = [_import_ms() for _ in range(runs)]
    measured = [_run(tests) for _ in range(runs)]
    rows = [
        results.figure("a run that doesn't use it: importing the plugin", imports, "ms", 5),
        results.figure("first use, with all imports", [each.first for each in measured], "ms", 250),
        results.figure("each test", [each.each for each in measured], "ms", 1),
        results.figure("end of the session", [each.end for each in measured], "ms", 10),
    ]
    introduction = (
        f"Medians of {runs} runs of pytest (least–most), each of {tests} tests without the fixture, "
        f"{tests} with it, and {_posts(tests)} that post a lead too."
    )
    results.section("fixture", "Fixture", [introduction, "", *results.figures(rows)], to)


def _posts(tests: int) -> int:
    return max(1, tests // 10)


def _import_ms() -> float:
    command = [sys.executable, "-c", _IMPORT]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=True)
    return float(done.stdout) * 1e3


def _run(tests: int) -> Run:
    core, _ = machine.cores()
    with TemporaryDirectory(prefix="aktify-benchmark-") as name, machine.on_core(core):
        folder = Path(name)
        (folder / "conftest.py").write_text(_CONFTEST)
        (folder / "test_it.py").write_text(_TESTS.format(count=tests, posts=_posts(tests)))
        options = [part for each in _QUIET for part in ("-p", each)]
        command = [sys.executable, "-m", "pytest", "-q", *options]
        subprocess.run(command, cwd=folder, env=clean_environment(), stdout=subprocess.DEVNULL, check=True)
        times = json.loads((folder / "times.json").read_text())
    without = median(seconds for uses, seconds in times["tests"] if not uses)
    first, *others = (seconds for uses, seconds in times["tests"] if uses)
    usual = median(others)
    return Run((times["imports"] + first - usual) * 1e3, (usual - without) * 1e3, times["end"] * 1e3)
