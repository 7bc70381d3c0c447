"""Files that are written anew, whole or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def replaced(path: Path, *, mode: int = 0o600, prefix: str = ".aktify-sandbox-") -> Iterator[BinaryIO]:
    """What is written takes the path's place at the end; when anything fails, what was there stays.

    Until then it lies in the same folder, under a name that nobody else has. A pipe, a terminal or /dev/null is
    written to as it is. Raises `OSError`.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        with path.open("wb") as file:
            yield file
        return
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=prefix)
    try:
        with open(fd, "wb") as file:
            yield file
            file.flush()
            os.fchmod(fd, mode)
            os.fsync(fd)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def readable_to_all() -> int:
    """The mode of an ordinary new file of this process."""
    umask = os.umask(0o077)
    os.umask(umask)
    return 0o666 & ~umask
