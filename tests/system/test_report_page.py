"""The report as one HTML file, in a real browser: readable by all, in both themes, on a narrow screen and on paper."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from aktify_sandbox.report.formats.html import as_html
from support.axe import violations
from support.browsing import chromium
from support.reports import finding, report

LONG = "x" * 300


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    found = report(
        finding(example=LONG),
        finding("warning", id="ignored-retry-after", entries=[f"r{number:09d}" for number in range(100)]),
        finding("note", id="stood-on-ruling"),
    )
    found["switchedOff"] = {"constant-field": "one state only"}
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(as_html(found), encoding="utf-8")
    return file.as_uri()


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_cut(
    browser: Browser, address: str, scheme: Any, width: int
) -> None:
    """The policy is lifted for axe alone."""
    size: Any = {"width": width, "height": 800}
    with browser.new_context(color_scheme=scheme, viewport=size, bypass_csp=True) as context:
        page = context.new_page()
        page.goto(address)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (int(ground.removeprefix("rgb(").partition(",")[0]) < 60) == (scheme == "dark")


def test_it_needs_no_script_and_prints_on_white_paper(browser: Browser, address: str) -> None:
    with browser.new_context(color_scheme="dark", java_script_enabled=False) as context:
        page = context.new_page()
        noticed: list[str] = []
        page.on("console", lambda message: noticed.append(message.text))
        page.goto(address)
        assert page.get_by_role("heading", level=2).all_text_contents()[:2] == [
            "Findings",
            "Coverage of the contract",
        ]
        assert page.pdf(format="A4").startswith(b"%PDF")
        assert noticed == []
    with browser.new_context(color_scheme="dark") as context:
        page = context.new_page()
        page.goto(address)
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 254, 252)"
