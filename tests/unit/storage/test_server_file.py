"""Who serves a folder, as another process asks."""

import os
import signal
from pathlib import Path

from aktify_sandbox.storage.folder import Folder
from aktify_sandbox.storage.server_file import read


def test_reading_the_server_file_disturbs_no_sandbox(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "state")
    folder.announce("http://127.0.0.1:8509")
    signals = list[int]()
    before = signal.signal(signal.SIGHUP, lambda number, _: signals.append(number))
    try:
        served = read(tmp_path / "state")
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (served.url, served.pid, signals) == ("http://127.0.0.1:8509", os.getpid(), [])
    folder.release()
