"""Keys and clicks that come fast, and answers that come late or not in the order in which they were asked for."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from support.browsing import SETTLED, Inspect, Inspector
from support.running import LEAD, Running, Serve

TYPED = 400
"""Milliseconds, longer than a field waits for the next key."""
BRIEFLY = 300
"""Milliseconds in which what must not happen would."""
TWICE = "(element) => { element.click(); element.click(); }"
PRESS = """(keys) => {
  for (const key of keys) {
    document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  }
}"""
"""Presses keys before anything else can happen."""
LOOK_AGAIN = "dispatchEvent(new Event('focus'))"
PRESSED_LONG = (
    "{ const real = setTimeout; window.setTimeout = (f, ms, ...a) => real(f, ms === 1000 ? 1e6 : ms, ...a); }"
)
"""However slow the machine is, the mouse button is down no longer than a click takes."""


class Late:
    """Holds the first answers from an address, as the sandbox gave them, until they are let go.

    It must be made before the page is opened, and can be told to begin later.
    """

    def __init__(self, page: Page, address: str, count: int = 1, *, later: bool = False) -> None:
        self._page = page
        self._count = count
        self._left = 0 if later else count
        self._held: list[tuple[Route, APIResponse]] = []
        page.route(re.compile(address), self._answer)

    def _answer(self, route: Route) -> None:
        if not self._left:
            route.continue_()
            return
        self._left -= 1
        self._held.append((route, route.fetch()))

    def begin(self) -> None:
        self._left = self._count

    def wait(self) -> None:
        """Until one is held."""
        for _ in range(3_000):
            if self._held:
                return
            self._page.wait_for_timeout(10)
        raise AssertionError("nothing was asked for")

    def fail(self) -> None:
        """Break the connection instead."""
        route, _ = self._held.pop(0)
        route.abort()
        self._page.wait_for_timeout(BRIEFLY)

    def let_go(self) -> None:
        """Answer, and wait until the page has made of it what it makes."""
        route, answer = self._held.pop(0)
        with self._page.expect_event("requestfinished", lambda each: each == route.request):
            route.fulfill(response=answer)
        self._page.evaluate(SETTLED)
        self._page.wait_for_timeout(BRIEFLY)

    def let_go_all(self) -> None:
        while self._held:
            self.let_go()


def fail_once(page: Page, address: str) -> None:
    """Break the first connection to that address."""
    page.route(re.compile(address), lambda route: route.abort(), times=1)


def id_of(answer: httpx.Response) -> str:
    name: str = answer.headers["x-aktify-sandbox-request"]
    return name


def post(sandbox: Running, count: int = 1) -> list[str]:
    """Post different leads; the ids of the requests, oldest first."""
    leads = ({"phoneNumber": f"(509) 557-{number:04d}", "region": "CA"} for number in range(count))
    return [id_of(sandbox.post(lead)) for lead in leads]


def imported(sandbox: Running, count: int) -> None:
    leads = [
        {"phoneNumber": f"(509) 555-{number:04d}", "region": "CA"} for number in range(1_000, 1_000 + count)
    ]
    answer = sandbox.http.post("/_sandbox/leads", json={"campaign": "demo", "leads": leads})
    assert answer.json()["imported"] == count


def leads_in(page: Page) -> Any:
    return page.locator("#lead-table tbody tr")


def count_of(sandbox: Running) -> int:
    return len(sandbox.get("/_sandbox/requests")["requests"])


# fast keys


def test_a_request_that_is_closed_right_after_a_step_stays_closed(inspector: Inspector) -> None:
    names = post(inspector.sandbox, 3)
    page = inspector.open(f"?request={names[2]}")
    expect(page.locator("#detail h2")).to_have_text(names[2])
    expect(inspector.row(names[1])).to_be_visible()
    page.evaluate(PRESS, ["j", "Escape"])
    page.wait_for_timeout(BRIEFLY)
    assert inspector.search() == ""
    expect(page.locator("#detail")).to_be_hidden()


def test_what_is_typed_filters_the_view_in_which_it_is_typed(inspector: Inspector) -> None:
    post(inspector.sandbox, 3)
    page = inspector.open("?status=2xx")
    page.focus("#filters [name=search]")
    page.keyboard.type("0001")
    page.evaluate(PRESS, ["Escape", "2"])
    page.wait_for_timeout(TYPED)
    assert inspector.search() == "?view=leads"
    inspector.key("1")
    expect(inspector.rows()).to_have_count(1)
    assert inspector.search() == "?status=2xx&search=0001"
    inspector.key("2", "/")
    page.keyboard.type("0002")
    page.evaluate(PRESS, ["Escape", "1"])
    page.wait_for_timeout(TYPED)
    assert inspector.search() == "?status=2xx&search=0001"
    inspector.key("2")
    expect(leads_in(page)).to_have_count(1)
    assert inspector.search() == "?view=leads&search=0002"


def test_what_is_typed_is_kept_when_a_request_is_opened_at_once(inspector: Inspector) -> None:
    post(inspector.sandbox, 3)
    page = inspector.open()
    expect(inspector.rows()).to_have_count(3)
    page.focus("#filters [name=search]")
    page.keyboard.type("0001")
    page.evaluate(PRESS, ["Escape", "j", "Enter"])
    page.wait_for_timeout(TYPED)
    expect(inspector.rows()).to_have_count(1)
    expect(page.locator("#filters [name=search]")).to_have_value("0001")
    expect(page.locator("#detail h2")).to_be_visible()


def test_what_was_typed_before_going_back_filters_no_other_view(inspector: Inspector) -> None:
    post(inspector.sandbox, 3)
    page = inspector.open("?view=scenarios")
    inspector.key("1")
    expect(inspector.rows()).to_have_count(3)
    page.focus("#filters [name=search]")
    page.keyboard.type("0001")
    page.evaluate("history.back()")
    page.wait_for_timeout(TYPED)
    assert inspector.search() == "?view=scenarios"


# double clicks


def test_a_new_lead_is_sent_once(inspector: Inspector) -> None:
    page = inspector.open()
    inspector.key("n")
    box = page.get_by_role("dialog", name="New lead")
    box.get_by_role("button", name="Send").evaluate(TWICE)
    expect(box.locator(".badge")).to_have_text("201")
    page.wait_for_timeout(BRIEFLY)
    assert count_of(inspector.sandbox) == 1
    box.get_by_role("button", name="Send").click()
    expect(box.locator(".badge")).to_have_text("409")


def test_an_edited_request_is_sent_once(inspector: Inspector) -> None:
    [name] = post(inspector.sandbox)
    page = inspector.open(f"?request={name}")
    page.get_by_role("button", name="Edit and send").click()
    page.get_by_role("button", name="Send", exact=True).evaluate(TWICE)
    expect(page.locator(".toast")).to_have_text("Sent: 409.")
    page.wait_for_timeout(BRIEFLY)
    assert count_of(inspector.sandbox) == 2


def test_a_request_is_sent_again_once(inspector: Inspector) -> None:
    [name] = post(inspector.sandbox)
    page = inspector.open(f"?request={name}")
    page.get_by_role("button", name="Send again").evaluate(TWICE)
    expect(page.locator(".toast")).to_contain_text("Sent again: 409.")
    page.wait_for_timeout(BRIEFLY)
    assert count_of(inspector.sandbox) == 2


def test_an_answer_is_forced_once(inspector: Inspector) -> None:
    page = inspector.open("?view=scenarios")
    expect(page.locator("#waiting")).to_contain_text("No forced answer")
    page.get_by_role("button", name="Force", exact=True).evaluate(TWICE)
    expect(page.locator("#waiting li")).to_have_count(1)
    page.wait_for_timeout(BRIEFLY)
    assert len(inspector.sandbox.get("/_sandbox/force")["forced"]) == 1


def test_more_leads_are_shown_once(inspector: Inspector) -> None:
    imported(inspector.sandbox, 450)
    page = inspector.open("?view=leads")
    expect(leads_in(page)).to_have_count(200)
    page.get_by_role("button", name="Show more").evaluate(TWICE)
    expect(leads_in(page)).to_have_count(400)
    page.wait_for_timeout(BRIEFLY)
    expect(leads_in(page)).to_have_count(400)


def test_scenarios_that_are_switched_on_at_once_are_all_on(inspector: Inspector) -> None:
    page = inspector.open("?view=scenarios")
    expect(page.locator("#scenario-flaky")).to_be_visible()
    page.evaluate(
        "for (const name of ['flaky', 'outage']) document.querySelector(`[data-switch=${name}]`).click()"
    )
    expect(page.locator(".scenario.on")).to_have_count(2)


def test_a_double_click_reads_the_report_and_does_not_stop_it(inspector: Inspector) -> None:
    late = Late(inspector.page, r"/report\?", later=True)
    page = inspector.open("?view=report")
    expect(page.locator(".percent")).to_be_visible()
    late.begin()
    page.get_by_role("button", name="Read again").dblclick(position={"x": 8, "y": 8})
    late.wait()
    expect(page.locator("#report-result")).to_have_text("Reading the requests…")
    late.let_go()
    expect(page.locator(".percent")).to_be_visible()


# late answers: dialogs


def test_a_new_lead_takes_no_other_dialog_away(inspector: Inspector) -> None:
    [name] = post(inspector.sandbox)
    late = Late(inspector.page, r"/keys$")
    page = inspector.open(f"?request={name}")
    inspector.key("n")
    late.wait()
    page.get_by_role("button", name="Edit and send").click()
    page.get_by_role("button", name="Show it to edit").click()
    page.get_by_label("Body", exact=True).fill("mine")
    late.let_go()
    expect(page.get_by_label("Body", exact=True)).to_have_value("mine")


def test_a_new_lead_that_was_asked_for_twice_is_not_replaced_while_it_is_written(
    inspector: Inspector,
) -> None:
    late = Late(inspector.page, r"/keys$", 2)
    page = inspector.open()
    inspector.key("n", "n")
    late.wait()
    page.wait_for_timeout(BRIEFLY)
    late.let_go()
    page.locator("#compose-body").fill("mine")
    late.let_go_all()
    expect(page.locator("#compose-body")).to_have_value("mine")


def test_the_question_for_a_key_takes_no_other_dialog_away(inspector: Inspector) -> None:
    name = id_of(inspector.sandbox.post(LEAD, key="nobody-knows-this-key"))
    inspector.forgiven = ("409 (Conflict)",)
    late = Late(inspector.page, r"/resend$")
    page = inspector.open(f"?request={name}")
    page.get_by_role("button", name="Send again").click()
    late.wait()
    inspector.key("n")
    page.locator("#compose-body").fill("mine")
    late.let_go()
    expect(page.locator("#compose-body")).to_have_value("mine")
    expect(page.locator(".toast.bad")).to_be_visible()


def test_who_has_closed_the_dialog_stays_where_they_are_and_is_told_where_it_was_sent(
    inspector: Inspector,
) -> None:
    names = post(inspector.sandbox, 2)
    late = Late(inspector.page, r"/resend$")
    page = inspector.open(f"?request={names[0]}")
    page.get_by_role("button", name="Edit and send").click()
    page.get_by_role("button", name="Send", exact=True).click()
    late.wait()
    inspector.key("Escape")
    inspector.row(names[1]).click()
    expect(page.locator("#detail h2")).to_have_text(names[1])
    late.let_go()
    expect(page.locator(".toast")).to_have_text("Sent: 409.Open it")
    expect(page.locator("#detail h2")).to_have_text(names[1])
    page.get_by_role("link", name="Open it").click()
    expect(page.locator("#detail .badge").first).to_have_text("409")


# late answers: the list and its request


def test_personal_data_is_masked_whichever_answer_comes_last(inspector: Inspector) -> None:
    name = id_of(inspector.sandbox.post({**LEAD, "lastName": "Quimby"}))
    late = Late(inspector.page, r"/requests/r[0-9]+\?$", later=True)
    page = inspector.open(f"?request={name}")
    body = page.locator(".side").first
    expect(body).to_contain_text("Q***")
    late.begin()
    inspector.key("m")
    late.wait()
    with page.expect_response(re.compile(r"mask=yes")):
        inspector.key("m")
    page.wait_for_timeout(BRIEFLY)
    late.let_go()
    expect(body).to_contain_text("Q***")


def test_a_list_that_could_not_be_read_is_read_again(inspector: Inspector) -> None:
    post(inspector.sandbox, 2)
    inspector.forgiven = ("ERR_FAILED",)
    fail_once(inspector.page, r"/requests\?limit=200")
    inspector.page.goto(f"{inspector.sandbox.url}/_sandbox/")
    expect(inspector.rows()).to_have_count(2)
    inspector.live()


def test_a_request_that_could_not_be_read_is_read_again_by_a_click(inspector: Inspector) -> None:
    [name] = post(inspector.sandbox)
    inspector.forgiven = ("ERR_FAILED",)
    fail_once(inspector.page, rf"/requests/{name}\?")
    page = inspector.open()
    inspector.row(name).click()
    expect(page.locator("#detail")).to_contain_text("The sandbox doesn't answer.")
    inspector.row(name).click()
    expect(page.locator("#detail h2")).to_have_text(name)


def test_a_late_list_does_not_hide_a_mistake_in_the_filters(inspector: Inspector) -> None:
    post(inspector.sandbox, 2)
    late = Late(inspector.page, r"/requests\?limit=200")
    page = inspector.open()
    late.wait()
    page.locator("#filters [name=phone]").fill("509")
    expect(page.get_by_role("alert")).to_contain_text("too short")
    late.let_go()
    expect(page.get_by_role("alert")).to_contain_text("too short")
    expect(inspector.rows()).to_have_count(0)


def test_a_late_refusal_does_not_concern_the_next_filters(inspector: Inspector) -> None:
    post(inspector.sandbox, 2)
    inspector.forgiven = ("400 (Bad Request)",)
    late = Late(inspector.page, r"/requests\?phone=5095x&limit=1$")
    page = inspector.open()
    page.locator("#filters [name=phone]").fill("5095x")
    late.wait()
    page.locator("#filters [name=phone]").fill("0001")
    expect(inspector.rows()).to_have_count(1)
    inspector.live()
    late.let_go()
    expect(inspector.rows()).to_have_count(1)
    inspector.live()


def test_a_stream_that_is_open_again_is_not_called_reconnecting(inspector: Inspector) -> None:
    inspector.forgiven = ("ERR_FAILED",)
    fail_once(inspector.page, r"/requests/stream")
    late = Late(inspector.page, r"/requests\?limit=1$")
    inspector.page.goto(f"{inspector.sandbox.url}/_sandbox/")
    late.wait()
    inspector.live()
    late.let_go()
    inspector.live()


def test_a_list_that_fails_late_does_not_concern_the_next_view(inspector: Inspector) -> None:
    names = post(inspector.sandbox, 2)
    inspector.forgiven = ("ERR_FAILED",)
    late = Late(inspector.page, r"/requests\?limit=200$")
    page = inspector.open()
    late.wait()
    inspector.key("6")
    expect(page.get_by_role("heading", name="Rulings in force")).to_be_visible()
    inspector.live()
    late.fail()
    inspector.live()
    inspector.key("1")
    expect(inspector.row(names[0])).to_be_visible()


def test_what_is_cleared_while_another_view_is_open_leaves_the_list(inspector: Inspector) -> None:
    post(inspector.sandbox, 3)
    inspector.sandbox.post({})
    page = inspector.open()
    expect(inspector.rows()).to_have_count(4)
    inspector.key("6")
    expect(page.get_by_role("heading", name="Rulings in force")).to_be_visible()
    inspector.live()
    inspector.sandbox.http.delete("/_sandbox/requests?status=201")
    page.wait_for_timeout(BRIEFLY)
    inspector.key("1")
    expect(inspector.rows()).to_have_count(1)


def test_older_requests_that_come_after_they_were_cleared_are_not_shown(inspector: Inspector) -> None:
    post(inspector.sandbox, 250)
    late = Late(inspector.page, r"/requests\?limit=200&before=")
    page = inspector.open()
    expect(inspector.rows().first).to_be_visible()
    page.evaluate("document.querySelector('#list').scrollTop = 5000")
    late.wait()
    inspector.sandbox.http.delete("/_sandbox/requests")
    expect(inspector.rows()).to_have_count(0)
    late.let_go()
    expect(inspector.rows()).to_have_count(0)


def test_a_request_that_comes_while_the_others_are_counted_is_counted(inspector: Inspector) -> None:
    post(inspector.sandbox, 2)
    late = Late(inspector.page, r"/requests/totals")
    page = inspector.open()
    late.wait()
    name = id_of(inspector.sandbox.post({}))
    expect(inspector.row(name)).to_be_visible()
    late.let_go()
    expect(page.locator("#totals .count")).to_have_text("3 requests")


def test_a_mistake_in_the_filters_leaves_no_counts(inspector: Inspector) -> None:
    """Neither of what is new nor, later, the totals of other filters."""
    post(inspector.sandbox, 2)
    page = inspector.open("?status=4xx")
    expect(page.locator("#totals .count")).to_have_text("0 requests")
    inspector.sandbox.post({})
    expect(inspector.rows()).to_have_count(1)
    inspector.key("p")
    inspector.sandbox.post({})
    expect(page.locator("#new")).to_have_text("1 new")
    page.locator("#filters [name=phone]").fill("509")
    expect(page.get_by_role("alert")).to_contain_text("too short")
    expect(page.locator("#new")).to_be_hidden()
    page.wait_for_timeout(2_000 + BRIEFLY)
    expect(page.locator("#totals")).to_be_empty()


# late answers: other views


def test_leads_that_were_deleted_do_not_come_back_with_an_earlier_answer(inspector: Inspector) -> None:
    post(inspector.sandbox, 3)
    late = Late(inspector.page, r"/leads\?limit=200", later=True)
    page = inspector.open("?view=leads")
    expect(leads_in(page)).to_have_count(3)
    late.begin()
    page.evaluate(LOOK_AGAIN)
    late.wait()
    page.get_by_role("button", name="Clear…").click()
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(leads_in(page)).to_have_count(0)
    late.let_go()
    expect(leads_in(page)).to_have_count(0)


def test_a_scenario_stays_on_when_an_earlier_answer_comes(inspector: Inspector) -> None:
    late = Late(inspector.page, r"/scenarios$", later=True)
    page = inspector.open("?view=scenarios")
    expect(page.locator("#scenario-flaky")).to_be_visible()
    late.begin()
    page.evaluate(LOOK_AGAIN)
    late.wait()
    page.get_by_role("switch", name="flaky", exact=True).click()
    expect(page.locator(".scenario.on")).to_have_count(1)
    late.let_go()
    expect(page.locator(".scenario.on")).to_have_count(1)


def test_leads_of_a_sandbox_that_began_anew_are_shown(inspect: Inspect, serve: Serve) -> None:
    first = serve("--quiet", "--in-memory")
    post(first, 3)
    inspector = inspect(first)
    inspector.forgiven = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET")
    page = inspector.open("?view=leads")
    expect(leads_in(page)).to_have_count(3)
    first.stop()
    expect(page.locator("#state")).to_have_text("reconnecting…")
    serve("--quiet", "--in-memory", "--port", str(first.port))
    inspector.live()
    expect(leads_in(page)).to_have_count(0)


def test_an_export_holds_the_leads_of_the_campaign_for_which_it_was_begun(inspector: Inspector) -> None:
    imported(inspector.sandbox, 1_100)
    inspector.sandbox.post(key="test-key.nightly")
    late = Late(inspector.page, r"/leads\?campaign=demo&limit=1000$")
    page = inspector.open("?view=leads&campaign=demo")
    expect(leads_in(page)).to_have_count(200)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export JSON").click()
        late.wait()
        page.locator("#lead-campaign").select_option("demo.nightly")
        expect(leads_in(page)).to_have_count(1)
        late.let_go()
    assert len(json.loads(Path(download.value.path()).read_text())["leads"]) == 1_100
    assert download.value.suggested_filename == "leads-demo.json"


# drawn anew while someone clicks or looks


@pytest.fixture
def clicking(inspector: Inspector) -> Inspector:
    inspector.page.add_init_script(PRESSED_LONG)
    return inspector


def test_a_total_is_clicked_while_requests_arrive(clicking: Inspector) -> None:
    post(clicking.sandbox, 2)
    page = clicking.open()
    chip = page.locator("[data-chip='status 201']")
    expect(chip).to_have_text("2012")
    chip.hover()
    page.mouse.down()
    name = id_of(clicking.sandbox.post())
    expect(clicking.row(name)).to_be_visible()
    page.mouse.up()
    expect(chip).to_have_attribute("aria-pressed", "true")
    expect(chip).to_have_text("2013")


@pytest.mark.parametrize(
    "change",
    [
        "document.querySelector('#list').style.marginBottom = '40px'",
        "document.querySelector('[role=switch]').click()",
    ],
    ids=["another size", "another mask"],
)
def test_a_request_is_opened_whose_row_is_drawn_anew_meanwhile(clicking: Inspector, change: str) -> None:
    """The totals come after the list, and give it another size."""
    [name] = post(clicking.sandbox)
    page = clicking.open()
    clicking.row(name).hover()
    page.mouse.down()
    page.evaluate(change)
    page.evaluate(SETTLED)
    page.mouse.up()
    expect(page.locator("#detail h2")).to_have_text(name)


def test_a_scenario_is_switched_off_while_it_answers(clicking: Inspector) -> None:
    clicking.sandbox.http.put("/_sandbox/scenarios/active", json={"active": ["flaky"]})
    page = clicking.open("?view=scenarios")
    page.get_by_role("switch", name="flaky", exact=True).hover()
    page.mouse.down()
    with page.expect_response(re.compile(r"/force$")):
        clicking.sandbox.post()
    page.wait_for_timeout(BRIEFLY)
    page.mouse.up()
    expect(page.locator(".scenario.on")).to_have_count(0)


def test_more_leads_are_shown_while_others_arrive(clicking: Inspector) -> None:
    imported(clicking.sandbox, 450)
    page = clicking.open("?view=leads")
    expect(leads_in(page)).to_have_count(200)
    page.get_by_role("button", name="Show more").hover()
    page.mouse.down()
    with page.expect_response(re.compile(r"/leads\?")):
        post(clicking.sandbox)
    page.wait_for_timeout(BRIEFLY)
    page.mouse.up()
    expect(page.locator("#lead-count")).to_have_text("451 leads")
    expect(leads_in(page)).not_to_have_count(200)


def test_another_request_of_the_lead_is_opened_while_it_is_sent_again(clicking: Inspector) -> None:
    names = [id_of(clicking.sandbox.post()) for _ in range(2)]
    page = clicking.open(f"?request={names[1]}")
    page.locator(".timeline a").hover()
    page.mouse.down()
    with page.expect_response(re.compile(r"/requests\?phone=")):
        clicking.sandbox.post()
    page.wait_for_timeout(BRIEFLY)
    page.mouse.up()
    expect(page.locator("#detail h2")).to_have_text(names[0])


def test_new_leads_do_not_scroll_the_table_back(inspect: Inspect, own: Running) -> None:
    own.post(
        {**LEAD, "firstName": "Ann", "lastName": "Bee", "email": "a@example.com", "source": "landing page"}
    )
    inspector = inspect(own, size=(400, 800))
    page = inspector.open("?view=leads")
    box = page.locator("#lead-table .scroll")
    box.evaluate("(box) => { box.scrollLeft = 150; }")
    assert box.evaluate("(box) => box.scrollLeft") == 150
    post(own)
    expect(leads_in(page)).to_have_count(2)
    assert box.evaluate("(box) => box.scrollLeft") == 150
