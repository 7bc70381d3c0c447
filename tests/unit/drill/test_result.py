"""The result of a drill: its schema, and its lines for a terminal."""

from typing import Any, get_args, get_type_hints

import pytest
from jsonschema import Draft202012Validator

from aktify_sandbox.drill import result
from aktify_sandbox.drill.result import DrillResult, RunResult, StationResult, drill_schema
from aktify_sandbox.drill.stations import STATIONS
from aktify_sandbox.drill.terminal import station_lines, summary
from aktify_sandbox.report.findings import RULES
from aktify_sandbox.report.report import Finding, finding_of
from support.snapshots import Snapshot

SCHEMA = drill_schema()


def finding(name: str) -> Finding:
    rule = RULES[name]
    return finding_of(rule, rule.certainty, 1, ["r000000002"], "…")


def run(scenario: str | None, **more: Any) -> RunResult:
    made: dict[str, Any] = {
        "scenario": scenario,
        "exitCode": 0,
        "seconds": 1.25,
        "requests": 12,
        "answers": {"201": 6, "503": 6},
        "leads": 6,
        "leadsIn": 6,
        "leadsLost": [],
        "leadsTwice": [],
        "needlessRetries": 0,
        "did": "Sent 6 leads in 12 requests (6 × 201, 6 × 503); 6 in; exit code 0.",
        "problems": [],
        "findings": [],
        **more,
    }
    return made  # type: ignore[return-value]  # each field has its name from the type


PASSED: StationResult = {
    "station": "rate-limit",
    "verdict": "passed",
    "expected": STATIONS["rate-limit"].expected,
    "runs": [run("rate-limited")],
}
FAILED: StationResult = {
    "station": "outage",
    "verdict": "failed",
    "expected": STATIONS["outage"].expected,
    "runs": [
        run("flaky", findings=[finding("duplicate-taken-as-failure")]),
        run(
            "maintenance",
            exitCode=1,
            leadsLost=["+1509***0101"],
            problems=[
                {"id": "leads-lost", "message": "1 lead lost: +1509***0101.", "entries": ["r000000002"]},
                {
                    "id": "finding",
                    "message": f"ignored-retry-after: {RULES['ignored-retry-after'].sentence}",
                    "entries": ["r000000002"],
                },
            ],
            findings=[finding("ignored-retry-after")],
        ),
    ],
}
NOT_REACHED: StationResult = {**PASSED, "verdict": "not-reached"}
NOT_RUN: StationResult = {**PASSED, "verdict": "not-run", "runs": []}
NO_LEAD_LEFT: StationResult = {
    "station": "key-revoked",
    "verdict": "not-reached",
    "expected": STATIONS["key-revoked"].expected,
    "runs": [run("key-rotation", answers={"201": 5, "401": 85})],
}
WHOLE: DrillResult = {
    "version": "0.1.0",
    "startedAt": "2026-11-26T10:00:00Z",
    "command": ["python", "import.py"],
    "timeLimit": 60.0,
    "seconds": 12.5,
    "complete": True,
    "passed": False,
    "stations": [PASSED, FAILED, NOT_REACHED, NOT_RUN],
}


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (DrillResult, SCHEMA),
        (StationResult, SCHEMA["$defs"]["station"]),
        (RunResult, SCHEMA["$defs"]["run"]),
        (result.RunProblem, SCHEMA["$defs"]["problem"]),
        (Finding, SCHEMA["$defs"]["finding"]),
    ],
)
def test_the_schema_has_the_fields_of_the_types(kind: type, schema: dict[str, Any]) -> None:
    assert list(get_type_hints(kind)) == list(schema["properties"]) == schema["required"]


def test_the_schema_knows_every_station_verdict_and_problem() -> None:
    parts = {name: part["properties"] for name, part in SCHEMA["$defs"].items()}
    assert parts["station"]["station"]["enum"] == list(STATIONS)
    assert tuple(parts["station"]["verdict"]["enum"]) == get_args(result.Verdict)
    assert tuple(parts["problem"]["id"]["enum"]) == get_args(result.ProblemId)
    assert {rule.source.source for rule in RULES.values()} <= set(parts["finding"]["source"]["enum"])


def test_every_field_of_the_schema_is_described() -> None:
    parts = {"": SCHEMA, **SCHEMA["$defs"]}
    fields = {
        f"{part}.{name}": about
        for part, schema in parts.items()
        for name, about in schema["properties"].items()
    }
    assert [name for name, about in fields.items() if not about.get("description")] == []


def test_a_result_fits_the_schema_and_a_wrong_one_does_not() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    validator = Draft202012Validator(SCHEMA)
    assert list(validator.iter_errors(WHOLE)) == []
    assert not validator.is_valid({**WHOLE, "stations": [{**PASSED, "verdict": "fine"}]})


def test_its_lines(snapshot: Snapshot) -> None:
    for station in WHOLE["stations"]:
        output = ["Traceback …", "a line with \x1b[2J"] if station["verdict"] == "failed" else []
        snapshot("drill", "\n".join(station_lines(station, output)))
    snapshot("drill", summary(WHOLE))


def test_of_a_client_that_has_sent_everything_before_the_401_it_is_not_said_that_it_sent_too_little() -> None:
    [_, said] = station_lines(NO_LEAD_LEFT)
    assert "too few" not in said
    assert "fewer at a time" in said
