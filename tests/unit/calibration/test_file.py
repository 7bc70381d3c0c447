"""`calibration.json`: its schema, what is read of it, and how the rulings in force stand against it."""

import json
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from aktify_sandbox.calibration import result
from aktify_sandbox.calibration.file import campaign_of, continued, read, standing, write
from aktify_sandbox.calibration.judging import judge_clauses, judge_rulings
from aktify_sandbox.calibration.result import Calibration, ClauseResult, RulingResult, calibration_schema
from aktify_sandbox.contract.rulings import RULINGS, Rulings
from aktify_sandbox.errors import DocumentError
from support.calibrated import DEFAULT, KEY, ORIGIN, PureEndpoint, played

SCHEMA = calibration_schema()
HERE = campaign_of(ORIGIN, KEY)


def calibration(**changes: Any) -> Calibration:
    done = played(PureEndpoint({"null": "absent"}).send)
    whole: dict[str, Any] = {
        "version": "0.1.0",
        "startedAt": "2026-12-01T10:00:00.000Z",
        "url": ORIGIN,
        "key": "tes…key",
        "complete": True,
        "stopped": None,
        "requests": done.requests,
        "leads": done.leads,
        "rulings": judge_rulings(done, ORIGIN),
        "clauses": judge_clauses(done),
        "usedNumbers": {campaign_of(ORIGIN, KEY): done.used},
        **changes,
    }
    return whole  # type: ignore[return-value]  # each field has its name from the type


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (Calibration, SCHEMA),
        (RulingResult, SCHEMA["$defs"]["Ruling"]),
        (ClauseResult, SCHEMA["$defs"]["Clause"]),
    ],
)
def test_the_schema_has_the_fields_of_the_types(kind: type, schema: dict[str, Any]) -> None:
    assert list(get_type_hints(kind)) == list(schema["properties"]) == schema["required"]
    assert all(field.get("description") for field in schema["properties"].values())


def test_the_schema_knows_every_verdict() -> None:
    assert SCHEMA["$defs"]["Ruling"]["properties"]["verdict"]["enum"] == [*get_args(result.Verdict)]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    write(file, calibration())
    assert read(file) == calibration()


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"rulings": 5}',
        json.dumps(calibration())[:-100],
        json.dumps(
            calibration(rulings=[{"ruling": "moon", "verdict": "verified", "values": ["x"], "said": ""}])
        ),
        json.dumps(
            calibration(rulings=[{"ruling": "null", "verdict": "verified", "values": ["x"], "said": ""}])
        ),
        json.dumps(
            calibration(rulings=[{"ruling": "null", "verdict": "verified", "values": [], "said": ""}])
        ),
        json.dumps(calibration(startedAt="yesterday")),
    ],
)
def test_a_damaged_file_or_one_of_other_rulings_is_a_user_error(damage: str, tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    file.write_text(damage)
    with pytest.raises(DocumentError) as caught:
        read(file)
    assert str(file) in str(caught.value)


def test_the_rulings_in_force_stand_against_it() -> None:
    found = standing(calibration(), DEFAULT)
    assert dict(found.differing) == {"null": "absent"}
    assert len(found.verified) == len(RULINGS) - 3
    assert "null" not in found.verified
    assert standing(calibration(), Rulings.of("default", {"null": "absent"})).differing == {}


def test_it_is_said_in_one_line() -> None:
    line = standing(calibration(), DEFAULT).said("2026-12-01")
    assert line == f"25 of 28 rulings at {ORIGIN} on 2026-12-01; 1 differs: null"


def test_a_run_that_stopped_early_leaves_a_complete_result_and_adds_its_numbers() -> None:
    whole = calibration()
    cut = calibration(
        complete=False, stopped="429", requests=3, usedNumbers={HERE: ["2015550139"], "https://x …": ["2"]}
    )
    kept = continued(whole, cut)
    assert kept["requests"] == whole["requests"]
    assert kept["usedNumbers"][HERE] == [*whole["usedNumbers"][HERE], "2015550139"]
    assert kept["usedNumbers"]["https://x …"] == ["2"]
    assert continued(cut, whole)["complete"] is True
    assert continued(None, cut) == cut
    assert continued(cut, cut)["requests"] == 3
