"""The content of the log up to some line, in a separate file, so that a start reads only the rest.

The file begins with one line of JSON: which log it belongs to, the counts, keys and campaigns. Then come arrays of
64-bit numbers in the machine's byte order, JSON that lists the arrays and their lengths, the length of that JSON, and a
checksum of everything. It is written whole or not at all. It is only a cache: if it is missing, damaged, or of another
log or version, a start reads the whole log.
"""

import sys
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple, TypeAlias

import orjson

from aktify_sandbox.jobs import Work
from aktify_sandbox.storage.index import CampaignLeads, Index, line_numbers
from aktify_sandbox.storage.log import Snapshot, number_in
from aktify_sandbox.storage.shards import NUMBERS, Shards

_VERSION = 3
_LENGTH, _SUM = 8, 4
"""Bytes of the two numbers at the end."""
_AT_ONCE = 1 << 14
_COUNTS = ("next", "written", "came", "forgotten", "dropped", "max_requests")

Numbers: TypeAlias = "array[int]"


class Mark(NamedTuple):
    """A position in a log, and how to recognise it: where a line ends, its text, and the log's first line."""

    end: int
    last: str
    first: str

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Mark":
        """The end of the snapshot."""
        return cls.at(snapshot, snapshot.size)

    @classmethod
    def at(cls, snapshot: Snapshot, end: int) -> "Mark":
        """The mark for the line that ends at this offset. Raises `ValueError` if none does."""
        first = next(snapshot.lines(), None)
        last = next(snapshot.backwards(end), None) if 0 < end <= snapshot.size else None
        if first is None or last is None or last.offset + len(last.text) + 1 != end:
            raise ValueError("no line ends there")
        return cls(end, _digest(last.text), _digest(first.text))


class Checkpoint:
    """An index at a mark, which another thread can write while the index changes."""

    def __init__(self, index: Index, mark: Mark) -> None:
        """Make it in the thread that writes the log, when no line is pending; it copies only the tables of keys and
        campaigns. Later lines may be included or not: they will be applied again.
        """
        self._mark = mark
        self._counts = {name: getattr(index, name) for name in _COUNTS}
        self._plain = {name: dict(documents) for name, documents in index.plain.items()}
        self._strides = index.strides[:]
        self._leads = list(index.leads.items())
        self._links, self._amendments = index.links, index.amendments

    def write(self, file: BinaryIO) -> Work[None]:
        """Write it, from any thread, holding only a piece of it in memory. Raises `OSError`."""
        newest = self._counts["written"]
        out = _Output(
            file,
            {
                "checkpoint": "aktify-sandbox",
                "version": _VERSION,
                "order": sys.byteorder,
                "mark": [*self._mark],
                **self._counts,
                "plain": self._plain,
            },
        )
        shapes: list[dict[str, Any]] = []
        yield from out.array([self._strides])
        for name, leads in self._leads:
            pieces = yield from out.shards(leads.lines, newest)
            shapes.append({"name": name, "spelled": leads.is_spelled, "pieces": pieces})
            yield from out.array(_up_to(leads.order, newest))
        links = yield from out.shards(self._links, newest)
        amendments = yield from out.shards(self._amendments, newest)
        out.end({"leads": shapes, "maps": [links, amendments]})


class _Output:
    """Writes the file."""

    def __init__(self, file: BinaryIO, head: dict[str, Any]) -> None:
        self._file = file
        self._lengths: list[int] = []
        self._checksum = 0
        self._write(orjson.dumps(head) + b"\n")

    def shards(self, shards: Shards, newest: int) -> Work[int]:
        """Keys and values of dictionaries, piece by piece. Returns the number of pieces."""
        count = 0
        for count, (keys, values) in enumerate(shards.frozen(newest), 1):  # noqa: B007  it is returned
            yield from self.array([keys])
            yield from self.array([values])
        return count

    def array(self, parts: Iterable[Numbers]) -> Work[None]:
        """One array, in parts."""
        self._lengths.append(0)
        for part in parts:
            self._write(part)
            self._lengths[-1] += len(part)
            yield

    def end(self, arrays: dict[str, Any]) -> None:
        """The list of arrays."""
        text = orjson.dumps({**arrays, "lengths": self._lengths})
        self._write(text)
        self._write(len(text).to_bytes(_LENGTH))
        self._file.write(self._checksum.to_bytes(_SUM))

    def _write(self, content: "bytes | Numbers") -> None:
        self._checksum = zlib.crc32(content, self._checksum)
        self._file.write(content)


def read(content: bytes, snapshot: Snapshot) -> tuple[Index, int] | None:
    """The index in a checkpoint of this log, and where the log continues; None if there is no valid one."""
    try:
        return _understood(content, snapshot)
    except (LookupError, TypeError, ValueError, OverflowError, StopIteration, RuntimeError):
        return None  # no sandbox wrote it


def _understood(content: bytes, snapshot: Snapshot) -> tuple[Index, int] | None:
    """Raises various exceptions for nonsensical content."""
    body = memoryview(content)[:-_SUM]
    if zlib.crc32(body).to_bytes(_SUM) != content[-_SUM:]:
        return None
    begin, end = content.index(b"\n") + 1, len(body) - _LENGTH
    middle = end - int.from_bytes(body[end:])
    head, tail = orjson.loads(body[:begin]), orjson.loads(body[middle:end])
    mark = Mark(*head["mark"])
    if (head["version"], head["order"]) != (_VERSION, sys.byteorder) or Mark.at(snapshot, mark.end) != mark:
        return None
    arrays = _arrays(body[begin:middle], tail["lengths"])
    index = Index()
    for name in _COUNTS:
        setattr(index, name, head[name])
    index.plain = head["plain"]
    index.strides = array(NUMBERS, next(arrays))
    for shape in tail["leads"]:
        leads = index.leads[shape["name"]] = CampaignLeads()
        leads.lines, leads.is_spelled = _shards(arrays, shape["pieces"]), shape["spelled"]
        leads.order = line_numbers(next(arrays))
    index.links, index.amendments = (_shards(arrays, count) for count in tail["maps"])
    return index, mark.end


def _arrays(content: memoryview, lengths: list[int]) -> Iterator["memoryview[int]"]:
    """Each array, without copying it: copies would fragment the memory."""
    numbers, start = content.cast("q"), 0
    for length in lengths:
        yield numbers[start : start + length]
        start += length


def _shards(arrays: Iterator["memoryview[int]"], count: int) -> Shards:
    return Shards.thawed((next(arrays), next(arrays)) for _ in range(count))


def _up_to(order: Numbers, newest: int) -> Iterator[Numbers]:
    """The ascending line numbers up to the newest, in parts."""
    for start in range(0, len(order), _AT_ONCE):
        part = order[start : start + _AT_ONCE]
        yield array(NUMBERS, part[: bisect_right(part, newest)])


def _digest(line: bytes) -> str:
    """How a line is recognised: its number and checksum, or the bytes in their places."""
    return f"{number_in(line)} {zlib.crc32(line):08x}"
