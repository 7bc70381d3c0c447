"""A state that is only read: a checkpoint saves it time, and nothing more."""

from pathlib import Path
from typing import Any

import pytest

from aktify_sandbox import open_state
from aktify_sandbox.errors import StateError
from aktify_sandbox.storage.folder import CHECKPOINT
from aktify_sandbox.storage.reader import Reader
from support.checkpoints import another_digit, damaged, folder_with_checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_with_checkpoint(tmp_path / "state")


def seen(folder: Path) -> list[Any]:
    views = Reader(folder).views()
    return [dict(views["leads"]), list(views["requests"]), dict(views["keys"]), dict(views["campaigns"])]


def test_with_a_checkpoint_and_without_one_the_same_is_seen(folder: Path) -> None:
    found = seen(folder)
    assert [len(table) for table in found] == [12, 14, 2, 0]
    (folder / CHECKPOINT).unlink()
    assert seen(folder) == found


def test_lines_in_a_checkpoint_are_not_read_again(folder: Path) -> None:
    damaged(folder, 3, another_digit)
    with open_state(folder) as state:
        assert len(state.table("keys")) == 2
    (folder / CHECKPOINT).unlink()
    with pytest.raises(StateError):
        open_state(folder)
