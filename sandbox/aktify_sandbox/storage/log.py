"""One append-only file of JSON lines, from which the whole state is rebuilt.

Each line begins with its number (`{"id":"r000000042",…`), which only grows, and ends with a checksum
(`…,"crc":"1a2b3c4d"}`) of everything before it. A last line without a newline was cut short by a crash and is removed;
a wrong checksum before a newline is damage, and nothing is changed. Lookup by number is a bisection, so a million old
lines cost no memory. One thread writes; any thread may read from its own snapshot.
"""

import contextlib
import errno
import itertools
import operator
import re
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from aktify_sandbox.errors import LogDamagedError, LogError, LogWriteError
from aktify_sandbox.originals import os, threading

if TYPE_CHECKING:
    from aktify_sandbox.storage.folder import Folder

FORMAT = 1
_CHUNK = 1 << 18
_FAR = 64
"""Lines to skip one by one before a search, which is faster from there on."""
_SEAL = len(',"crc":"00000000"}')


def too_many_files(error: BaseException | None) -> str | None:
    """The message when this process or the system is out of files or connections; None for any other error."""
    if not isinstance(error, OSError) or error.errno not in (errno.EMFILE, errno.ENFILE):
        return None
    return "Too many files and connections are open. Fix: close some, or start with a higher `ulimit -n`."


class Temporary(NamedTuple):
    """A file that may become the log: open and locked. Its name is removed unless it replaces the log."""

    fd: int
    name: str


class Line(NamedTuple):
    """A line and its offset."""

    offset: int
    text: bytes

    @property
    def number(self) -> int:
        """Its place in the sequence."""
        return number_in(self.text)

    def load(self) -> dict[str, Any]:
        """Its content. Raises `LogDamagedError` if it isn't JSON."""
        try:
            content: dict[str, Any] = orjson.loads(self.text)
        except orjson.JSONDecodeError:
            raise self.damage() from None
        return content

    def damage(self) -> LogDamagedError:
        """The error for a line that isn't valid: a start that trusted a checkpoint didn't read it."""
        return LogDamagedError(
            f"The log is damaged at byte {self.offset:,}. "
            "Fix: list the damaged lines with `aktify-sandbox state check`, stop the sandbox and delete them."
        )


def request_id(number: int) -> str:
    """The number as users see it: `r000000042`."""
    return f"r{number:09d}"


def number_of(name: str) -> int | None:
    """The number in an id such as `r000000042`; None if it isn't one."""
    return int(name.removeprefix("r")) if re.fullmatch(r"r?[0-9]{1,15}", name) else None


def number_in(line: bytes) -> int:
    """The number at the start of a line."""
    return int(line[8 : line.index(b'"', 8)])


def seal(payload: bytes) -> bytes:
    """A line from a JSON object, with the checksum as its last member."""
    head = payload[:-1]
    return b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head))


def is_intact(line: bytes) -> bool:
    """Whether the line (without its newline) matches its checksum."""
    head = line[:-_SEAL]
    return line[-_SEAL:] == b',"crc":"%08x"}' % zlib.crc32(head) and line.startswith(b'{"id":"r')


def is_next(line: Line, last: int) -> bool:
    """Whether the line is intact and follows the line with that number."""
    return is_intact(line.text) and line.number > last


def check_format(first: Line, path: Path | None) -> None:
    """Raise `LogError` unless the first line is that of a log that this version reads."""
    found = first.load()
    if (found.get("log"), found.get("version")) != ("aktify-sandbox", FORMAT):
        kind = f"{found.get('log')} {found.get('version')}"
        raise LogError(f"{path}:1: Expected a log of aktify-sandbox in format {FORMAT}, found {kind}.")


_BEGINNING = 64
"""The first bytes of a line, which are enough to tell its kind."""
REQUEST_SIGN = b'","kind":"request"'
"""Follows the id in the line of a request and occurs in no other line, since quotes inside texts have a backslash."""


def is_request(line: Line) -> bool:
    """Whether the line is a request's."""
    return line.text.find(REQUEST_SIGN, 0, _BEGINNING) > 0


class Snapshot:
    """The lines at one moment. Neither a rewrite nor new lines change it."""

    def __init__(self, fd: int, size: int, rewrites: int, path: Path | None) -> None:
        self.size = size
        self.rewrites = rewrites
        self._fd = fd
        self._path = path

    def lines(self, start: int = 0, *, chunk_size: int | None = None) -> Iterator[Line]:
        """The lines from an offset on, oldest first."""
        offset, position, held = start, start, list[bytes]()
        while position < self.size:
            chunk = self.read(min(chunk_size or _CHUNK, self.size - position), position)
            position += len(chunk)
            first, *others = chunk.split(b"\n")
            held.append(first)
            for text in others:
                whole, held = b"".join(held), [text]
                yield Line(offset, whole)
                offset += len(whole) + 1

    def backwards(
        self, end: int | None = None, *, chunk_size: int | None = None, sign: bytes = b""
    ) -> Iterator[Line]:
        """The lines, newest first, starting before the offset `end`, where a line begins.

        May skip long runs of lines without the sign in their first bytes.
        """
        end = (self.size if end is None else end) - 1  # without the last newline
        held = list[bytes]()  # pieces of one line, the last one first
        while end > 0:
            start = max(0, end - (chunk_size or _CHUNK))
            position = end
            chunk = self.read(end - start, start)
            behind = b"".join(piece[:_BEGINNING] for piece in reversed(held))  # starts a line that ends there
            if sign not in chunk and sign not in chunk[-len(sign) :] + behind:
                begun, newline, _ = chunk.partition(b"\n")
                held = [begun] if newline else [*held, chunk]
                end = start
                continue
            *others, last = chunk.split(b"\n")
            held.append(last)
            for text in reversed(others):
                position -= len(held[-1])
                yield Line(position, b"".join(reversed(held)))
                position, held = position - 1, [text]
            end = start
        if held:
            yield Line(0, b"".join(reversed(held)))

    def find(self, number: int) -> Line | None:
        """The line with that number, or None."""
        line = self._line_after(self.offset_of(number))
        return line if line is not None and line.number == number else None

    def forwards_from(self, number: int) -> Iterator[Line]:
        """The lines from that number on, oldest first."""
        return self.lines(self.offset_of(number))

    def backwards_from(self, number: int) -> Iterator[Line]:
        """The lines up to that number, newest first."""
        return self.backwards(self.offset_of(number + 1))

    def find_all(
        self, numbers: Iterable[int], walk: Callable[["Snapshot", int], Iterator[Line]]
    ) -> Iterator[Line]:
        """The lines with these numbers, in the order of `forwards_from` or `backwards_from`.

        Walks from one to the next, or searches again if the next is far.
        """
        lines: Iterator[Line] = iter(())
        held: Line | None = None
        is_before = operator.gt if walk is Snapshot.backwards_from else operator.lt
        for number in numbers:
            if held is None or is_before(held.number, number):
                near = itertools.islice(lines, _FAR)
                held = next((line for line in near if not is_before(line.number, number)), None)
            if held is None:
                lines = walk(self, number)
                held = next(lines, None)
            if held is not None and held.number == number:
                yield held

    def offset_of(self, number: int) -> int:
        """The offset of the first line with that number or a later one, by bisection; the end if there is none."""
        low, high = 0, self.size
        while low < high:
            middle = (low + high) // 2
            line = self._line_after(middle)
            if line is None or line.number >= number:
                high = middle
            else:
                low = line.offset + len(line.text) + 1
        return low

    def _line_after(self, offset: int) -> Line | None:
        """The first line that begins at or after the offset."""
        start = 0 if offset == 0 else self._find_newline(offset - 1) + 1
        if start >= self.size:
            return None
        return Line(start, self.read(self._find_newline(start) - start, start))

    def _find_newline(self, offset: int) -> int:
        step = 1 << 12
        while offset < self.size:
            found = self.read(min(step, self.size - offset), offset).find(b"\n")
            if found >= 0:
                return offset + found
            offset += step
        return self.size

    def count_before(self, offset: int) -> int:
        """How many lines end before the offset."""
        starts = range(0, offset, _CHUNK)
        return sum(self.read(min(_CHUNK, offset - start), start).count(b"\n") for start in starts)

    def last_newline(self) -> int:
        """The offset of the last newline; -1 if there is none."""
        end = self.size
        while end:
            start = max(0, end - _CHUNK)
            found = self.read(end - start, start).rfind(b"\n")
            if found >= 0:
                return start + found
            end = start
        return -1

    def read(self, length: int, offset: int) -> bytes:
        """Exactly these bytes. Raises `LogDamagedError` if the file has become shorter."""
        read = os.pread(self._fd, length, offset)
        while len(read) < length:
            more = os.pread(self._fd, length - len(read), offset + len(read))
            if not more:
                raise LogDamagedError(
                    f"{self._path or 'memory'} was cut off: it is shorter than what was written."
                )
            read += more
        return read


class Log:
    """The open file. `size` counts its valid bytes."""

    def __init__(self, folder: "Folder | None", *, fsync: bool = False) -> None:
        """The log of the folder; None keeps the lines in memory. The caller then reads `replay()` once.

        Raises `LogError`.
        """
        self.path = folder.log if folder else None
        self.warnings: list[str] = []
        self._folder = folder
        self._fsync = fsync
        self._swap = threading.Lock()  # held while handle and size change together, and while both are read
        self._trouble_at_end: str | None = None
        self.rewrites = 0  # counts changes of positions
        self._fd = folder.fd if folder else unnamed_file()
        self.size = os.fstat(self._fd).st_size
        # bytes after `size` that aren't whole lines: cut short, or not removed yet
        self._excess = self._torn_end()
        self.size -= self._excess
        if not self.size:
            self._cut_torn_end()
            self.append([header(1)])
            if folder and fsync:
                folder.sync()

    def _torn_end(self) -> int:
        with self.snapshot() as snapshot:
            return self.size - snapshot.last_newline() - 1

    def _cut_torn_end(self) -> None:
        if self._excess:
            torn = f"{self._excess} bytes were cut off"
            self.warnings.append(
                f"{self.path}: A crash left the last line incomplete, before its request was answered; {torn}."
            )
            try:
                self._rollback()
            except OSError as error:
                raise LogError(f"{self.path} can't be repaired: {error.strerror}.") from error

    def replay(self, start: int = 0) -> Iterator[Line]:
        """Every line from the offset on, verified by its checksum; at the end, an incomplete last line is removed.

        Raises `LogDamagedError` naming file and line; then nothing was changed.
        """
        last = -1
        for place, line in enumerate(self.lines(start)):
            if not is_next(line, last):
                raise self._damage(place, start)
            last = line.number
            if line.offset == 0:
                check_format(line, self.path)
            yield line
        self._cut_torn_end()

    def _damage(self, place: int, start: int) -> LogDamagedError:
        with self.snapshot() as snapshot:
            place += 1 + snapshot.count_before(start)
        return LogDamagedError(
            f"{self.path}:{place}: Damaged line: its checksum is wrong. Nothing was changed. "
            f"{_way_out(place)}"
        )

    # reading, from any thread

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The current lines, which stay readable whatever is written meanwhile."""
        with self._swap:
            fd, size, rewrites = os.dup(self._fd), self.size, self.rewrites
        try:
            yield Snapshot(fd, size, rewrites, self.path)
        finally:
            os.close(fd)

    def lines(self, start: int = 0) -> Iterator[Line]:
        """The lines from an offset on, oldest first."""
        with self.snapshot() as snapshot:
            yield from snapshot.lines(start)

    def backwards(self, before: int | None = None, *, sign: bytes = b"") -> Iterator[Line]:
        """The lines, newest first, with smaller numbers than `before`. May skip lines without the sign."""
        with self.snapshot() as snapshot:
            yield from snapshot.backwards(None if before is None else snapshot.offset_of(before), sign=sign)

    def find(self, number: int) -> Line | None:
        """The line with that number, or None."""
        with self.snapshot() as snapshot:
            return snapshot.find(number)

    # writing, by one thread

    def append(self, lines: Iterable[bytes]) -> None:
        """Write the lines in one call. When it returns, the kernel has them (with fsync: the disk).

        Raises `LogWriteError`; then none of the lines is in the file.
        """
        data = b"".join(lines)
        if not data:
            return
        if self._folder and self._folder.trouble(self.size, self._excess):  # usually one call
            self.refuse_if_changed()
        try:
            if self._excess:
                self._rollback()
            self._write(data)
        except BaseException as error:  # after any exception, the file must match what is in memory
            self._excess += len(data)  # at most: what it says is that there is something
            with contextlib.suppress(OSError):  # otherwise it is tried again before the next write
                self._rollback()
            if isinstance(error, OSError):
                raise LogWriteError(f"{self.path or 'memory'} can't be written: {error.strerror}.") from error
            raise
        self.size += len(data)

    def _rollback(self) -> None:
        """Cut off everything after the last valid line."""
        os.ftruncate(self._fd, self.size)
        if self._fsync:
            os.fsync(self._fd)
        self._excess = 0

    def _write(self, data: bytes) -> None:
        written = os.write(self._fd, data)
        while written < len(data):
            written += os.write(self._fd, data[written:])
        if self._fsync:
            os.fsync(self._fd)

    def refuse_if_changed(self) -> None:
        """Raise `LogWriteError` if there is trouble. Called by the writing thread before it writes."""
        if self._folder:
            self._folder.refuse_if_changed(self.size, self._excess)

    @property
    def trouble(self) -> str | None:
        """Why nothing more is written, in words: see `Folder.trouble`. After `close`, its last value."""
        if self._folder is None or self._fd < 0:
            return self._trouble_at_end
        return self._folder.trouble(self.size, self._excess)

    def replacement(self) -> "Replacement":
        """An empty file that may replace this one, for any thread. Raises `LogWriteError`."""
        return Replacement(self._folder, fsync=self._fsync)

    def replace_with(self, other: "Replacement") -> None:
        """Replace all lines by the other's: old file or new, never a mixture. Takes equally long for any length.

        Raises `LogWriteError`; then the old file is unchanged.
        """
        new = other.put_in_place(self.size, self._excess)
        with self._swap:
            old, self._fd, self.size, self._excess = self._fd, new, other.size, 0
            self.rewrites += 1
        if self._folder and self._fsync:
            with contextlib.suppress(OSError):  # the new file is in place already
                self._folder.sync()
        _close_aside(old)

    def close(self) -> None:
        """Release the file and the folder. `trouble` keeps its last value."""
        self._trouble_at_end = self.trouble
        with self._swap:
            fd, self._fd = self._fd, -1
        if self._folder:
            self._folder.release()
        elif fd >= 0:
            os.close(fd)


class Replacement:
    """A new log next to the one in use, or in memory. It is removed unless it replaces that one."""

    def __init__(self, folder: "Folder | None", *, fsync: bool = False) -> None:
        """For the log of that folder, or in memory if None. Raises `LogWriteError`."""
        self.size = 0
        self._folder = folder
        self._fsync = fsync
        with self._said():
            self._file = folder.temporary() if folder else Temporary(unnamed_file(), "")

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        """Turn write errors into `LogWriteError`."""
        try:
            yield
        except OSError as error:
            raise LogWriteError(self._why_not(error)) from error

    def _why_not(self, error: OSError) -> str:
        if self._folder is None:
            return f"memory can't be rewritten: {error.strerror}."
        return (
            f"{self._folder.log} can't be rewritten: {error.strerror}. The new file needs space beside the old one. "
            f"Fix: free disk space, or stop the sandbox and delete {self._folder.path} with all leads and requests."
        )

    def write(self, data: bytes) -> None:
        """Add to it. Raises `LogWriteError`."""
        written = 0
        with self._said():
            while written < len(data):
                step = os.write(self._file.fd, data[written:])
                written += step
                self.size += step

    def write_lines(self, lines: Iterable[bytes]) -> None:
        """Add lines (sealed, without newline). Raises `LogWriteError`."""
        held, size = list[bytes](), 0
        for line in lines:
            held += (line, b"\n")
            size += len(line) + 1
            if size >= _CHUNK:
                self.write(b"".join(held))
                held, size = [], 0
        self.write(b"".join(held))

    def sync(self) -> None:
        """Write it to disk ahead of time. Raises `LogWriteError`."""
        with self._said():
            if self._folder:
                os.fsync(self._file.fd)

    def snapshot(self) -> Snapshot:
        """The written lines, until it is closed."""
        return Snapshot(self._file.fd, self.size, 0, None)

    def cut(self, size: int) -> None:
        """Remove everything from this offset on. Raises `LogWriteError`."""
        with self._said():
            os.ftruncate(self._file.fd, size)
            os.lseek(self._file.fd, size, os.SEEK_SET)  # memory isn't opened for appending
        self.size = size

    def put_in_place(self, size: int, more: int) -> int:
        """Become the log. Returns its descriptor. `size` and `more` describe the log in use.

        Raises `LogWriteError`; then nothing has changed.
        """
        with self._said():
            if self._folder:
                if self._fsync:
                    os.fsync(self._file.fd)
                self._folder.put_in_place(self._file, size, more)
        fd, self._file = self._file.fd, Temporary(-1, "")
        return fd

    def close(self) -> None:
        """Release it, and remove it unless it has replaced another."""
        file, self._file = self._file, Temporary(-1, "")
        if file.fd >= 0:
            os.close(file.fd)
            if self._folder:
                self._folder.discard(file)


_FIRST_ID, _MARK = b'{"id":"%b"' % request_id(0).encode(), b'"log":"aktify-sandbox"'
FIRST = b"%b,%b," % (_FIRST_ID, _MARK)
"""How the first line of a log begins."""


def is_log(content: bytes) -> bool:
    """Whether a file that begins like this is a log of ours. One changed byte doesn't hide it."""
    return content.startswith(_FIRST_ID) or _MARK in content.partition(b"\n")[0]


def header(next_number: int, **more: int) -> bytes:
    """The first line: format, version, the number from which the sequence continues, and the writer's counts."""
    first = {"id": request_id(0), "log": "aktify-sandbox", "version": FORMAT, "next": next_number, **more}
    return seal(orjson.dumps(first))


def _way_out(place: int) -> str:
    """What to do about a damaged line; without the first one nothing can be read."""
    if place == 1:
        return "Fix: move the folder away to start with an empty one."
    return "Fix: delete the line to continue without it, or move the folder away to start with an empty one."


def _close_aside(fd: int) -> None:
    """Close a file without a name in a thread, since freeing a large one takes time."""
    if os.fstat(fd).st_size < _CHUNK:
        os.close(fd)
    else:
        threading.Thread(target=os.close, args=(fd,), name="aktify-sandbox closing").start()


def unnamed_file() -> int:
    """A private file that disappears with the process: in memory where the system supports it."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("aktify-sandbox")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
