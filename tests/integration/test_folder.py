"""The state folder: it is ours or it is refused untouched, and no other sandbox, link or hand gets in between."""

import asyncio
import contextlib
import errno
import fcntl
import os
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aktify_sandbox.errors import (
    LogDamagedError,
    LogError,
    LogWriteError,
    StateInUseError,
)
from aktify_sandbox.jobs import finished
from aktify_sandbox.storage.folder import CHECKPOINT, Folder
from aktify_sandbox.storage.log import header, seal
from aktify_sandbox.storage.state_file import Upload
from aktify_sandbox.storage.store import Store
from support.examples import rounds
from support.folders import (
    HANDS,
    cut,
    emptied,
    everything,
    grown,
    moved,
    opens,
    refused,
    removed,
    renamed,
    replaced_by_a_copy,
)
from support.running import HostSandbox
from support.snapshots import Snapshot
from support.states import RECORD, sealed
from support.stores import leads, phone, post_number, request_numbers

# a folder of someone else's


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (".gitignore", b"node_modules\n"),
        ("reserve", b"mine"),
        ("reserve", b"x" * 65_535 + b"\n"),
        ("lock", b"mine"),
        ("server.json", b'{"port": 80}'),
        ("checkpoint", b"mine"),
        ("state.json", b'{"_default": {}}'),
        ("incoming-mail.txt", b"mine"),
        ("incoming-8a0sd9f8.jsonl", b"{}\n"),
        ("log.new", b"mine"),
        (".aktify-sandbox-notes", b"mine"),
        ("package.json", b"{}"),
        (".env", b"KEY=1"),
        ("notes", b""),
    ],
)
def test_a_folder_with_a_file_of_anothers_and_no_log_is_refused_untouched(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    assert name in refused(tmp_path)


def test_a_folder_with_folders_in_it_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    assert "src" in refused(tmp_path)


def test_of_many_files_a_few_are_named_and_the_rest_are_counted(tmp_path: Path, snapshot: Snapshot) -> None:
    for number in range(12):
        (tmp_path / f"file-{number:02d}").touch()
    snapshot("state", refused(tmp_path))


@pytest.mark.parametrize(
    "content", [b"mine\n", b"{}\n", b'{"level":"info"}\n', b"\x00", header(1)[:10] + b"mine\n"]
)
def test_a_log_of_another_program_is_refused_untouched(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log.jsonl").write_bytes(content)
    assert "log.jsonl" in refused(tmp_path)


def test_a_log_that_is_damaged_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    opens(tmp_path).close()
    log = (tmp_path / "log.jsonl").read_bytes()
    for name in os.listdir(tmp_path):
        (tmp_path / name).unlink()
    for place in (0, 25, log.index(b"\n") // 2, log.index(b"\n") + 20):
        (tmp_path / "log.jsonl").write_bytes(log[:place] + bytes([log[place] ^ 1]) + log[place + 1 :])
        assert "log.jsonl:" in refused(tmp_path, LogDamagedError)


@pytest.mark.parametrize(
    "name", ["lost+found", ".DS_Store", "._.DS_Store", ".gitkeep", ".keep", "Thumbs.db", "desktop.ini"]
)
def test_files_that_systems_put_into_empty_folders_do_not_count(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"anything")
    opens(tmp_path).close()
    assert (tmp_path / name).read_bytes() == b"anything"


def test_a_folder_whose_log_alone_was_deleted_is_still_ours(tmp_path: Path) -> None:
    store = opens(tmp_path)
    assert store.state_folder
    store.state_folder.announce("http://127.0.0.1:8509")
    told = (tmp_path / "server.json").read_bytes()
    store.close()
    (tmp_path / "server.json").write_bytes(told)
    (tmp_path / "lock").touch()
    (tmp_path / "log.jsonl").unlink()
    opens(tmp_path).close()


def test_whatever_else_lies_beside_a_log_of_ours_stays(tmp_path: Path, snapshot: Snapshot) -> None:
    opens(tmp_path).close()
    mine = {
        "notes.txt": b"mine",
        ".gitignore": b"!log.jsonl\n",
        "reserve": b"mine",
        "incoming-mail.txt": b"mine",
        "incoming-8a0sd9f8.jsonl": b"{}\n",
        "log.new": b"mine",
        "lock": b"mine",
        "state.json": b"mine",
        "checkpoint": b"mine",
        "server.json": b"mine",
        ".aktify-sandbox-notes.tmp": b"mine",
    }
    for name, content in mine.items():
        (tmp_path / name).write_bytes(content)
    store = Store(tmp_path)
    store.forget_all()
    folder = store.state_folder
    assert folder
    assert not folder.give_up_reserve()
    for write in (
        lambda: folder.announce("http://127.0.0.1:1"),
        lambda: folder.replaced(CHECKPOINT).__enter__(),
    ):
        with pytest.raises(LogWriteError) as caught:
            write()
        snapshot("state", str(caught.value))
    store.close()
    assert {name: (tmp_path / name).read_bytes() for name in mine} == mine


def test_files_left_by_a_killed_process_are_deleted(tmp_path: Path) -> None:
    """Of this version and of earlier ones."""
    opens(tmp_path).close()
    left = [".aktify-sandbox-0123456789abcdef.tmp", "incoming-8a0sd9f8", "incoming-8a0sd9f8.jsonl", "log.new"]
    for name in left:
        (tmp_path / name).write_bytes((tmp_path / "log.jsonl").read_bytes()[:200])
    (tmp_path / "lock").touch()
    Store(tmp_path).close()
    assert {*left, "lock"}.isdisjoint(os.listdir(tmp_path))


OLD_COPY = b'{"leads":{"1":{"campaign":"demo","phone":"+15095551234"}},"requests":{}}'
"""What earlier versions kept beside their log."""


def test_an_old_copy_beside_a_log_is_swept(tmp_path: Path) -> None:
    opens(tmp_path).close()
    (tmp_path / "state.json").write_bytes(OLD_COPY)
    Store(tmp_path).close()
    assert not (tmp_path / "state.json").exists()


def test_a_folder_of_an_earlier_version_is_opened_with_its_leads_and_swept(tmp_path: Path) -> None:
    kept = {**RECORD, "phone": phone(1234), "lead": {"phoneNumber": phone(1234), "region": "CA"}}
    (tmp_path / "log.jsonl").write_bytes(header(1) + sealed(kept))
    (tmp_path / "lock").touch()
    (tmp_path / "state.json").write_bytes(OLD_COPY)
    store = Store(tmp_path)
    assert leads(store) == {("demo", phone(1234))}
    assert request_numbers(store) == [1]
    assert post_number(store, "demo", 1234) is False
    store.close()
    assert {"lock", "state.json"}.isdisjoint(os.listdir(tmp_path))


def test_a_folder_that_is_made_is_the_owners_and_one_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o755)
    for name, mode in (("made", 0o700), ("there", 0o755)):
        opens(tmp_path / name).close()
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode
        assert not [path for path in (tmp_path / name).iterdir() if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_a_log_that_others_could_read_is_the_owners_after_the_next_start(tmp_path: Path) -> None:
    opens(tmp_path).close()
    (tmp_path / "log.jsonl").chmod(0o644)
    Store(tmp_path).close()
    assert stat.S_IMODE((tmp_path / "log.jsonl").stat().st_mode) == 0o600


# links, pipes, devices

NAMES = ["log.jsonl", ".gitignore", "reserve", "server.json", "checkpoint", "lock", "state.json"]


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing"])
@pytest.mark.parametrize("is_ours", [True, False], ids=["a state folder", "an empty folder"])
@pytest.mark.parametrize("name", NAMES)
def test_no_link_in_the_folder_is_followed_and_the_refusal_names_it(
    tmp_path: Path, name: str, is_ours: bool, there: bool, snapshot: Snapshot
) -> None:
    folder, precious = tmp_path / "state", tmp_path / "precious"
    folder.mkdir()
    if is_ours:
        opens(folder).close()
    if there:
        precious.write_bytes((folder / "log.jsonl").read_bytes() if is_ours else b"")
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(precious)
    before = everything(tmp_path)
    snapshot("state", refused(folder))
    assert everything(tmp_path) == before


@pytest.mark.parametrize("name", NAMES)
def test_a_pipe_or_a_folder_in_the_place_of_a_file_is_refused_at_once(
    tmp_path: Path, name: str, snapshot: Snapshot
) -> None:
    for make in (os.mkfifo, os.mkdir):
        folder = tmp_path / make.__name__
        folder.mkdir()
        make(folder / name)
        snapshot("state", refused(folder))


def test_a_log_with_a_second_name_is_refused(tmp_path: Path, snapshot: Snapshot) -> None:
    opens(tmp_path / "state").close()
    os.link(tmp_path / "state" / "log.jsonl", tmp_path / "copy")
    snapshot("state", refused(tmp_path / "state"))


def test_a_link_where_a_temporary_file_lay_is_neither_followed_nor_deleted(tmp_path: Path) -> None:
    opens(tmp_path / "state").close()
    link = tmp_path / "state" / ".aktify-sandbox-0123456789abcdef.tmp"
    link.symlink_to(tmp_path / "precious")
    (tmp_path / "precious").write_bytes(b"mine")
    Store(tmp_path / "state").close()
    assert (link.is_symlink(), (tmp_path / "precious").read_bytes()) == (True, b"mine")


def test_the_folder_itself_may_be_a_link(tmp_path: Path, snapshot: Snapshot) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "real")
    opens(tmp_path / "state").close()
    assert (tmp_path / "real" / "log.jsonl").exists()
    (tmp_path / "nothing").symlink_to(tmp_path / "gone")
    with pytest.raises(LogError) as caught:
        Store(tmp_path / "nothing")
    snapshot("state", str(caught.value))


# a log that isn't any more what it was, while a sandbox has it


@pytest.mark.parametrize("hand", HANDS, ids=lambda hand: hand.__name__)
def test_after_another_hand_was_at_it_nothing_is_written_whatever_is_asked(
    tmp_path: Path, hand: Callable[[Path], None]
) -> None:
    """Neither in that folder nor in one that has its name now; what is known stays what was acknowledged."""
    folder = tmp_path / "state"
    store = opens(folder)
    store.db.table("keys").insert({"shown": "a"})
    held = store.state_folder
    assert held
    upload = Upload(store.log.replacement())
    upload.write(header(1) + seal(b'{"id":"r000000001","kind":"end"}'))
    loaded = finished(upload.verify())
    hand(folder)
    before = everything(tmp_path)
    asked: list[Callable[[], object]] = [
        lambda: store.db.table("keys").insert({"shown": "b"}),
        lambda: store.clear_leads(["demo"]),
        lambda: store.amend(1, {"durationMs": 1}),
        lambda: asyncio.run(store.clear_requests()),
        store.forget_all,
        lambda: store.load(*loaded),
        held.lay_reserve,
    ]
    assert isinstance(post_number(store, "demo", 2), LogWriteError)
    for each in asked:
        with contextlib.suppress(LogWriteError, LogDamagedError):
            each()
    assert not store.has("demo", "+15095550002")
    assert store.has("demo", "+15095550001")
    store.close()
    assert store.trouble
    assert everything(tmp_path) == before


@pytest.mark.parametrize("hand", [removed, replaced_by_a_copy, renamed], ids=lambda hand: hand.__name__)
def test_a_folder_that_is_no_longer_ours_gets_no_file_not_even_for_a_moment(
    tmp_path: Path, hand: Callable[[Path], None]
) -> None:
    opens(tmp_path / "state").close()
    held = Folder(tmp_path / "state")
    hand(tmp_path / "state")
    before = everything(tmp_path)
    with pytest.raises(LogWriteError):
        held.announce("http://127.0.0.1:8509")
    assert everything(tmp_path) == before
    held.release()


@pytest.mark.parametrize("hand", [moved, cut, grown, renamed], ids=lambda hand: hand.__name__)
def test_a_log_that_is_put_back_as_it_was_goes_on(tmp_path: Path, hand: Callable[[Path], None]) -> None:
    folder = tmp_path / "state"
    store = opens(folder)
    whole = (folder / "log.jsonl").read_bytes()
    hand(folder)
    assert isinstance(post_number(store, "demo", 2), LogWriteError)
    if hand is renamed:
        folder.with_name("renamed").rename(folder)
    elif hand is moved:
        (folder / "log.jsonl.1").rename(folder / "log.jsonl")
    else:
        (folder / "log.jsonl").write_bytes(whole)
    assert store.trouble is None
    assert post_number(store, "demo", 2) is True
    store.close()
    again = Store(folder)
    assert again.has("demo", "+15095550001")
    assert again.has("demo", "+15095550002")
    again.close()


def test_two_processes_never_have_one_folder(serve: HostSandbox, tmp_path: Path) -> None:
    sandbox = serve("--state", str(tmp_path / "state"))
    for _ in range(2):
        (tmp_path / "state" / "lock").unlink(missing_ok=True)
        with pytest.raises(StateInUseError):
            Store(tmp_path / "state")
        sandbox.http.post("/_sandbox/reset")  # another file is the log now
        sandbox.post()
    assert sandbox.stop() == 0


# before anything is there, and while an earlier version has it


def test_a_folder_that_an_earlier_version_has_is_in_use(tmp_path: Path) -> None:
    opens(tmp_path).close()
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(tmp_path, StateInUseError)
    again = Store(tmp_path)
    assert again.has("demo", "+15095550001")
    again.close()


def test_a_new_log_is_locked_before_it_has_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else another sandbox could take it in between."""
    store = opens(tmp_path)
    replace = os.replace

    def looked_at(old: str, new: str, **folders: int) -> None:
        replace(old, new, **folders)
        with pytest.raises(StateInUseError):
            Folder(tmp_path)

    monkeypatch.setattr("aktify_sandbox.storage.folder.os.replace", looked_at)
    asyncio.run(store.clear_requests())
    store.close()


def test_a_log_that_is_replaced_while_it_is_opened_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who locks a file that lost its name meanwhile has locked nothing."""
    opens(tmp_path).close()
    flock = fcntl.flock
    replaced_already: list[bool] = []

    def locked_late(fd: int, how: int) -> None:
        if not replaced_already:
            replaced_already.append(True)
            replaced_by_a_copy(tmp_path)
        flock(fd, how)

    monkeypatch.setattr(fcntl, "flock", locked_late)
    store = Store(tmp_path)
    assert store.trouble is None
    assert post_number(store, "demo", 2) is True
    store.close()


def test_an_empty_log_in_a_folder_that_was_in_use_is_said(tmp_path: Path) -> None:
    opens(tmp_path).close()
    emptied(tmp_path)
    store = Store(tmp_path)
    assert [warning for warning in store.warnings if "log.jsonl was empty" in warning]
    store.close()
    again = Store(tmp_path)
    assert again.warnings == []
    again.close()


def test_a_file_system_without_locks_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    def refuse(fd: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(LogError) as caught:
        Store(tmp_path)
    snapshot("state", str(caught.value))


def test_a_state_that_arrives_while_the_folder_is_renamed_leaves_the_others_files(tmp_path: Path) -> None:
    """Files of the same names lie in the folder that has its name now."""
    folder = tmp_path / "state"
    store = opens(folder)
    assert store.state_folder
    temporary = store.state_folder.temporary()
    renamed(folder)
    opens(folder).close()
    (folder / temporary.name).write_bytes(b"the other's")
    before = everything(folder)
    with pytest.raises(LogWriteError):
        store.state_folder.put_in_place(temporary, store.log.size)
    store.state_folder.discard(temporary)
    store.close()
    assert everything(folder) == before


# what this user may not read or write


def test_of_many_that_start_at_once_in_a_new_folder_one_has_it_and_the_others_are_told_so(
    tmp_path: Path,
) -> None:
    """What the first one is about to write is nobody else's to the others."""

    def start(folder: Path, together: threading.Barrier) -> Store | LogError:
        together.wait()
        try:
            return Store(folder)
        except LogError as error:
            return error

    with ThreadPoolExecutor(8) as threads:
        for number in rounds(30):
            folder, together = tmp_path / str(number), threading.Barrier(8)
            results = list(threads.map(lambda _: start(folder, together), range(8)))  # noqa: B023  it's used up here
            stores = [each for each in results if isinstance(each, Store)]
            assert {type(each) for each in results} == {Store, StateInUseError}
            assert len(stores) == 1
            assert post_number(stores[0], "demo", 1) is True
            stores[0].close()
