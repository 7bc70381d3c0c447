"""A state folder: what lies in it, whose it is, and that one sandbox alone writes in it.

The log is its own lock: whoever holds `log.jsonl` locked has the folder. The folder is open all the time and every
file in it is reached through that, so that a folder that was renamed, with another one in its place, changes nothing
for the other one. A folder that holds other people's files and no log of ours is refused before anything is written;
no symbolic link in a folder is ever followed. The folder itself may be a link: that is for its user to say.

log.jsonl    the truth (`log.py`)
.gitignore   keeps the folder out of git; a changed one stays as it is
reserve      a little of the disk, so that a full one has room for what a reset leaves
server.json  where the sandbox is (`server_file.py`)
checkpoint   what a start needn't read again
.aktify-sandbox-….tmp  a file on its way (`atomic_write.py`)
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
from aktify_sandbox.storage.log import Temporary, header
from aktify_sandbox.storage.server_file import LOG

CHECKPOINT = "checkpoint"
_IGNORE = ".gitignore"
_RESERVE = "reserve"
_OLD_LOCK = "lock"
_OLD_COPY = "state.json"
"""What versions before this one put beside their log."""

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
"""What systems and git's users put into folders that are otherwise empty."""
_NOBODYS_BEGIN = ("._", ".nfs", ".fuse_hidden")

_IGNORED = b"*\n"
_RESERVED = 1 << 16
_LETTERS = bytes(ord("a") + byte % 26 for byte in range(256))
_FIRST_ID, _LOG_MARK = b'{"id":"r000000000"', b'"log":"aktify-sandbox"'
_CHECKPOINT_MARK, _COPY_MARK = b"aktify-sandbox", b'{"leads":{'
_HEADER = header(1)
_HEAD = _RESERVED + 1
"""So much of a file tells whose it is."""
_CLAIM_SECONDS = 0.2
"""Those who ask whether a folder is served hold its log for an instant."""
_SHOWN = 5


class Folder:
    """A state folder that this process has."""

    def __init__(self, path: Path) -> None:
        """Take it; it is made where there is none, for its owner alone. Else its mode stays what it is.

        Of what was there nothing is changed before `settle`. Raises `LogError`.
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

    # whose it is

    def _refuse_what_is_not_ours(self) -> None:
        try:
            names = sorted(os.listdir(self._directory))
            for name in (LOG, *_UNCHANGED):
                self._refuse_unless_plain(name)
            log = self._head(LOG)
            if _is_log(log):
                return
            foreign = [name for name in names if name != LOG and not self._is_harmless(name)]
        except OSError as error:
            raise self._unusable(error) from error
        if not _HEADER.startswith(log):  # else it was torn when it was made, and can't have held anything
            raise ForeignFolderError(
                f"{self.log} isn't a log of aktify-sandbox. Nothing in its folder was changed. {self._way_out}"
            )
        if foreign:
            more = f" and {len(foreign) - _SHOWN:,} more" if len(foreign) > _SHOWN else ""
            raise ForeignFolderError(
                f"The state folder {self.path} has files that aktify-sandbox didn't write, and no log of its own: "
                f"{', '.join(foreign[:_SHOWN])}{more}. Nothing in it was changed. {self._way_out}"
            )
        if LOG in names and _IGNORE in names:
            self.warnings.append(f"{self.log} was empty: whatever it held is lost.")

    @property
    def _way_out(self) -> str:
        return "Fix: name a folder that is empty or isn't there yet with --state, or leave the option out."

    def _refuse_unless_plain(self, name: str) -> None:
        """A link, a pipe or a device could have something else written or read. Raises `ForeignFolderError`."""
        found = self._stat(name)
        if found is None:
            return
        if stat.S_ISLNK(found.st_mode):
            wrong, fix = "is a symbolic link", "delete the link"
        elif not stat.S_ISREG(found.st_mode):
            wrong, fix = "isn't an ordinary file", "move it away"
        elif name == LOG and found.st_nlink > 1:
            wrong, fix = (
                "has a second name (a hard link), under which it would change too",
                "put a copy in its place",
            )
        else:
            return
        raise ForeignFolderError(
            f"{self.path / name} {wrong}. Nothing in its folder was changed. Fix: {fix}, or name another folder with "
            "--state."
        )

    def _is_harmless(self, name: str) -> bool:
        """Whether a file says nothing about whose the folder is: nobody's, or ours and unchanged."""
        if name in _NOBODYS or name.startswith(_NOBODYS_BEGIN):
            return True
        found = self._stat(name)
        return found is None or (stat.S_ISREG(found.st_mode) and self._is_ours(name))

    def _is_ours(self, name: str) -> bool:
        """Whether an ordinary file is what a sandbox wrote, and unchanged. One that can't be read isn't."""
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
        """How a file begins; nothing where there is none. Raises `OSError`."""
        try:
            fd = self._open(name, os.O_RDONLY)
        except FileNotFoundError:
            return b""
        try:
            return os.read(fd, _HEAD)
        finally:
            os.close(fd)

    def _open(self, name: str, flags: int) -> int:
        """No link is followed, and no pipe waited for. Raises `OSError`."""
        flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        return os.open(name, flags, 0o600, dir_fd=self._directory)

    # that it is this process's alone

    def _refuse_while_an_old_version_runs(self) -> None:
        """Versions before this one hold a file of its own locked. Raises `StateInUseError`, `LogError`."""
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
        """The log, open and locked, and proved to be the one that its path names. Raises `LogError`."""
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
        except (BlockingIOError, PermissionError):  # some file systems say the latter
            return False
        except OSError as error:
            raise LogError(
                f"The state folder {self.path} lies on a file system that locks no files ({error.strerror}). "
                "Fix: choose a folder on another one with --state, or use --in-memory."
            ) from error
        return True

    def _in_use(self) -> StateInUseError:
        return StateInUseError(
            f"The state folder {self.path} is in use by another aktify-sandbox: stop that one, or give this one "
            "--state."
        )

    def _unusable(self, error: OSError, reason: str | None = None) -> LogError:
        is_inside = isinstance(error.filename, str) and (self.path / error.filename).parent == self.path
        what = self.path / error.filename if is_inside else f"The state folder {self.path}"
        return LogError(
            f"{what} can't be used: {reason or error.strerror}. Fix: let this user read and write it, choose another "
            "folder with --state, or use --in-memory."
        )

    def trouble(self, size: int | None, more: int = 0) -> str | None:
        """Why nothing may be written any more, in words; None while the log is the one that this process has.

        It was deleted, moved or replaced, its folder was, or it hasn't `size` to `size + more` bytes, as this process
        left it. One call to the system, since it is asked before each write.
        """
        try:
            found = os.stat(self._log, follow_symlinks=False)
            if found.st_ino != self._inode or found.st_dev != self._device:
                with self._swap:  # another thread may be about to put a new log in place
                    found, mine = os.stat(self._log, follow_symlinks=False), os.fstat(self.fd)
                    if not os.path.samestat(found, mine):
                        return f"{self.log} is another file now than the one that this sandbox opened."
                    self._remember(mine)  # some file systems number their files anew
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
            return f"{self.log} can't be reached any more: {error.strerror}."
        is_deleted = os.fstat(self.fd).st_nlink == 0
        return f"{self.log} was {'deleted' if is_deleted else 'moved away'} while the sandbox ran."

    def _remember(self, found: os.stat_result) -> None:
        self._inode, self._device = found.st_ino, found.st_dev

    def refuse_if_changed(self, size: int | None = None, more: int = 0) -> None:
        """Raise `LogWriteError` if there is trouble: nothing is written then, nowhere."""
        trouble = self.trouble(size, more)
        if trouble:
            raise LogWriteError(
                f"{trouble} Nothing more is written. "
                "Fix: put it back as it was, or stop the sandbox and start it again."
            )

    # what is done in it

    def settle(self) -> None:
        """Make it ours, now that the log is known to be whole: out of git's sight, for the owner only, tidy."""
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
        """Delete what a process left that was killed on the way, of this version or an earlier one."""
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
        """Hold a little of the disk, so that a full one still has room for what a reset leaves."""
        with contextlib.suppress(OSError, LogWriteError):
            if self._stat(_RESERVE) is None:
                with self.replaced(_RESERVE) as file:
                    file.write(os.urandom(_RESERVED).translate(_LETTERS))  # zeros might take no room

    def give_up_reserve(self) -> bool:
        """Make that little room. False if there is none to make."""
        if self.trouble(None):
            return False
        there = [name for name in (_RESERVE, CHECKPOINT) if self._is_ours(name)]
        for name in there:
            self._delete(name)
        return bool(there)

    def checkpoint(self) -> bytes:
        """What the checkpoint holds; nothing where there is none that can be read."""
        try:
            with open(self._open(CHECKPOINT, os.O_RDONLY), "rb") as file:
                return file.read()
        except OSError:
            return b""

    @contextlib.contextmanager
    def replaced(self, name: str, *, is_durable: bool = True) -> Iterator[BinaryIO]:
        """What is written takes the place of the file of that name, whole or not at all; a file of anybody else stays.

        Raises `OSError`, and `LogWriteError` if the log isn't the one any more that this process has.
        """
        self.refuse_if_changed()
        if self._stat(name) is not None and not self._is_ours(name):
            raise LogWriteError(f"{self.path / name} isn't what a sandbox wrote. Fix: move it away.")
        with replaced(Path(name), folder=self._directory, is_durable=is_durable) as file:
            yield file
            self.refuse_if_changed()

    def temporary(self) -> Temporary:
        """A new file that may take the log's place. Raises `OSError`, `LogWriteError`."""
        self.refuse_if_changed()
        name = temporary_name()
        temporary = Temporary(self._open(name, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL), name)
        try:
            fcntl.flock(temporary.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # whoever has the log still has it then
        except OSError:
            os.close(temporary.fd)
            self.discard(temporary)
            raise
        return temporary

    def discard(self, temporary: Temporary) -> None:
        """Remove a file that takes no place; closing it is up to the caller."""
        with contextlib.suppress(OSError):
            self._delete(temporary.name)

    def put_in_place(self, temporary: Temporary, size: int, more: int = 0) -> None:
        """Make the file the log, in one step. `size` and `more` are those of the log in use, as in `trouble`.

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
        """Say that this process serves the folder at that address. Raises `OSError`, `LogWriteError`."""
        with self.replaced(server_file.NAME) as file:
            file.write(server_file.content_for(url))

    def release(self) -> None:
        """Let go of the folder and its log; once is enough."""
        if self._directory < 0:
            return
        with contextlib.suppress(OSError):
            if self.trouble(None) is None and self._is_ours(server_file.NAME):  # else it is another one's
                self._delete(server_file.NAME)
        with contextlib.suppress(OSError):
            fcntl.flock(self.fd, fcntl.LOCK_UN)  # copies of the handle may be open still
        os.close(self.fd)
        os.close(self._directory)
        self.fd = self._directory = -1


def _is_log(content: bytes) -> bool:
    """Whether a file that begins so is a log of ours. One changed byte doesn't hide it."""
    return content.startswith(_FIRST_ID) or _LOG_MARK in content.partition(b"\n")[0]


def _is_old_temporary(name: str) -> bool:
    """Whether earlier versions gave such names; a user may have done so too, so that the content must tell."""
    return name.startswith("incoming-") or name == "log.new"


def _is_of_earlier_version(content: bytes) -> bool:
    return content.startswith(_COPY_MARK) or _is_log(content)


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
"""What else lies in a folder, of this version or an earlier one, and how it is known to be as we left it."""
