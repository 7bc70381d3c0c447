"""`open_state`: TinyDB over a state folder, read-only, beside the sandbox that writes it or after it."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tinydb import TinyDB, where

import aktify_sandbox
from aktify_sandbox import StateError, open_state
from aktify_sandbox.storage.index import public, restored
from aktify_sandbox.storage.log import request_id
from aktify_sandbox.storage.store import Store
from support.examples import examples
from support.open_states import busy, seen, told
from support.running import HostSandbox, Sandboxed
from support.snapshots import Snapshot
from support.states import FIRST, OPERATIONS, RECORD, WORK, lead, load, sealed
from support.stores import request_numbers


@pytest.fixture
def sandbox(serve: HostSandbox, tmp_path: Path) -> Sandboxed:
    return serve("--state", str(tmp_path / "state"))


@pytest.fixture
def state(sandbox: Sandboxed, tmp_path: Path) -> Iterator[TinyDB]:
    """The state of the sandbox, from another process than that."""
    with open_state(tmp_path / "state") as opened:
        yield opened


def test_its_names_are_public() -> None:
    assert {"open_state", "StateError"} <= set(aktify_sandbox.__all__)
    assert StateError.__module__ == "aktify_sandbox"
    assert issubclass(StateError, aktify_sandbox.SandboxError)


def test_each_table_says_what_the_sandbox_says(sandbox: Sandboxed, state: TinyDB) -> None:
    busy(sandbox)
    expected = told(sandbox)
    found = seen(state)
    assert found["leads"] == expected["leads"]
    assert found["requests"] == expected["requests"]
    assert any("hungUpAfterMs" in each for each in found["requests"])
    assert [each["shown"] for each in found["keys"]][-1] == "old"
    assert [each["revoked"] for each in found["keys"]][-1]
    assert [each["name"] for each in found["campaigns"]] == ["loose"]


def test_a_lead_is_seen_as_soon_as_its_client_has_the_201(sandbox: Sandboxed, state: TinyDB) -> None:
    leads, duplicates = state.table("leads"), where("response")["status"] == 409
    for ending in range(30):
        phone = f"+1509555{ending:04d}"
        assert not leads.contains(where("phone") == phone)
        assert sandbox.post(lead(ending)).status_code == 201
        assert leads.contains(where("phone") == phone)
        assert sandbox.post(lead(ending)).status_code == 409
        assert state.table("requests").count(duplicates) == ending + 1


FORGETTING: dict[str, Callable[[Sandboxed], object]] = {
    "reset": lambda sandbox: sandbox.http.post("/_sandbox/reset"),
    "clear the requests": lambda sandbox: sandbox.http.delete("/_sandbox/requests"),
    "clear some requests": lambda sandbox: sandbox.http.delete("/_sandbox/requests?status=201"),
    "clear the leads": lambda sandbox: sandbox.http.delete("/_sandbox/leads"),
    "load another state": lambda sandbox: load(sandbox, sealed(FIRST, {"id": "r000000009", "kind": "end"})),
}


@pytest.mark.parametrize("what", FORGETTING)
def test_removed_data_is_gone_here_too(sandbox: Sandboxed, state: TinyDB, what: str) -> None:
    busy(sandbox)
    assert seen(state)["requests"]
    FORGETTING[what](sandbox)
    sandbox.post(lead(20))
    sandbox.post(lead(3))
    expected, found = told(sandbox), seen(state)
    assert (found["leads"], found["requests"]) == (expected["leads"], expected["requests"])


def test_reading_changes_nothing_in_the_folder(sandbox: Sandboxed, tmp_path: Path) -> None:
    busy(sandbox)
    sandbox.stop()

    def files() -> dict[str, tuple[bytes, int]]:
        return {
            path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "state").iterdir()
        }

    before = files()
    with open_state(tmp_path / "state") as state:
        seen(state)
        assert files() == before


def test_a_state_that_is_read_can_be_served(serve: HostSandbox, tmp_path: Path) -> None:
    serve("--state", str(tmp_path / "state")).stop()
    with open_state(tmp_path / "state") as state:
        sandbox = serve("--state", str(tmp_path / "state"))
        assert sandbox.post().status_code == 201
        assert len(state.table("leads")) == 1


WRITES: dict[str, Callable[[TinyDB], object]] = {
    "insert": lambda state: state.table("leads").insert({"a": 1}),
    "insert none": lambda state: state.table("leads").insert_multiple([]),
    "update": lambda state: state.table("requests").update({"a": 1}),
    "upsert": lambda state: state.table("keys").upsert({"a": 1}, where("a") == 1),
    "remove": lambda state: state.table("leads").remove(where("a") == 1),
    "truncate": lambda state: state.table("requests").truncate(),
    "drop a table": lambda state: state.drop_table("leads"),
    "drop all": lambda state: state.drop_tables(),
}


@pytest.mark.parametrize("verb", WRITES)
def test_whatever_would_write_is_refused(
    sandbox: Sandboxed, state: TinyDB, verb: str, snapshot: Snapshot
) -> None:
    sandbox.post(lead(1))
    before = seen(state)
    with pytest.raises(StateError) as caught:
        WRITES[verb](state)
    snapshot("python", str(caught.value))
    assert seen(state) == before


def test_a_table_that_is_none_is_named_with_the_nearest(state: TinyDB, snapshot: Snapshot) -> None:
    with pytest.raises(StateError) as caught:
        state.table("request")
    snapshot("python", str(caught.value))
    with pytest.raises(StateError) as caught:
        state.table("x")
    snapshot("python", str(caught.value))
    with pytest.raises(AttributeError, match="name a table first"):
        state.search(where("a") == 1)
    assert state
    assert not hasattr(state, "nothing")
    assert state.tables() == {"leads", "requests", "keys", "campaigns"}
    assert "state" in repr(state)


def test_a_closed_state_says_so(state: TinyDB, snapshot: Snapshot) -> None:
    state.close()
    with pytest.raises(StateError) as caught:
        len(state.table("leads"))
    snapshot("python", str(caught.value))


# what is on its way, taken back or broken


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log that nobody serves, with two requests and one lead."""
    store = Store(tmp_path / "state")
    store.close()
    path = tmp_path / "state" / "log.jsonl"
    post = {**RECORD, "phone": "+15095550001", "lead": {"phoneNumber": "5095550001"}, "short": None}
    path.write_bytes(sealed(FIRST, post, {**RECORD, "id": "r000000002"}))
    return path


def counts(state: TinyDB) -> tuple[int, int]:
    return len(state.table("leads")), len(state.table("requests"))


def test_a_line_is_seen_once_it_is_whole(log: Path) -> None:
    line = sealed({**RECORD, "id": "r000000003"})
    with open_state(log.parent) as state:
        for place in range(len(line)):
            with log.open("ab") as file:
                file.write(line[place : place + 1])
            assert counts(state) == (1, 2 + (place == len(line) - 1))


def test_a_line_that_was_taken_back_is_not_seen_any_more(log: Path) -> None:
    """The disk refused a write of several lines, of which the first were read already."""
    size = log.stat().st_size
    with open_state(log.parent) as state:
        with log.open("ab") as file:
            file.write(sealed({**RECORD, "id": "r000000003"}))
        assert counts(state) == (1, 3)
        os.truncate(log, size)
        assert counts(state) == (1, 2)
        with log.open("ab") as file:
            file.write(sealed({**RECORD, "id": "r000000004"}, {**RECORD, "id": "r000000005"}))
        assert [each["id"][-1] for each in state.table("requests")] == ["1", "2", "4", "5"]
        os.truncate(log, size)
        with log.open("ab") as file:
            file.write(
                sealed({**RECORD, "id": "r000000006", "body": "x" * 999}, {**RECORD, "id": "r000000007"})
            )
        assert [each["id"][-1] for each in state.table("requests")] == ["1", "2", "6", "7"]


def test_a_table_that_is_being_read_is_not_changed_by_what_comes(log: Path) -> None:
    with open_state(log.parent) as state:
        rows = iter(state.table("requests"))
        next(rows)
        other = log.with_name("other")
        other.write_bytes(sealed(FIRST, {**RECORD, "id": "r000000009"}))
        other.replace(log)
        assert counts(state) == (0, 1)
        assert [each["id"] for each in rows] == ["r000000002"]
        with log.open("ab") as file:
            file.write(sealed({**RECORD, "id": "r000000010"}))
        rows = iter(state.table("requests"))
        next(rows)
    assert [each["id"] for each in rows] == ["r000000010"]


def test_a_damaged_line_is_named(log: Path, snapshot: Snapshot) -> None:
    content = log.read_bytes()
    with open_state(log.parent) as state:
        with log.open("ab") as file:
            file.write(sealed({**RECORD, "id": "r000000003"}).replace(b"{}", b"[]"))
        with pytest.raises(StateError) as caught:
            counts(state)
        snapshot("python", str(caught.value))
        log.write_bytes(content)
        assert counts(state) == (1, 2)
    log.write_bytes(content.replace(b"5095550001", b"5095550002"))
    with pytest.raises(StateError) as caught:
        open_state(log.parent)
    snapshot("python", str(caught.value))


def test_a_log_that_was_emptied_or_deleted_is_said(log: Path, snapshot: Snapshot) -> None:
    content = log.read_bytes()
    with open_state(log.parent) as state:
        log.write_bytes(b"")
        with pytest.raises(StateError) as caught:
            counts(state)
        snapshot("python", str(caught.value))
        log.unlink()
        with pytest.raises(StateError) as caught:
            counts(state)
        snapshot("python", str(caught.value))
        log.write_bytes(content)
        assert counts(state) == (1, 2)


def as_file(folder: Path) -> None:
    folder.rmdir()
    folder.write_text("x")


@pytest.mark.parametrize("table", ["leads", "requests"])
def test_a_log_that_is_cut_while_it_is_read_is_said(log: Path, table: str, snapshot: Snapshot) -> None:
    with log.open("ab") as file:
        for number in range(3, 1_000):
            post = {"phone": f"+1509555{number:04d}", "lead": {"phoneNumber": f"509555{number:04d}"}}
            file.write(sealed({**RECORD, "id": request_id(number), **post, "body": "x" * 999}))
    with open_state(log.parent) as state:
        rows = iter(state.table(table))
        next(rows)
        log.write_bytes(b"")
        with pytest.raises(StateError) as caught:
            list(rows)
        snapshot("python", str(caught.value))


def test_a_line_that_no_sandbox_wrote_is_named(log: Path, snapshot: Snapshot) -> None:
    with open_state(log.parent) as state:
        with log.open("ab") as file:
            file.write(sealed({"id": "r000000003", "kind": "put", "table": "nothing"}))
        with pytest.raises(StateError) as caught:
            counts(state)
        snapshot("python", str(caught.value))


def test_changing_a_document_changes_nothing_in_the_state(log: Path) -> None:
    campaign = {"name": "x", "link": "link", "profile": None, "rulings": {"region-case": "accept"}}
    with log.open("ab") as file:
        put = {"kind": "put", "table": "campaigns", "document": 3, "content": campaign}
        file.write(sealed({"id": "r000000003", **put}))
    with open_state(log.parent) as state:
        state.table("campaigns").all()[0]["rulings"].clear()
        assert state.table("campaigns").all() == [campaign]


FOLDERS: dict[str, Callable[[Path], object]] = {
    "missing": lambda folder: folder.rmdir(),
    "empty": lambda _: None,
    "a file": as_file,
    "another's log": lambda folder: (folder / "log.jsonl").write_text('{"level": 1}\n'),
    "another's sealed log": lambda folder: (folder / "log.jsonl").write_bytes(sealed({**FIRST, "log": "x"})),
    "of a later version": lambda folder: (folder / "log.jsonl").write_bytes(sealed({**FIRST, "version": 2})),
    "a link": lambda folder: (folder / "log.jsonl").symlink_to("/etc/passwd"),
    "a pipe": lambda folder: os.mkfifo(folder / "log.jsonl"),
    "a folder": lambda folder: (folder / "log.jsonl").mkdir(),
}


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_folder_without_a_state_is_an_error_in_words(tmp_path: Path, kind: str, snapshot: Snapshot) -> None:
    (tmp_path / "other").mkdir()
    FOLDERS[kind](tmp_path / "other")
    with pytest.raises(StateError) as caught:
        open_state(tmp_path / "other")
    snapshot("python", str(caught.value))


@given(work=WORK, keep=st.sampled_from([None, 1, 3]), opened=st.integers(0, 10))
@examples(100, suppress_health_check=list(HealthCheck))
def test_after_any_operations_a_state_shows_what_its_sandbox_shows(
    work: list[Any], keep: int | None, opened: int
) -> None:
    """Read after each operation, by a state that was open already, and by one that is opened at the end."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        store, state = Store(Path(name), max_requests=keep), None
        for place, (operation, campaign, number) in enumerate([*work, ("end", "a", 0)]):
            if operation != "end":
                OPERATIONS[operation](store, campaign, number)
            if place == opened or (operation == "end" and state is None):
                state = stack.enter_context(open_state(name))
            if state is not None:
                found = seen(state)
                records = [store.request(each) for each in reversed(request_numbers(store))]
                assert found["requests"] == [public(restored(each)) for each in records if each]
                assert found["leads"] == [
                    {word: each[word] for word in ("campaign", "phone", "receivedAt", "request", "lead")}
                    for each in store.leads
                ]
                assert found["keys"] == store.db.table("keys").all()
        with open_state(name) as again:
            assert seen(again) == found
        store.close()
        with open_state(name) as again:
            assert seen(again) == found
