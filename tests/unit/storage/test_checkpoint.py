"""Checkpoints: what they know is true, and without them, or with others, only time is lost."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.errors import LogDamagedError
from aktify_sandbox.storage import store as store_module
from aktify_sandbox.storage.folder import CHECKPOINT
from aktify_sandbox.storage.index import LeadEntry
from aktify_sandbox.storage.shards import Shards
from aktify_sandbox.storage.store import Store
from support.checkpoints import damaged, folder_with_checkpoint, no_json, rewritten, write_checkpoint
from support.snapshots import Snapshot
from support.stores import payload, phone, post, run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_with_checkpoint(tmp_path / "state")


def known(folder: Path, **more: Any) -> Any:
    """All that a state folder says when it is opened."""
    store = Store(folder, **more)
    try:
        return (
            [(int(number), dict(lead)) for number, lead in store.all_leads()],
            [(line.number, store.request(line.number)) for line in store.newest_requests()],
            store.db.table("keys").all(),
            [store.long_url(f"c{number}") for number in range(20)],
            (store.requests, store.dropped, store.newest, store.next_number()),
        )
    finally:
        store.close()


def copied(folder: Path, tmp_path: Path, checkpoint: bytes | None) -> Path:
    """The folder with another checkpoint, or none."""
    copy = tmp_path / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    shutil.copy(folder / "log.jsonl", copy)
    if checkpoint is not None:
        (copy / CHECKPOINT).write_bytes(checkpoint)
    return copy


def test_with_a_checkpoint_and_without_one_the_same_is_known(folder: Path, tmp_path: Path) -> None:
    without = known(copied(folder, tmp_path, None))
    assert len(without[0]) == 12
    assert known(folder) == without


@pytest.mark.parametrize("keep", [1, 3, 14])
def test_keep_hides_the_same_requests_with_a_checkpoint(folder: Path, tmp_path: Path, keep: int) -> None:
    assert known(folder, max_requests=keep) == known(copied(folder, tmp_path, None), max_requests=keep)


def test_a_start_reads_only_what_came_after_it(folder: Path, tmp_path: Path, snapshot: Snapshot) -> None:
    """So damage before it isn't seen at the start; without it, it is."""
    log = (folder / "log.jsonl").read_bytes()
    damaged = log.replace(b"r000000002", b"r000000002".upper(), 1)
    (folder / "log.jsonl").write_bytes(damaged)
    store = Store(folder)
    assert 0 < store.unverified < len(log)
    store.close()
    with pytest.raises(LogDamagedError) as caught:
        Store(copied(folder, tmp_path, None))
    snapshot("state", str(caught.value))


def test_damage_behind_it_is_refused_with_its_line(folder: Path, snapshot: Snapshot) -> None:
    log = (folder / "log.jsonl").read_bytes().splitlines(keepends=True)
    log[-2] = log[-2].replace(b"crc", b"crd")
    (folder / "log.jsonl").write_bytes(b"".join(log))
    with pytest.raises(LogDamagedError) as caught:
        Store(folder)
    snapshot("state", str(caught.value))


def test_cut_at_any_byte_it_only_costs_time(folder: Path, tmp_path: Path, whole: bool) -> None:
    checkpoint, expected = (folder / CHECKPOINT).read_bytes(), known(folder)
    for cut in range(0, len(checkpoint), 1 if whole else 7):
        assert known(copied(folder, tmp_path, checkpoint[:cut])) == expected


@pytest.mark.parametrize("step", [1, 128])
def test_with_any_byte_changed_it_only_costs_time(
    folder: Path, tmp_path: Path, step: int, whole: bool
) -> None:
    checkpoint, expected = (folder / CHECKPOINT).read_bytes(), known(folder)
    for place in range(0, len(checkpoint), 1 if whole else 11):
        changed = checkpoint[:place] + bytes([(checkpoint[place] + step) % 256]) + checkpoint[place + 1 :]
        assert known(copied(folder, tmp_path, changed)) == expected


def is_believed(folder: Path) -> bool:
    """Whether a start skips what the checkpoint covers."""
    store = Store(folder)
    store.close()
    return store.unverified > 0


OTHER_ORDER = "big" if sys.byteorder == "little" else "little"


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        ({"version": 2}, {}),
        ({"order": OTHER_ORDER}, {}),
        ({}, {"lengths": []}),
        ({}, {"lengths": [0]}),
    ],
    ids=["an older version", "the other byte order", "no arrays", "one empty array"],
)
def test_one_whose_checksum_is_right_but_that_is_not_understood_only_costs_time(
    folder: Path, tmp_path: Path, head: dict[str, Any], tail: dict[str, Any]
) -> None:
    checkpoint, expected = (folder / CHECKPOINT).read_bytes(), known(folder)
    assert rewritten(checkpoint, {}, {}) == checkpoint
    assert is_believed(copied(folder, tmp_path, checkpoint))
    other = rewritten(checkpoint, head, tail)
    assert not is_believed(copied(folder, tmp_path, other))
    assert known(copied(folder, tmp_path, other)) == expected


def test_one_of_another_log_is_not_believed(folder: Path, tmp_path: Path) -> None:
    """The other log is as long, and differs in its last lines."""
    other = Store(tmp_path / "other")
    run(*(post(other, "demo", number) for number in range(30)))
    write_checkpoint(other)
    other.close()
    foreign = (tmp_path / "other" / CHECKPOINT).read_bytes()
    without = known(copied(folder, tmp_path, None))
    assert known(copied(folder, tmp_path, foreign)) == without


def test_one_of_a_log_that_was_put_back_to_an_earlier_state_is_not_believed(
    folder: Path, tmp_path: Path
) -> None:
    lines = (folder / "log.jsonl").read_bytes().splitlines(keepends=True)
    copy = copied(folder, tmp_path, (folder / CHECKPOINT).read_bytes())
    (copy / "log.jsonl").write_bytes(b"".join(lines[:5]))
    assert len(known(copy)[0]) == 4


def test_one_of_before_a_reset_is_not_believed(folder: Path) -> None:
    store = Store(folder)
    store.forget_all()
    run(*(post(store, "demo", number) for number in range(3)))
    store.close()
    assert [int(number) for number, _ in known(folder)[0]] == [*range(store.newest - 2, store.newest + 1)]


def test_a_lead_that_was_taken_and_never_written_is_not_in_it(tmp_path: Path) -> None:
    """It is taken when its request is decided, and written with others a little later."""

    async def work() -> None:
        store = Store(tmp_path)
        await post(store, "demo", 1)
        store.index.next += 1
        store.add(2, payload(2, kept := LeadEntry("demo", phone(2))), kept, lambda _: None)
        write_checkpoint(store)
        store.log.close()  # killed

    run(work())
    store = Store(tmp_path)
    assert store.has("demo", phone(1))
    assert not store.has("demo", phone(2))
    assert store.unverified


def test_it_is_written_while_the_sandbox_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_CHECKPOINT_LINES", 5)
    store = Store(tmp_path)
    run(*(post(store, "demo", number) for number in range(5)))
    assert (tmp_path / CHECKPOINT).exists()
    (tmp_path / CHECKPOINT).unlink()
    run(*(post(store, "demo", number) for number in range(5, 9)))
    assert not (tmp_path / CHECKPOINT).exists()
    store.close()


def test_a_large_one_is_replaced_by_the_next(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for count in (5_000, 1):
        store.leads.insert_multiple({"campaign": "a", "phone": phone(number)} for number in range(count))
        write_checkpoint(store)
    store.log.close()
    again = Store(tmp_path)
    assert again.unverified == (tmp_path / "log.jsonl").stat().st_size
    again.close()


def test_an_import_brings_one_about_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_CHECKPOINT_LINES", 5)
    store = Store(tmp_path)

    async def work() -> None:
        store.leads.insert_multiple({"campaign": "a", "phone": phone(number)} for number in range(5))

    run(work())
    assert (tmp_path / CHECKPOINT).exists()
    store.close()


def test_a_stop_while_one_is_being_written_leaves_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_CHECKPOINT_LINES", 5)
    monkeypatch.setattr(store_module, "_CHECKPOINT_AT_STOP", 5)
    store = Store(tmp_path)
    monkeypatch.setattr(store.jobs, "at_once", lambda _: None)  # as if there were much to write
    store.jobs.close()  # the stop ends what is under way
    run(*(post(store, "demo", number) for number in range(5)))
    assert not (tmp_path / CHECKPOINT).exists()
    store.close()
    assert (tmp_path / CHECKPOINT).exists()


def test_nothing_is_said_of_a_log_that_is_whole(folder: Path) -> None:
    store = Store(folder)
    [found] = run(store.jobs.run(store.verify()))
    assert (found, store.unverified > 0) == (None, True)


def test_damage_that_it_covers_is_found_and_its_line_is_said(folder: Path) -> None:
    damaged(folder, 3, no_json)
    store = Store(folder)
    [found] = run(store.jobs.run(store.verify()))
    assert found.startswith(f"{folder / 'log.jsonl'}:4: ")


def test_numbers_of_lines_may_be_as_large_as_ids_are(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run(post(store, "demo", 1))
    store.index.next = 999_999_999_999
    run(post(store, "demo", 2))
    write_checkpoint(store)
    store.close()
    again = Store(tmp_path)
    assert again.unverified
    assert [line.number for line in again.oldest_leads()] == [1, 999_999_999_999]


@given(st.dictionaries(st.integers(0, 1 << 62), st.integers(1, 1_000)), st.integers(0, 1_001))
def test_shards_are_a_dictionary(entries: dict[int, int], newest: int) -> None:
    shards = Shards()
    for key, value in entries.items():
        shards[key] = value
    assert (len(shards), dict(shards.items())) == (len(entries), entries)
    again = Shards.thawed(shards.frozen(newest))
    assert dict(again.items()) == {key: value for key, value in entries.items() if value <= newest}


def test_many_entries_are_split_and_found_again() -> None:
    shards = Shards()
    for key in range(0, 300_000, 7):
        shards[key] = key + 1
    assert len(shards.pieces) > 1
    assert max(map(len, shards.pieces)) < 2_000
    assert all(shards.get(key) == key + 1 for key in range(0, 300_000, 7))
    assert shards.get(1) is None
    shards.pop(7)
    assert 7 not in shards
    again = Shards.thawed(shards.frozen(300_000))
    assert dict(again.items()) == dict(shards.items())
