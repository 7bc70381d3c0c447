"""A report as annotations of a GitHub job."""

from aktify_sandbox.report.formats.github import as_github
from support.reports import finding, report
from support.snapshots import Snapshot


def test_a_report_as_annotations(snapshot: Snapshot) -> None:
    found = report(finding("note", id="stood-on-ruling"), finding())
    del found["coverage"]["clauses"][3:]
    snapshot("report", as_github(found))


def test_each_level_has_its_command() -> None:
    lines = as_github(report(finding("note"), finding("warning"), finding())).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::warning", "::notice", "::notice"]


def test_what_github_reads_is_escaped() -> None:
    [line, _] = as_github(report(finding(id="a:b,c%", example="50 %\r\n::error::x"))).splitlines()
    assert line.startswith("::error title=a%3Ab%2Cc%25::")
    assert "50 %25%0D%0A::error::x" in line


def test_coverage_is_an_annotation() -> None:
    found = report()
    line = as_github(found).splitlines()[-1]
    assert line.startswith("::notice title=Coverage of the contract::")
    for clause in found["coverage"]["clauses"]:
        assert (clause["text"].replace("%", "%25") in line) is not clause["met"]


def test_no_character_moves_the_cursor() -> None:
    assert "\x1b" not in as_github(report(finding(example="\x1b[2J")))
