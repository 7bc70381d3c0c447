"""The inspector in a real Chromium: first paint, how soon a posted request is seen, what the page weighs.

Without Debian's `chromium` on the PATH there is nothing to measure, and the command says so.
"""

import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING

import click
import httpx

from benchmarks import goals, results
from benchmarks.leads import HOST, Places, phone_number
from benchmarks.servers import SANDBOX, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

_SEEN = """() => {
  window.seen = {};
  const look = () => {
    for (const row of document.querySelectorAll('#rows .row')) window.seen[row.dataset.id] ??= Date.now();
  };
  new MutationObserver(look).observe(document.querySelector('#rows'), { childList: true });
}"""
_WEIGHT = r"""() => [performance.getEntriesByType('navigation')[0], ...performance.getEntriesByType('resource')]
  .filter((each) => !/_sandbox\/(requests|config)/.test(each.name)).reduce(
    ([wire, whole], each) => [wire + each.transferSize, whole + each.decodedBodySize], [0, 0])"""
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    loads: int
    posts: int


def run(plan: Plan, to: "Path") -> None:
    """Measure and write the section."""
    with served(SANDBOX, Places().take(1)) as server, _chromium() as browser:
        url = f"http://{HOST}:{server.port}"
        paints, weight = _loads(browser, url, plan.loads)
        late = _posts(browser, url, plan.posts)
    rows = [
        [
            "first paint, nothing cached",
            f"{results.spread(paints, '.0f')} ms",
            goals.PAINT.verdict(median(paints)),
        ],
        ["posted to seen, median", f"{median(late):.0f} ms", goals.SEEN.verdict(median(late))],
        ["posted to seen, p95", f"{_p95(late):.0f} ms", goals.SEEN.verdict(_p95(late))],
        [
            "the whole page on the wire, heads included",
            f"{weight[0] / 1e3:.1f} kB",
            goals.WEIGHT.verdict(weight[0] / 1e3),
        ],
        ["the same, unpacked", f"{weight[1] / 1e3:.1f} kB", ""],
    ]
    said = f"Chromium, 1280 × 800; {plan.loads} loads, each in a context of its own; {plan.posts} posts, 50 ms apart."
    results.write("Page", [said, "", *results.table(["what", "measured", "goal"], rows)], to)


@contextmanager
def _chromium() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        raise click.ClickException("The page is measured in Debian's Chromium: apt install chromium.")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--disable-gpu", "--no-first-run", *root]
        )
        yield browser
        browser.close()


def _open(browser: "Browser", url: str) -> "Page":
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(f"{url}/_sandbox/")
    page.wait_for_selector("#state[data-state=live]")
    return page


def _loads(browser: "Browser", url: str, count: int) -> tuple[list[float], tuple[float, float]]:
    paints, weight = [], (0.0, 0.0)
    for _ in range(count):
        page = _open(browser, url)
        paints.append(float(page.evaluate(_PAINT)))
        wire, whole = page.evaluate(_WEIGHT)
        weight = (wire, whole)
        page.context.close()
    return paints, weight


def _posts(browser: "Browser", url: str, count: int) -> list[float]:
    """Milliseconds from before the post until its row is an element of the page."""
    page = _open(browser, url)
    page.evaluate(_SEEN)
    sent = {}
    with httpx.Client(base_url=url, headers={"x-api-key": "test-key"}, trust_env=False) as client:
        for number in range(count):
            began = time.time() * 1e3
            lead = {"phoneNumber": phone_number(900_000 + number), "region": "CA"}
            sent[client.post("/api/v1/leads", json=lead).headers["x-aktify-sandbox-request"]] = began
            time.sleep(0.05)
    page.wait_for_timeout(1_000)
    seen = page.evaluate("window.seen")
    return [seen[name] - began for name, began in sent.items()]


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1] if len(values) > 1 else values[0]
