"""Disks that fail on demand, for a store in this process and for a sandbox in its own.

`python -m support.durability.faults serve …` with FAULT=kind is a sandbox of whose writes to the log each second
one fails.
"""

import errno
import os
import sys
from collections.abc import Callable
from types import SimpleNamespace

from aktify_sandbox.storage import log
from support.paths import ROOT, SUPPORT

KINDS = ("full", "failing", "short", "fsync")
"""Refused at once; refused with EIO; half written, then refused; written, but not synced."""


def python_path() -> str:
    """What PYTHONPATH must be for `python -m support.durability.…`, before whatever it is already."""
    before = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(SUPPORT.parent), str(ROOT), *([before] if before else [])])


class Disk:
    """What `log.py` takes for the system: its n-th write fails if `fails(n)`."""

    def __init__(self, kind: str, fails: Callable[[int], bool]) -> None:
        self._kind = kind
        self._fails = fails
        self._short = False
        self._sync_fails = False
        self.writes = 0

    def as_os(self) -> SimpleNamespace:
        """The module `os` with this disk under it."""
        return SimpleNamespace(**{**vars(os), "write": self.write, "fsync": self.fsync})

    def write(self, fd: int, data: bytes) -> int:
        """Write, or fail."""
        if self._short:  # the second call for the same line
            self._short = False
            raise OSError(errno.ENOSPC, "No space left on device")
        self.writes += 1
        if not self._fails(self.writes):
            return os.write(fd, data)
        if self._kind == "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        if self._kind == "failing":
            raise OSError(errno.EIO, "Input/output error")
        self._short, self._sync_fails = self._kind == "short", self._kind == "fsync"
        return os.write(fd, data[: len(data) // 2] if self._short else data)

    def fsync(self, fd: int) -> None:
        """Sync, or fail."""
        if self._sync_fails:
            self._sync_fails = False
            raise OSError(errno.EIO, "Input/output error")
        os.fsync(fd)


def main() -> None:
    """The sandbox on such a disk; the first write, the log's header, succeeds."""
    disk = Disk(os.environ["FAULT"], lambda number: number % 2 == 0)
    log.__dict__["os"] = disk.as_os()
    from aktify_sandbox.cli import main as command

    command(sys.argv[1:])


if __name__ == "__main__":
    main()
