"""Where `jsonschema_rs` has no wheel, the sandbox answers the same: in a real process that can't import it."""

import contextlib
import itertools
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from packaging.requirements import Requirement

from aktify_sandbox.bundled import bundled
from aktify_sandbox.contract.rulings import PROFILES, Rulings
from aktify_sandbox.contract.schema import lead_schema
from aktify_sandbox.matching.schema import expectations_schema
from aktify_sandbox.scenarios.schema import force_schema, scenario_schema
from aktify_sandbox.settings import config_schema
from support.lead_fixtures import CASES
from support.paths import ROOT
from support.running import COMMAND, LEAD, Running, clean_environment

SCENARIOS = sorted(path.stem for path in bundled("scenarios").glob("*.yaml"))
CAMPAIGNS: dict[str, Any] = {
    **{f"profile-{name}": {"profile": name, "scenarios": []} for name in PROFILES},
    **{f"scenario-{name}": {"scenarios": [name]} for name in SCENARIOS},
}
WRONG = {"phoneNumber": "509", "region": "ca", "metadata": {"a": 1}, "email": None}
OTHER = {"phoneNumber": "(509) 555-9999", "zipCode": "90210"}
WITHOUT = "import sys\nsys.modules['jsonschema_rs'] = None\n"

Pair = tuple[Running, Running]


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder for `PYTHONPATH` that keeps an interpreter from importing `jsonschema_rs`."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "sitecustomize.py").write_text(WITHOUT)
    return str(folder)


@pytest.fixture(scope="module")
def pair(without: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two sandboxes of one configuration: one with `jsonschema_rs`, one without."""
    folder = tmp_path_factory.mktemp("pair")
    campaigns = {name: {**campaign, "keys": [f"key-of-{name}"]} for name, campaign in CAMPAIGNS.items()}
    (folder / "c.yaml").write_text(yaml.safe_dump({"campaigns": campaigns}))
    with contextlib.ExitStack() as stack:
        sandboxes = []
        for environment in ({}, {"PYTHONPATH": without}):
            running = Running(folder, "--in-memory", "--config", "c.yaml", **environment)
            stack.callback(running.stop)
            sandboxes.append(running)
        yield sandboxes[0], sandboxes[1]


def answer(sandbox: Running, campaign: str, body: bytes, media: str, timeout: float) -> Any:
    """What a client sees, and what was recorded of why."""
    sent = {"content-type": media, "x-api-key": f"key-of-{campaign}"}
    try:
        response = sandbox.http.post("/api/v1/leads", content=body, headers=sent, timeout=timeout)
    except httpx.TransportError as error:
        return type(error).__name__
    record = sandbox.record_of(response)
    seen = {name: value for name, value in response.headers.items() if name != "date"}
    explained = {name: record.get(name) for name in ("reason", "problems", "lead", "truncated")}
    said = json.dumps([seen, response.text, explained]).replace(f":{sandbox.port}/", "/")
    return response.status_code, json.loads(said)


def assert_same(
    pair: Pair, campaign: str, *bodies: bytes, timeout: float = 30, media: str = "application/json"
) -> None:
    for body in bodies:
        fast, reference = (answer(sandbox, campaign, body, media, timeout) for sandbox in pair)
        assert fast == reference


def test_one_of_the_two_has_it_and_the_other_has_not(pair: Pair) -> None:
    maps = [Path(f"/proc/{sandbox.process.pid}/maps") for sandbox in pair]
    if not maps[0].exists():
        pytest.skip("only Linux shows what a process has loaded")
    assert ["/jsonschema_rs/" in each.read_text() for each in maps] == [True, False]


@pytest.mark.parametrize("name", CASES)
def test_each_lead_of_the_fixtures_gets_the_same_answer(pair: Pair, name: str) -> None:
    case = CASES[name]
    for profile in PROFILES:
        assert_same(pair, f"profile-{profile}", case.content, media=case.content_type)


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_scenario_that_ships_gives_the_same_answers(pair: Pair, name: str) -> None:
    bodies = [json.dumps(lead).encode() for lead in (WRONG, LEAD, OTHER, LEAD, LEAD)]
    unanswered = {"silence": (1,), "timeout": (1, 2)}.get(name, ())
    for place, body in enumerate(bodies):
        assert_same(pair, f"scenario-{name}", body, timeout=0.5 if place in unanswered else 30)


OUR_SCHEMAS = {
    **{f"lead, {name}": lead_schema(Rulings.of(name)) for name in PROFILES},
    "configuration": config_schema(),
    "expectations": expectations_schema(),
    "force": force_schema(),
    "scenario": scenario_schema(),
}


def patterns_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("patternProperties", {})
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for inner in schema.values():
            yield from patterns_in(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from patterns_in(inner)


@pytest.mark.parametrize("name", OUR_SCHEMAS)
def test_no_schema_of_ours_has_a_pattern_that_python_reads_otherwise(name: str) -> None:
    r"""Python's `$` matches before a final newline too, and its `\d`, `\w`, `\s` and `\b` know all of Unicode."""
    for pattern in patterns_in(OUR_SCHEMAS[name]):
        bare = re.sub(r"\[(?:\\.|[^\]\\])*\]", "", pattern)
        assert "$" not in bare.replace(r"$(?!\n)", ""), pattern
        assert not re.search(r"\\[dwsb]", pattern), pattern


def test_a_pattern_is_refused_in_words_and_nothing_else_of_a_scenario_is(
    pair: Pair, without: str, tmp_path: Path
) -> None:
    """Python's `re` would let a pattern keep the event loop, so there is no stand-in for the linear engine."""
    (tmp_path / "s.yaml").write_text("rules:\n  - when: {source: {matches: (a+)+$}}\n    answer: 503\n")
    command = [*COMMAND, "scenarios", "check", "s.yaml"]
    fast, reference = (
        subprocess.run(command, cwd=tmp_path, env=clean_environment(**more), capture_output=True, text=True)
        for more in ({}, {"PYTHONPATH": without})
    )
    assert (fast.returncode, reference.returncode) == (0, 1), (fast, reference)
    assert "s.yaml:2:30" in reference.stdout + reference.stderr
    assert "jsonschema-rs" in reference.stdout + reference.stderr
    where = {"where": {"source": {"matches": "^nobody$"}}, "count": {"exactly": 0}}
    answers = [each.http.post("/_sandbox/requests/verify", json=where) for each in pair]
    assert [each.status_code for each in answers] == [200, 400]


WHEELS = [
    *itertools.product(["linux"], ["x86_64", "aarch64", "i686"]),
    *itertools.product(["darwin"], ["x86_64", "arm64"]),
    *itertools.product(["win32"], ["AMD64", "ARM64", "x86"]),
]
NO_WHEELS = [
    ("linux", "armv7l"),
    ("linux", "ppc64le"),
    ("linux", "s390x"),
    ("linux", "riscv64"),
    ("freebsd14", "amd64"),
]


@pytest.mark.parametrize(("system", "machine"), [*WHEELS, *NO_WHEELS])
def test_it_is_asked_for_where_it_has_wheels(system: str, machine: str) -> None:
    """Elsewhere pip would want Rust to build it."""
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    [wanted] = [each for each in map(Requirement, dependencies) if each.name == "jsonschema-rs"]
    assert wanted.marker
    platform = {"sys_platform": system, "platform_machine": machine}
    for implementation in ("CPython", "PyPy"):
        here = wanted.marker.evaluate({**platform, "platform_python_implementation": implementation})
        assert here == (implementation == "CPython" and (system, machine) in WHEELS)
