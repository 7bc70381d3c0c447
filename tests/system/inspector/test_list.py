"""The live list: what arrives, what is filtered, what stays where it is."""

import itertools
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from support.browsing import Inspect, Inspector, box_of
from support.running import Running, Serve

_phones = itertools.count()


def lead(**more: str) -> dict[str, str]:
    return {"phoneNumber": f"(509) 557-{next(_phones):04d}", "region": "CA", **more}


def post(sandbox: Running, count: int = 1, **more: str) -> list[str]:
    """Post leads; the ids of the requests, oldest first."""
    return [sandbox.post(lead(**more)).headers["x-aktify-sandbox-request"] for _ in range(count)]


def top_of(inspector: Inspector, name: str) -> float:
    return box_of(inspector.row(name))["y"]


def test_the_empty_page_shows_the_line_to_paste_until_the_first_request(inspector: Inspector) -> None:
    page = inspector.open()
    expect(page.locator("#empty pre")).to_contain_text(f"curl -i {inspector.sandbox.endpoint}")
    page.click("#empty button")
    expect(page.locator(".toast")).to_contain_text("copied")
    assert inspector.clipboard() == page.locator("#empty pre").text_content()
    [name] = post(inspector.sandbox)
    expect(inspector.row(name)).to_be_visible()
    expect(page.locator("#empty")).to_be_hidden()


def test_a_request_appears_without_a_reload(inspector: Inspector) -> None:
    page = inspector.open()
    page.evaluate("window.before = true")
    for _ in range(5):
        [name] = post(inspector.sandbox)
        expect(inspector.row(name)).to_be_visible()
    assert page.evaluate("window.before")


def test_a_row_says_status_lead_campaign_reason_and_what_is_not_ordinary(inspector: Inspector) -> None:
    sandbox = inspector.sandbox
    sandbox.http.get("/api/v1/leads?x=1")
    wrong = sandbox.post({"phoneNumber": "(509) 555-9999", "region": "ca"}, key="test-key.mine")
    inspector.open()
    row = inspector.row(wrong.headers["x-aktify-sandbox-request"])
    expect(row.locator(".badge")).to_have_text("400")
    expect(row.locator(".c-lead")).to_have_text("+1509***9999")
    expect(row.locator(".c-campaign")).to_have_text("demo.mine")
    expect(row.locator(".c-why")).to_have_text("region: “ca” is in lower case.")
    expect(row.locator(".c-ms")).to_have_text(re.compile(r"^\d"))
    expect(row.locator(".where")).to_have_count(0)
    expect(inspector.rows().last.locator(".where")).to_have_text("GET /api/v1/leads?x=1")


def test_phone_numbers_are_masked_until_the_switch_says_otherwise(inspector: Inspector) -> None:
    sandbox = inspector.sandbox
    sandbox.post({"phoneNumber": "(509) 555-1234", "region": "CA"})
    sandbox.post({"phoneNumber": "(509) 555-12345", "region": "CA"})
    page = inspector.open()
    expect(inspector.rows().last).to_contain_text("+1509***1234")
    assert "555-1234" not in (page.locator("#list").text_content() or "")
    page.get_by_role("switch", name="Mask personal data").click()
    expect(inspector.rows().last).to_contain_text("+15095551234")
    expect(inspector.rows().first).to_contain_text("(509) 555-12345")
    page.reload()
    expect(inspector.rows().last).to_contain_text("+15095551234")


def test_what_is_in_sight_stays_there_while_a_row_is_selected(inspector: Inspector) -> None:
    names = post(inspector.sandbox, 60)
    page = inspector.open()
    inspector.row(names[-3]).click()
    expect(page.locator("#detail h2")).to_have_text(names[-3])
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    before = top_of(inspector, names[-3])
    post(inspector.sandbox, 3)
    expect(page.locator("#new")).to_have_text("3 new")
    assert top_of(inspector, names[-3]) == before
    newest = post(inspector.sandbox)[0]
    expect(page.locator("#new")).to_have_text("4 new")
    page.click("#new")
    expect(inspector.row(newest)).to_be_in_viewport()
    expect(page.locator("#new")).to_be_hidden()


def test_what_was_new_is_not_counted_in_another_list(inspector: Inspector) -> None:
    names = post(inspector.sandbox, 60)
    page = inspector.open()
    expect(inspector.row(names[-1])).to_be_visible()
    page.evaluate("document.querySelector('#list').scrollTop = 600")
    post(inspector.sandbox, 3)
    expect(page.locator("#new")).to_have_text("3 new")
    page.locator("#filters [name=status]").select_option("2xx")
    expect(page.locator("#new")).to_be_hidden()
    assert page.evaluate("document.querySelector('#list').scrollTop") == 0


def test_a_short_list_does_not_jump_either(inspector: Inspector) -> None:
    [name] = post(inspector.sandbox)
    page = inspector.open()
    inspector.row(name).click()
    expect(page.locator("#detail h2")).to_have_text(name)
    before = top_of(inspector, name)
    post(inspector.sandbox, 2)
    expect(page.locator("#new")).to_have_text("2 new")
    assert top_of(inspector, name) == before


def test_a_paused_list_counts_and_shows_when_it_goes_on(inspector: Inspector) -> None:
    page = inspector.open()
    inspector.key("p")
    expect(page.locator("#state")).to_have_text("paused")
    names = post(inspector.sandbox, 2)
    expect(page.locator("#new")).to_have_text("2 new")
    expect(inspector.rows()).to_have_count(0)
    inspector.key("p")
    expect(inspector.row(names[-1])).to_be_visible()
    expect(inspector.rows()).to_have_count(2)
    expect(page.locator("#state")).to_have_text("live")


def test_filters_narrow_the_list_and_live_in_the_address_bar(inspector: Inspector) -> None:
    sandbox = inspector.sandbox
    post(sandbox, 2, firstName="Zelda")
    refused = sandbox.post({}).headers["x-aktify-sandbox-request"]
    other = sandbox.post(lead(), key="test-key.other").headers["x-aktify-sandbox-request"]
    forced = sandbox.post({"phoneNumber": "(509) 555-0150", "region": "CA"}).headers[
        "x-aktify-sandbox-request"
    ]
    page = inspector.open()
    expect(inspector.rows()).to_have_count(5)

    def only(names: list[str], search: str) -> None:
        for name in names:
            expect(inspector.row(name)).to_be_visible()
        expect(inspector.rows()).to_have_count(len(names))
        expect(page).to_have_url(re.compile(re.escape(search) or r"/_sandbox/$"))

    page.locator("#filters [name=status]").select_option("400")
    only([refused], "status=400")
    page.get_by_role("button", name="Clear filters").click()
    expect(inspector.rows()).to_have_count(5)
    assert inspector.search() == ""
    page.locator("#filters [name=campaign]").fill("demo.other")
    only([other], "campaign=demo.other")
    page.get_by_role("button", name="Clear filters").click()
    page.locator("#filters [name=key]").fill("test-key.other")
    only([other], "key=test-key.other")
    page.get_by_role("button", name="Clear filters").click()
    page.locator("#filters [name=phone]").fill("509")
    expect(page.get_by_role("alert")).to_have_text(
        "“509” is too short for a phone number. Write at least its last four digits."
    )
    expect(page.locator("#filters [name=phone]")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#empty")).not_to_contain_text("appear here")
    inspector.forgiven = ("400 (Bad Request)",)
    page.locator("#filters [name=phone]").fill("5095x")
    expect(page.get_by_role("alert")).to_contain_text("“5095x” isn't a US phone number")
    expect(page.locator("#filters [name=phone]")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#empty h2")).to_have_text("Fix or clear the filter to see requests")
    expect(page.locator("#state")).to_have_text("stopped")
    for number in ("555-0150", "0150", "+1509***0150"):
        page.locator("#filters [name=phone]").fill(number)
        only([forced], "phone=")
        expect(page.get_by_role("alert")).to_be_hidden()
    page.locator("#filters [name=phone]").fill("509 555 0150")
    only([forced], "phone=509+555+0150")
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label("Forced only").check()
    only([forced], "forced=yes")
    page.get_by_label("Forced only").uncheck()
    expect(inspector.rows()).to_have_count(5)
    page.get_by_label("Text anywhere in a request").fill("zelda")
    expect(inspector.rows()).to_have_count(2)


def test_an_address_shows_a_colleague_the_same_view_live(inspect: Inspect, own: Running) -> None:
    post(own, 2)
    refused = own.post({}).headers["x-aktify-sandbox-request"]
    inspector = inspect(own)
    page = inspector.open(f"?status=4xx&request={refused}")
    expect(inspector.rows()).to_have_count(1)
    expect(page.locator("#detail")).to_contain_text("phoneNumber is missing")
    expect(page.locator("#filters [name=status]")).to_have_value("4xx")
    page.keyboard.press("Escape")
    post(own)
    second = own.post({}).headers["x-aktify-sandbox-request"]
    expect(inspector.row(second)).to_be_visible()
    expect(inspector.rows()).to_have_count(2)


def test_filters_that_admit_nothing_say_so(inspector: Inspector) -> None:
    post(inspector.sandbox)
    page = inspector.open("?search=nothing-like-it")
    expect(page.locator("#empty")).to_contain_text("No request matches")
    page.locator("#empty button").click()
    expect(inspector.rows()).to_have_count(1)


def test_back_and_forward_lead_through_what_was_open(inspector: Inspector) -> None:
    names = post(inspector.sandbox, 2)
    page = inspector.open()
    inspector.row(names[0]).click()
    expect(page.locator("#detail h2")).to_have_text(names[0])
    inspector.row(names[1]).click()
    expect(page.locator("#detail h2")).to_have_text(names[1])
    page.go_back()
    expect(page.locator("#detail h2")).to_have_text(names[0])
    page.go_back()
    expect(page.locator("#detail")).to_be_hidden()
    page.go_forward()
    expect(page.locator("#detail h2")).to_have_text(names[0])


def test_the_keyboard_is_enough(inspector: Inspector) -> None:
    names = post(inspector.sandbox, 5)
    page = inspector.open()
    expect(inspector.rows()).to_have_count(5)
    inspector.key("j", "j", "j", "k")
    expect(inspector.row(names[-2])).to_have_attribute("aria-selected", "true")
    page.focus("#list")
    inspector.key("Enter")
    expect(page.locator("#detail h2")).to_have_text(names[-2])
    inspector.key("j")
    expect(page.locator("#detail h2")).to_have_text(names[-3])
    inspector.key("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    inspector.key("ArrowDown")
    expect(page.locator("#list")).to_have_attribute("aria-activedescendant", f"row-{names[-4]}")
    inspector.key("Escape")
    expect(page.locator("#list [aria-selected=true]")).to_have_count(0)
    inspector.key("/")
    expect(page.get_by_label("Text anywhere in a request")).to_be_focused()
    page.keyboard.type("jp?")
    expect(page.get_by_label("Text anywhere in a request")).to_have_value("jp?")
    inspector.key("Escape")
    inspector.key("?")
    expect(page.get_by_role("dialog")).to_contain_text("next, previous request")
    page.get_by_label("Single-letter shortcuts are on").uncheck()
    inspector.key("Escape", "p")
    expect(page.locator("#state")).to_have_text("live")


def test_the_keyboard_works_on_a_page_that_nobody_has_clicked(inspector: Inspector) -> None:
    names = post(inspector.sandbox, 3)
    page = inspector.open()
    expect(inspector.rows()).to_have_count(3)
    inspector.key("j", "j", "Enter")
    expect(page.locator("#detail h2")).to_have_text(names[1])
    inspector.open()
    expect(inspector.rows()).to_have_count(3)
    inspector.key("ArrowDown", "ArrowDown", "ArrowDown", "Enter")
    expect(page.locator("#detail h2")).to_have_text(names[0])


def test_a_link_to_a_request_shows_it_in_the_list_as_well(inspector: Inspector) -> None:
    names = post(inspector.sandbox, 60)
    inspector.open(f"?request={names[4]}")
    expect(inspector.row(names[4])).to_have_attribute("aria-selected", "true")
    expect(inspector.row(names[4])).to_be_in_viewport()


@pytest.mark.parametrize("size", [(1280, 800), (880, 800), (390, 800)], ids=["wide", "tablet", "narrow"])
def test_the_count_of_new_ones_hides_nothing(inspect: Inspect, own: Running, size: tuple[int, int]) -> None:
    names = post(own, 60)
    inspector = inspect(own, size=size)
    page = inspector.open()
    expect(inspector.row(names[-1])).to_be_visible()
    inspector.key("j")
    expect(inspector.row(names[-1])).to_have_attribute("aria-selected", "true")
    before = top_of(inspector, names[-1])
    post(own)
    pill, rows = page.locator("#new"), page.locator("#list")
    expect(pill).to_have_text("1 new")
    assert inspector.overflow() == 0
    assert top_of(inspector, names[-1]) == before
    one, other = box_of(pill), box_of(rows)
    assert one["y"] + one["height"] <= other["y"]
    for name in ("#pause", "#filters [name=search]"):
        near = box_of(page.locator(name))
        assert one["x"] >= near["x"] + near["width"] or one["x"] + one["width"] <= near["x"], name


def test_the_list_goes_on_after_a_restart_of_the_server(
    inspect: Inspect, serve: Serve, tmp_path: Path
) -> None:
    first = serve("--quiet", "--state", str(tmp_path / "state"))
    before = post(first)[0]
    inspector = inspect(first)
    inspector.forgiven = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET")
    page = inspector.open()
    assert first.stop() == 0
    expect(page.locator("#state")).to_have_text("reconnecting…")
    second = serve("--quiet", "--state", str(tmp_path / "state"), "--port", str(first.port))
    inspector.live()
    after = post(second)[0]
    expect(inspector.row(after)).to_be_visible()
    expect(inspector.row(before)).to_be_visible()


def test_a_server_that_begins_anew_is_shown_anew(inspect: Inspect, serve: Serve) -> None:
    first = serve("--quiet")
    post(first, 4)
    inspector = inspect(first)
    inspector.forgiven = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET")
    inspector.open()
    expect(inspector.rows()).to_have_count(4)
    first.stop()
    second = serve("--quiet", "--port", str(first.port))
    fresh = post(second)[0]
    inspector.live()
    expect(inspector.row(fresh)).to_be_visible()
    expect(inspector.rows()).to_have_count(1)


def test_what_is_cleared_leaves_the_list(inspector: Inspector) -> None:
    post(inspector.sandbox, 3)
    page = inspector.open()
    expect(inspector.rows()).to_have_count(3)
    inspector.sandbox.http.delete("/_sandbox/requests")
    expect(inspector.rows()).to_have_count(0)
    expect(page.locator("#empty")).to_contain_text("No requests yet")


def test_a_client_that_hangs_up_is_told_of_in_its_open_request(inspector: Inspector) -> None:
    import httpx

    page = inspector.open()
    with pytest.raises(httpx.ReadTimeout):
        inspector.sandbox.post({"phoneNumber": "(509) 555-0160", "region": "CA"}, timeout=0.5)
    expect(inspector.rows()).to_have_count(1)
    inspector.rows().first.click()
    expect(page.locator("#detail .why")).to_contain_text("The client hung up after")


SOON_ASLEEP = (
    "{ const real = setTimeout; window.setTimeout = (f, ms, ...a) => real(f, ms === 10000 ? 50 : ms, ...a); }"
)


def test_a_tab_that_was_opened_in_the_background_holds_no_connection(inspect: Inspect, own: Running) -> None:
    page = inspect(own).page
    page.add_init_script(SOON_ASLEEP)
    page.add_init_script("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    page.goto(f"{own.url}/_sandbox/")
    expect(page.locator("#state")).to_have_text("asleep")


def test_a_forgotten_tab_holds_no_connection(inspect: Inspect, own: Running) -> None:
    inspector = inspect(own)
    page = inspector.page
    page.add_init_script(SOON_ASLEEP)
    inspector.open()
    hidden = "Object.defineProperty(document, 'hidden', { value: %s, configurable: true })"
    change = "document.dispatchEvent(new Event('visibilitychange'))"
    page.evaluate(f"{hidden % 'true'}; {change}")
    expect(page.locator("#state")).to_have_text("asleep")
    missed = post(own)[0]
    page.evaluate(f"{hidden % 'false'}; {change}")
    expect(inspector.row(missed)).to_be_visible()
    inspector.live()


def test_opening_a_request_far_down_leaves_it_where_it_is(inspector: Inspector) -> None:
    """The list is narrower beside a request, and its rows are higher."""
    names = post(inspector.sandbox, 80)
    page = inspector.open()
    expect(inspector.row(names[-1])).to_be_visible()
    chosen = inspector.row(names[-60])
    page.evaluate("document.querySelector('#list').scrollTop = 1800")
    expect(chosen).to_be_in_viewport()
    before = top_of(inspector, names[-60])
    chosen.click()
    expect(page.locator("#list")).to_have_class("list compact")
    expect(chosen).to_be_in_viewport()
    assert abs(top_of(inspector, names[-60]) - before) <= 1
    page.keyboard.press("Escape")
    expect(page.locator("#list")).to_have_class("list")
    assert abs(top_of(inspector, names[-60]) - before) <= 1


@pytest.mark.parametrize("width", [1280, 640, 400])
def test_times_of_earlier_days_and_reasons_have_the_room_that_there_is(
    inspect: Inspect, own: Running, width: int
) -> None:
    own.post({})
    inspector = inspect(own, size=(width, 800))
    inspector.page.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=3))
    inspector.open()
    time, reason, took = (inspector.rows().first.locator(f".c-{name}") for name in ("time", "why", "ms"))
    expect(time).to_have_text(re.compile(r"^([0-9]{4}-)?[0-9]{2}-[0-9]{2} [0-9:]{8}$"))
    assert time.evaluate("cell => cell.scrollWidth - cell.clientWidth") <= 0
    left, right = box_of(reason), box_of(took)
    assert left["width"] > 290
    assert right["x"] - (left["x"] + left["width"]) <= 1


def test_who_has_no_token_is_told_how_to_give_it(inspect: Inspect, serve: Serve) -> None:
    """At first, and in a page whose sandbox has got another token since."""
    first = serve("--quiet", "--token", "sesame")
    inspector = inspect(first)
    inspector.forgiven = ("ERR_", "401 (Unauthorized)", "404 (Not Found)")
    page = inspector.page
    page.goto(f"{first.url}/_sandbox/")
    expect(page.locator("body")).to_contain_text("open /_sandbox/?token=TOKEN in a browser")
    inspector.open("?token=sesame&status=4xx")
    assert inspector.search() == "?status=4xx"
    first.stop()
    serve("--quiet", "--token", "another", "--port", str(first.port))
    expect(page.get_by_role("alert")).to_contain_text("open /_sandbox/?token=TOKEN in a browser")
    inspector.open("?token=another")


def test_what_was_dropped_is_said(inspect: Inspect, serve: Serve) -> None:
    sandbox = serve("--quiet", "--keep", "3")
    post(sandbox, 3)
    page = inspect(sandbox).open()
    expect(page.locator("#rows .row")).to_have_count(3)
    expect(page.locator("#dropped")).to_be_hidden()
    post(sandbox, 2)
    page.reload()
    expect(page.locator("#dropped")).to_have_text("2 older requests dropped by --keep.")
