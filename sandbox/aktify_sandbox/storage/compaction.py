"""Rewrites a log without its forgotten requests, while the one in use continues.

Leads, keys and campaigns of forgotten lines remain if they still count. Lines written meanwhile are copied too: first
by the copying thread, the rest by the writing thread, right before the new log replaces the old one.
"""

import itertools
from array import array
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from aktify_sandbox.jobs import Work
from aktify_sandbox.storage.index import Index, identity_in, is_among, lead_in
from aktify_sandbox.storage.log import Line, Log, Replacement, Snapshot, is_intact, is_request, seal
from aktify_sandbox.storage.shards import NUMBERS

_LITTLE = 1 << 16
"""The most bytes left to the thread that writes, which has no time."""
_AT_ONCE = 100


class Compaction:
    """One compaction. The thread that writes the log creates and finishes it; any other thread copies."""

    def __init__(
        self,
        log: Log,
        index: Index,
        requests_from: int,
        count: int,
        dropped: int,
        stays: Callable[[Line], bool] = lambda _: False,
    ) -> None:
        """Removes the `count` requests with smaller numbers, except those that stay: `stays` is asked by any thread.

        `dropped` is the count for the new log's first line.
        """
        self._log, self._index = log, index
        self._rewrites = log.rewrites
        self.requests_from, self._count, self._dropped = requests_from, count, dropped
        self._hidden = index.hidden
        self._stays = stays
        self._kept = array(NUMBERS)
        self.is_done = False
        """Whether it has replaced the log."""
        self._header = index.header(dropped)
        self._copied = 0
        self._new: Replacement | None = None

    @property
    def cleared(self) -> int:
        """How many requests that could be seen are removed, once everything is copied."""
        return self._count - len(self._kept) - self._hidden

    def copy(self) -> Work[Replacement]:
        """Write the new log as far as there are lines. Raises `LogError`; then it is removed."""
        self._new = new = self._log.replacement()
        try:
            with self._log.snapshot() as snapshot:
                new.write(self._header)
                self._copied = snapshot.offset_of(self.requests_from)
                lines = self._older_lines(snapshot)
                while batch := list(itertools.islice(lines, _AT_ONCE)):
                    new.write_lines(filter(None, map(self._survivor_of, batch)))
                    yield
            while self._log.size - self._copied > _LITTLE:
                yield from self._copy_new_lines(new)
            new.sync()
            yield from self._copy_new_lines(new)
        except BaseException:  # it is no longer needed, or has failed
            new.close()
            raise
        return new

    def _older_lines(self, snapshot: Snapshot) -> Iterator[Line]:
        return itertools.takewhile(lambda line: line.offset < self._copied, snapshot.lines())

    def _survivor_of(self, line: Line) -> bytes | None:
        """What to keep of a line, without newline, if anything. Raises `LogDamagedError`."""
        if not is_intact(line.text):  # what is dropped here can't be restored
            raise line.damage()
        if is_request(line) and self._stays(line):
            self._kept.append(line.number)
            return line.text
        content = line.load()
        match content.get("kind"):
            case "amend" if is_among(content["of"], self._kept):
                return line.text
            case "drop" if self._kept and content["table"] == "leads":  # a kept request may hold such a lead
                return line.text
        return _row_of(line, content, self._index)

    def _copy_new_lines(self, new: Replacement) -> Work[None]:
        """The lines that were written meanwhile, unchanged."""
        with self._log.snapshot() as snapshot:
            while self._copied < snapshot.size:
                piece = snapshot.read(min(_LITTLE, snapshot.size - self._copied), self._copied)
                new.write(piece)
                self._copied += len(piece)
                yield

    def finish(self) -> None:
        """Put the copy in place, unless another log did so meanwhile: then there is nothing to do.

        Raises `LogWriteError`; then nothing has changed.
        """
        new = self._new
        if new is None:
            return
        try:
            if self._log.rewrites != self._rewrites:
                return
            self._log.refuse_if_changed()
            for _ in self._copy_new_lines(new):
                pass
            self._log.replace_with(new)
            self._index.forget_requests(self.requests_from, self._count, self._kept, self._dropped)
            self.is_done = True
        finally:
            new.close()


def _row_of(line: Line, content: dict[str, Any], index: Index) -> bytes | None:
    """The lead or the row of another table on the line, if it is current."""
    lead = lead_in(content)
    if lead:
        if not index.is_current(lead["campaign"], identity_in(lead), line.number):
            return None
        row = {
            "id": content["id"],
            "kind": "put",
            "table": "leads",
            "document": line.number,
            "content": lead,
        }
        return seal(orjson.dumps(row))[:-1]
    return line.text if index.is_current_row(content) else None
