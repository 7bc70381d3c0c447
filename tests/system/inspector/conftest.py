"""One Chromium for each file of tests; each test has a page, and a sandbox, of its own."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from support.browsing import Inspect, Inspector, chromium
from support.running import Running, Serve


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For a module and not the session: while it runs, no other test of this process can run an event loop."""
    with chromium() as found:
        yield found


@pytest.fixture
def inspect(browser: Browser, serve: Serve) -> Iterator[Inspect]:
    """Opens pages; at the end of the test none of them may have complained.

    `serve` is asked for so that sandboxes end after the pages that look at them.
    """
    with contextlib.ExitStack() as stack:

        def start(sandbox: Running, **context: Any) -> Inspector:
            opened = Inspector(browser, sandbox, **context)
            stack.callback(opened.close)
            return opened

        yield start


@pytest.fixture(scope="module")
def sandbox_of_the_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Started once, since a browser's tests are many and slow enough."""
    running = Running(tmp_path_factory.mktemp("inspector"), "--in-memory", "--quiet")
    yield running
    assert running.stop() == 0


@pytest.fixture
def own(sandbox_of_the_file: Running) -> Running:
    """A sandbox that nothing else talks to, and that remembers nothing."""
    sandbox_of_the_file.http.put("/_sandbox/scenarios/active", json={"active": []})
    sandbox_of_the_file.http.post("/_sandbox/reset")
    return sandbox_of_the_file


@pytest.fixture
def inspector(inspect: Inspect, own: Running) -> Inspector:
    """The page of that sandbox, not loaded yet."""
    return inspect(own)
