"""The store: nothing acknowledged is lost, nothing refused is kept, whatever happens to disk and process."""

import asyncio
import contextlib
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from tinydb import where

from aktify_sandbox.errors import LogWriteError, StateInUseError
from aktify_sandbox.storage.store import Store
from support.examples import examples
from support.snapshots import Snapshot
from support.stores import StoreAgainstADictionary, leads, payload, phone, post, request_numbers, run


def test_of_equal_posts_in_one_turn_exactly_one_is_kept() -> None:
    store = Store(None)
    assert sorted(run(*(post(store, "demo", 1) for _ in range(32)))) == [False] * 31 + [True]
    assert len(request_numbers(store)) == 32


def test_leads_are_imported_while_a_post_waits_to_be_written() -> None:
    """The post is written between the taking of the imported leads' numbers and their own lines."""
    store = Store(None)

    async def post_and_import() -> bool:
        posted = asyncio.ensure_future(post(store, "demo", 1))
        await asyncio.sleep(0)  # it waits for the end of this turn of the loop
        imported: list[dict[str, Any]] = [
            {
                "campaign": "demo",
                "phone": phone(number),
                "receivedAt": "",
                "request": None,
                "lead": {},
                "short": None,
            }
            for number in (2, 3)
        ]
        store.leads.insert_multiple(imported)
        return await posted

    assert run(post_and_import()) == [True]
    assert leads(store) == {("demo", phone(number)) for number in (1, 2, 3)}
    assert store.newest == max(lead.doc_id for lead in store.leads)


def test_one_number_in_two_campaigns_is_two_leads() -> None:
    store = Store(None)
    assert run(post(store, "a", 1), post(store, "b", 1)) == [True, True]


def test_kept_leads_are_there_after_opening_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run(*(post(store, "demo", number % 5) for number in range(12)))
    before = leads(store), request_numbers(store)
    store.close()
    again = Store(tmp_path)
    assert (leads(again), request_numbers(again)) == before
    assert again.next_number() == 13


def test_a_refused_write_keeps_nothing_and_the_number_is_free_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    run(post(store, "demo", 1))
    write = os.write

    def half_then_full(fd: int, data: bytes) -> int:
        if len(data) > 30:
            return write(fd, data[:30])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("aktify_sandbox.storage.log.os.write", half_then_full)
        results = run(post(store, "demo", 2, code="abc"), post(store, "demo", 2))
    assert [type(result) for result in results] == [LogWriteError, LogWriteError]
    assert (leads(store), request_numbers(store)) == ({("demo", phone(1))}, [1])
    assert store.long_url("abc") is None
    assert run(post(store, "demo", 2, code="abc")) == [True]
    assert store.long_url("abc") == "https://example.com/abc"
    assert len(Store(None).leads) == 0


@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt(), RuntimeError("a defect")])
def test_after_any_broken_write_memory_equals_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    store = Store(tmp_path)
    run(post(store, "demo", 1))
    write, whole = os.write, (tmp_path / "log.jsonl").read_bytes()

    def half(fd: int, data: bytes) -> int:
        write(fd, data[:30])
        raise error

    async def work() -> object:
        return await asyncio.gather(post(store, "demo", 2), return_exceptions=True)

    with monkeypatch.context() as patch:
        patch.setattr("aktify_sandbox.storage.log.os.write", half)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.new_event_loop().run_until_complete(work())
    assert not store.has("demo", phone(2))
    assert (tmp_path / "log.jsonl").read_bytes() == whole
    assert run(post(store, "demo", 2)) == [True]
    store.close()
    assert leads(Store(tmp_path)) == {("demo", phone(1)), ("demo", phone(2))}


def test_a_second_store_on_the_same_folder_is_refused(tmp_path: Path, snapshot: Snapshot) -> None:
    first = Store(tmp_path)
    with pytest.raises(StateInUseError) as caught:
        Store(tmp_path)
    snapshot("state", str(caught.value))
    first.close()
    Store(tmp_path).close()


def test_the_folder_is_for_the_owner_only_and_out_of_gits_sight(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    store = Store(folder)
    run(post(store, "demo", 1))
    store.close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / ".gitignore").read_text() == "*\n"
    assert [path.name for path in folder.iterdir() if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_a_gitignore_that_others_could_read_is_the_owners_after_the_next_start(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*\n")
    (tmp_path / ".gitignore").chmod(0o644)
    Store(tmp_path).close()
    assert stat.S_IMODE((tmp_path / ".gitignore").stat().st_mode) == 0o600


def test_tinydbs_own_verbs_work_on_tables_and_survive(tmp_path: Path) -> None:
    store = Store(tmp_path)
    keys = store.db.table("keys")
    first, second = keys.insert_multiple([{"shown": "a", "revoked": False}, {"shown": "b", "revoked": False}])
    keys.update({"revoked": True}, where("shown") == "a")
    keys.upsert({"shown": "c"}, where("shown") == "c")
    keys.remove(doc_ids=[second])
    expected = [{"shown": "a", "revoked": True}, {"shown": "c"}]
    assert keys.all() == expected
    assert keys.get(doc_id=first) == expected[0]
    store.close()
    assert Store(tmp_path).db.table("keys").all() == expected


def test_a_store_with_a_key_alone_is_not_empty() -> None:
    store = Store(None)
    assert store.is_empty
    store.db.table("keys").insert({"shown": "a"})
    assert not store.is_empty


def test_leads_are_removed_by_what_they_hold_and_all_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run(post(store, "a", 1), post(store, "b", 1), post(store, "b", 2))
    assert sorted(store.views()["leads"]) == ["1", "2", "3"]
    store.leads.remove(where("campaign") == "b")
    assert leads(store) == {("a", phone(1))}
    store.db.drop_tables()
    store.close()
    assert leads(Store(tmp_path)) == set()


def test_a_search_sees_what_came_since_it_was_last_asked() -> None:
    table, named = Store(None).db.table("keys"), where("campaign") == "demo"
    for count in (1, 2):
        table.insert({"digest": f"{count}", "campaign": "demo"})
        assert len(table.search(named)) == count
    table.remove(named)
    assert table.search(named) == []


def test_clearing_requests_takes_them_off_the_disk_and_leaves_the_leads(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run(*(post(store, "demo", number % 3, code=f"c{number}") for number in range(9)))
    before = leads(store)
    assert run(store.clear_requests()) == [9]
    assert (leads(store), request_numbers(store)) == (before, [])
    assert '"kind":"request"' not in (tmp_path / "log.jsonl").read_text()
    run(post(store, "demo", 0))
    store.close()
    again = Store(tmp_path)
    assert (leads(again), request_numbers(again)) == (before, [10])
    assert again.long_url("c1") == "https://example.com/c1"


def test_a_lead_that_was_removed_does_not_come_back_with_its_request(tmp_path: Path) -> None:
    store = Store(tmp_path, max_requests=4)
    run(*(post(store, "demo", number) for number in range(3)))
    first = store.leads.all()[0].doc_id
    store.leads.remove(doc_ids=[first, first + 1])
    run(*(post(store, "demo", number) for number in range(10, 16)))
    store.close()
    assert {number for _, number in leads(Store(tmp_path))} == {phone(n) for n in (2, *range(10, 16))}


def test_keep_copies_many_leads_seldom(tmp_path: Path) -> None:
    """Else each few requests would cost a copy of all leads."""
    store = Store(tmp_path, max_requests=10)
    for number in range(2_000):
        run(post(store, "demo", number))
    assert 3 < store.log.rewrites < 15
    assert len(request_numbers(store)) == 10
    assert store.dropped == 1_990
    assert (tmp_path / "log.jsonl").read_text().count('"kind":"request"') < 2_100


def test_keep_bounds_the_record_and_counts_what_it_drops(tmp_path: Path) -> None:
    store = Store(tmp_path, max_requests=5)
    for number in range(23):
        run(post(store, "demo", number))
    newest = store.newest
    assert request_numbers(store) == [newest - older for older in range(5)]
    assert store.dropped == 18
    assert len(leads(store)) == 23
    assert (tmp_path / "log.jsonl").read_text().count('"kind":"request"') < 10
    store.close()
    again = Store(tmp_path, max_requests=5)
    assert (request_numbers(again), again.dropped) == ([newest - older for older in range(5)], 18)


def test_pending_lines_are_written_at_the_end_without_an_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be what makes `keep` tidy, which needs one."""
    store = Store(tmp_path, max_requests=1)
    monkeypatch.setattr(store, "_end_turn", lambda: None)  # the loop ends before its next turn

    async def work() -> None:
        for _ in range(3):
            number = store.next_number()
            store.add(number, payload(number, None), None, lambda _: None)

    asyncio.run(work())
    store.close()
    again = Store(tmp_path, max_requests=1)
    assert (again.index.requests, again.requests, again.dropped) == (3, 1, 2)


def test_forgetting_all_keeps_keys_and_never_gives_a_number_twice(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run(post(store, "demo", 1))
    store.db.table("keys").insert({"shown": "a"})
    store.forget_all()
    assert (leads(store), request_numbers(store), len(store.db.table("keys"))) == (set(), [], 1)
    store.close()
    again = Store(tmp_path)
    assert (leads(again), len(again.db.table("keys"))) == (set(), 1)
    assert (store.dropped, again.dropped) == (0, 0)
    assert again.next_number() == 3


class FullDisk:
    """A disk of so many bytes, as `os.write` tells of it; what is deleted makes room."""

    def __init__(self, folder: Path, size: int, patch: pytest.MonkeyPatch) -> None:
        self._folder, self._size, self._write = folder, size, os.write
        patch.setattr("aktify_sandbox.storage.log.os.write", self._write_if_it_fits)

    @property
    def free(self) -> int:
        return self._size - sum(path.stat().st_size for path in self._folder.iterdir())

    def _write_if_it_fits(self, fd: int, data: bytes) -> int:
        if self.free <= 0:
            raise OSError(28, "No space left on device")
        return self._write(fd, data[: self.free])


def fill(store: Store, disk: FullDisk) -> None:
    """Post until the disk refuses, then let something else take what is left."""
    number = 0
    while run(post(store, "demo", number, code="c")) == [True]:
        number += 1
    assert store.folder is not None
    (store.folder / "film.mov").write_bytes(b"x" * disk.free)


def test_a_reset_makes_room_on_a_disk_without_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    store.db.table("keys").insert({"shown": "a"})
    fill(store, FullDisk(tmp_path, 100_000, monkeypatch))
    assert [type(result) for result in run(post(store, "demo", 9_999))] == [LogWriteError]
    store.forget_all()
    assert (leads(store), request_numbers(store), len(store.db.table("keys"))) == (set(), [], 1)
    assert run(post(store, "demo", 1)) == [True]
    store.forget_all()
    fill(store, FullDisk(tmp_path, 100_000, monkeypatch))
    store.forget_all()  # and again: the reserve was laid anew
    assert leads(store) == set()


def test_a_checkpoint_is_given_up_for_disk_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    run(*(post(store, "demo", number) for number in range(100)))
    store.leads.remove(doc_ids=list(range(1, 61)))
    store.close()
    again = Store(tmp_path)
    (tmp_path / "checkpoint").write_bytes(b'{"checkpoint":"aktify-sandbox"' + b"x" * 50_000)  # of many leads
    (tmp_path / "reserve").unlink()
    FullDisk(tmp_path, sum(path.stat().st_size for path in tmp_path.iterdir()), monkeypatch)
    assert run(again.clear_requests()) == [100]
    assert not (tmp_path / "checkpoint").exists()
    assert len(leads(again)) == 40


def test_a_disk_too_full_to_clear_is_said_with_the_way_out_and_all_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    store = Store(tmp_path)
    run(*(post(store, "c" * 2_000, number) for number in range(100)))
    before = leads(store), request_numbers(store)
    FullDisk(tmp_path, sum(path.stat().st_size for path in tmp_path.iterdir()), monkeypatch)
    [error] = run(store.clear_requests())
    assert isinstance(error, LogWriteError)
    snapshot("state", str(error))
    assert (leads(store), request_numbers(store)) == before
    assert (tmp_path / "reserve").stat().st_size == 65_536
    store.close()
    monkeypatch.undo()
    assert (leads(again := Store(tmp_path)), request_numbers(again)) == before


def test_a_folder_deleted_under_a_running_store_takes_no_lead_and_says_so_at_the_end(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    folder = tmp_path / "state"
    store = Store(folder)
    assert run(post(store, "demo", 1)) == [True]
    shutil.rmtree(folder)
    results = run(post(store, "demo", 2), post(store, "demo", 3))
    assert [type(result) for result in results] == [LogWriteError, LogWriteError]
    assert not store.has("demo", phone(2))
    with pytest.raises(LogWriteError) as caught:
        store.forget_all()
    snapshot("state", str(caught.value))
    other = Store(folder)
    store.close()
    assert store.trouble
    other.close()
    assert other.trouble is None


TestStoreAgainstADictionary = StoreAgainstADictionary.TestCase
TestStoreAgainstADictionary.settings = examples(
    40, stateful_step_count=40, suppress_health_check=list(HealthCheck)
)


def test_a_take_back_that_fails_twice_is_still_owed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, write = Store(tmp_path), os.write
    writes: list[int] = []

    def torn(fd: int, data: bytes) -> int:
        writes.append(len(data))
        return write(fd, data[:48]) if len(writes) == 1 else refuse()

    def refuse(*_: Any) -> int:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("aktify_sandbox.storage.log.os.write", torn)
        patch.setattr("aktify_sandbox.storage.log.os.ftruncate", refuse)
        assert [type(result) for result in run(post(store, "demo", 1))] == [LogWriteError]
        store.change("leads", {}, [])
        assert [type(result) for result in run(post(store, "demo", 2))] == [LogWriteError]
    assert run(post(store, "demo", 3)) == [True]
    store.close()
    assert leads(Store(tmp_path)) == {("demo", phone(3))}
