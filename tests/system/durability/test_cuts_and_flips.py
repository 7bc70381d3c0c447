"""A log that a crash has torn, at every byte, and one that somebody has changed, in every line."""

import random
from pathlib import Path

import pytest

from aktify_sandbox.errors import LogDamagedError
from aktify_sandbox.storage.store import Store
from support.durability.ledger import Tell, Told, told, whole_lines
from support.stores import post_number


def seen(store: Store) -> Told:
    """What the store itself says it has."""
    leads = {(lead["campaign"], lead["phone"]): lead.doc_id for lead in store.leads}
    return Told(leads, sorted(line.number for line in store.newest_requests()), [])


def opened(folder: Path, expected: Told) -> Store:
    store = Store(folder)
    assert seen(store) == expected
    return store


def cuts_in_last_lines(log: bytes, count: int) -> range:
    """Every place at which the last `count` lines can be cut; the first cut takes all of them away."""
    return range(len(log) - sum(len(line) + 1 for line in whole_lines(log)[-count:]), len(log))


def test_a_log_cut_at_any_byte_of_its_last_lines_opens_with_its_whole_lines_and_goes_on(
    tmp_path: Path, real_log: bytes, whole: bool, tell: Tell
) -> None:
    cuts = cuts_in_last_lines(real_log, 5)
    ends = [place for place in cuts if b"\n" in real_log[place - 1 : place + 1]]
    chosen = list(cuts) if whole else sorted({*ends, *cuts[:: len(cuts) // 40]})
    path = tmp_path / "log.jsonl"
    for cut in chosen:
        path.write_bytes(real_log[:cut])
        left = real_log[: real_log[:cut].rfind(b"\n") + 1]
        store = opened(tmp_path, told(left))
        assert bool(store.warnings) == (len(left) < cut)
        assert post_number(store, "demo", cut % 10_000) is True
        store.close()
        assert path.read_bytes().startswith(left)
        opened(tmp_path, told(path.read_bytes())).close()
        assert told(path.read_bytes()).requests == [*told(left).requests, cuts_number(left)]
    assert len(cuts) >= 1_000
    tell(f"{len(chosen)} cuts, 0 wrong")


def cuts_number(left: bytes) -> int:
    """The number that goes on where the lines end."""
    last = whole_lines(left)[-1]
    return int(last[8 : last.index(b'"', 8)]) + 1


def changed(log: bytes, line: int, chance: random.Random) -> bytes:
    """The log with one byte of that line (its newline may be it) made another."""
    lines = whole_lines(log)
    start = sum(len(each) + 1 for each in lines[:line])
    place = start + chance.randrange(len(lines[line]) + 1)
    return log[:place] + bytes([log[place] ^ chance.randrange(1, 256)]) + log[place + 1 :]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock"}


def test_one_changed_byte_in_any_line_but_the_last_is_refused_and_nothing_is_overwritten(
    tmp_path: Path, real_log: bytes, whole: bool, tell: Tell
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(real_log)
    Store(tmp_path).close()
    lines = len(whole_lines(real_log)) - 1
    refusals = 0
    for line in range(lines):
        for seed in range(10 if whole else 1):
            path.write_bytes(changed(real_log, line, random.Random(f"{line} {seed}")))
            before = contents(tmp_path)
            with pytest.raises(LogDamagedError, match=rf"log\.jsonl:{line + 1}: "):
                Store(tmp_path)
            assert contents(tmp_path) == before
            refusals += 1
    assert lines >= 100
    tell(f"{refusals} flips in {lines} lines, {refusals} refusals")


def test_a_log_that_is_both_torn_and_damaged_is_refused_and_nothing_is_overwritten(
    tmp_path: Path, real_log: bytes
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(changed(real_log, 50, random.Random(1))[:-5])
    before = path.read_bytes()
    with pytest.raises(LogDamagedError):
        Store(tmp_path)
    assert path.read_bytes() == before
