"""Several reports as one."""

from aktify_sandbox.report.merging import merged
from aktify_sandbox.report.report import MOST_ENTRIES, Finding, Report, report_of
from support.recorded import LEAD, recorded
from support.reports import finding, report


def met_in(found: Report) -> set[str]:
    return {each["id"] for each in found["coverage"]["clauses"] if each["met"]}


def only(found: Report) -> Finding:
    [each] = found["findings"]
    return each


def test_one_report_stays_as_it_is() -> None:
    found = report(finding())
    assert merged([found]) == found


def test_a_clause_is_met_if_one_of_them_met_it() -> None:
    one, two = (
        report_of([recorded(1)]),
        report_of([recorded(1, status=409), recorded(2, {**LEAD, "source": "web"}, status=409)]),
    )
    both = merged([one, two])
    assert met_in(both) == met_in(one) | met_in(two)
    assert both["coverage"]["percent"] > max(each["coverage"]["percent"] for each in (one, two))
    assert (both["requests"], both["oldest"]) == (3, "r000000001")


def test_occurrences_are_added_up() -> None:
    both = only(merged([report(finding(entries=["r000000001"])), report(), report(finding(count=7))]))
    assert both["count"] == 12
    assert both["entries"] == ["r000000001", "r000000000", "r000000002", "r000000003", "r000000004"]


def test_the_first_example_stays_and_so_do_the_reports() -> None:
    one, two = report(finding(example="one")), report(finding(example="two"))
    assert only(merged([one, two]))["example"] == "one"
    assert only(one)["count"] == only(two)["count"] == 5


def test_no_more_requests_are_named_than_in_one_report() -> None:
    names = [f"r{number:09d}" for number in range(150)]
    both = merged([report(finding(entries=names[:80])), report(finding(entries=names[70:]))])
    assert only(both)["entries"] == names[:MOST_ENTRIES]


def test_findings_are_in_the_order_of_the_rules() -> None:
    one, two = report(finding(id="stood-on-ruling")), report(finding(id="legacy-field-name"))
    assert [each["id"] for each in merged([one, two])["findings"]] == ["legacy-field-name", "stood-on-ruling"]


def test_nothing_merged_is_a_report_on_nothing() -> None:
    assert merged([report_of([]), report_of([])]) == report_of([])
