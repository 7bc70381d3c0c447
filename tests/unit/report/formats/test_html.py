"""A report as a page that stands by itself."""

import re
from html.parser import HTMLParser
from typing import Any, cast

from aktify_sandbox.report.formats.html import as_html
from aktify_sandbox.report.report import Report, report_of
from support.recorded import LEAD, recorded
from support.reports import finding, report
from support.snapshots import Snapshot

PAYLOAD = "<script>canary()</script><img src=x onerror=canary()>\"'>&lt;"
ALLOWED = {
    "a",
    "article",
    "b",
    "body",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "head",
    "header",
    "html",
}
ALLOWED |= {"li", "main", "meta", "p", "pre", "section", "span", "strong", "style", "time", "title", "ul"}


class Tags(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile(value: Any) -> Any:
    """The same with the payload in every text."""
    if isinstance(value, dict):
        return {name: hostile(each) for name, each in value.items()}
    if isinstance(value, list):
        return list(map(hostile, value))
    return PAYLOAD + value if isinstance(value, str) else value


def test_the_page_has_all_that_the_report_says() -> None:
    found = report(finding(), finding("note", id="stood-on-ruling"))
    found["switchedOff"] = {"constant-field": "one state only"}
    found["evicted"] = 1_234
    text = Tags(as_html(found)).text
    for clause in found["coverage"]["clauses"]:
        assert clause["text"] in text
        assert clause["entries"][0] in text if clause["met"] else clause["provoke"] in text
    for each in found["findings"]:
        for part in (each["id"], each["sentence"], each["fix"], each["example"], *each["entries"]):
            assert part in text, part
    for part in ("one state only", "1,234 older requests", f"{found['coverage']['percent']} %"):
        assert part in text, part


def test_a_report_as_a_page(snapshot: Snapshot) -> None:
    found = report(finding(), finding("note", id="stood-on-ruling"))
    found["switchedOff"] = {"constant-field": "one state only"}
    found["evicted"] = 20
    del found["coverage"]["clauses"][3:]
    body = as_html(found).partition("<body>")[2]
    text = Tags(re.sub(r"<time.*?</time>|(?<=Made by aktify-sandbox )[0-9.]+", "…", body)).text
    snapshot("report", re.sub(r"\n+", "\n", text))


def test_findings_come_first_by_level_then_coverage() -> None:
    page = as_html(report(finding("note", id="first"), finding("error", id="second")))
    assert (
        page.index('id="findings"')
        < page.index("second")
        < page.index(">first<")
        < page.index('id="coverage"')
    )


def test_nothing_of_a_report_becomes_markup() -> None:
    plain = report(finding())
    found = cast("Report", hostile(plain))
    found["findings"][0] |= {"level": "error", "certainty": "proved"}
    found["switchedOff"] = {PAYLOAD: PAYLOAD}
    tags = Tags(as_html(found))
    assert {tag for tag, _ in tags.found} <= ALLOWED
    assert not [name for _, attributes in tags.found for name in attributes if name.startswith("on")]
    assert tags.text.count(PAYLOAD) > len(found["coverage"]["clauses"])


def test_nothing_of_a_lead_becomes_markup() -> None:
    lead = dict.fromkeys(
        [*LEAD, "email", "firstName", "externalCreated", "link", "linkToShorten", PAYLOAD], PAYLOAD
    )
    entries = [
        recorded(1, {**lead, "metadata": {PAYLOAD: PAYLOAD}}, status=400, rulings={"null": PAYLOAD}),
        recorded(2, headers=[("origin", PAYLOAD), ("x-api-key", PAYLOAD)], query=PAYLOAD),
    ]
    found = report_of(entries)
    assert found["findings"]
    assert {tag for tag, _ in Tags(as_html(found)).found} <= ALLOWED


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    page = as_html(report(finding()))
    for tag, attributes in Tags(page).found:
        assert tag not in ("script", "link", "img", "iframe", "form")
        assert (attributes.get("href") or "#").startswith("#")
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert "default-src 'none'" in page


def test_characters_that_turn_text_around_are_written_out() -> None:
    assert "\u202e" not in as_html(report(finding(example="a\u202eb")))


def test_what_stands_in_backticks_is_code() -> None:
    assert "<code>send</code>" in as_html(report(finding(fix="Use `send`.")))
    assert "a ` b" in as_html(report(finding(fix="a ` b")))
