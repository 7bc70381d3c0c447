"""A state folder as others see it, and hands that get at its log."""

import os
import shutil
from pathlib import Path

import pytest

from aktify_sandbox.errors import (
    ForeignFolderError,
    LogError,
)
from aktify_sandbox.storage.store import Store
from support.stores import post_number


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


def refused(folder: Path, kind: type[LogError] = ForeignFolderError) -> str:
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


def removed(folder: Path) -> None:
    (folder / "log.jsonl").unlink()


def moved(folder: Path) -> None:
    (folder / "log.jsonl").rename(folder / "log.jsonl.1")


def replaced_by_a_copy(folder: Path) -> None:
    shutil.copy(folder / "log.jsonl", folder / "copy")
    (folder / "copy").rename(folder / "log.jsonl")


def made_a_link(folder: Path) -> None:
    moved(folder)
    (folder / "log.jsonl").symlink_to("log.jsonl.1")


def emptied(folder: Path) -> None:
    """`: > log.jsonl`, or logrotate's copytruncate."""
    (folder / "log.jsonl").write_bytes(b"")


def cut(folder: Path) -> None:
    os.truncate(folder / "log.jsonl", (folder / "log.jsonl").stat().st_size - 1)


def grown(folder: Path) -> None:
    with (folder / "log.jsonl").open("ab") as file:
        file.write(b"x")


def renamed(folder: Path) -> None:
    folder.rename(folder.with_name("renamed"))


def deleted(folder: Path) -> None:
    shutil.rmtree(folder)


def another_in_its_place(folder: Path) -> None:
    """Another sandbox has been there and gone."""
    renamed(folder)
    opens(folder).close()


HANDS = [
    removed,
    moved,
    replaced_by_a_copy,
    made_a_link,
    emptied,
    cut,
    grown,
    renamed,
    deleted,
    another_in_its_place,
]
