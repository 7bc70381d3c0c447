"""The README's pictures are of the page as it is; `python -m pytest tests/system/inspector --pictures` renews them."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from support.browsing import Inspect
from support.paths import ROOT
from support.running import Running

DOCS = ROOT / "docs"
MOST = 200_000


@pytest.fixture
def busy(own: Running) -> Running:
    """An afternoon's worth of mistakes."""
    own.http.put("/_sandbox/scenarios/active", json={"active": ["rate-limited"]})
    people = ["Ann", "Bob", "Cleo", "Dan", "Eve", "Finn"]
    for number, name in enumerate(people):
        lead = {
            "phoneNumber": f"(509) 555-01{number + 10}",
            "region": "CA",
            "firstName": name,
            "source": "landing page",
        }
        own.post(lead, key="test-key.nightly" if number % 2 else "test-key")
    own.http.put("/_sandbox/scenarios/active", json={"active": []})
    own.post({"phoneNumber": "+1 509 555 0110", "region": "CA"})
    own.post({"phoneNumber": "(509) 555-01234", "region": "CA"})
    own.post({"phoneNumber": "(509) 555-0111", "region": "CA"}, key="a-key-of-production")
    own.http.get("/api/v1/lead")
    own.post({"phoneNumber": "(509) 555-0170", "region": "NV"})
    own.post({"phoneNumber": "(509) 555-0170", "region": "NV"})
    for broken in ("0165", "0163"):
        with pytest.raises(httpx.TransportError):
            own.post({"phoneNumber": f"(509) 555-{broken}", "region": "WA"})
    own.post({"phoneNumber": "(509) 555-0163", "region": "WA"})
    own.post(
        {
            "phone": "(509) 555-0199",
            "region": "ca",
            "zipCode": 2139,
            "firstName": "Ann",
            "metadata": {"campaignId": 17, "form": "spring"},
        }
    )
    own.post({"phoneNumber": "(509) 555-0130", "zipCode": "98101", "firstName": "Grace"})
    return own


@pytest.mark.parametrize(
    ("name", "scheme", "opened"),
    [("inspector-list", "light", ""), ("inspector-detail", "dark", "status=400&search=campaignId")],
)
def test_the_page_has_its_picture_taken(
    inspect: Inspect,
    busy: Running,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    name: str,
    scheme: str,
    opened: str,
) -> None:
    inspector = inspect(busy, color_scheme=scheme, size=(1200, 660))
    query = f"?request={busy.get(f'/_sandbox/requests?{opened}')['requests'][0]['id']}" if opened else ""
    page = inspector.open(query)
    expect(inspector.rows().first).to_be_visible()
    if opened:
        expect(page.locator(".remark").first).to_be_visible()
    folder = DOCS if request.config.getoption("--pictures") else tmp_path
    page.screenshot(path=folder / f"{name}.png")
    assert 10_000 < (folder / f"{name}.png").stat().st_size < MOST
    assert 10_000 < (DOCS / f"{name}.png").stat().st_size < MOST
