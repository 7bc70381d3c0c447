"""A state folder that this process has: what others put into it meanwhile isn't followed."""

import os
from pathlib import Path

from aktify_sandbox.storage.folder import CHECKPOINT, Folder


def test_a_link_or_a_pipe_that_takes_a_files_place_is_not_read(tmp_path: Path) -> None:
    folder, path = Folder(tmp_path / "state"), tmp_path / "state" / CHECKPOINT
    (tmp_path / "mine").write_bytes(b"mine")
    path.symlink_to(tmp_path / "mine")
    assert folder.checkpoint() == b""
    path.unlink()
    os.mkfifo(path)
    assert folder.checkpoint() == b""
    folder.release()
