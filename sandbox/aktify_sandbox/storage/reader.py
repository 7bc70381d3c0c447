"""A log as read-only tables: while a sandbox writes it, after it stopped, or from another process.

Nothing is locked or written. Each look at a table first reads new lines, so it includes every answered request.
Documents are read from the log when they are used.
"""

import contextlib
import errno
import stat
import weakref
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path

from aktify_sandbox.errors import LogDamagedError, LogError, StateError
from aktify_sandbox.jobs import finished
from aktify_sandbox.originals import os, threading
from aktify_sandbox.storage import checkpoint
from aktify_sandbox.storage.folder import CHECKPOINT
from aktify_sandbox.storage.index import Document, Index, identity_in, lead_in, public, public_lead, restored
from aktify_sandbox.storage.log import Line, Snapshot, check_format, is_intact, is_next, is_request
from aktify_sandbox.storage.server_file import LOG
from aktify_sandbox.storage.state_file import DAMAGED, MEANINGLESS, NONSENSE, verify_state
from aktify_sandbox.storage.tables import State

_NO_STATE = "Fix: use the state folder that `aktify-sandbox serve` prints."


def open_state(folder: "str | os.PathLike[str]" = ".aktify-sandbox") -> State:
    """Open a state folder as a read-only TinyDB, also while a sandbox runs. Each query sees the current state.

    Its tables are `leads`, `requests`, `keys` and `campaigns`. Raises `StateError`.
    """
    return State(Reader(Path(folder)), f"{folder}")


open_state.__module__ = "aktify_sandbox"  # the module that users import it from


class Lines:
    """An open log and what is known of it so far. It is closed when it is no longer used."""

    def __init__(self, fd: int, path: Path | None) -> None:
        self._fd, self.path = fd, path
        self.index, self.end = Index(), 0
        """The index of its lines up to the offset."""
        self._last = b""
        """The last line that was applied."""
        weakref.finalize(self, os.close, fd)

    @classmethod
    def of_state(cls, fd: int) -> "Lines":
        """A saved state, each line verified. Raises `StateFileError`."""
        lines = cls(fd, None)
        lines.index, lines.end = finished(verify_state(lines.snapshot(lines.size)))
        return lines

    def snapshot(self, size: int | None = None) -> Snapshot:
        """The lines that are known, or that many bytes."""
        return Snapshot(self._fd, self.end if size is None else size, 0, self.path)

    @property
    def size(self) -> int:
        """Its size in bytes, including lines that aren't known yet."""
        return os.fstat(self._fd).st_size

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(os.fstat(self._fd).st_mode)

    def is_at(self, path: Path) -> bool:
        """Whether the path still leads to this file. Raises `OSError`."""
        here, there = os.fstat(self._fd), os.stat(path, follow_symlinks=False)
        return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)

    def has_lost(self) -> bool:
        """Whether applied lines are gone: they were rolled back, or the file was emptied."""
        size, length = self.size, len(self._last)
        return size < self.end or self.snapshot(size).read(length, self.end - length) != self._last

    def begin(self) -> None:
        """Start from a checkpoint. Raises `LogError` if this isn't a log of ours."""
        snapshot = self.snapshot(self.size)
        first = next(snapshot.lines(chunk_size=1 << 12), None)
        if first is None or not is_intact(first.text):
            raise LogError(f"{self.path} isn't a log of aktify-sandbox. {_NO_STATE}")
        check_format(first, self.path)
        found = checkpoint.read(_content(self.path.with_name(CHECKPOINT)), snapshot) if self.path else None
        if found:
            self.index, self.end = found
            self._last = next(snapshot.backwards(self.end)).text + b"\n"

    def catch_up(self) -> None:
        """Read new lines; one without a newline is still being written. Raises `LogDamagedError`."""
        snapshot, newest = self.snapshot(self.size), self.index.written if self.end else -1
        for line in snapshot.lines(self.end):
            if not is_next(line, newest):
                raise self._damage(snapshot, line, DAMAGED)
            try:
                self.index.apply(line.load())
            except NONSENSE:
                raise self._damage(snapshot, line, MEANINGLESS) from None
            newest, self._last = line.number, line.text + b"\n"
            self.end += len(self._last)

    def _damage(self, snapshot: Snapshot, line: Line, what: str) -> LogDamagedError:
        return LogDamagedError(f"{self.path}:{snapshot.count_before(line.offset) + 1}: {what}")

    def tables(self) -> dict[str, Mapping[str, Document]]:
        """The current tables."""
        plain = {name: Added(documents) for name, documents in self.index.plain.items()}
        return {"leads": StoredLeads(self), "requests": StoredRequests(self), **plain}


class Reader:
    """The log of a state folder, even after the sandbox replaces it."""

    def __init__(self, folder: Path) -> None:
        """Raises `StateError`."""
        self._path = folder / LOG
        self._guard = threading.Lock()
        self._lines: Lines | None = None
        self._is_closed = False
        self.views()

    def views(self) -> dict[str, Mapping[str, Document]]:
        """The current tables by name. Raises `StateError`."""
        with self._guard, _in_words(self._path):
            return self._current().tables()

    def _current(self) -> Lines:
        if self._is_closed:
            raise LogError("The state is closed. Fix: open it again with open_state.")
        try:
            return self._caught_up()
        except LogDamagedError:  # or rolled back and overwritten while it was read
            self._lines = None
            return self._caught_up()

    def _caught_up(self) -> Lines:
        lines = self._lines
        if lines is None or not lines.is_at(self._path) or lines.has_lost():
            lines = opened(self._path)
            lines.begin()
            self._lines = lines
        lines.catch_up()
        return lines

    def close(self) -> None:
        """Close the file."""
        self._is_closed, self._lines = True, None


def opened(path: Path) -> Lines:
    """The log at the path. Raises `OSError`, `LogError`."""
    lines = Lines(_opened(path), path)
    if not lines.is_file:
        raise LogError(f"{path} isn't a file. {_NO_STATE}")
    return lines


def _opened(path: Path) -> int:
    """A regular file. Follows no link and doesn't wait for a pipe. Raises `OSError`."""
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _content(path: Path) -> bytes:
    """The content of a file; empty if it can't be read."""
    with contextlib.suppress(OSError), open(_opened(path), "rb") as file:
        return file.read()
    return b""


@contextlib.contextmanager
def _in_words(path: Path | None) -> Iterator[None]:
    """Turn errors of reading into `StateError`."""
    try:
        yield
    except LogError as error:
        raise StateError(f"{error}") from None
    except OSError as error:
        raise StateError(f"{_why_not(path or Path(), error)} {_NO_STATE}") from None


def _why_not(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"There is no state in {path.parent}: {path.name} is missing."
    if error.errno == errno.ELOOP:
        return f"{path} is a symbolic link; links in a state folder aren't followed."
    return f"{path} can't be read: {error.strerror}."


class StoredLeads(Mapping[str, Document]):
    """The leads, oldest first, as in `/_sandbox/leads`."""

    def __init__(self, lines: Lines) -> None:
        self._lines, self._end = lines, lines.end

    def __len__(self) -> int:
        return sum(map(len, self._lines.index.leads.values()))

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self.items())

    def __getitem__(self, key: str) -> Document:
        found = next(self._at([int(key)]), None)
        if found is None:
            raise KeyError(key)
        return found[1]

    def items(self) -> "Iterator[tuple[str, Document]]":  # type: ignore[override]  # one pass, nothing is held
        """All of them in one pass over the log."""
        return self._at(self._lines.index.oldest_leads())

    def _at(self, numbers: "Iterator[int] | list[int]") -> Iterator[tuple[str, Document]]:
        index, snapshot = self._lines.index, self._lines.snapshot(self._end)
        with _in_words(self._lines.path):
            for line in snapshot.find_all(numbers, Snapshot.forwards_from):
                lead = lead_in(line.load())
                if lead and index.is_current(lead["campaign"], identity_in(lead), line.number):
                    yield str(line.number), public_lead(lead)


class Added(Mapping[str, Document]):
    """Added keys or campaigns, copied, since the caller may change them."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._documents))

    def __getitem__(self, key: str) -> Document:
        return deepcopy(self._documents[key])


class StoredRequests(Mapping[str, Document]):
    """The recorded requests, oldest first, as in `/_sandbox/requests/{id}`, without computed fields."""

    def __init__(self, lines: Lines) -> None:
        self._lines, self._end = lines, lines.end
        index = lines.index
        self._count = index.requests - index.hidden
        self._oldest = index.oldest_in_sight(lines.snapshot()) if index.hidden else 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        return (str(line.number) for line in self._in_sight())

    def __getitem__(self, key: str) -> Document:
        with _in_words(self._lines.path):
            line = self._lines.snapshot(self._end).find(int(key))
            if line is None or not is_request(line) or line.number < self._oldest:
                raise KeyError(key)
            return self._document(line.load(), line.number)

    def items(self) -> "Iterator[tuple[str, Document]]":  # type: ignore[override]  # one pass, nothing is held
        """All of them in one pass over the log."""
        return ((str(line.number), self._document(line.load(), line.number)) for line in self._in_sight())

    def _in_sight(self) -> Iterator[Line]:
        snapshot = self._lines.snapshot(self._end)
        with _in_words(self._lines.path):
            start = snapshot.offset_of(self._oldest) if self._oldest else 0
            yield from filter(is_request, snapshot.lines(start))

    def _document(self, content: "dict[str, object]", number: int) -> Document:
        amendment = self._lines.index.amendments.get(number)
        line = self._lines.snapshot(self._end).find(amendment) if amendment is not None else None
        return public(restored({**content, **line.load()["content"]} if line else content))
