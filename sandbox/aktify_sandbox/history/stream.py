"""Recorded requests as they arrive, for waiting clients and viewers of a stream.

There are no queues. Each reader has a cursor in the log and continues from there, so that a slow reader costs no memory
and misses nothing. While there are no readers, requests pay nothing for this.
"""

import contextlib
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import NamedTuple, TypeVar

import orjson

from aktify_sandbox.history.filters import Filters
from aktify_sandbox.history.query import listed, page
from aktify_sandbox.jobs import Runs
from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.originals import asyncio, secrets
from aktify_sandbox.storage.log import Line, is_request, request_id
from aktify_sandbox.storage.store import Store
from aktify_sandbox.version import __version__

T = TypeVar("T")

_AT_ONCE = 50
_CHUNK = 1 << 16
_REMEMBERED = 2_000
_SETTLE_SECONDS = 0.02
_STILL_HERE_SECONDS = 15
_BYTES_PER_SECOND = 20_000_000
"""The most bytes per second for all viewers together, so that viewing doesn't slow the sandbox down."""


class Event(NamedTuple):
    """A message about recorded requests."""

    serial: int
    kind: str
    number: int


class Cursor:
    """A reader's position in the log."""

    def __init__(self, store: Store, after: int) -> None:
        """Begin after the line with that number."""
        self.number = after
        self._store = store
        self._offset = -1
        self._rewrites = -1

    def read(self) -> list[Line]:
        """The next lines, a limited number at a time; empty at the end."""
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
    """All readers of new requests."""

    def __init__(self, store: Store) -> None:
        self.run = secrets.token_hex(4)
        """Different for each start of a sandbox, so that a viewer notices that ids may have started again."""
        self._store = store
        self._pulse: asyncio.Future[None] | None = None
        self._closed = False
        self._readers = 0
        self._changes: deque[Event] = deque(maxlen=1_000)
        self._serial = 0
        self.cleared = 0
        """How often the requests were cleared or replaced while there was a reader."""
        self._rendered: OrderedDict[int, bytes] = OrderedDict()

    def close(self) -> None:
        """End all streams and waiting: the sandbox stops."""
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
        """Return when there is news; False after `seconds`, or when the sandbox stops.

        A caller that has just read misses nothing.
        """
        if self._closed:
            return False
        if self._pulse is None:
            self._pulse = asyncio.get_running_loop().create_future()
        done, _ = await asyncio.wait([self._pulse], timeout=seconds)
        return bool(done) and not self._closed

    @property
    def is_read(self) -> bool:
        """Whether there are readers."""
        return self._readers > 0

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """A reader gets news inside this context."""
        self._readers += 1
        self._store.watch(self._on_news)
        try:
            yield
        finally:
            self._readers -= 1
            if not self.is_read:
                self._store.unwatch(self._on_news)
                self._rendered.clear()  # later changes are only in the next greeting

    def cursor(self, after: int | None = None) -> Cursor:
        """A cursor after the line with that number, or at the end."""
        return Cursor(self._store, self._store.newest if after is None else after)

    # waiting clients

    async def coming(self, cursor: Cursor, deadline: float) -> AsyncGenerator[list[Line], None]:
        """New lines from the cursor on, until the deadline or the sandbox's stop.

        Reads before waiting, and once more at the end, so that everything recorded in time is read. Ends early when
        requests are cleared; the caller must then start again. Call inside `reading()`.
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
        """Returns the requests that match the filters, newest first, when there are `count` or the time is up.

        `run` searches those that are already recorded.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        return await self.settled(lambda: self._found(filters, count, deadline, run))

    async def settled(self, look: Callable[[], Awaitable[T]]) -> T:
        """The result of reading the requests, repeated if they are cleared meanwhile."""
        with self.reading():
            while True:
                cleared = self.cleared
                found = await look()
                if self.cleared == cleared:
                    return found

    async def _found(self, filters: Filters, count: int, deadline: float, run: Runs) -> list[Entry]:
        """Ends early when requests are cleared; the caller must then start again."""
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
        """Server-sent events: a greeting, then each new request (or each one after that number)."""
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
                    await asyncio.sleep(_SETTLE_SECONDS)  # sends together what arrives together
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
        """The last lines before the requests were cleared or loaded: lines up to these aren't new."""
        if self._serial == told:
            return [0]
        events = (each for each in self._changes if each.serial > told and each.kind == "cleared")
        return [0, *(event.number for event in events)]

    def _news_since(self, told: int, cursor: int, filters: Filters) -> list[bytes]:
        """Changes to requests that the viewer has received."""
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
