"""The banner: what `serve` says first, by settings and state."""

from pathlib import Path
from typing import Any

import pytest

from aktify_sandbox.app import Application
from aktify_sandbox.server.banner import banner
from aktify_sandbox.settings import Settings
from aktify_sandbox.storage.store import Store
from support.snapshots import Snapshot

CASES: dict[str, dict[str, Any]] = {
    "alone": {},
    "in memory": {"in_memory": True},
    "at the default address": {"url": "http://127.0.0.1:8509"},
    "with scenarios": {"file": "scenarios: [flaky, slow]"},
    "where only fictional numbers are taken": {"fictional_only": True},
    "where no lead that is known is accepted": {"file": "rulings: {text-length: 9}"},
    "with a key of one's own": {"file": "campaigns: {demo: {keys: [a-key-of-mine-1]}}"},
    "without a key that is valid": {"file": "campaigns: {demo: {keys: [{key: gone, revoked: true}]}}"},
    "behind a public address": {"public_url": "https://sandbox.test"},
}


@pytest.mark.parametrize("case", CASES)
def test_the_banner(case: str, tmp_path: Path, snapshot: Snapshot) -> None:
    flags = {"state": tmp_path / "state", **CASES[case]}
    url = flags.pop("url", "http://127.0.0.1:8600")
    (tmp_path / "aktify-sandbox.yaml").write_text(flags.pop("file", ""))
    settings, _ = Settings.gather(flags, {}, tmp_path)
    store = Store(None if settings.in_memory else settings.state)
    app = Application(settings, store, settings.public_url or url, lambda _: None, lambda: None)
    text = banner(settings, app.campaigns, store, app.forcing.active, url)
    store.close()
    assert f"POST {settings.public_url or url}/api/v1/leads" in text
    assert "a-key-of-mine" not in text
    snapshot("serve", text)
