"""The view Report: how much of the contract the client met, what it does wrong, and the way to its requests."""

import json
import re
from pathlib import Path

from playwright.sync_api import expect

from support.browsing import Inspector
from support.running import Running

HOSTILE = "<img src=x onerror=canary()><script>canary()</script>"


def post_badly(sandbox: Running, count: int = 1) -> None:
    for _ in range(count):
        sandbox.post({"phone": "(509) 555-1234", "region": "CA", "metadata": {"a": 1}})


def test_it_says_what_the_report_says(inspector: Inspector) -> None:
    post_badly(inspector.sandbox)
    inspector.sandbox.post({"phoneNumber": "(509) 555-4321", "region": "CA"})
    report = inspector.sandbox.get("/_sandbox/report")
    page = inspector.open("?view=report")
    expect(page.locator(".percent strong")).to_have_text(f"{report['coverage']['percent']} %")
    for clause in report["coverage"]["clauses"]:
        card = "Clauses that were met" if clause["met"] else "Missing clauses"
        place = page.get_by_role("region", name=card).locator(f"[data-clause={clause['id']}]")
        expect(place).to_contain_text(clause["entries"][0] if clause["met"] else clause["provoke"])
    assert {"legacy-field-name", "metadata-not-string"} <= {each["id"] for each in report["findings"]}
    for finding in report["findings"]:
        place = page.locator(f"[data-finding={finding['id']}]")
        for part in (finding["level"], finding["sentence"], finding["fix"], finding["example"]):
            expect(place).to_contain_text(part.replace("`", ""))
    quote = page.locator("[data-clause=sends-email] q code")
    expect(quote).to_have_text("email")


def test_the_command_of_a_missing_clause_is_copied(inspector: Inspector) -> None:
    page = inspector.open("?view=report")
    place = page.locator("[data-clause=server-error]")
    place.get_by_role("button", name=re.compile("^Copy")).click()
    expect(page.locator(".toast")).to_be_visible()
    assert inspector.clipboard() == place.locator("pre").inner_text()


def test_a_finding_leads_to_its_requests_and_back(inspector: Inspector) -> None:
    post_badly(inspector.sandbox, 8)
    page = inspector.open("?view=report")
    place = page.locator("[data-finding=legacy-field-name]")
    expect(place.locator(".links a:visible")).to_have_count(5)
    place.get_by_text("3 more requests").click()
    place.get_by_role("link", name="r000000008").click()
    expect(page.locator("#detail h2")).to_contain_text("r000000008")
    page.go_back()
    expect(place).to_be_visible()


def test_what_comes_later_is_read_when_asked_for(inspector: Inspector) -> None:
    page = inspector.open("?view=report")
    expect(page.locator("#report-result")).to_contain_text("0 requests")
    post_badly(inspector.sandbox)
    page.get_by_role("button", name="Read again").click()
    expect(page.locator("[data-finding=legacy-field-name]")).to_be_visible()
    expect(page.get_by_role("button", name="Read again")).to_be_focused()


def test_a_report_can_be_stopped_and_read_again(inspector: Inspector) -> None:
    inspector.page.route("**/report?**", lambda route: None)
    page = inspector.open("?view=report")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#report-result")).to_have_text("The report was stopped.")
    page.unroute_all()
    page.get_by_role("button", name="Read again").press("Enter")
    expect(page.locator(".percent")).to_be_visible()


def test_why_there_is_no_report_is_said(inspector: Inspector) -> None:
    inspector.forgiven = ("500",)
    inspector.page.route(
        "**/report?**", lambda route: route.fulfill(status=500, body=json.dumps({"detail": "It broke."}))
    )
    page = inspector.open("?view=report")
    expect(page.locator("#report-result .problem-line")).to_have_text("It broke.")


def test_the_switch_for_personal_data_counts_here_too(inspector: Inspector) -> None:
    page = inspector.open("?view=report")
    expect(page.locator(".percent")).to_be_visible()
    with page.expect_request(re.compile(r"report\?.*mask=no")):
        inspector.key("m")
    expect(page.get_by_role("link", name="Download HTML")).to_have_attribute("href", re.compile("mask=no"))


def test_the_switch_that_was_pressed_in_another_view_counts_too(inspector: Inspector) -> None:
    page = inspector.open("?view=report")
    link = page.get_by_role("link", name="Download HTML")
    expect(link).to_have_attribute("href", re.compile("mask=yes"))
    inspector.key("m")
    expect(link).to_have_attribute("href", re.compile("mask=no"))
    inspector.key("1")
    expect(page.locator("#list")).to_be_visible()
    inspector.key("m")
    expect(page.locator("#mask")).to_have_attribute("aria-checked", "true")
    inspector.key("5")
    expect(link).to_have_attribute("href", re.compile("mask=yes"))


def test_it_is_downloaded_as_a_page(inspector: Inspector) -> None:
    page = inspector.open("?view=report")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download HTML").click()
    assert download.value.suggested_filename == "aktify-report.html"
    assert Path(download.value.path()).read_text().startswith("<!doctype html>")


def test_what_was_recorded_stays_text(inspector: Inspector) -> None:
    lead = dict.fromkeys(("email", "firstName", "externalCreated", "link", "linkToShorten", HOSTILE), HOSTILE)
    headers = {"origin": HOSTILE, "x-api-key": "test-key"}
    inspector.sandbox.http.post("/api/v1/leads", json={**lead, "metadata": {HOSTILE: 1}}, headers=headers)
    page = inspector.open("?view=report")
    expect(page.locator("[data-finding=both-links]")).to_be_visible()
    assert page.locator("#report-result :is(img, script)").count() == 0
