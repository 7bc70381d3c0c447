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


# late answers: dialogs


# late answers: the list and its request


# late answers: other views


# drawn anew while someone clicks or looks


@pytest.fixture
def clicking(inspector: Inspector) -> Inspector:
    inspector.page.add_init_script(PRESSED_LONG)
    return inspector
