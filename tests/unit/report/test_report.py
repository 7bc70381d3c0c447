"""The report on a journal: what it counts, names and leaves out."""

import pytest

from aktify_sandbox.contract.clauses import CLAUSES
from aktify_sandbox.contract.sources import documented
from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.redaction import Personal
from aktify_sandbox.report import report
from aktify_sandbox.report.attempts import MOST_OPEN
from aktify_sandbox.report.findings.rule import FindingRule, each_request
from aktify_sandbox.report.observed import Observed
from aktify_sandbox.report.report import report_of
from support.paths import ROOT
from support.recorded import LEAD, recorded


def test_a_journal_without_requests_covers_nothing() -> None:
    empty = report_of([])
    assert (empty["requests"], empty["oldest"], empty["coverage"]["percent"]) == (0, None, 0)
    assert empty["findings"] == []


def test_the_first_request_that_shows_a_clause_is_named() -> None:
    found = report_of([recorded(3, {**LEAD, "region": "ca"}, 400), recorded(4), recorded(5)])
    met = {clause["id"]: clause["entries"] for clause in found["coverage"]["clauses"] if clause["met"]}
    assert met["created-by-region"] == ["r000000004"]
    assert (found["requests"], found["oldest"]) == (3, "r000000003")
    assert found["coverage"]["percent"] == 100 * len(met) // len(CLAUSES)


def _refused(request: Observed) -> str | None:
    return f"{request.status} for {request.phone}" if request.status == 400 else None


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report with one rule: each 400 is a finding."""
    rule = FindingRule(
        "refused",
        "error",
        "proved",
        "A lead is refused.",
        "Mend it.",
        documented("word"),
        each_request(_refused),
    )
    monkeypatch.setattr(report, "RULES", {"refused": rule})


@pytest.mark.usefixtures("refusals")
def test_a_finding_counts_all_and_names_the_first_hundred() -> None:
    [finding] = report_of(recorded(number, status=400) for number in range(150))["findings"]
    assert finding["count"] == 150
    assert finding["entries"] == [f"r{number:09d}" for number in range(100)]
    assert (finding["id"], finding["level"], finding["quote"]) == ("refused", "error", "word")


@pytest.mark.usefixtures("refusals")
def test_an_example_is_masked_unless_personal_data_is_asked_for() -> None:
    entries = [recorded(1, status=400)]
    [finding] = report_of(entries)["findings"]
    assert finding["example"] == "400 for +1509***0101"
    [finding] = report_of(entries, personal=Personal(whole=True))["findings"]
    assert finding["example"] == "400 for +15095550101"


@pytest.mark.usefixtures("refusals")
def test_a_disabled_check_is_skipped_and_reported() -> None:
    found = report_of([recorded(1, status=400)], {"refused": "the sender is a partner"})
    assert (found["findings"], found["switchedOff"]) == ([], {"refused": "the sender is a partner"})


def test_an_example_is_bounded_shows_no_key_and_no_date_as_a_number() -> None:
    def example(name: str, entry: Entry) -> str:
        [found] = [each for each in report_of([entry])["findings"] if each["id"] == name]
        return found["example"]

    seconds = {**LEAD, "externalCreated": "1795512600"}
    problems = [{"field": "externalCreated", "message": "", "quote": None, "ruling": None}]
    assert example("date-form", recorded(1, seconds, 400, problems=problems)).endswith("1795512600")
    assert "sk_live" not in example("key-in-wrong-place", recorded(1, status=401, query="sk_live_key_AbCdEf"))
    assert len(example("origin-header", recorded(1, headers=[("origin", "x" * 50_000)]))) <= 200


def test_the_page_of_findings_says_how_many_leads_are_remembered() -> None:
    page = (ROOT / "docs" / "reference" / "findings.md").read_text()
    assert f"At most {MOST_OPEN:,} leads" in page
