"""A report for a CI server that shows tests."""

from xml.etree import ElementTree as ET

import pytest
from xmlschema import XMLSchema

from aktify_sandbox.report.findings import RULES
from aktify_sandbox.report.findings.rule import Level
from aktify_sandbox.report.formats.junit import as_junit
from aktify_sandbox.report.report import Report
from support.paths import ROOT
from support.reports import finding, report
from support.snapshots import Snapshot

SCHEMA = XMLSchema(ROOT / "tests" / "support" / "junit.xsd")


def cases(found: Report, fail_on: Level = "warning", fail_under: int | None = None) -> dict[str, str]:
    """What became of each case: passed, failure or skipped."""
    document = as_junit(found, fail_on, fail_under)
    SCHEMA.validate(document)
    suite = ET.fromstring(document)[0]
    became = {case.attrib["name"]: case[0].tag if len(case) else "passed" for case in suite.iter("testcase")}
    counted = [list(became.values()).count(word) for word in ("failure", "skipped")]
    assert [int(suite.attrib[name]) for name in ("failures", "skipped")] == counted
    assert int(suite.attrib["tests"]) == len(became)
    return became


def test_a_report_as_junit(snapshot: Snapshot) -> None:
    found = report(finding(id="both-links"), finding("note", id="stood-on-ruling"))
    found["switchedOff"] = {"constant-field": "one state only"}
    suite = ET.fromstring(as_junit(found, fail_under=100))[0]
    told = [
        f"{each.tag}: {each.get('message')}\n{each.text or ''}"
        for case in suite.iter("testcase")
        for each in case
    ]
    snapshot("report", "\n".join([*told[:4], told[-1]]))


def test_each_finding_that_is_looked_for_is_a_case() -> None:
    became = cases(report(finding(id="both-links")))
    assert became["both-links"] == "failure"
    assert became["key-damaged"] == "passed"
    assert set(RULES) <= set(became)


def test_a_clause_that_was_not_met_is_skipped() -> None:
    found = report()
    became = cases(found)
    for clause in found["coverage"]["clauses"]:
        assert became[clause["text"]] == ("passed" if clause["met"] else "skipped")


@pytest.mark.parametrize(
    ("fail_on", "failing"),
    [("error", {"error"}), ("warning", {"error", "warning"}), ("note", {"error", "warning", "note"})],
)
def test_findings_fail_from_a_level_on(fail_on: Level, failing: set[str]) -> None:
    levels = ("error", "warning", "note")
    became = cases(report(*(finding(level, id=level) for level in levels)), fail_on)
    assert {level for level in levels if became[level] == "failure"} == failing
    assert {level for level in levels if became[level] == "skipped"} == set(levels) - failing


def test_a_finding_that_is_switched_off_is_skipped() -> None:
    found = report()
    found["switchedOff"] = {"both-links": "our own"}
    assert cases(found)["both-links"] == "skipped"


def test_coverage_is_a_case_if_it_is_asked_for() -> None:
    assert cases(report(), fail_under=100)["coverage of at least 100 %"] == "failure"
    assert cases(report(), fail_under=0)["coverage of at least 0 %"] == "passed"
    assert not [name for name in cases(report()) if name.startswith("coverage")]


def test_hostile_texts_stay_texts() -> None:
    payload = "]]></failure><x>&\x00\u202e"
    document = as_junit(report(finding(id="both-links", example=payload, sentence=payload, fix=payload)))
    SCHEMA.validate(document)
    [failure] = ET.fromstring(document).iter("failure")
    assert "]]></failure><x>&" in (failure.text or "")
