"""`server.json` in a state folder: the address of its sandbox, for commands in the folder.

A folder may come from anywhere, and a sandbox may be killed, so the file proves nothing by itself. It is trusted only
if its address is on this machine and its process holds the lock on the folder's log. A sandbox that locks or releases
the folder removes the file (`folder.py`).
"""

import json
import os
import re
import stat
from pathlib import Path
from typing import Any, NamedTuple

from aktify_sandbox.addresses import is_loopback
from aktify_sandbox.errors import NotServedError
from aktify_sandbox.version import __version__

NAME = "server.json"
LOG = "log.jsonl"
"""The file that a sandbox keeps locked while it uses the folder."""

_LONGEST = 4_096
_ADDRESS = re.compile(r"http://(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):[0-9]{1,5}")


class Served(NamedTuple):
    """The sandbox that serves a folder."""

    url: str
    pid: int
    version: str


def content_for(url: str) -> bytes:
    """The content of the file when this process serves the folder."""
    return json.dumps(Served(url, os.getpid(), __version__)._asdict()).encode()


def is_written(content: bytes) -> bool:
    """Whether a sandbox wrote this content."""
    try:
        _served(json.loads(content))
    except ValueError:
        return False
    return True


def read(folder: Path) -> Served:
    """The sandbox that serves the folder. Raises `NotServedError`."""
    path = folder / NAME
    try:
        served = _served(_content(path))
    except FileNotFoundError:
        raise NotServedError(f"no sandbox serves {folder}") from None
    except (OSError, ValueError):
        raise NotServedError(f"{path} wasn't written by `serve`") from None
    address = _ADDRESS.fullmatch(served.url)
    if not address or not is_loopback(address[1] or address[2]):
        raise NotServedError(f"{path} names an address outside this machine")
    if not (_is_locked(folder / LOG) and _has_open(served.pid, folder / LOG)):
        raise NotServedError(f"the sandbox named in {path} has stopped")
    return served


def _content(path: Path) -> Any:
    """The file's content. Follows no link and doesn't wait for a pipe. Raises `OSError`, `ValueError`."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ValueError("not a file")
        return json.loads(file.read(_LONGEST))


def _served(content: Any) -> Served:
    """Raises `ValueError`."""
    match content:
        case {"url": str(url), "pid": int(pid), "version": str(version)} if pid > 0:
            return Served(url, pid, version)
    raise ValueError("not in the form that `write` writes")


def _is_locked(log: Path) -> bool:
    """Whether a process has locked it. Asks for a shared lock, so that two who ask don't block each other."""
    import fcntl

    try:
        fd = os.open(log, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # some file systems report the latter
        return True
    except OSError:
        return False
    finally:
        os.close(fd)
    return False


def _has_open(pid: int, file: Path) -> bool:
    """Whether there is such a process of this user and, where the system tells (Linux), it has the file open."""
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        return False
    descriptors = Path(f"/proc/{pid}/fd")
    try:
        return any(_is_same(descriptor, file) for descriptor in descriptors.iterdir())
    except OSError:
        return True


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
