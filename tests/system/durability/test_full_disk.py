"""Full, failing and short: 5xx is given, nothing acknowledged is lost, and work goes on when there is room again."""

import asyncio
import errno
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aktify_sandbox.errors import LogWriteError
from aktify_sandbox.storage import log
from aktify_sandbox.storage.folder import Folder
from aktify_sandbox.storage.store import Store
from support.durability.check import check
from support.durability.faults import KINDS, Disk, python_path
from support.durability.ledger import Tell, told
from support.durability.wire import Book, Reply, Wire, e164, phone_number
from support.running import Running, Serve
from support.stores import phone, post, post_number, run


def post_and_note(wire: Wire, book: Book, number: str) -> Reply:
    """An answer that must be one of success or of a disk that refuses."""
    reply = wire.post(number)
    if reply.status == 503:
        assert reply.number is None, "a request that wasn't recorded has no record"
    else:
        book.note(e164(number), reply, known=False)
    return reply


@pytest.mark.parametrize("kind", KINDS)
def test_whichever_write_fails_its_requests_are_refused_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, whole: bool, tell: Tell
) -> None:
    """Write 1 is the log's header: then the state can't be opened, and can be when the disk is well again."""
    chosen = range(1, 201) if whole else (1, 2, 3, 17, 200)
    for failing in chosen:
        folder = tmp_path / str(failing)
        disk = Disk(kind, failing.__eq__)
        with monkeypatch.context() as patch:
            patch.setattr(log, "os", disk.as_os())
            if failing == 1:
                with pytest.raises(LogWriteError):
                    Store(folder, fsync=kind == "fsync")
            store = Store(folder, fsync=kind == "fsync")
            refused = []
            for number in range(0, 2 * failing, 2):  # two posts share a write
                results = run(post(store, "demo", number), post(store, "demo", number + 1))
                kinds = {type(result) for result in results}
                assert kinds == ({LogWriteError} if disk.writes == failing else {bool})
                refused += [number, number + 1] if LogWriteError in kinds else []
            assert len(refused) == (2 if failing > 1 else 0)
            assert [post_number(store, "demo", number) for number in refused] == [True] * len(refused)
        store.close()
        found = told((folder / "log.jsonl").read_bytes())
        assert {number for _, number in found.leads} == {phone(number) for number in range(2 * failing)}
        assert found.twice == []
        Store(folder).close()
    tell(f"{len(chosen)} writes failed, 0 wrong")


@pytest.mark.parametrize("kind", KINDS)
def test_a_sandbox_of_whose_writes_each_second_one_fails_answers_503_and_loses_nothing(
    serve: Serve, tmp_path: Path, kind: str, tell: Tell
) -> None:
    state, book = tmp_path / "state", Book()
    sandbox = serve(
        "--quiet",
        *(["--fsync"] if kind == "fsync" else []),
        "--state",
        str(state),
        program=[sys.executable, "-m", "support.durability.faults"],
        PYTHONPATH=python_path(),
        FAULT=kind,
    )
    with Wire(sandbox.port) as one, Wire(sandbox.port) as another:
        for number in range(200):
            wire = another if number % 2 else one
            answers = [post_and_note(wire, book, phone_number(number)).status for _ in range(4)]
            assert answers == [503, 201, 503, 409]
    sandbox.process.kill()
    sandbox.end()
    check(state, book)
    assert len(told((state / "log.jsonl").read_bytes()).requests) == 400
    tell(f"400 writes failed, {len(book.acknowledged)} leads acknowledged, 0 missing")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting isn't permitted here; the test with a limit on the file's size is")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(sandbox: Running, book: Book, start: int) -> int:
    """Post until the disk has been full for a while. Returns the next place."""
    refused = 0
    with Wire(sandbox.port) as one, Wire(sandbox.port) as another:
        for place in range(start, start + 10_000):
            reply = post_and_note(another if place % 2 else one, book, phone_number(place))
            refused += reply.status == 503
            if refused == 20:
                return place + 1
    raise AssertionError("the disk never was full")


def test_on_a_full_disk_503_is_given_and_when_there_is_room_again_it_goes_on(
    serve: Serve, small_disk: Path, tell: Tell
) -> None:
    """Full three times: freed while it runs, killed, and stopped."""
    state, book = small_disk / "state", Book()
    for number in range(3):
        (small_disk / f"ballast-{number}").write_bytes(os.urandom(100_000))
    sandbox = serve("--quiet", "--state", str(state))
    place = fill(sandbox, book, 0)

    (small_disk / "ballast-0").unlink()
    before = len(book.acknowledged)
    place = fill(sandbox, book, place)
    assert len(book.acknowledged) > before + 50, "it went on"

    sandbox.process.kill()
    sandbox.end()
    sandbox = serve("--quiet", "--state", str(state))
    assert len(sandbox.get("/_sandbox/leads?limit=1000")["leads"]) == min(1_000, len(book.acknowledged))
    (small_disk / "ballast-1").unlink()
    place = fill(sandbox, book, place)

    assert sandbox.stop() == 0
    sandbox = serve("--quiet", "--state", str(state))
    (small_disk / "ballast-2").unlink()
    with Wire(sandbox.port) as wire:
        assert wire.post(next(iter(book.acknowledged))).status == 409
        assert post_and_note(wire, book, phone_number(place)).status == 201
    assert sandbox.stop() == 0
    check(state, book)
    tell(f"{len(book.acknowledged)} leads acknowledged on 1 MB that was full three times, 0 missing")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets us limit another process")
def test_a_write_that_the_system_cuts_short_at_any_byte_is_answered_503_and_taken_back(
    serve: Serve, tmp_path: Path, whole: bool, tell: Tell
) -> None:
    state, book = tmp_path / "state", Book()
    sandbox = serve("--quiet", "--state", str(state))
    path, everything = state / "log.jsonl", (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    with Wire(sandbox.port) as one, Wire(sandbox.port) as another:
        for number in range(200 if whole else 30):
            wire, size = (another if number % 2 else one), path.stat().st_size
            room = number * 37 % 400  # bytes that still fit; a line is longer
            resource.prlimit(
                sandbox.process.pid, resource.RLIMIT_FSIZE, (size + room, resource.RLIM_INFINITY)
            )
            assert post_and_note(wire, book, phone_number(number)).status == 503
            assert path.stat().st_size == size
            resource.prlimit(sandbox.process.pid, resource.RLIMIT_FSIZE, everything)
            assert post_and_note(wire, book, phone_number(number)).status == 201
    sandbox.process.kill()
    sandbox.end()
    check(state, book)
    tell(f"{len(book.acknowledged)} short writes taken back, 0 missing")


def test_when_even_the_taking_back_fails_whoever_waits_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    disk = Disk("short", lambda number: number == 1).as_os()

    def refuse(fd: int, length: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    disk.ftruncate = refuse
    monkeypatch.setattr(log, "os", disk)

    async def post_once() -> bool:
        return await asyncio.wait_for(post(store, "demo", 1), timeout=60)

    [result] = run(post_once())
    assert isinstance(result, LogWriteError)


def test_when_only_the_folders_sync_fails_a_rewrite_has_happened_and_what_follows_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Folder) -> None:
        raise OSError(errno.EIO, "Input/output error")

    store = Store(tmp_path, fsync=True)
    assert post_number(store, "demo", 1) is True
    with monkeypatch.context() as patch:
        patch.setattr(Folder, "sync", refuse)
        run(store.clear_requests())
    assert post_number(store, "demo", 2) is True
    found = told((tmp_path / "log.jsonl").read_bytes())
    assert {number for _, number in found.leads} == {phone(1), phone(2)}
