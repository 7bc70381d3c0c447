"""Whoever waits for requests reads all that came: before he waits, and once more when the time is over."""

import asyncio
from collections.abc import AsyncIterator, Callable

import orjson

from aktify_sandbox.history.filters import Filters
from aktify_sandbox.history.stream import Stream
from aktify_sandbox.storage.log import Line, request_id
from aktify_sandbox.storage.store import Store

_ROUNDS = 1_000


class Journal:
    """A store in memory with its stream, into which requests are written at once."""

    def __init__(self) -> None:
        self.store = Store(None)
        self.stream = Stream(self.store)

    def write(self) -> int:
        number = self.store.next_number()
        content = {"id": request_id(number), "kind": "request", "response": None}
        self.store.add(number, orjson.dumps(content), None, lambda _: None)
        self.store.flush()
        return number


async def numbers(coming: AsyncIterator[list[Line]], then: Callable[[], object] = int) -> list[int]:
    found = []
    async for lines in coming:
        found += [line.number for line in lines]
        then()
    return found


def test_lines_written_before_the_deadline_are_read() -> None:
    async def waiting() -> None:
        journal = Journal()
        with journal.stream.reading():
            cursor, now = journal.stream.cursor(), asyncio.get_running_loop().time()
            written = [journal.write() for _ in range(120)]
            assert await numbers(journal.stream.coming(cursor, now)) == written

    asyncio.run(waiting())


def test_lines_written_before_the_stop_are_read() -> None:
    async def waiting() -> None:
        journal = Journal()
        with journal.stream.reading():
            cursor, later = journal.stream.cursor(), asyncio.get_running_loop().time() + 60
            written = [journal.write() for _ in range(120)]
            journal.stream.close()
            assert await numbers(journal.stream.coming(cursor, later)) == written

    asyncio.run(waiting())


def test_waiting_ends_although_requests_come_without_an_end() -> None:
    async def waiting() -> None:
        journal = Journal()
        with journal.stream.reading():
            cursor, now = journal.stream.cursor(), asyncio.get_running_loop().time()
            first = journal.write()
            assert await numbers(journal.stream.coming(cursor, now), journal.write) == [first]

    asyncio.run(waiting())


def test_a_stream_tells_what_was_written_before_the_stop() -> None:
    async def looking() -> None:
        journal = Journal()
        events = journal.stream.events(Filters(), None)
        await anext(events)
        name = request_id(journal.write()).encode()
        journal.stream.close()
        told = b"".join([piece async for piece in events])
        assert b"id: %b\n" % name in told

    asyncio.run(looking())
