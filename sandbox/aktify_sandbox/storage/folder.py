"""A state folder: its files, who owns them, and the lock that lets only one sandbox write.

The log is its own lock: the process that holds the lock on `log.jsonl` has the folder. The folder stays open and all
files are reached through its descriptor, so if it is renamed and another folder takes its name, that one isn't touched.
A folder with other files and no log of ours is refused before anything is written. Symbolic links in a folder are never
followed. The folder itself may be a link, since that is the user's choice.

log.jsonl the data (`log.py`) .gitignore keeps the folder out of git; a changed one is left alone reserve reserved disk
space, so that a reset works on a full disk server.json the address of the sandbox (`server_file.py`) checkpoint lets a
start skip most of the log .aktify-sandbox-….tmp a file being written (`atomic_write.py`)
"""

import contextlib
import errno
import fcntl
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from aktify_sandbox.atomic_write import is_temporary, replaced, temporary_name
from aktify_sandbox.errors import ForeignFolderError, LogError, LogWriteError, StateInUseError
from aktify_sandbox.originals import os, threading, time
from aktify_sandbox.storage import server_file
from aktify_sandbox.storage.log import Temporary, header, is_log
from aktify_sandbox.storage.server_file import LOG

CHECKPOINT = "checkpoint"
_IGNORE = ".gitignore"
_RESERVE = "reserve"
_OLD_LOCK = "lock"
_OLD_COPY = "state.json"
"""Files that earlier versions put next to their log."""

_NOBODYS = {
    "lost+found",
    ".DS_Store",
    ".localized",
    ".directory",
    "Thumbs.db",
    "desktop.ini",
    ".gitkeep",
    ".keep",
}
"""Files that systems and git's users put into otherwise empty folders."""
_NOBODYS_BEGIN = ("._", ".nfs", ".fuse_hidden")

_IGNORED = b"*\n"
_RESERVED = 1 << 16
_LETTERS = bytes(ord("a") + byte % 26 for byte in range(256))
_CHECKPOINT_MARK, _COPY_MARK = b"aktify-sandbox", b'{"leads":{'
_HEADER = header(1)
_HEAD = _RESERVED + 1
"""The first bytes of a file, which are enough to recognise it."""
_CLAIM_SECONDS = 0.2
"""A process that asks whether a folder is served locks its log for an instant."""
_SHOWN = 5


class Folder:
    """A state folder that this process has locked."""

    def __init__(self, path: Path) -> None:
        """Lock it, creating it for its owner only if it doesn't exist. An existing folder keeps its mode.

        Existing files aren't changed before `settle`. Raises `LogError`.
        """
        self.path = path.absolute()
        self.log = self.path / LOG
        self.warnings: list[str] = []
        self._log = str(self.log)
        self._swap = threading.Lock()  # held while the log's name, handle and identity change together
        self._directory = self._opened_directory()
        try:
            self._refuse_what_is_not_ours()
            self._refuse_while_an_old_version_runs()
            self.fd = self._taken_log()
        except BaseException:
            os.close(self._directory)
            raise
        self._remember(os.fstat(self.fd))

    def _opened_directory(self) -> int:
        try:
            with contextlib.suppress(FileExistsError):
                self.path.mkdir(mode=0o700, parents=True)
            return os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise self._unusable(
                error, "it is a link to nothing" if self.path.is_symlink() else None
            ) from error

    # ownership

    def _refuse_what_is_not_ours(self) -> None:
        try:
            names = sorted(os.listdir(self._directory))
            for name in (LOG, *_UNCHANGED):
                self._refuse_unless_plain(name)
            log = self._head(LOG)
            if is_log(log):
                return
            foreign = [name for name in names if name != LOG and not self._is_harmless(name)]
        except OSError as error:
            raise self._unusable(error) from error
        if not _HEADER.startswith(log):  # otherwise its creation was interrupted, and it is empty
            raise ForeignFolderError(
                f"{self.log} isn't a log of aktify-sandbox. Nothing in the folder was changed. {self._way_out}"
            )
        if foreign:
            more = f" and {len(foreign) - _SHOWN:,} more" if len(foreign) > _SHOWN else ""
            raise ForeignFolderError(
                f"The state folder {self.path} has no log, but files that aktify-sandbox didn't write: "
                f"{', '.join(foreign[:_SHOWN])}{more}. Nothing in it was changed. {self._way_out}"
            )
        if LOG in names and _IGNORE in names:
            self.warnings.append(f"{self.log} was empty. Its leads and requests are lost.")

    @property
    def _way_out(self) -> str:
        return "Fix: choose an empty or new folder with --state, or leave out the option."

    def _refuse_unless_plain(self, name: str) -> None:
        """A link, pipe or device could redirect reads and writes. Raises `ForeignFolderError`."""
        found = self._stat(name)
        if found is None:
            return
        if stat.S_ISLNK(found.st_mode):
            wrong, fix = "is a symbolic link", "delete the link"
        elif not stat.S_ISREG(found.st_mode):
            wrong, fix = "isn't an ordinary file", "move it away"
        elif name == LOG and found.st_nlink > 1:
            wrong, fix = (
                "has a hard link, so another file would change too",
                "replace it with a copy",
            )
        else:
            return
        raise ForeignFolderError(
            f"{self.path / name} {wrong}. Nothing in the folder was changed. Fix: {fix}, or choose another folder with "
            "--state."
        )

    def _is_harmless(self, name: str) -> bool:
        """Whether a file doesn't make the folder foreign: a system's, or ours and unchanged."""
        if name in _NOBODYS or name.startswith(_NOBODYS_BEGIN):
            return True
        found = self._stat(name)
        return found is None or (stat.S_ISREG(found.st_mode) and self._is_ours(name))

    def _is_ours(self, name: str) -> bool:
        """Whether a regular file was written by a sandbox and is unchanged. An unreadable one isn't."""
        if is_temporary(name):
            return True
        is_unchanged = _is_of_earlier_version if _is_old_temporary(name) else _UNCHANGED.get(name)
        with contextlib.suppress(OSError):
            return is_unchanged is not None and is_unchanged(self._head(name))
        return False

    def _stat(self, name: str) -> os.stat_result | None:
        try:
            return os.stat(name, dir_fd=self._directory, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def _head(self, name: str) -> bytes:
        """The beginning of a file; empty if it doesn't exist. Raises `OSError`."""
        try:
            fd = self._open(name, os.O_RDONLY)
        except FileNotFoundError:
            return b""
        try:
            return os.read(fd, _HEAD)
        finally:
            os.close(fd)

    def _open(self, name: str, flags: int) -> int:
        """Follows no link and doesn't wait for a pipe. Raises `OSError`."""
        flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        return os.open(name, flags, 0o600, dir_fd=self._directory)

    # locking

    def _refuse_while_an_old_version_runs(self) -> None:
        """Earlier versions lock a separate file. Raises `StateInUseError`, `LogError`."""
        try:
            fd = self._open(_OLD_LOCK, os.O_RDONLY)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unusable(error) from error
        try:
            if not self._lock(fd, fcntl.LOCK_SH):
                raise self._in_use()
        finally:
            os.close(fd)

    def _taken_log(self) -> int:
        """The log, open, locked, and verified to be the file at its path. Raises `LogError`."""
        deadline = time.monotonic() + _CLAIM_SECONDS
        while True:
            try:
                fd = self._open(LOG, os.O_RDWR | os.O_APPEND | os.O_CREAT)
            except OSError as error:
                raise self._unusable(error) from error
            try:
                if self._lock(fd, fcntl.LOCK_EX) and os.path.samestat(os.fstat(fd), os.lstat(self._log)):
                    return fd
            except BaseException as error:
                os.close(fd)
                if isinstance(error, OSError):
                    raise self._unusable(error) from error
                raise
            os.close(fd)
            if time.monotonic() > deadline:
                raise self._in_use()
            time.sleep(0.01)

    def _lock(self, fd: int, how: int) -> bool:
        """Take the lock; False if another process has it. Raises `LogError`."""
        try:
            fcntl.flock(fd, how | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # some file systems report the latter
            return False
        except OSError as error:
            raise LogError(
                f"The state folder {self.path} is on a file system without file locks ({error.strerror}). "
                "Fix: choose a folder on another file system with --state, or use --in-memory."
            ) from error
        return True

    def _in_use(self) -> StateInUseError:
        return StateInUseError(
            f"The state folder {self.path} is in use by another aktify-sandbox. Fix: stop it, or choose another "
            "folder with --state."
        )

    def _unusable(self, error: OSError, reason: str | None = None) -> LogError:
        is_inside = isinstance(error.filename, str) and (self.path / error.filename).parent == self.path
        what = self.path / error.filename if is_inside else f"The state folder {self.path}"
        return LogError(
            f"{what} can't be used: {reason or error.strerror}. Fix: let this user read and write it, choose another "
            "folder with --state, or use --in-memory."
        )

    def trouble(self, size: int | None, more: int = 0) -> str | None:
        """Why nothing may be written any more, in words; None while the log is the one that this process locked.

        The log or its folder was deleted, moved or replaced, or its size isn't `size` to `size + more` bytes, as this
        process left it. Takes one system call, since it is checked before each write.
        """
        try:
            found = os.stat(self._log, follow_symlinks=False)
            if found.st_ino != self._inode or found.st_dev != self._device:
                with self._swap:  # another thread may be about to replace the log
                    found, mine = os.stat(self._log, follow_symlinks=False), os.fstat(self.fd)
                    if not os.path.samestat(found, mine):
                        return f"{self.log} was replaced while the sandbox ran."
                    self._remember(mine)  # some file systems renumber their files
        except OSError as error:
            return self._unreachable(error)
        if size is not None and not size <= found.st_size <= size + more:
            return (
                f"{self.log} was changed by another program: it has {found.st_size:,} bytes where the sandbox left "
                f"{size:,}."
            )
        return None

    def _unreachable(self, error: OSError) -> str:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            return f"{self.log} can no longer be reached: {error.strerror}."
        is_deleted = os.fstat(self.fd).st_nlink == 0
        return f"{self.log} was {'deleted' if is_deleted else 'moved away'} while the sandbox ran."

    def _remember(self, found: os.stat_result) -> None:
        self._inode, self._device = found.st_ino, found.st_dev

    def refuse_if_changed(self, size: int | None = None, more: int = 0) -> None:
        """Raise `LogWriteError` if there is trouble, so that nothing is written."""
        trouble = self.trouble(size, more)
        if trouble:
            raise LogWriteError(
                f"{trouble} Nothing more is written. Fix: put the file back, or restart the sandbox."
            )

    # operations

    def settle(self) -> None:
        """Adopt the folder once the log is known to be whole: add `.gitignore`, restrict modes, tidy up."""
        with contextlib.suppress(OSError):
            os.fchmod(self.fd, 0o600)
        try:
            self._ignore()
        except (OSError, LogWriteError) as error:
            self.warnings.append(
                f"{self.path / _IGNORE} can't be written ({error}): git may see this folder."
            )
        with contextlib.suppress(OSError):
            self._sweep()
        self.lay_reserve()

    def _ignore(self) -> None:
        found = self._stat(_IGNORE)
        if found is None:
            with self.replaced(_IGNORE) as file:
                file.write(_IGNORED)
        elif found.st_mode & 0o077 and self._head(_IGNORE) == _IGNORED:
            os.chmod(_IGNORE, 0o600, dir_fd=self._directory)

    def _sweep(self) -> None:
        """Delete temporary files of a process that was killed, of this version or an earlier one."""
        for name in os.listdir(self._directory):
            found = self._stat(name)
            if found is None or not stat.S_ISREG(found.st_mode):
                continue
            is_left = name not in (LOG, _IGNORE, _RESERVE, CHECKPOINT)
            if is_left and self._is_ours(name):
                self._delete(name)

    def _delete(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._directory)

    def lay_reserve(self) -> None:
        """Reserve a little disk space, so that a reset works on a full disk."""
        with contextlib.suppress(OSError, LogWriteError):
            if self._stat(_RESERVE) is None:
                with self.replaced(_RESERVE) as file:
                    file.write(os.urandom(_RESERVED).translate(_LETTERS))  # zeros might take no space

    def give_up_reserve(self) -> bool:
        """Free the reserve. Returns False if there is none."""
        if self.trouble(None):
            return False
        there = [name for name in (_RESERVE, CHECKPOINT) if self._is_ours(name)]
        for name in there:
            self._delete(name)
        return bool(there)

    def checkpoint(self) -> bytes:
        """The content of the checkpoint; empty if it can't be read."""
        try:
            with open(self._open(CHECKPOINT, os.O_RDONLY), "rb") as file:
                return file.read()
        except OSError:
            return b""

    @contextlib.contextmanager
    def replaced(self, name: str, *, is_durable: bool = True) -> Iterator[BinaryIO]:
        """The written content replaces the file of that name, whole or not at all; foreign files are left alone.

        Raises `OSError`, and `LogWriteError` if the log is no longer the one that this process locked.
        """
        self.refuse_if_changed()
        if self._stat(name) is not None and not self._is_ours(name):
            raise LogWriteError(f"{self.path / name} wasn't written by aktify-sandbox. Fix: move it away.")
        with replaced(Path(name), folder=self._directory, is_durable=is_durable) as file:
            yield file
            self.refuse_if_changed()

    def temporary(self) -> Temporary:
        """A new file that may replace the log. Raises `OSError`, `LogWriteError`."""
        self.refuse_if_changed()
        name = temporary_name()
        temporary = Temporary(self._open(name, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL), name)
        try:
            fcntl.flock(temporary.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # locked before it replaces the log
        except OSError:
            os.close(temporary.fd)
            self.discard(temporary)
            raise
        return temporary

    def discard(self, temporary: Temporary) -> None:
        """Remove a file that isn't needed; the caller closes it."""
        with contextlib.suppress(OSError):
            self._delete(temporary.name)

    def put_in_place(self, temporary: Temporary, size: int, more: int = 0) -> None:
        """Make the file the log, in one step. `size` and `more` describe the log in use, as in `trouble`.

        Raises `OSError`, `LogWriteError`; then nothing has changed.
        """
        found = os.fstat(temporary.fd)
        self.refuse_if_changed(size, more)
        with self._swap:
            os.replace(temporary.name, LOG, src_dir_fd=self._directory, dst_dir_fd=self._directory)
            self.fd = temporary.fd
            self._remember(found)

    def sync(self) -> None:
        """Make a new name in the folder survive a power loss. Raises `OSError`."""
        os.fsync(self._directory)

    def announce(self, url: str) -> None:
        """Record that this process serves the folder at that address. Raises `OSError`, `LogWriteError`."""
        with self.replaced(server_file.NAME) as file:
            file.write(server_file.content_for(url))

    def release(self) -> None:
        """Release the folder and its log; further calls do nothing."""
        if self._directory < 0:
            return
        with contextlib.suppress(OSError):
            if self.trouble(None) is None and self._is_ours(server_file.NAME):  # else it is another's
                self._delete(server_file.NAME)
        with contextlib.suppress(OSError):
            fcntl.flock(self.fd, fcntl.LOCK_UN)  # copies of the handle may still be open
        os.close(self.fd)
        os.close(self._directory)
        self.fd = self._directory = -1


def _is_old_temporary(name: str) -> bool:
    """Whether earlier versions used such names. A user may have too, so the content must be checked."""
    return name.startswith("incoming-") or name == "log.new"


def _is_of_earlier_version(content: bytes) -> bool:
    return content.startswith(_COPY_MARK) or is_log(content)


def _is_reserve(content: bytes) -> bool:
    return len(content) == _RESERVED and not content.strip(_LETTERS)


_UNCHANGED: dict[str, Callable[[bytes], bool]] = {
    _IGNORE: _IGNORED.__eq__,
    _RESERVE: _is_reserve,
    CHECKPOINT: lambda content: _CHECKPOINT_MARK in content,
    server_file.NAME: server_file.is_written,
    _OLD_LOCK: b"".__eq__,
    _OLD_COPY: _is_of_earlier_version,
}
"""Other files in a folder, of this version or an earlier one, and how to recognise an unchanged one."""
