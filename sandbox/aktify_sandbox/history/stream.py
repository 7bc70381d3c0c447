"""What is recorded, as it comes: for those who wait for requests, and for viewers of a stream.

Nothing is queued for anyone. Each reader has a cursor in the log and reads on from there, so that a slow one costs no
memory and misses nothing; while nobody waits, a request pays nothing for any of this.
"""

import contextlib
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Iterator
from typing import NamedTuple

import orjson

from aktify_sandbox.history.filters import Filters
from aktify_sandbox.history.query import listed, page
from aktify_sandbox.jobs import Runs
from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.originals import asyncio, secrets
from aktify_sandbox.storage.log import Line, is_request, request_id
from aktify_sandbox.storage.store import Store
from aktify_sandbox.version import __version__

_AT_ONCE = 50
_CHUNK = 1 << 16
_REMEMBERED = 2_000
_SETTLE_SECONDS = 0.02
_STILL_HERE_SECONDS = 15
_BYTES_PER_SECOND = 20_000_000
"""What all viewers together are sent at most, so that looking doesn't slow down what is looked at."""


class Event(NamedTuple):
    """News about what is recorded already."""

    serial: int
    kind: str
    number: int


class Cursor:
    """Where a reader stands in the log."""

    def __init__(self, store: Store, after: int) -> None:
        """It begins with the first line behind the one of that number."""
        self.number = after
        self._store = store
        self._offset = -1
        self._rewrites = -1

    def read(self) -> list[Line]:
        """The next lines, not many at once; none when there are no more."""
        with self._store.log.snapshot() as snapshot:
            if self._rewrites != snapshot.rewrites:
                self._rewrites, self._offset = snapshot.rewrites, snapshot.offset_of(self.number + 1)
            lines = []
            for line in snapshot.lines(self._offset, chunk_size=_CHUNK):
                lines.append(line)
                if len(lines) == _AT_ONCE:
                    break
        if lines:
            self.number = lines[-1].number
            self._offset = lines[-1].offset + len(lines[-1].text) + 1
        return lines


class Stream:
    """All readers of what comes."""

    def __init__(self, store: Store) -> None:
        self.run = secrets.token_hex(4)
        """Another one for each start of a sandbox, so that a viewer knows when ids may have begun anew."""
        self._store = store
        self._pulse: asyncio.Future[None] | None = None
        self._closed = False
        self._readers = 0
        self._changes: deque[Event] = deque(maxlen=1_000)
        self._serial = 0
        self.cleared = 0
        """How often what was recorded has been forgotten, or replaced, while somebody read."""
        self._rendered: OrderedDict[int, bytes] = OrderedDict()

    def close(self) -> None:
        """End all streams and all waiting: the sandbox stops."""
        self._closed = True
        self._wake()

    # news

    def _on_news(self, kind: str, number: int) -> None:
        if kind == "cleared":
            self.cleared += 1
            self._rendered.clear()
        if kind != "recorded":
            self._serial += 1
            self._changes.append(Event(self._serial, kind, number))
            self._rendered.pop(number, None)
        self._wake()

    def _wake(self) -> None:
        pulse, self._pulse = self._pulse, None
        if pulse and not pulse.done():
            pulse.set_result(None)

    async def news(self, seconds: float) -> bool:
        """Return when something has come; False after so many seconds, or when the sandbox stops.

        Nothing is missed by who has just read.
        """
        if self._closed:
            return False
        if self._pulse is None:
            self._pulse = asyncio.get_running_loop().create_future()
        done, _ = await asyncio.wait([self._pulse], timeout=seconds)
        return bool(done) and not self._closed

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """News comes as long as somebody reads."""
        self._readers += 1
        self._store.watch(self._on_news)
        try:
            yield
        finally:
            self._readers -= 1
            if self._readers == 0:
                self._store.unwatch(self._on_news)
                self._rendered.clear()  # from now on no event says what becomes of them

    def cursor(self, after: int | None = None) -> Cursor:
        """A cursor behind the line of that number, or behind all that there is."""
        return Cursor(self._store, self._store.newest if after is None else after)

    # those who wait

    async def coming(self, cursor: Cursor, deadline: float) -> AsyncGenerator[list[Line], None]:
        """The lines from the cursor on, as they come, until the deadline or the sandbox's stop.

        It reads before it waits, and once more at the end, so that whatever was written in time is read. It ends early
        when the record is cleared: then all has to be looked at anew. Read inside `reading()`.
        """
        clock = asyncio.get_running_loop().time
        cleared, end = self.cleared, None
        while self.cleared == cleared:
            if end is None and (self._closed or clock() >= deadline):
                end = self._store.newest
            lines = cursor.read()
            if lines:
                yield lines
                await asyncio.sleep(0)
            elif end is None:
                await self.news(deadline - clock())
            if end is not None and (not lines or cursor.number >= end):
                return

    async def wait(self, filters: Filters, count: int, seconds: float, run: Runs) -> list[Entry]:
        """Returns the requests that match the filters, newest first, when `count` have come or the time is up.

        What was there before is looked through by `run`.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        with self.reading():
            while True:
                cleared = self.cleared
                found = await self._found(filters, count, deadline, run)
                if self.cleared == cleared:
                    return found

    async def _found(self, filters: Filters, count: int, deadline: float, run: Runs) -> list[Entry]:
        """Ends early when the record is cleared: then it must be looked at anew."""
        self._store.flush()
        cleared, cursor = self.cleared, self.cursor()
        found, _ = await run(page(self._store, filters, count, cursor.number + 1))
        if len(found) < count and self.cleared == cleared:
            async for lines in self.coming(cursor, deadline):
                found[:0] = [self._shown(line) for line in reversed(lines) if _is_meant(line, filters)]
                if len(found) >= count:
                    break
        return found

    def _shown(self, line: Line) -> Entry:
        return listed(self._store.amended(line.load(), line.number))

    # viewers

    async def events(self, filters: Filters, after: int | None) -> AsyncGenerator[bytes, None]:
        """Server-sent events: a greeting, then each request as it comes (or from behind that number on)."""
        self._store.flush()
        newest, told = self._store.newest, self._serial
        cursor = self.cursor(newest if after is None else after)
        with self.reading():
            yield _greeting(self.run, newest)
            floor = 0
            while True:
                is_last = self._closed
                lines = cursor.read()
                floor = max(floor, *self._cleared_since(told))
                meant = (line for line in lines if line.number > floor and _is_meant(line, filters))
                events = [self._event(line) for line in meant]
                news, told = self._news_since(told, cursor.number, filters), self._serial
                piece = b"".join([*events, *news])
                if piece:
                    yield piece
                    await asyncio.sleep(len(piece) * self._readers / _BYTES_PER_SECOND)
                elif lines:
                    await asyncio.sleep(0)
                elif is_last:
                    return
                elif await self.news(_STILL_HERE_SECONDS):
                    await asyncio.sleep(_SETTLE_SECONDS)  # what comes together goes out together
                elif not self._closed:
                    yield b": still here\n\n"

    def _event(self, line: Line) -> bytes:
        known = self._rendered.get(line.number)
        if known is None:
            known = b"id: %b\ndata: %b\n\n" % (
                request_id(line.number).encode(),
                orjson.dumps(self._shown(line)),
            )
            self._rendered[line.number] = known
            if len(self._rendered) > _REMEMBERED:
                self._rendered.popitem(last=False)
        return known

    def _cleared_since(self, told: int) -> list[int]:
        """The last lines of records that were cleared or loaded: up to these nothing has come just now."""
        if self._serial == told:
            return [0]
        events = (each for each in self._changes if each.serial > told and each.kind == "cleared")
        return [0, *(event.number for event in events)]

    def _news_since(self, told: int, cursor: int, filters: Filters) -> list[bytes]:
        """What has become of requests that the viewer has seen."""
        news = []
        for event in self._changes if self._serial > told else ():
            if event.serial <= told:
                continue
            if event.kind == "cleared":
                news.append(b"event: cleared\ndata: {}\n\n")
            elif event.number <= cursor:
                line = self._store.log.find(event.number)
                if line and _is_meant(line, filters):
                    news.append(b"event: amended\ndata: %b\n\n" % orjson.dumps(self._shown(line)))
        return news


def _greeting(run: str, newest: int) -> bytes:
    hello = {"version": __version__, "newest": request_id(newest), "run": run}
    return b"retry: 1000\nevent: hello\ndata: %b\n\n" % orjson.dumps(hello)


def _is_meant(line: Line, filters: Filters) -> bool:
    return is_request(line) and filters.admits(line)
