"""The page in a real Chromium, watched for whatever it must never do."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    FloatRect,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

from support.conditions import eventually
from support.running import Running

ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SKIP_NOTHING = "AKTIFY_TESTS_SKIP_NOTHING"


def chromium_or_skip() -> str:
    """The system's Chromium; where there is none, the test skips, or fails if it was told to skip nothing."""
    program = shutil.which("chromium")
    if program is None:
        reason = "the page's tests need Debian's chromium on the PATH"
        if os.environ.get(SKIP_NOTHING):
            pytest.fail(reason)
        pytest.skip(reason)
    return program


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser for many pages."""
    program = chromium_or_skip()
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS, *root])
        yield browser
        browser.close()


CANARY = "window.__ran = []; window.canary = (what) => window.__ran.push(what || 1);" + "".join(
    f"window.{name} = (...what) => window.__ran.push('{name}');" for name in ("alert", "confirm", "prompt")
)
"""What a payload would call; it leaves a trace that the page's own code can't leave."""


PATIENCE = 30_000
"""Milliseconds: a bound for a busy machine, which tests nothing."""
expect.set_options(timeout=PATIENCE)

SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""A frame from now, in which the page has drawn its rows and has heard of the sizes that changed."""


def box_of(locator: Locator) -> FloatRect:
    """Where an element is, in pixels, once what was asked for is drawn.

    Waits while the page replaces the element, since then it is nowhere.
    """
    locator.page.evaluate(SETTLED)
    found: list[FloatRect] = []

    def look() -> bool:
        box = locator.bounding_box()
        found.extend([box] if box else [])
        return bool(found)

    eventually(look)
    return found[0]


class Inspector:
    """The page of one sandbox, and what was noticed while it was open."""

    def __init__(self, browser: Browser, sandbox: Running, **context: Any) -> None:
        size = context.pop("size", (1280, 800))
        self.sandbox = sandbox
        self.forgiven: tuple[str, ...] = ()
        """Parts of console messages that the test provokes: a restart, a refusal."""
        self._noticed: list[str] = []
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            permissions=["clipboard-read", "clipboard-write"],
            accept_downloads=True,
            **context,
        )
        self.context.set_default_timeout(PATIENCE)
        self.context.add_init_script(CANARY)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self._noticed.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self._noticed.append(f"dialog: {dialog.message}"))
        self.page.on("request", self._on_request)

    def shows_all(self) -> "Inspector":
        """With the page's switch for personal data off."""
        self.context.add_init_script("try { localStorage.setItem('mask', 'off'); } catch {}")
        return self

    def _on_console(self, message: ConsoleMessage) -> None:
        self._noticed.append(f"{message.type}: {message.text}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.sandbox.url, "blob:")):
            self._noticed.append(f"a request to another host: {request.url}")

    def open(self, query: str = "") -> Page:
        """Load the page with that in its address bar, until it is live.

        A test that answers in the sandbox's place (``page.route``) says so before: a page that is
        open hears of it later than Playwright says, and its next request may still get through.
        """
        self.page.goto(f"{self.sandbox.url}/_sandbox/{query}")
        self.live()
        return self.page

    def live(self) -> None:
        """Wait until the stream is open."""
        expect(self.page.locator("#state")).to_have_text("live")

    def rows(self) -> Any:
        """The rows that are elements now."""
        return self.page.locator("#rows .row")

    def row(self, request: str) -> Any:
        """The row of a request."""
        return self.page.locator(f"#row-{request}")

    def key(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def clipboard(self) -> str:
        """What was copied."""
        text: str = self.page.evaluate("navigator.clipboard.readText()")
        return text

    def search(self) -> str:
        """What the address bar says behind the question mark."""
        text: str = self.page.evaluate("decodeURIComponent(location.search)")
        return text

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        pixels: int = self.page.evaluate(
            "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - innerWidth"
        )
        return pixels

    def noticed(self) -> list[str]:
        """Console messages, errors, dialogs, calls of the canary and requests to others, but what is forgiven."""
        ran = [] if self.page.is_closed() else self.page.evaluate("window.__ran.map(String)")
        everything = [*self._noticed, *(f"script ran: {what}" for what in ran)]
        return [each for each in everything if not any(part in each for part in self.forgiven)]

    def close(self) -> None:
        """Close it; nothing may have been noticed."""
        noticed = self.noticed()
        self.context.close()
        if noticed:
            raise AssertionError("\n".join(noticed))


Inspect = Callable[..., Inspector]
"""Opens the page of a sandbox; options are those of a browser context, and `size`."""
