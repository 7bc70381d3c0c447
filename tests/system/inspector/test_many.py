"""100,000 requests: only what is in sight is in the page, however far one scrolls."""

from pathlib import Path

import orjson
import pytest
from playwright.sync_api import expect

from aktify_sandbox.storage.log import request_id, seal
from support.browsing import Inspect
from support.running import Serve

MANY = 100_000


@pytest.fixture
def state(serve: Serve, tmp_path: Path) -> Path:
    """A state folder whose log holds that many requests, written as the sandbox itself writes them."""
    folder = tmp_path / "state"
    sandbox = serve("--quiet", "--state", str(folder))
    sandbox.post({})
    sandbox.stop()
    log = folder / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    record = orjson.loads(lines[-1])
    del record["crc"]
    made = (seal(orjson.dumps({**record, "id": request_id(number)})) for number in range(2, MANY + 1))
    log.write_bytes(b"".join([*lines, *made]))
    return folder


def test_100_000_requests_scroll_with_few_rows_in_the_page(
    inspect: Inspect, serve: Serve, state: Path
) -> None:
    sandbox = serve("--quiet", "--state", str(state))
    inspector = inspect(sandbox)
    page = inspector.open()
    expect(inspector.row(request_id(MANY))).to_be_visible()
    worst = page.evaluate(
        """async () => {
          const list = document.querySelector('#list');
          const frame = () => new Promise(requestAnimationFrame);
          let most = 0;
          for (let last = -1, still = 0; still < 400; ) {
            list.scrollTop = list.scrollHeight;
            await frame();
            most = Math.max(most, document.querySelectorAll('#rows *').length, 0);
            still = list.scrollHeight === last ? still + 1 : 0;
            last = list.scrollHeight;
            if (document.querySelector('#row-r000000001')) break;
          }
          return most;
        }"""
    )
    expect(inspector.row(request_id(1))).to_be_visible()
    assert page.locator("#list").get_attribute("aria-rowcount") == str(MANY + 1)
    assert 0 < worst < 800
    newest = sandbox.post({}).headers["x-aktify-sandbox-request"]
    expect(page.locator("#new")).to_have_text("1 new")
    expect(inspector.row(request_id(1))).to_be_in_viewport()
    page.click("#new")
    expect(inspector.row(newest)).to_be_in_viewport()
    frames = page.evaluate(
        """async () => {
          const list = document.querySelector('#list');
          const empty = [];
          for (let step = 0; step < 120; step++) {
            list.scrollTop = step * 25000;
            await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            const box = list.getBoundingClientRect();
            const at = document.elementFromPoint(box.left + 40, box.top + box.height / 2);
            if (!at.closest('.row')) empty.push(step);
          }
          return empty;
        }"""
    )
    assert frames == [], "there are rows wherever one has scrolled to"
