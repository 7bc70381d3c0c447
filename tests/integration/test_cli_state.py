"""`state save --format tinydb` and `state check`."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from tinydb import TinyDB, where

from aktify_sandbox import open_state
from support.commands import run
from support.open_states import busy, seen
from support.running import HostSandbox, Sandboxed
from support.snapshots import Snapshot
from support.states import FIRST, lead, sealed


@pytest.fixture
def sandbox(serve: HostSandbox, tmp_path: Path) -> Sandboxed:
    """A sandbox that remembers something of every kind."""
    sandbox = serve("--state", str(tmp_path / "state"))
    busy(sandbox)
    sandbox.post(lead(40, firstName="José \u2028 \U0001f600"))
    return sandbox


# as TinyDB's own file


def test_stock_tinydb_opens_what_was_saved_for_it(
    sandbox: Sandboxed, tmp_path: Path, snapshot: Snapshot
) -> None:
    file = tmp_path / "state.json"
    said = run(sandbox, "state", "save", "--format", "tinydb", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    with TinyDB(file) as plain, open_state(tmp_path / "state") as state:
        assert plain.tables() == state.tables()
        assert seen(plain) == seen(state)
        assert plain.table("requests").count(where("response")["status"] == 409) == 1
        snapshot("commands", said)
    assert file.read_bytes().isascii()
    assert {path.name for path in tmp_path.iterdir()} == {"state", "state.json", "work"}


def test_a_state_for_tinydb_goes_through_a_pipe(sandbox: Sandboxed) -> None:
    tables = json.loads(run(sandbox, "state", "save", "--format", "tinydb", "-"))
    assert tables.keys() == {"leads", "requests", "keys", "campaigns"}


def test_an_empty_state_is_four_empty_tables(serve: HostSandbox, tmp_path: Path) -> None:
    run(serve(), "state", "save", "--format", "tinydb", str(tmp_path / "a.json"))
    assert json.loads((tmp_path / "a.json").read_bytes()) == {
        name: {} for name in ("leads", "requests", "keys", "campaigns")
    }


def test_no_key_lies_in_a_file_for_tinydb(sandbox: Sandboxed, tmp_path: Path) -> None:
    run(sandbox, "state", "save", "--format", "tinydb", str(tmp_path / "a.json"))
    content = (tmp_path / "a.json").read_bytes()
    assert b"nobody" not in content
    assert b"key-of-loose" not in content


# proved


def checked(folder: Path | str, code: int, *options: str) -> str:
    return run(None, "state", "check", str(folder), *options, code=code)


def test_a_state_is_proved_beside_its_sandbox_and_after_it(
    sandbox: Sandboxed, tmp_path: Path, snapshot: Snapshot
) -> None:
    state = tmp_path / "state"
    status = sandbox.get("/_sandbox/status")
    counts = f"({status['leads']} leads and {status['requests']} requests)"
    before = checked(state, 0)
    snapshot("commands", before)
    assert counts in before
    sandbox.stop()
    files = {path.name: path.read_bytes() for path in state.iterdir()}
    proof = json.loads(checked(state, 0, "--json"))
    assert proof["lines"] == files["log.jsonl"].count(b"\n")
    assert (proof["leads"], proof["requests"]) == (status["leads"], status["requests"])
    assert (proof["damaged"], proof["unfinished"], proof["bytes"]) == ([], 0, len(files["log.jsonl"]))
    assert {path.name: path.read_bytes() for path in state.iterdir()} == files


def test_a_byte_changed_anywhere_is_found_with_its_line(sandbox: Sandboxed, tmp_path: Path) -> None:
    sandbox.stop()
    log = tmp_path / "state" / "log.jsonl"
    content = log.read_bytes()
    for place in random.Random(7).sample(range(len(content) - 1), 12):
        log.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        line = content.count(b"\n", 0, place) + 1
        proof = json.loads(checked(log.parent, 1, "--json"))
        assert [each["line"] for each in proof["damaged"]] == [line], place
    assert f"{log}:{line}: " in checked(log.parent, 1)


def test_each_damaged_line_is_named(tmp_path: Path) -> None:
    end = {"id": "r000000003", "kind": "drop", "table": "keys", "documents": []}
    lines = sealed(
        FIRST, {**end, "id": "r000000002"}, {**end, "id": "r000000001"}, {**end, "documents": 5}, end
    )
    (tmp_path / "log.jsonl").write_bytes(lines.replace(b'"version":1', b'"version":2') + b'{"id":"r0')
    proof = json.loads(checked(tmp_path, 1, "--json"))
    assert [each["line"] for each in proof["damaged"]] == [1, 3, 4]
    assert (proof["lines"], proof["unfinished"]) == (5, 9)


NONE: dict[str, Callable[[Path], object]] = {
    "no log": lambda _: None,
    "another's log": lambda folder: (folder / "log.jsonl").write_text('{"level": 1}\n'),
    "an empty log": lambda folder: (folder / "log.jsonl").touch(),
    "a link": lambda folder: (folder / "log.jsonl").symlink_to("/etc/passwd"),
}


@pytest.mark.parametrize("kind", NONE)
def test_a_folder_without_a_state_is_wrong_usage(tmp_path: Path, kind: str) -> None:
    NONE[kind](tmp_path)
    assert str(tmp_path / "log.jsonl") in checked(tmp_path, 2)
