"""One append-only file of JSON lines: the truth from which everything remembered is rebuilt.

Each line begins with its number (`{"id":"r000000042",…`), which only ever grows, and ends with a checksum
(`…,"crc":"1a2b3c4d"}`) over all that stands before it. A last line without a newline was torn by a crash and is
cut off; a wrong checksum before a newline is damage, and nothing is touched. Look-up by number is a bisection,
so that a million old lines cost no memory.
"""

import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

FORMAT = 1
_CHUNK = 1 << 18
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND
_SEAL = len(',"crc":"00000000"}')


class LogError(Exception):
    """What keeps the log from being used, in words for the user."""


class LogDamaged(LogError):
    """A line is not what was written: somebody or something changed the file."""


class LogUnwritable(LogError):
    """The disk refused a write (full, failing, read-only); what was half written has been taken back."""


class Line(NamedTuple):
    """One line where it stands."""

    offset: int
    text: bytes

    @property
    def number(self) -> int:
        """Its place in the sequence."""
        return number_in(self.text)

    def load(self) -> dict[str, Any]:
        """Its content."""
        content: dict[str, Any] = orjson.loads(self.text)
        return content


def request_id(number: int) -> str:
    """The number as users see it: `r000000042`."""
    return f"r{number:09d}"


def number_in(line: bytes) -> int:
    """The number with which a line begins."""
    return int(line[8 : line.index(b'"', 8)])


def seal(payload: bytes) -> bytes:
    """A line from a JSON object: the checksum becomes its last member."""
    head = payload[:-1]
    return b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head))


def is_intact(line: bytes) -> bool:
    """Whether the line (without its newline) is what was sealed."""
    head = line[:-_SEAL]
    return line[-_SEAL:] == b',"crc":"%08x"}' % zlib.crc32(head) and line.startswith(b'{"id":"r')


class Log:
    """The open file. `size` counts the bytes that are safely in it."""

    def __init__(self, path: Path | None, *, fsync: bool = False) -> None:
        """Open or create the file; None keeps the lines in memory. The caller then reads `replay()` once.

        Raises `LogError`.
        """
        self.path = path
        self.warnings: list[str] = []
        self._fsync = fsync
        self._fd = self._open()
        self.size = os.fstat(self._fd).st_size
        self._cut_torn_end()
        if not self.size:
            self.append([header(1)])

    def _open(self) -> int:
        if self.path is None:
            return _unnamed_file()
        try:
            return os.open(self.path, _FLAGS, 0o600)
        except OSError as error:
            raise LogError(f"{self.path} can't be opened: {error.strerror}.") from error

    def _cut_torn_end(self) -> None:
        end = self._last_newline() + 1
        if end < self.size:
            torn = f"{self.size - end} bytes were cut off"
            self.warnings.append(f"{self.path}: a crash tore the last line before it was answered; {torn}.")
            os.ftruncate(self._fd, end)
            self.size = end

    def _last_newline(self) -> int:
        end = self.size
        while end:
            start = max(0, end - _CHUNK)
            found = self._pread(end - start, start).rfind(b"\n")
            if found >= 0:
                return start + found
            end = start
        return -1

    def replay(self) -> Iterator[Line]:
        """Every line from the first, each proved by its checksum. Raises `LogDamaged` naming file and line."""
        last = -1
        for place, line in enumerate(self.lines(), start=1):
            if not is_intact(line.text) or line.number <= last:
                raise LogDamaged(
                    f"{self.path}:{place}: this line is damaged (its checksum is wrong); nothing was changed. "
                    "Move the folder away to start anew, or delete that line to go on without it."
                )
            last = line.number
            if place == 1:
                self._check_format(line)
            yield line

    def _check_format(self, line: Line) -> None:
        found = line.load()
        if found.get("log") != "aktify-sandbox" or found.get("version") != FORMAT:
            kind = f"{found.get('log')} {found.get('version')}"
            raise LogError(
                f"{self.path}:1: expected a log of aktify-sandbox in format {FORMAT}, found {kind}."
            )

    def append(self, lines: Iterable[bytes]) -> None:
        """Write the lines in one go; they are in the kernel's hands (with fsync: on the disk) when this returns.

        Raises `LogUnwritable`; then none of the lines is in the file.
        """
        data = b"".join(lines)
        try:
            self._write(data)
        except OSError as error:
            os.ftruncate(self._fd, self.size)
            raise LogUnwritable(f"{self.path or 'memory'} can't be written: {error.strerror}.") from error
        self.size += len(data)

    def _write(self, data: bytes) -> None:
        written = os.write(self._fd, data)
        while written < len(data):
            written += os.write(self._fd, data[written:])
        if self._fsync:
            os.fsync(self._fd)

    def lines(self, start: int = 0) -> Iterator[Line]:
        """The lines from an offset on, oldest first."""
        with _duplicate(self._fd) as fd:
            offset, rest, end = start, b"", self.size
            position = start
            while position < end:
                chunk = os.pread(fd, min(_CHUNK, end - position), position)
                position += len(chunk)
                *whole, rest = (rest + chunk).split(b"\n")
                for text in whole:
                    yield Line(offset, text)
                    offset += len(text) + 1

    def backwards(self) -> Iterator[Line]:
        """The lines, newest first."""
        with _duplicate(self._fd) as fd:
            end, rest = self.size - 1, b""  # without the last newline
            while end > 0:
                start = max(0, end - _CHUNK)
                first, *whole = (os.pread(fd, end - start, start) + rest).split(b"\n")
                position = end + len(rest)
                for text in reversed(whole):
                    position -= len(text)
                    yield Line(position, text)
                    position -= 1
                end, rest = start, first
            if rest:
                yield Line(0, rest)

    def find(self, number: int) -> Line | None:
        """The line with that number, by bisection, or None."""
        low, high = 0, self.size
        while low < high:
            middle = (low + high) // 2
            line = self._line_after(middle)
            if line is None or line.number > number:
                high = middle
            elif line.number == number:
                return line
            else:
                low = line.offset + len(line.text) + 1
        return None

    def _line_after(self, offset: int) -> Line | None:
        """The first line that begins at or behind the offset."""
        start = 0 if offset == 0 else self._find_newline(offset - 1) + 1
        if start >= self.size:
            return None
        return Line(start, self._pread(self._find_newline(start) - start, start))

    def _find_newline(self, offset: int) -> int:
        step = 1 << 12
        while offset < self.size:
            found = self._pread(step, offset).find(b"\n")
            if found >= 0:
                return offset + found
            offset += step
        return self.size

    def _pread(self, length: int, offset: int) -> bytes:
        return os.pread(self._fd, length, offset)

    def rewrite(self, first: bytes, lines: Iterable[bytes]) -> None:
        """Put a header and these lines (sealed, without newline) in place of all: old file or new, no mixture.

        Raises `LogUnwritable`; then the old file is as it was.
        """
        beside = self.path and self.path.with_suffix(".new")
        fd = -1
        try:
            fd = _unnamed_file() if beside is None else os.open(beside, _FLAGS | os.O_TRUNC, 0o600)
            size = _copy(fd, first, lines)
            if self.path and beside:
                os.fsync(fd)
                os.replace(beside, self.path)
                fsync_folder(self.path.parent)
        except OSError as error:
            _give_up(fd, beside)
            raise LogUnwritable(f"{self.path or 'memory'} can't be rewritten: {error.strerror}.") from error
        os.close(self._fd)
        self._fd, self.size = fd, size

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)


def header(next_number: int, **more: int) -> bytes:
    """The first line: format, version, the number from which the sequence goes on, and the writer's own counts."""
    first = {"id": request_id(0), "log": "aktify-sandbox", "version": FORMAT, "next": next_number, **more}
    return seal(orjson.dumps(first))


def fsync_folder(folder: Path) -> None:
    """Make a rename in the folder survive a power loss (a folder can't be opened on Windows)."""
    if os.name == "posix":
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _give_up(fd: int, beside: Path | None) -> None:
    if fd >= 0:
        os.close(fd)
    if beside:
        beside.unlink(missing_ok=True)


def _copy(fd: int, first: bytes, lines: Iterable[bytes]) -> int:
    size, buffer, held = 0, [first], len(first)
    for line in lines:
        buffer += (line, b"\n")
        held += len(line) + 1
        if held >= _CHUNK:
            size += _write_all(fd, b"".join(buffer))
            buffer, held = [], 0
    return size + _write_all(fd, b"".join(buffer))


def _write_all(fd: int, data: bytes) -> int:
    written = 0
    while written < len(data):
        written += os.write(fd, data[written:])
    return written


def _unnamed_file() -> int:
    """A file that nobody else sees and that is gone with the process: memory where the system offers it."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("aktify-sandbox")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class _duplicate:  # noqa: N801  reads like the function that it stands for
    """A second handle, so that a scan in another thread outlives a rewrite."""

    def __init__(self, fd: int) -> None:
        self._fd = os.dup(fd)

    def __enter__(self) -> int:
        return self._fd

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
