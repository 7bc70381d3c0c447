"""What the log said up to some line, in a file beside it, so that a start reads only what came after.

It begins with one line of JSON: which log it belongs to, the counts, keys and campaigns, and how long each array is
that follows, 64-bit numbers in the machine's own order. It is written whole or not at all and ends with a checksum.
It is never the truth: one that is missing, torn, of another log or another version only costs the time to read the log.
"""

import sys
import zlib
from array import array
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple, TypeAlias

import orjson

from aktify_sandbox.jobs import Work
from aktify_sandbox.storage.index import CampaignLeads, Index, line_numbers
from aktify_sandbox.storage.log import Snapshot, number_in
from aktify_sandbox.storage.shards import NUMBERS, Shards

_VERSION = 1
_SUM = 4
_AT_ONCE = 1 << 14
_COUNTS = ("next", "written", "came", "forgotten", "dropped", "keep")

Numbers: TypeAlias = "array[int]"


class Mark(NamedTuple):
    """A place in a log by which it is known again: where a line ends, its text, and the log's first line."""

    end: int
    last: str
    first: str

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Mark":
        """The end of the snapshot."""
        return cls.at(snapshot, snapshot.size)

    @classmethod
    def at(cls, snapshot: Snapshot, end: int) -> "Mark":
        """Where the line that ends there stands. Raises `ValueError` when none does."""
        first = next(snapshot.lines(), None)
        last = next(snapshot.backwards(end), None) if 0 < end <= snapshot.size else None
        if first is None or last is None or last.offset + len(last.text) + 1 != end:
            raise ValueError("no line ends there")
        return cls(end, _digest(last.text), _digest(first.text))


class Checkpoint:
    """An index as it stood at a mark, ready to be written by another thread while the index goes on."""

    def __init__(self, index: Index, mark: Mark) -> None:
        """Taken by the thread that writes the log, when nothing waits to be written; it costs no more than the
        tables of keys and campaigns. Lines that come later may be in it or not: they will be learned again.
        """
        self._mark = mark
        self._counts = {name: getattr(index, name) for name in _COUNTS}
        self._plain = {name: dict(documents) for name, documents in index.plain.items()}
        self._strides = index.strides[:]
        self._leads = list(index.leads.items())
        self._links, self._amendments = index.links, index.amendments

    def write(self, file: BinaryIO) -> Work[None]:
        """Write it, for any thread. Raises `OSError`."""
        newest = self._counts["written"]
        shapes: list[dict[str, Any]] = []
        arrays: list[Numbers] = [self._strides]
        for name, leads in self._leads:
            pieces = yield from _frozen(leads.lines, newest)
            shapes.append({"name": name, "spelled": leads.is_spelled, "pieces": len(pieces)})
            arrays += [*_flat(pieces), (yield from _up_to(leads.order, newest))]
        maps = []
        for shards in (self._links, self._amendments):
            pieces = yield from _frozen(shards, newest)
            maps.append(len(pieces))
            arrays += _flat(pieces)
        head = {
            "checkpoint": "aktify-sandbox",
            "version": _VERSION,
            "order": sys.byteorder,
            "mark": [*self._mark],
            **self._counts,
            "plain": self._plain,
            "leads": shapes,
            "maps": maps,
            "lengths": [len(each) for each in arrays],
        }
        total = 0
        for piece in (orjson.dumps(head) + b"\n", *(each.tobytes() for each in arrays)):
            total = zlib.crc32(piece, total)
            file.write(piece)
            yield
        file.write(total.to_bytes(_SUM))


def read(content: bytes, snapshot: Snapshot) -> tuple[Index, int] | None:
    """The index of a checkpoint that belongs to this log, and where the log goes on; None if it is no such one."""
    try:
        return _understood(content, snapshot)
    except (LookupError, TypeError, ValueError, OverflowError):  # nothing that a sandbox wrote
        return None


def _understood(content: bytes, snapshot: Snapshot) -> tuple[Index, int] | None:
    """Raises what nonsense raises."""
    body = memoryview(content)[:-_SUM]
    if zlib.crc32(body).to_bytes(_SUM) != content[-_SUM:]:
        return None
    length = content.index(b"\n") + 1
    head = orjson.loads(body[:length])
    mark = Mark(*head["mark"])
    if (head["version"], head["order"]) != (_VERSION, sys.byteorder) or Mark.at(snapshot, mark.end) != mark:
        return None
    arrays = _arrays(body[length:], head["lengths"])
    index = Index()
    for name in _COUNTS:
        setattr(index, name, head[name])
    index.plain = head["plain"]
    index.strides = array(NUMBERS, next(arrays))
    for shape in head["leads"]:
        leads = index.leads[shape["name"]] = CampaignLeads()
        leads.lines, leads.is_spelled = _shards(arrays, shape["pieces"]), shape["spelled"]
        leads.order = line_numbers(next(arrays))
    index.links, index.amendments = (_shards(arrays, count) for count in head["maps"])
    return index, mark.end


def _arrays(content: memoryview, lengths: list[int]) -> Iterator["memoryview[int]"]:
    """What follows the first line, without a copy of it: that would leave holes in memory."""
    numbers, start = content.cast("q"), 0
    for length in lengths:
        yield numbers[start : start + length]
        start += length


def _shards(arrays: Iterator["memoryview[int]"], count: int) -> Shards:
    return Shards.thawed((next(arrays), next(arrays)) for _ in range(count))


def _frozen(shards: Shards, newest: int) -> Work[list[tuple[Numbers, Numbers]]]:
    found = []
    for piece in shards.frozen(newest):
        found.append(piece)
        yield
    return found


def _flat(pieces: Iterable[tuple[Numbers, Numbers]]) -> Iterator[Numbers]:
    for keys, values in pieces:
        yield from (keys, values)


def _up_to(order: Numbers, newest: int) -> Work[Numbers]:
    copy = array(NUMBERS)
    for start in range(0, len(order), _AT_ONCE):
        copy.fromlist(order[start : start + _AT_ONCE].tolist())
        yield
    while copy and copy[-1] > newest:
        copy.pop()
    return copy


def _digest(line: bytes) -> str:
    """A line as it is known again: its number and its checksum, or what stands in their places."""
    return f"{number_in(line)} {zlib.crc32(line):08x}"
