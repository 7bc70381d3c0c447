"""What is done with the whole record: totals, day separators, export, clearing; and a lead from nothing."""

import json
import re
from typing import Any

from playwright.sync_api import Page, expect

from support.browsing import Inspector
from support.running import LEAD, Running


def mixed(sandbox: Running) -> None:
    """Two accepted, one duplicate, one invalid."""
    sandbox.post(LEAD)
    sandbox.post({**LEAD, "phoneNumber": "(509) 557-0001"})
    sandbox.post(LEAD)
    sandbox.post({**LEAD, "region": "ca"})


def chip(page: Page, name: str) -> Any:
    return page.locator(f"[data-chip='{name}']")


def test_totals_count_by_status_and_reason_and_filter_by_a_click(inspector: Inspector) -> None:
    mixed(inspector.sandbox)
    page = inspector.open()
    expect(page.locator("#totals .count")).to_have_text("4 requests")
    expect(chip(page, "status 201")).to_have_text("2012")
    expect(chip(page, "reason duplicate")).to_have_text("duplicate1")
    inspector.sandbox.post({**LEAD, "phoneNumber": "(509) 557-0002"})
    expect(chip(page, "status 201")).to_have_text("2013")
    chip(page, "status 409").click()
    expect(inspector.rows()).to_have_count(1)
    assert inspector.search() == "?status=409"
    expect(chip(page, "status 409")).to_have_attribute("aria-pressed", "true")
    expect(chip(page, "status 201")).to_have_text("2013")
    expect(page.locator("#totals .count")).to_have_text("1 request")
    inspector.sandbox.post(LEAD)
    expect(chip(page, "status 409")).to_have_text("4092")
    chip(page, "status 409").click()
    expect(inspector.rows()).to_have_count(6)
    chip(page, "reason body").click()
    expect(inspector.rows()).to_have_count(1)
    page.get_by_role("button", name="Clear filters").click()
    expect(inspector.rows()).to_have_count(6)


def test_a_day_is_parted_from_the_day_before(inspector: Inspector) -> None:
    mixed(inspector.sandbox)
    page = inspector.page
    moments = iter(["2026-11-24T12:00:00.000Z", "2026-11-24T11:00:00.000Z", "2026-11-22T12:00:00.000Z"])

    def older(route: Any) -> None:
        answer = route.fetch()
        content = answer.json()
        for entry in content["requests"][1:]:
            entry["receivedAt"] = next(moments)
        route.fulfill(response=answer, json=content)

    page.route(re.compile(r"/requests\?"), older)
    inspector.open()
    expect(inspector.rows()).to_have_count(4)
    days = [row.get_attribute("data-day") for row in inspector.rows().all()]
    assert days == [None, "Tue, Nov 24, 2026", None, "Sun, Nov 22, 2026"]


def test_what_the_filters_show_is_exported(inspector: Inspector) -> None:
    mixed(inspector.sandbox)
    page = inspector.open("?status=409")
    inspector.key("e")
    expect(page.get_by_role("dialog")).to_contain_text("the requests that match the filters")
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON", exact=True).click()
    assert download.value.suggested_filename == "requests.json"
    [entry] = json.loads(download.value.path().read_text())["requests"]
    assert entry["response"]["status"] == 409
    expect(page.get_by_role("dialog")).to_be_hidden()
    inspector.key("e")
    with page.expect_download() as download:
        page.get_by_role("link", name="HTTP file").click()
    assert download.value.suggested_filename == "requests.http"
    assert download.value.path().read_text().count("\n### ") == 1


def test_clearing_asks_and_clears_only_what_the_filters_show(inspector: Inspector) -> None:
    mixed(inspector.sandbox)
    page = inspector.open("?status=409")
    inspector.key("x")
    expect(page.get_by_role("dialog")).to_contain_text("the requests that match the filters")
    page.get_by_role("button", name="Cancel").click()
    assert len(inspector.sandbox.get("/_sandbox/requests")["requests"]) == 4
    inspector.key("x")
    page.get_by_role("button", name="Clear matching").click()
    expect(page.locator(".toast")).to_have_text("1 request cleared.")
    expect(inspector.rows()).to_have_count(0)
    left = [each["response"]["status"] for each in inspector.sandbox.get("/_sandbox/requests")["requests"]]
    assert len(left) == 3
    assert 409 not in left


def test_a_question_asked_right_after_another_gets_its_own_answer(inspector: Inspector) -> None:
    """A dialog's ``close`` event comes after the next key when that key is pressed at once."""
    mixed(inspector.sandbox)
    page = inspector.open("?status=409")
    inspector.key("x")
    page.evaluate("""() => {
        document.querySelector("dialog .actions button").click();
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "x", bubbles: true }));
    }""")
    page.get_by_role("button", name="Clear matching").click()
    expect(page.locator(".toast")).to_have_text("1 request cleared.")


def test_without_filters_clearing_clears_all(inspector: Inspector) -> None:
    mixed(inspector.sandbox)
    page = inspector.open()
    expect(inspector.rows()).to_have_count(4)
    page.locator("#clear-requests").click()
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator(".toast")).to_have_text("4 requests cleared.")
    expect(inspector.rows()).to_have_count(0)
    expect(page.locator("#totals")).to_be_empty()


def test_a_lead_is_written_sent_and_its_answer_shown(inspector: Inspector) -> None:
    page = inspector.open()
    inspector.key("n")
    box = page.get_by_role("dialog", name="New lead")
    box.get_by_role("button", name="Send").click()
    expect(box.locator(".badge")).to_have_text("201")
    box.get_by_label("Body of POST").press("Control+Enter")
    expect(box.locator(".badge")).to_have_text("409")
    box.get_by_label("x-api-key").select_option("No key")
    box.get_by_role("button", name="Send").click()
    expect(box.locator(".badge")).to_have_text("401")
    box.get_by_label("x-api-key").select_option("Other key…")
    box.get_by_label("Other key").fill(inspector.sandbox.api_key)
    box.get_by_role("button", name="Send").click()
    expect(box.locator(".badge")).to_have_text("409")
    box.get_by_role("button", name="Open r").click()
    expect(page.locator("#detail .badge").first).to_have_text("409")
    expect(inspector.rows()).to_have_count(4)


def test_a_request_is_copied_by_a_key(inspector: Inspector) -> None:
    mixed(inspector.sandbox)
    page = inspector.open()
    inspector.key("c")
    expect(page.locator(".toast")).to_have_text("Select a request first.")
    inspector.rows().first.click()
    inspector.key("c")
    expect(page.locator(".toast").last).to_contain_text("curl copied")
    assert "\ncurl -i" in inspector.clipboard()
