"""The result of a drill, as `drill --json` writes it. `drill.schema.json` is its schema."""

import json
from pathlib import Path
from typing import Any, Literal, TypedDict

from aktify_sandbox.report.report import Finding

Verdict = Literal["passed", "failed", "not-reached", "not-run"]
ProblemId = Literal[
    "no-requests",
    "no-leads-accepted",
    "leads-lost",
    "leads-twice",
    "needless-retries",
    "unexpected-exit-code",
    "time-limit",
    "finding",
]


class RunProblem(TypedDict):
    """Why a run failed."""

    id: ProblemId
    message: str
    """In words, with personal data masked unless `--show-pii` is given."""
    entries: list[str]
    """The ids of up to 100 requests that show it."""


class RunResult(TypedDict):
    """One run of the command."""

    scenario: str | None
    """The scenario in force; null in the ordinary station."""
    exitCode: int | None
    """128 + N if signal N ended the command; null if the drill stopped it."""
    seconds: float
    requests: int
    answers: dict[str, int]
    """How many requests got each status; `none` counts lost answers."""
    leads: int
    """How many different phone numbers were posted."""
    leadsIn: int
    """How many of them were accepted, or answered 409."""
    leadsLost: list[str]
    """Phone numbers accepted in the ordinary station and not here, masked."""
    leadsTwice: list[str]
    """Phone numbers posted again after a 201 or 409, more often than in the ordinary station, masked."""
    needlessRetries: int
    """Requests that repeat one that was refused for good, and requests after a 401."""
    did: str
    """What the command did, in words."""
    problems: list[RunProblem]
    findings: list[Finding]
    """Those of the report on this run's requests. Those of the ordinary station aren't repeated in the others."""


class StationResult(TypedDict):
    """One station."""

    station: str
    verdict: Verdict
    expected: str
    """What a client should do."""
    runs: list[RunResult]


class DrillResult(TypedDict):
    """A whole drill."""

    version: str
    """The version of the sandbox."""
    startedAt: str
    """RFC 3339, UTC."""
    command: list[str]
    """The command, with keys masked."""
    timeLimit: float
    """Seconds that each run may take."""
    seconds: float
    complete: bool
    """False if the drill ended early."""
    passed: bool
    """Whether no station failed and the drill is complete."""
    stations: list[StationResult]


def drill_schema() -> dict[str, Any]:
    """The JSON Schema of the result."""
    schema: dict[str, Any] = json.loads(
        Path(__file__).with_name("drill.schema.json").read_text(encoding="utf-8")
    )
    return schema
