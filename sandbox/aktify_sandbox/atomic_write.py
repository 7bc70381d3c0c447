"""Writes files atomically: whole or not at all."""

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
    """The written content replaces the file at the end; if anything fails, the old file stays.

    Until then the content is in a temporary file with a unique name in the same folder. `folder` is the descriptor of
    an open folder in which `path` is a name, so renaming the folder does no harm. A pipe, a terminal and whatever has
    its name in /dev (/dev/stdout may stand for a file) is written directly. Unless `is_durable`, the content may be
    lost in a power failure. Raises `OSError`.
    """
    if folder is None and path.exists() and not path.is_dir() and (not path.is_file() or _is_device(path)):
        with path.open("ab") as file:  # what a redirected output holds already stays
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


def _is_device(path: Path) -> bool:
    """Whether its name is the system's: replacing it would take it from every program."""
    return path.absolute().parts[1:2] in (("dev",), ("proc",))


def temporary_name() -> str:
    """A unique name for a temporary file."""
    return f".aktify-sandbox-{os.urandom(8).hex()}.tmp"


def is_temporary(name: str) -> bool:
    """Whether the name is one of our temporary files."""
    return _TEMPORARY.fullmatch(name) is not None


def readable_to_all() -> int:
    """The mode of an ordinary new file of this process."""
    umask = os.umask(0o077)
    os.umask(umask)
    return 0o666 & ~umask
