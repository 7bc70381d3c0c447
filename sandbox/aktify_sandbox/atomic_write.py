"""Files that are written anew, whole or not at all."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_TEMPORARY = re.compile(r"\.aktify-sandbox-[0-9a-f]{16}\.tmp")


@contextlib.contextmanager
def replaced(
    path: Path, *, mode: int = 0o600, folder: int | None = None, is_durable: bool = True
) -> Iterator[BinaryIO]:
    """What is written takes the path's place at the end; when anything fails, what was there stays.

    Until then the content is in a temporary file with a unique name in the same folder. `folder` is the descriptor of
    an open folder in which `path` is a name, so it doesn't matter if that folder is renamed. A pipe, a terminal or
    /dev/null is written to as it is. Unless `is_durable`, a power loss may take it. Raises `OSError`.
    """
    if folder is None and path.exists() and not path.is_file() and not path.is_dir():
        with path.open("wb") as file:
            yield file
        return
    name = path.with_name(temporary_name())
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    fd = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        with open(fd, "wb") as file:
            yield file
            file.flush()
            os.fchmod(fd, mode)
            if is_durable:
                os.fsync(fd)
        os.replace(name, path, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder)
        raise


def temporary_name() -> str:
    """A name for a file on its way, which nobody else has or gives."""
    return f".aktify-sandbox-{os.urandom(8).hex()}.tmp"


def is_temporary(name: str) -> bool:
    """Whether a file of that name is one that was on its way."""
    return _TEMPORARY.fullmatch(name) is not None


def readable_to_all() -> int:
    """The mode of an ordinary new file of this process."""
    umask = os.umask(0o077)
    os.umask(umask)
    return 0o666 & ~umask
