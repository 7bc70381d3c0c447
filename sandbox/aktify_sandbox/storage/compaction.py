"""A log without the requests that are forgotten, written beside the one in use while that goes on.

Of what is forgotten the leads, keys and campaigns remain that still count. Whatever is written meanwhile is taken
along: first by the thread that copies, the rest by the one that writes, right before the new log takes its place.
"""

import itertools
from collections.abc import Iterator

import orjson

from aktify_sandbox.jobs import Work
from aktify_sandbox.storage.index import Index, identity_in, lead_in
from aktify_sandbox.storage.log import Line, Log, Replacement, Snapshot, is_intact, seal

_LITTLE = 1 << 16
"""So many bytes may remain for the thread that writes, which has no time."""
_AT_ONCE = 100


class Compaction:
    """One on its way. Made and finished by the thread that writes the log, copied by any other."""

    def __init__(self, log: Log, index: Index, requests_from: int, forgotten: int, dropped: int) -> None:
        """Requests with smaller numbers, `forgotten` of them, go; `dropped` is what the new log says of them."""
        self._log, self._index = log, index
        self._rewrites = log.rewrites
        self.requests_from, self.forgotten, self._dropped = requests_from, forgotten, dropped
        self.is_done = False
        """Whether it took the log's place."""
        self._header = index.header(dropped)
        self._copied = 0
        self._new: Replacement | None = None

    def copy(self) -> Work[Replacement]:
        """Write the new log up to what is there. Raises `LogError`; then nothing is left of it."""
        self._new = new = self._log.replacement()
        try:
            with self._log.snapshot() as snapshot:
                new.write(self._header)
                self._copied = snapshot.offset_of(self.requests_from)
                lines = self._forgotten_lines(snapshot)
                while batch := list(itertools.islice(lines, _AT_ONCE)):
                    new.write_lines(filter(None, (survivor_of(line, self._index) for line in batch)))
                    yield
            while self._log.size - self._copied > _LITTLE:
                yield from self._copy_new_lines(new)
            new.sync()
            yield from self._copy_new_lines(new)
        except BaseException:  # nobody wants it any more, or it can't be
            new.close()
            raise
        return new

    def _forgotten_lines(self, snapshot: Snapshot) -> Iterator[Line]:
        return itertools.takewhile(lambda line: line.offset < self._copied, snapshot.lines())

    def _copy_new_lines(self, new: Replacement) -> Work[None]:
        """What was written meanwhile, as it stands."""
        with self._log.snapshot() as snapshot:
            while self._copied < snapshot.size:
                piece = snapshot.read(min(_LITTLE, snapshot.size - self._copied), self._copied)
                new.write(piece)
                self._copied += len(piece)
                yield

    def finish(self) -> None:
        """Put what was copied in place, unless another log took it meanwhile: then there is nothing to forget.

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
            self._index.forget_requests(self.requests_from, self.forgotten, self._dropped)
            self.is_done = True
        finally:
            new.close()


def survivor_of(line: Line, index: Index) -> bytes | None:
    """What remains of a line whose request is forgotten, without newline, if anything. Raises `LogDamagedError`."""
    if not is_intact(line.text):  # what is dropped now could never be found again
        raise line.damage()
    content = line.load()
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
