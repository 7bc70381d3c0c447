"""What must come of each file in `fixtures/files/`."""

import csv
import io
import json
from typing import Any

import pytest

from aktify_sandbox.errors import LeadFileError
from aktify_sandbox.leadfiles.checking import as_json
from support.lead_files import checked, fixed, rejects, rows_of
from support.make_lead_files import FILES, FOLDER

EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text())


def test_each_file_says_what_must_come_of_it() -> None:
    assert {path.name for path in FOLDER.iterdir()} - {"expected.json", "README.md"} == EXPECTED.keys()


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_those_that_the_script_writes(name: str) -> None:
    assert (FOLDER / name).read_bytes() == FILES[name]


def of_exit_code(*codes: int) -> list[str]:
    return [name for name, expected in EXPECTED.items() if expected["exit"] in codes]


@pytest.mark.parametrize("name", of_exit_code(2))
def test_an_unreadable_file_is_refused_with_its_line(name: str) -> None:
    with pytest.raises(LeadFileError) as caught:
        checked((FOLDER / name).read_bytes(), name)
    assert caught.value.line == EXPECTED[name]["line"]
    assert caught.value.fix


@pytest.mark.parametrize("name", of_exit_code(0, 1))
def test_every_part_of_a_readable_file_is_accounted_for(name: str) -> None:
    expected = EXPECTED[name]
    findings = checked((FOLDER / name).read_bytes(), name)
    found = as_json(findings, name)
    facts = ("encoding", "delimiter", "header", "columns", "rows", "accepted", "refused", "duplicates")
    assert {fact: found[fact] for fact in facts} == {fact: expected[fact] for fact in facts}
    assert [[each["kind"], each["what"]] for each in found["leftOut"]] == expected["leftOut"]
    problems = [[each["row"], each["field"], each["source"]] for each in found["problems"]]
    assert problems == expected["problems"]
    assert [[each["row"], each["of"]] for each in found["duplicateRows"]] == expected["duplicateRows"]
    repairs = [[each["row"], each["field"], each["repair"]] for each in found["repairs"]]
    assert repairs == expected["repairs"]
    assert found["accepted"] + found["refused"] + found["duplicates"] == found["rows"]
    text = io.StringIO(fixed(findings).decode("utf-8-sig"), newline="")
    assert list(csv.reader(text)) == expected["fixed"]
    left = [int(row["row"]) for row in rows_of(rejects(findings, without_mended=True))]
    assert left == expected["rejects"]


@pytest.mark.parametrize("name", of_exit_code(0, 1))
def test_a_fixed_file_passes(name: str) -> None:
    again = checked(fixed(checked((FOLDER / name).read_bytes(), name)), "fixed.csv")
    assert (again.refused, again.duplicates) == (0, [])
