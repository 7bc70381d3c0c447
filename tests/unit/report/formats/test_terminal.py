"""A report as a person reads it."""

from aktify_sandbox.contract.sources import Source, http, ruling
from aktify_sandbox.report.formats import FORMATS
from aktify_sandbox.report.formats.terminal import as_terminal, counted, source_of
from aktify_sandbox.report.report import report_of
from support.reports import finding, report
from support.snapshots import Snapshot


def test_a_report_as_text(snapshot: Snapshot) -> None:
    found = report(finding("note", ruling("null")), finding(), finding("error", http("RFC 9110, 10.2.3")))
    found["switchedOff"] = {"constant-field": "one state only\x1b[2J"}
    found["evicted"] = 20
    snapshot("report", as_terminal(found))


def test_a_report_on_nothing_says_what_to_do(snapshot: Snapshot) -> None:
    snapshot("report", "\n".join(as_terminal(report_of([])).splitlines()[:4]))


def test_findings_are_counted_by_level_from_the_worst_on() -> None:
    assert counted(report(finding("note"), finding(), finding())) == "2 errors, 1 note"
    assert counted(report()) == "no findings"


def test_a_recommendation_is_nobody_elses_word() -> None:
    assert "Aktify" not in source_of(finding(source=Source("limit", None, None)))


def test_no_line_moves_the_cursor() -> None:
    assert "\x1b" not in as_terminal(report(finding(example="\x1b[2J")))


def test_each_format_writes_a_report() -> None:
    for name, form in FORMATS.items():
        assert form.write(report(finding())), name
