"""The state folder: it is ours or it is refused untouched, and no other sandbox, link or hand gets in between."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from aktify_sandbox.storage.folder import NotOurFolder
from aktify_sandbox.storage.log import LogDamaged, LogError, header
from aktify_sandbox.storage.store import Store
from durability.posting import post_number
from running import COMMAND, clean_environment


def everything(folder: Path) -> dict[str, tuple[int, int, bytes | str | None]]:
    """Each file's mode, time of change and content, links unread; and the folder's own."""

    def content(path: Path) -> bytes | str | None:
        if path.is_symlink():
            return str(path.readlink())
        return path.read_bytes() if path.is_file() else None

    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.lstat().st_mtime_ns, content(path))
        for path in [folder, *folder.rglob("*")]
    }


def refused(folder: Path, kind: type[LogError] = NotOurFolder) -> str:
    """The words in which a store on the folder is refused, and that it was left as it was."""
    before = everything(folder)
    with pytest.raises(kind) as error:
        Store(folder)
    assert everything(folder) == before
    return str(error.value)


def opens(folder: Path) -> Store:
    store = Store(folder)
    assert post_number(store, "demo", 1) is True
    return store


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


def test_of_many_files_a_few_are_named_and_the_rest_are_counted(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"file-{number:02d}").touch()
    assert "file-04 and 7 more" in refused(tmp_path)


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
        assert "log.jsonl:" in refused(tmp_path, LogDamaged)


@pytest.mark.parametrize(
    "name", ["lost+found", ".DS_Store", "._.DS_Store", ".gitkeep", ".keep", "Thumbs.db", "desktop.ini"]
)
def test_what_systems_put_into_empty_folders_does_not_count(tmp_path: Path, name: str) -> None:
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


def test_whatever_else_lies_beside_a_log_of_ours_stays(tmp_path: Path) -> None:
    opens(tmp_path).close()
    mine = {
        "notes.txt": b"mine",
        ".gitignore": b"!log.jsonl\n",
        "reserve": b"mine",
        "incoming-mail.txt": b"mine",
        "incoming-8a0sd9f8.jsonl": b"{}\n",
        "log.new": b"mine",
        "lock": b"mine",
        ".aktify-sandbox-notes.tmp": b"mine",
    }
    for name, content in mine.items():
        (tmp_path / name).write_bytes(content)
    store = Store(tmp_path)
    store.forget_all()
    store.close()
    assert {name: (tmp_path / name).read_bytes() for name in mine} == mine


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    """Of this version and of earlier ones."""
    opens(tmp_path).close()
    left = [".aktify-sandbox-0123456789abcdef.tmp", "incoming-8a0sd9f8", "incoming-8a0sd9f8.jsonl", "log.new"]
    for name in left:
        (tmp_path / name).write_bytes((tmp_path / "log.jsonl").read_bytes()[:200])
    (tmp_path / "lock").touch()
    Store(tmp_path).close()
    assert {*left, "lock"}.isdisjoint(os.listdir(tmp_path))


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


def test_serve_in_a_project_changes_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("node_modules\n")
    (tmp_path / "main.py").touch()
    before = everything(tmp_path)
    done = subprocess.run(
        [*COMMAND, "serve", "--port", "0", "--state", "."],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stderr.count("\n"), everything(tmp_path)) == (1, 1, before)
    assert ".gitignore, main.py" in done.stderr


# links, pipes, devices

NAMES = ["log.jsonl", ".gitignore", "reserve", "server.json", "checkpoint", "lock", "state.json"]


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing"])
@pytest.mark.parametrize("is_ours", [True, False], ids=["a state folder", "an empty folder"])
@pytest.mark.parametrize("name", NAMES)
def test_no_link_in_the_folder_is_followed_and_the_refusal_names_it(
    tmp_path: Path, name: str, is_ours: bool, there: bool
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
    assert f"{folder / name} is a symbolic link" in refused(folder)
    assert everything(tmp_path) == before


@pytest.mark.parametrize("name", NAMES)
def test_a_pipe_or_a_folder_in_the_place_of_a_file_is_refused_at_once(tmp_path: Path, name: str) -> None:
    for make in (os.mkfifo, os.mkdir):
        folder = tmp_path / make.__name__
        folder.mkdir()
        make(folder / name)
        assert f"{folder / name} isn't an ordinary file" in refused(folder)


def test_a_log_with_a_second_name_is_refused(tmp_path: Path) -> None:
    opens(tmp_path / "state").close()
    os.link(tmp_path / "state" / "log.jsonl", tmp_path / "copy")
    assert "hard link" in refused(tmp_path / "state")


def test_a_link_where_a_temporary_file_lay_is_neither_followed_nor_deleted(tmp_path: Path) -> None:
    opens(tmp_path / "state").close()
    link = tmp_path / "state" / ".aktify-sandbox-0123456789abcdef.tmp"
    link.symlink_to(tmp_path / "precious")
    (tmp_path / "precious").write_bytes(b"mine")
    Store(tmp_path / "state").close()
    assert (link.is_symlink(), (tmp_path / "precious").read_bytes()) == (True, b"mine")


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "real")
    opens(tmp_path / "state").close()
    assert (tmp_path / "real" / "log.jsonl").exists()
    (tmp_path / "nothing").symlink_to(tmp_path / "gone")
    with pytest.raises(LogError, match="nothing"):
        Store(tmp_path / "nothing")
