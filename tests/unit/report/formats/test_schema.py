"""The published schema and what reports really are."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from aktify_sandbox.report.formats.schema import report_schema
from aktify_sandbox.report.report import ClauseReport, Coverage, Finding, Report, report_of
from support.recorded import LEAD, recorded
from support.reports import finding, report

VALIDATOR = Draft202012Validator(report_schema())


def problems(found: Any) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(json.loads(json.dumps(found)))]


def test_reports_are_valid() -> None:
    found = report(finding())
    found["switchedOff"] = {"constant-field": "one state only"}
    guilty = report_of(
        [recorded(1, {"phone": "x"}, status=400), recorded(2, {**LEAD, "link": "a", "linkToShorten": "b"})]
    )
    assert problems(found) == problems(report_of([])) == problems(guilty) == []


@pytest.mark.parametrize("part", ["version", "coverage", "findings", "oldest"])
def test_a_report_without_a_part_is_not_valid(part: str) -> None:
    found = {name: value for name, value in report(finding()).items() if name != part}
    assert problems(found)


def test_the_schema_names_what_the_report_has() -> None:
    schema = report_schema()
    assert list(schema["properties"]) == list(Report.__annotations__)
    assert list(schema["properties"]["coverage"]["properties"]) == list(Coverage.__annotations__)
    assert list(schema["$defs"]["Finding"]["properties"]) == list(Finding.__annotations__)
    assert set(schema["$defs"]["Clause"]["properties"]) == set(ClauseReport.__annotations__)
