"""For everyone: axe-core, light and dark, wide and narrow, without a mouse, without motion."""

import pytest
from playwright.sync_api import Page, expect

from support.axe import violations
from support.browsing import Inspect, Inspector
from support.running import Running

VIEWS = (
    "",
    "?view=leads",
    "?view=scenarios",
    "?view=check",
    "?view=report",
    "?view=setup",
    "?search=nothing-like-it",
)


@pytest.fixture
def used(own: Running) -> Running:
    """A sandbox with something to show in every view."""
    own.post({"phoneNumber": "(509) 555-1234", "region": "CA", "firstName": "John", "email": "a@example.com"})
    own.post({"phoneNumber": "(509) 555-1234", "region": "NV", "foo": "bar"})
    own.post({"phone": "(509) 555-1234", "region": "ca", "metadata": {"a": 1}})
    own.post({"phoneNumber": "(509) 555-0154", "region": "CA"})
    own.http.get("/api/v1/leads")
    own.http.put("/_sandbox/scenarios/active", json={"active": ["flaky"]})
    own.post({"phoneNumber": "(509) 555-4321", "region": "CA"})
    own.http.post("/_sandbox/force", json={"status": 503, "times": 3})
    return own


FOCUSED = """() => {
  const { id, name, dataset, tagName } = document.activeElement;
  const style = getComputedStyle(document.activeElement);
  const what = id || name || dataset.do || dataset.copy || dataset.view || tagName;
  return [what, style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2];
}"""
"""What has the focus, and whether that is seen."""


def opened(sandbox: Running, status: int) -> str:
    """The address at which the request with that status is open."""
    [found] = sandbox.get(f"/_sandbox/requests?status={status}")["requests"]
    return f"?request={found['id']}"


def settled(page: Page, query: str) -> None:
    """Wait until what the address asks for is there."""
    place = (
        "#detail h2"
        if "request" in query
        else ".view:not([hidden]) :is(table, .row, .card, .drop, .empty:not([hidden]) h2)"
    )
    expect(page.locator(place).last).to_be_visible()


@pytest.mark.parametrize("size", [(1280, 800), (400, 800)], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_view(
    inspect: Inspect, used: Running, scheme: str, size: tuple[int, int]
) -> None:
    """The policy is lifted for axe alone; every other test runs under it."""
    inspector = inspect(used, color_scheme=scheme, size=size, bypass_csp=True)
    for query in (*VIEWS, opened(used, 400)):
        page = inspector.open(query)
        settled(page, query)
        assert violations(page) == [], query
    inspector.open()
    inspector.key("?")
    assert violations(inspector.page) == [], "help"
    inspector.open()
    inspector.key("n")
    expect(inspector.page.locator("#compose-body")).to_be_visible()
    assert violations(inspector.page) == [], "a new lead"
    inspector.open(opened(used, 400))
    inspector.page.get_by_role("button", name="Copy as curl").click()
    expect(inspector.page.get_by_role("button", name="Copy it whole")).to_be_visible()
    assert violations(inspector.page) == [], "a message"
    inspector.page.locator(".remark a").first.click()
    expect(inspector.page.locator(".values")).to_be_visible()
    assert violations(inspector.page) == [], "a ruling"
    inspector.open(opened(used, 409))
    inspector.page.get_by_role("button", name="Edit and send").click()
    assert violations(inspector.page) == [], "edit and send"
    inspector.open("?view=setup")
    inspector.page.get_by_role("button", name="Reset…").click()
    assert violations(inspector.page) == [], "a question"


def test_axe_finds_nothing_on_the_empty_page(inspect: Inspect, own: Running) -> None:
    inspector = inspect(own, bypass_csp=True)
    page = inspector.open()
    expect(page.locator("#empty")).to_contain_text("No requests yet")
    assert violations(page) == []


def test_axe_would_find_something(inspect: Inspect, own: Running) -> None:
    inspector = inspect(own, bypass_csp=True)
    page = inspector.open()
    page.evaluate("document.querySelector('#state').style.color = '#ccc'")
    page.evaluate(
        "for (const name of ['aria-label', 'title']) document.querySelector('#help').removeAttribute(name)"
    )
    page.evaluate("document.querySelector('#help').textContent = ''")
    found = {each.partition(":")[0] for each in violations(page)}
    assert {"button-name", "color-contrast"} <= found


def test_the_page_is_light_or_dark_as_the_system_is(inspect: Inspect, used: Running) -> None:
    def ground(inspector: Inspector) -> int:
        colour: str = inspector.open().evaluate("getComputedStyle(document.body).backgroundColor")
        return int(colour.removeprefix("rgb(").partition(",")[0])

    assert ground(inspect(used, color_scheme="light")) > 200
    assert ground(inspect(used, color_scheme="dark")) < 60


@pytest.mark.parametrize("width", [1280, 820, 400, 320])
def test_no_view_is_wider_than_the_window(inspect: Inspect, used: Running, width: int) -> None:
    inspector = inspect(used, size=(width, 800))
    for query in (*VIEWS, opened(used, 400), opened(used, 409)):
        page = inspector.open(query)
        settled(page, query)
        assert inspector.overflow() <= 0, query


def test_without_a_mouse_everything_is_reached_and_seen(inspect: Inspect, used: Running) -> None:
    """Tab goes through all controls, and each shows where the focus is."""
    inspector = inspect(used)
    page = inspector.open(opened(used, 409))
    settled(page, "request")
    seen = []
    for _ in range(60):
        inspector.key("Tab")
        focused = page.evaluate(FOCUSED)
        if focused[0] == "BODY":
            break
        assert focused[1], focused
        seen.append(focused[0])
    for wanted in (
        "requests",
        "setup",
        "mask",
        "help",
        "search",
        "status",
        "forced",
        "pause",
        "list",
        "curl",
        "har",
        "resend",
        "edit",
    ):
        assert wanted in seen, (wanted, seen)


def test_new_requests_are_announced_politely(inspector: Inspector) -> None:
    page = inspector.open()
    inspector.sandbox.post({})
    expect(page.locator("#said")).to_have_text(
        "1 new request, the latest: 400, phoneNumber is missing. (+1 more)"
    )
    expect(page.locator("#said")).to_have_attribute("aria-live", "polite")


def test_who_wants_no_motion_gets_none(inspect: Inspect, own: Running) -> None:
    inspector = inspect(own, reduced_motion="reduce")
    page = inspector.open()
    assert page.evaluate(
        "getComputedStyle(document.querySelector('.track'), '::after').transitionDuration"
    ) in ("0s", "")


def test_a_switch_is_seen_to_be_on_where_the_system_sets_the_colours(inspect: Inspect, own: Running) -> None:
    page = inspect(own, forced_colors="active").open()
    colours = """() => ['', '::after'].map(
      (part) => getComputedStyle(document.querySelector('#mask .track'), part || null).backgroundColor)"""
    on = page.evaluate(colours)
    page.get_by_role("switch", name="Mask personal data").click()
    off = page.evaluate(colours)
    assert on[0] != on[1], "the knob is seen"
    assert off[0] != off[1], "the knob is seen"
    assert on != off
