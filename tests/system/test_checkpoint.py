"""What a checkpoint covers may be damaged: it is proved while requests are answered, and said in words."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from aktify_sandbox.storage.store import Store
from support.checkpoints import another_digit, damaged, folder_with_checkpoint, no_json, write_checkpoint
from support.conditions import eventually
from support.running import LEAD, Serve
from support.snapshots import Snapshot


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_with_checkpoint(tmp_path / "state")


@pytest.mark.parametrize("change", [no_json, another_digit])
def test_what_it_covers_is_proved_beside_the_requests(
    serve: Serve, folder: Path, change: Callable[[bytes], bytes], snapshot: Snapshot
) -> None:
    damaged(folder, 3, change)
    sandbox = serve("--state", str(folder))
    sandbox.post()  # work goes on
    eventually(lambda: "log.jsonl:4: The log is damaged at byte" in sandbox.output())
    answer = sandbox.http.delete("/_sandbox/requests")
    assert answer.status_code == 503
    snapshot("admin", answer.json()["detail"])
    assert sandbox.stop() == 0


def test_a_damaged_line_that_must_be_read_is_said_in_words(
    serve: Serve, tmp_path: Path, snapshot: Snapshot
) -> None:
    first = serve("--state", str(tmp_path / "state"))
    link = first.post({**LEAD, "linkToShorten": "https://example.com/a"}).json()["link"]
    first.post()
    assert first.stop() == 0
    store = Store(tmp_path / "state")
    write_checkpoint(store)
    store.close()
    damaged(tmp_path / "state", 1, no_json)
    sandbox = serve("--state", str(tmp_path / "state"))
    for path in (
        "/_sandbox/requests/r000000001",
        "/_sandbox/requests",
        "/_sandbox/leads",
        urlsplit(link).path,
    ):
        answer = sandbox.http.get(path)
        assert answer.status_code == 503, path
        snapshot("admin", answer.text)
    assert "Traceback" not in sandbox.output()
