"""One Chromium for each file of tests; each test has a page, and a sandbox, of its own."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from inspector.browsing import Inspect, Inspector, chromium
from running import Running, Serve


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For a module and not the session: while it runs, no other test of this process can run an event loop."""
    with chromium() as found:
        yield found


@pytest.fixture
def inspect(browser: Browser) -> Iterator[Inspect]:
    """Opens pages; at the end of the test none of them may have complained."""
    with contextlib.ExitStack() as stack:

        def start(sandbox: Running, **context: Any) -> Inspector:
            opened = Inspector(browser, sandbox, **context)
            stack.callback(opened.close)
            return opened

        yield start


@pytest.fixture
def own(serve: Serve) -> Running:
    """A sandbox that nothing else talks to."""
    return serve("--quiet")


@pytest.fixture
def inspector(inspect: Inspect, own: Running) -> Inspector:
    """The page of that sandbox, not loaded yet."""
    return inspect(own)
