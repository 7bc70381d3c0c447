"""The clients of `examples/`: each mistake is found under its name and nothing else, and who makes none passes."""

import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from aktify_sandbox.drill.stations import STATIONS
from support.conditions import eventually
from support.paths import ROOT
from support.running import COMMAND, NPM, Serve, clean_environment, needs, needs_registry

CLIENTS = ROOT / "examples" / "clients"
ROWS = re.findall(
    r"^\| `(\w+)\.py` \| .+ \| (.+) \| (.+) \|$", (CLIENTS / "README.md").read_text(), re.MULTILINE
)
FOUND_BY_THE_REPORT = ("retries_without_end", "hard_coded_state")
DRILLED = {name: (found, set(re.findall("`(.+?)`", where))) for name, found, where in ROWS}
for _each in FOUND_BY_THE_REPORT:
    del DRILLED[_each]
AND_ELSEWHERE = {"retries_without_pause", "new_id_on_retry"}
"""They are found wherever answers fail."""
COMPARED = {"parses_the_error_body": {"outage"}}
"""The stations that a proof needs for comparison."""
A_FEW = ("outage", "lost-answer", "key-revoked")
"""Stations that say most about a client in little time."""
AT_ONCE = 4
LIMIT = 45
"""Seconds for a run: a slow machine's, and what the client without a timeout takes."""

Result = dict[str, Any]


def test_the_readme_has_every_client() -> None:
    assert sorted(name for name, _, _ in ROWS) == sorted(path.stem for path in CLIENTS.glob("*.py"))
    assert all(stations <= set(STATIONS) for _, stations in DRILLED.values())


@pytest.fixture(scope="module")
def drills(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Mapping[str, Result]:
    """Each client's result: in its own stations, with --whole in all. The careful one goes through all in any case."""
    folder = tmp_path_factory.mktemp("drills")
    is_whole = request.config.getoption("--whole")

    def drilled(name: str) -> Result:
        own = set() if is_whole else DRILLED[name][1] | COMPARED.get(name, set())
        only = [word for station in sorted(own) for word in ("--only", station)]
        return drill(folder, name, [sys.executable, str(CLIENTS / f"{name}.py")], *only)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(DRILLED, pool.map(drilled, DRILLED), strict=True))


def drill(folder: Path, name: str, command: list[str], *options: str) -> Result:
    file = folder / f"{name}.json"
    words = [*COMMAND, "drill", "--timeout", str(LIMIT), "--json", str(file), *options, "--", *command]
    done = subprocess.run(words, cwd=folder, env=clean_environment(), capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    result: Result = json.loads(file.read_text())
    assert done.returncode == (0 if result["passed"] else 1), done.stdout + done.stderr
    return result


def failed(result: Result) -> set[str]:
    return {each["station"] for each in result["stations"] if each["verdict"] == "failed"}


def findings(result: Result) -> set[str]:
    runs = [run for each in result["stations"] for run in each["runs"]]
    return {each["id"] for run in runs for each in run["findings"]}


def problems(result: Result) -> set[str]:
    runs = [run for each in result["stations"] for run in each["runs"]]
    return {each["id"] for run in runs for each in run["problems"]}


def test_the_careful_client_passes_every_station_without_a_finding(drills: Mapping[str, Result]) -> None:
    result = drills["careful"]
    assert {each["verdict"] for each in result["stations"]} == {"passed"}
    assert findings(result) == problems(result) == set()


@pytest.mark.parametrize("name", [name for name in DRILLED if name != "careful"])
def test_a_mistake_is_found_under_its_name_alone_and_in_its_stations_alone(
    name: str, drills: Mapping[str, Result]
) -> None:
    result, (found, stations) = drills[name], DRILLED[name]
    if found == "time limit":
        assert "time-limit" in problems(result)
        assert findings(result) == set()
    else:
        assert {f"`{each}`" for each in findings(result)} == {found}
        assert "time-limit" not in problems(result)
    assert stations <= failed(result)
    assert name in AND_ELSEWHERE or failed(result) == stations


def report(url: str) -> set[str]:
    """The ids of what the report finds."""
    words = [*COMMAND, "report", "--format", "json", "--url", url]
    done = subprocess.run(words, env=clean_environment(), capture_output=True, text=True, check=True)
    return {each["id"] for each in json.loads(done.stdout)["findings"]}


@pytest.mark.parametrize(("name", "found"), [("careful", set()), ("hard_coded_state", {"constant-field"})])
def test_one_value_for_all_is_found_from_twenty_leads_on(name: str, found: set[str], serve: Serve) -> None:
    sandbox = serve()
    words = [sys.executable, str(CLIENTS / f"{name}.py"), str(CLIENTS / "many-leads.csv")]
    subprocess.run(words, env=environment_for(sandbox.url), check=True, capture_output=True)
    assert report(sandbox.url) == found


def test_retries_without_end_are_found_in_an_outage_without_end(serve: Serve) -> None:
    sandbox = serve("--scenario", "outage")
    words = [sys.executable, str(CLIENTS / "retries_without_end.py")]
    with subprocess.Popen(words, env=environment_for(sandbox.url), stderr=subprocess.DEVNULL) as client:
        eventually(lambda: "retry-without-end" in report(sandbox.url))
        client.terminate()
    assert report(sandbox.url) == {"retry-without-end"}


def test_giving_up_after_several_retries_in_an_outage_without_end_is_right(serve: Serve) -> None:
    sandbox = serve("--scenario", "outage")
    words = [sys.executable, str(CLIENTS / "careful.py")]
    done = subprocess.run(words, env=environment_for(sandbox.url), capture_output=True, check=False)
    assert done.returncode == 1
    assert report(sandbox.url) == set()


def environment_for(url: str) -> dict[str, str]:
    return clean_environment(AKTIFY_BASE_URL=url, AKTIFY_API_KEY="test-key")


# the clients for copying

PYTHON = """
import json
from collections import deque
from aktify_requests import Aktify
Aktify().drain(deque(map(json.loads, open("leads.jsonl"))), [])
"""
ASYNC_PYTHON = """
import asyncio, json
from collections import deque
from aktify_httpx import Aktify
async def main():
    async with Aktify() as aktify:
        await aktify.drain(deque(map(json.loads, open("leads.jsonl"))), [])
asyncio.run(main())
"""
NODE = """
import { readFileSync } from 'node:fs'
import { Aktify } from './CLIENT.js'
const lines = readFileSync('leads.jsonl', 'utf8').trim().split('\\n')
await new Aktify().drain(lines.map((line) => JSON.parse(line)), [])
"""
COPIED: dict[str, tuple[str, str, str, list[str]]] = {
    "requests": ("python-requests", "run.py", PYTHON, [sys.executable, "run.py"]),
    "httpx": ("python-httpx", "run.py", ASYNC_PYTHON, [sys.executable, "run.py"]),
    "fetch": ("node", "run.mjs", NODE.replace("CLIENT", "fetch"), ["node", "run.mjs"]),
    "axios": ("node", "run.mjs", NODE.replace("CLIENT", "axios"), ["node", "run.mjs"]),
    "shell": ("shell", "run.sh", "bash send-leads.sh <leads.jsonl\n", ["bash", "run.sh"]),
}


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Mapping[str, Result]:
    """The result of each in a few stations, with --whole in all. They run at the same time: they mostly wait."""
    only = () if request.config.getoption("--whole") else A_FEW
    needs("node")
    folder = tmp_path_factory.mktemp("copied")

    def drilled(name: str) -> Result:
        source, file, code, command = COPIED[name]
        junk = shutil.ignore_patterns("node_modules", "__pycache__")
        here = Path(shutil.copytree(ROOT / "examples" / source, folder / name, ignore=junk))
        if name == "axios":
            words = ["npm", "ci", "--omit=dev", "--ignore-scripts"]
            done = subprocess.run(
                words, cwd=here, env=clean_environment(**NPM), capture_output=True, text=True
            )
            needs_registry(done.stderr)
        (here / file).write_text(code)
        (here / "leads.jsonl").write_text("".join(f"{json.dumps(lead)}\n" for lead in leads()))
        return drill(here, name, command, *(word for station in only for word in ("--only", station)))

    with ThreadPoolExecutor(len(COPIED)) as pool:
        return dict(zip(COPIED, pool.map(drilled, COPIED), strict=True))


def leads() -> list[dict[str, str]]:
    with (CLIENTS / "leads.csv").open(encoding="utf-8", newline="") as file:
        return [{name: value for name, value in row.items() if value} for row in csv.DictReader(file)]


@pytest.mark.parametrize("name", COPIED)
def test_an_example_for_copying_passes(name: str, copied: Mapping[str, Result]) -> None:
    result = copied[name]
    assert {each["verdict"] for each in result["stations"]} == {"passed"}
    assert findings(result) == set()
