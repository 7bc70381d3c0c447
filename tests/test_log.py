"""The log: what is written is there, what was torn is cut off, what is damaged is refused."""

import os
import resource
import signal
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.log import Log, LogDamaged, LogError, LogUnwritable, header, is_intact, request_id, seal


def line(number: int, **content: object) -> bytes:
    return seal(orjson.dumps({"id": request_id(number), **content}))


def written(path: Path, count: int = 20) -> Log:
    log = Log(path)
    log.append(line(number, text="x" * (number * 7 % 90)) for number in range(1, count + 1))
    return log


def numbers(log: Log) -> list[int]:
    return [each.number for each in log.replay()]


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
    log = Log(tmp_path / "log.jsonl")
    log.append(
        line(number, text="y" * size) for number, size in enumerate([10, 600_000, 5, 262_144, 1], start=1)
    )
    forwards = list(log.lines())
    assert [each.number for each in forwards] == [0, 1, 2, 3, 4, 5]
    assert list(log.backwards()) == forwards[::-1]
    assert [log.find(number) for number in range(6)] == forwards


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
        log = Log(path)
        last = whole[:cut].count(b"\n") - 1
        assert numbers(log) == list(range(last + 1))
        assert bool(log.warnings) == (whole[cut - 1 : cut] != b"\n")
        log.append([line(last + 1)])
        log.close()
        again = Log(path)
        assert numbers(again)[-1] == last + 1
        again.close()


@pytest.mark.parametrize("place", range(20))
def test_a_flipped_byte_before_the_last_line_is_refused_by_name_and_nothing_is_touched(
    tmp_path: Path, place: int
) -> None:
    path = tmp_path / "log.jsonl"
    written(path).close()
    lines = path.read_bytes().split(b"\n")
    middle = len(lines[place]) // 2
    lines[place] = lines[place][:middle] + bytes([lines[place][middle] ^ 4]) + lines[place][middle + 1 :]
    path.write_bytes(damaged := b"\n".join(lines))
    with pytest.raises(LogDamaged, match=rf"log\.jsonl:{place + 1}: "):
        numbers(Log(path))
    assert path.read_bytes() == damaged


def test_a_log_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(seal(orjson.dumps({"id": request_id(0), "log": "aktify-sandbox", "version": 99})))
    with pytest.raises(LogError, match="format 1"):
        numbers(Log(path))


def test_a_log_torn_in_its_first_line_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(header(1)[:20])
    assert numbers(Log(path)) == [0]


def test_a_write_that_the_system_cuts_short_is_taken_back_and_work_goes_on(tmp_path: Path) -> None:
    """A real short write: the process may make no file larger than so many bytes."""
    path = tmp_path / "log.jsonl"
    log = written(path)
    size = path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, hard))
        with pytest.raises(LogUnwritable):
            log.append([line(21, text="x" * 100)])
        assert path.stat().st_size == size == log.size
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    log.append([line(22)])
    assert numbers(log)[-2:] == [20, 22]


def test_a_rewrite_replaces_all_and_the_old_file_stays_if_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.jsonl"
    log = written(path)
    before = path.read_bytes()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        with pytest.raises(LogUnwritable, match="No space left"):
            log.rewrite(header(50), [line(3)[:-1]])
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["log.jsonl"]
    log.rewrite(header(50), [line(3)[:-1]])
    assert numbers(log) == numbers(Log(path)) == [0, 3]


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    written(tmp_path / "log.jsonl")
    assert (tmp_path / "log.jsonl").stat().st_mode & 0o777 == 0o600
