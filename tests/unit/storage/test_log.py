"""The log: what is written is there, what was torn is cut off, what is damaged is refused."""

import contextlib
import os
import resource
import signal
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.errors import LogDamagedError, LogError, LogWriteError
from aktify_sandbox.storage.folder import Folder
from aktify_sandbox.storage.log import (
    REQUEST_SIGN,
    Log,
    Snapshot,
    header,
    is_intact,
    is_request,
    request_id,
    seal,
)
from support import snapshots


def line(number: int, **content: object) -> bytes:
    return seal(orjson.dumps({"id": request_id(number), **content}))


def opened(path: Path, *, fsync: bool = False) -> Log:
    return Log(Folder(path.parent), fsync=fsync)


def written(path: Path, count: int = 20, *, fsync: bool = False) -> Log:
    log = opened(path, fsync=fsync)
    log.append(line(number, text="x" * (number * 7 % 90)) for number in range(1, count + 1))
    return log


def rewrite(log: Log, first: bytes, lines: Iterable[bytes]) -> None:
    with contextlib.closing(log.replacement()) as new:
        new.write(first)
        new.write_lines(lines)
        log.replace_with(new)


def numbers(log: Log) -> list[int]:
    return [each.number for each in log.replay()]


def numbers_in(path: Path) -> list[int]:
    """Those of a log that nobody has open."""
    log = opened(path)
    try:
        return numbers(log)
    finally:
        log.close()


@given(st.dictionaries(st.text(), st.text() | st.integers(0, 1 << 50) | st.none(), max_size=5))
def test_a_sealed_line_is_intact_and_any_flipped_byte_is_noticed(content: dict[str, object]) -> None:
    text = line(7, **{f"_{name}": value for name, value in content.items()})[:-1]
    assert is_intact(text)
    for place in range(len(text)):
        assert not is_intact(text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :])


def test_lines_come_back_in_order_from_either_end(tmp_path: Path) -> None:
    log = written(tmp_path / "log.jsonl")
    assert numbers(log) == list(range(21))
    assert [each.number for each in log.backwards()] == list(range(20, -1, -1))


def test_lines_longer_than_a_chunk_come_back_from_either_end(tmp_path: Path) -> None:
    log = opened(tmp_path / "log.jsonl")
    log.append(
        line(number, text="y" * size) for number, size in enumerate([10, 600_000, 5, 262_144, 1], start=1)
    )
    forwards = list(log.lines())
    assert [each.number for each in forwards] == [0, 1, 2, 3, 4, 5]
    assert list(log.backwards()) == forwards[::-1]
    assert [log.find(number) for number in range(6)] == forwards


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 200)), max_size=40),
    st.integers(1, 400),
    st.integers(0, 41),
)
def test_requests_are_the_same_when_what_lies_between_them_is_passed_over(
    lines: list[tuple[bool, int]], chunk_size: int, before: int
) -> None:
    text = header(1) + b"".join(
        line(number, kind="request" if is_one else "put", text='","kind":"request"' + "y" * size)
        for number, (is_one, size) in enumerate(lines, start=1)
    )
    with tempfile.TemporaryFile() as file:
        file.write(text)
        file.flush()
        snapshot = Snapshot(file.fileno(), len(text), 0, None)
        end = snapshot.offset_of(before)
        found = [
            each
            for each in snapshot.backwards(end, chunk_size=chunk_size, sign=REQUEST_SIGN)
            if is_request(each)
        ]
        requests = [each for each in snapshot.lines() if is_request(each) and each.offset < end]
    assert found == requests[::-1]


def test_a_page_of_requests_does_not_parse_its_way_through_an_import(tmp_path: Path) -> None:
    log = opened(tmp_path / "log.jsonl")
    log.append([line(1, kind="request"), *(line(number, kind="put") for number in range(2, 50_000))])
    passed = [each.number for each in log.backwards(sign=REQUEST_SIGN)]
    assert 1 in passed
    assert len(passed) < 10_000


@given(st.sets(st.integers(1, 3_000), min_size=1, max_size=60), st.integers(0, 3_001))
def test_find_is_a_search_among_ever_growing_numbers(present: set[int], wanted: int) -> None:
    log = Log(None)
    log.append(line(number, text="z" * (number % 50)) for number in sorted(present))
    found = log.find(wanted)
    assert (found.number if found else None) == (wanted if wanted in present or wanted == 0 else None)
    log.close()


def test_a_log_cut_anywhere_in_its_last_five_lines_opens_with_all_whole_lines_and_goes_on(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.jsonl"
    written(path, 12).close()
    whole = path.read_bytes()
    start = sum(len(each) + 1 for each in whole.split(b"\n")[:8])
    for cut in range(start, len(whole)):
        path.write_bytes(whole[:cut])
        log = opened(path)
        last = whole[:cut].count(b"\n") - 1
        assert numbers(log) == list(range(last + 1))
        assert bool(log.warnings) == (whole[cut - 1 : cut] != b"\n")
        log.append([line(last + 1)])
        log.close()
        again = opened(path)
        assert numbers(again)[-1] == last + 1
        again.close()


@pytest.mark.parametrize("place", range(20))
def test_a_flipped_byte_before_the_last_line_is_refused_by_name_and_nothing_is_touched(
    tmp_path: Path, place: int, snapshot: snapshots.Snapshot
) -> None:
    path = tmp_path / "log.jsonl"
    written(path).close()
    lines = path.read_bytes().split(b"\n")
    middle = len(lines[place]) // 2
    lines[place] = lines[place][:middle] + bytes([lines[place][middle] ^ 4]) + lines[place][middle + 1 :]
    path.write_bytes(damaged := b"\n".join(lines))
    with pytest.raises(LogDamagedError) as caught:
        numbers_in(path)
    snapshot("state", str(caught.value))
    assert path.read_bytes() == damaged


def test_a_log_of_another_version_is_refused(tmp_path: Path, snapshot: snapshots.Snapshot) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(seal(orjson.dumps({"id": request_id(0), "log": "aktify-sandbox", "version": 99})))
    with pytest.raises(LogError) as caught:
        numbers_in(path)
    snapshot("state", str(caught.value))


def test_a_log_torn_in_its_first_line_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(header(1)[:20])
    assert numbers_in(path) == [0]


def test_a_write_that_the_system_cuts_short_is_taken_back_and_work_goes_on(tmp_path: Path) -> None:
    """A real short write: the process may make no file larger than so many bytes."""
    path = tmp_path / "log.jsonl"
    log = written(path)
    size = path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, hard))
        with pytest.raises(LogWriteError):
            log.append([line(21, text="x" * 100)])
        assert path.stat().st_size == size == log.size
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    log.append([line(22)])
    assert numbers(log)[-2:] == [20, 22]


def test_a_rewrite_replaces_all_and_the_old_file_stays_if_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: snapshots.Snapshot
) -> None:
    path = tmp_path / "log.jsonl"
    log = written(path)
    before = path.read_bytes()

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("aktify_sandbox.storage.folder.os.replace", refuse)
        with pytest.raises(LogWriteError) as caught:
            rewrite(log, header(50), [line(3)[:-1]])
        snapshot("state", str(caught.value))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["log.jsonl"]
    rewrite(log, header(50), [line(3)[:-1]])
    assert numbers(log) == [0, 3]
    log.close()
    assert numbers_in(path) == [0, 3]


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    written(tmp_path / "log.jsonl")
    assert (tmp_path / "log.jsonl").stat().st_mode & 0o777 == 0o600


def test_long_lines_cost_as_much_time_as_they_have_bytes(tmp_path: Path) -> None:
    """Four times the length may not cost sixteen times the time, from either end."""
    log = opened(tmp_path / "log.jsonl")
    log.append([line(1), line(2, text="y" * 48_000_000), line(3)])
    for read in (log.backwards, log.lines):
        started = time.process_time()
        assert sum(1 for _ in read()) == 4
        assert time.process_time() - started < 2


def test_readers_in_other_threads_see_whole_lines_while_the_log_is_rewritten(tmp_path: Path) -> None:
    """What is read is the old file or the new one, never one with the other's size."""
    log = written(tmp_path / "log.jsonl", 300)
    stop, mistakes = threading.Event(), list[object]()

    def read() -> None:
        while not stop.is_set():
            try:
                looks = list(log.lines()), list(log.backwards())[::-1]
                for lines in looks:
                    found = [each.number for each in lines]
                    assert found in (list(range(301)), [0, 7])
                    assert all(is_intact(each.text) for each in lines)
                seven = log.find(7)
                assert seven is not None
                assert seven.number == 7
            except Exception as error:
                mistakes.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    everything = [each.text for each in log.lines()]
    for _ in range(150):
        rewrite(log, header(301), [everything[7]])
        rewrite(log, header(301), everything[1:])
    stop.set()
    for reader in readers:
        reader.join()
    assert mistakes == []


@pytest.mark.parametrize("order", [(1, 3, 2), (1, 2, 2)], ids=["swapped", "doubled"])
def test_lines_that_are_whole_but_not_in_their_order_are_damage(
    tmp_path: Path, order: tuple[int, ...], snapshot: snapshots.Snapshot
) -> None:
    """An editor or a merge did that; a search by number would miss lines."""
    path = tmp_path / "log.jsonl"
    written(path, 3).close()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(moved := b"".join(lines[place] for place in (0, *order)))
    with pytest.raises(LogDamagedError) as caught:
        numbers_in(path)
    snapshot("state", str(caught.value))
    assert path.read_bytes() == moved


def test_a_file_that_became_shorter_is_said_to_be_damaged_instead_of_being_read_for_ever(
    tmp_path: Path,
    snapshot: snapshots.Snapshot,
) -> None:
    log = written(tmp_path / "log.jsonl")
    os.truncate(tmp_path / "log.jsonl", 100)
    for read in (log.lines, log.backwards):
        with pytest.raises(LogDamagedError) as caught:
            list(read())
        snapshot("state", str(caught.value))
    before = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []
    with pytest.raises(LogDamagedError) as caught:
        rewrite(log, header(50), (each.text for each in log.lines()))
    snapshot("state", str(caught.value))
    with pytest.raises(LogWriteError) as refused:
        rewrite(log, header(50), [])
    snapshot("state", str(refused.value))
    assert os.listdir(tmp_path) == ["log.jsonl"]
    assert not before or len(os.listdir("/proc/self/fd")) == len(before)


def test_a_damaged_first_line_is_not_to_be_deleted_since_nothing_could_be_read_without_it(
    tmp_path: Path,
    snapshot: snapshots.Snapshot,
) -> None:
    path = tmp_path / "log.jsonl"
    written(path).close()
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"aktify-sandbox", b"aktify-sandpit", 1))
    with pytest.raises(LogDamagedError) as caught:
        numbers_in(path)
    snapshot("state", str(caught.value))
    path.write_bytes(whole.replace(b'r000000003"', b'r000000004"', 1))
    with pytest.raises(LogDamagedError) as caught:
        numbers_in(path)
    snapshot("state", str(caught.value))


def test_a_log_whose_file_was_deleted_takes_nothing_more_and_remembers_that_it_is_gone(
    tmp_path: Path,
    snapshot: snapshots.Snapshot,
) -> None:
    log = written(tmp_path / "log.jsonl")
    before = log.trouble
    (tmp_path / "log.jsonl").unlink()
    with pytest.raises(LogWriteError) as caught:
        log.append([line(21)])
    snapshot("state", str(caught.value))
    with pytest.raises(LogWriteError) as caught:
        rewrite(log, header(50), [])
    snapshot("state", str(caught.value))
    assert os.listdir(tmp_path) == []
    log.close()
    assert (before, bool(log.trouble)) == (None, True)
    memory = Log(None)
    memory.append([line(1)])
    memory.close()
    assert memory.trouble is None


def test_a_rewrite_stands_even_if_the_folder_cannot_be_made_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.jsonl"
    log = written(path, fsync=True)
    refused = list[Folder]()

    def refuse(folder: Folder) -> None:
        refused.append(folder)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Folder, "sync", refuse)
    rewrite(log, header(50), [line(3)[:-1]])
    assert len(refused) == 1
    log.append([line(50)])
    log.close()
    assert numbers_in(path) == [0, 3, 50]


@pytest.mark.parametrize("fsync", [True, False])
def test_appended_lines_are_on_disk_with_fsync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsync: bool
) -> None:
    log = opened(tmp_path / "log.jsonl", fsync=fsync)
    synced = list[int]()

    def note(fd: int) -> None:
        synced.append(os.fstat(fd).st_size)

    monkeypatch.setattr("aktify_sandbox.storage.log.os.fsync", note)
    log.append([line(1)])
    assert synced == ([log.size] if fsync else [])
    log.close()


def test_who_looks_from_another_thread_never_takes_a_write_for_another_hand(tmp_path: Path) -> None:
    """A log on its way may be begun in any thread, while the one in use grows."""
    log = opened(tmp_path / "log.jsonl")
    begun: list[bool] = []

    def begin() -> None:
        for _ in range(2_000):
            log.replacement().close()
            begun.append(True)

    thread = threading.Thread(target=begin)
    thread.start()
    number = 0
    while thread.is_alive():
        number += 1
        log.append([line(number)])
    assert len(begun) == 2_000
    log.close()
