"""One connection as its transport sees it: what is read, when, and how much of it is held."""

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from aktify_sandbox.app import Application
from aktify_sandbox.server.protocol import SandboxProtocol
from aktify_sandbox.server.server import Server
from aktify_sandbox.settings import Settings
from aktify_sandbox.storage.store import Store
from support.bad_input.corpus import HEALTH, post

TINY = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
MANY = TINY * 5_000


class Transport(asyncio.Transport):
    """Remembers what is done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = 0
        self.newest = b""
        self.is_paused = self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.newest = bytes(data)
        self.answers += self.newest.count(b"HTTP/1.1 ")

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def write_eof(self) -> None:
        """The test reads on."""

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 50_000) if name == "peername" else default


class Connection:
    """A connection to a sandbox in memory, and the loop in which it lives."""

    def __init__(self) -> None:
        self.store = Store(None)
        app = Application(Settings(), self.store, "http://127.0.0.1:1", lambda _: None, lambda: None)
        server = Server(app, lambda: None)
        server.config.load()
        self.loop = asyncio.new_event_loop()
        self.transport = Transport()
        self.protocol = SandboxProtocol(app.endpoint, server.config, server.server_state, {}, self.loop)
        self.loop.run_until_complete(self._connect())

    async def _connect(self) -> None:
        self.protocol.connection_made(self.transport)

    def receive(self, data: bytes) -> None:
        """It comes, and the loop goes round until nothing is left to be done."""

        async def come() -> None:
            self.protocol.data_received(data)
            await asyncio.sleep(0.05)  # pause: so that the loop has its turns

        self.loop.run_until_complete(come())

    def do(self, what: Any) -> None:
        async def go() -> None:
            what()
            await asyncio.sleep(0.05)  # pause: so that the loop has its turns

        self.loop.run_until_complete(go())


@pytest.fixture
def connection() -> Iterator[Connection]:
    made = Connection()
    yield made
    made.loop.run_until_complete(_gone(made))
    made.loop.close()
    made.store.close()


async def _gone(made: Connection) -> None:
    made.transport.close()
    made.protocol.connection_lost(None)
    await asyncio.sleep(0)


def test_while_the_client_reads_nothing_no_further_request_is_begun(connection: Connection) -> None:
    connection.receive(TINY)
    connection.protocol.pause_writing()  # as the transport says when its buffer is full
    connection.receive(MANY)
    assert connection.transport.answers == 1
    assert connection.transport.is_paused
    connection.do(connection.protocol.resume_writing)
    assert connection.transport.answers > 1


def test_only_a_few_kilobytes_are_parsed_ahead_of_a_slow_answer(connection: Connection) -> None:
    hanging = post(body=b'{"phoneNumber": "2125550160", "region": "NY"}')
    connection.receive(hanging + MANY)
    assert connection.transport.answers == 0
    assert connection.transport.is_paused
    assert connection.store.requests == 1
    waiting = connection.protocol._waiting  # private: only memory shows how much is parsed ahead
    assert len(waiting) <= 4_096 // len(TINY)


def test_five_thousand_requests_are_begun_in_many_turns_of_the_loop(connection: Connection) -> None:
    """Whoever else waits gets his turn in between."""

    async def come() -> list[int]:
        connection.protocol.data_received(MANY)
        seen = [connection.transport.answers]
        for _ in range(40):
            await asyncio.sleep(0)
            seen.append(connection.transport.answers)
        return seen

    seen = connection.loop.run_until_complete(come())
    assert all(later - earlier <= 400 for earlier, later in itertools.pairwise(seen))
    assert seen[-1] > seen[0]


def test_a_client_that_has_ended_its_side_gets_all_answers_before_the_connection_ends(
    connection: Connection,
) -> None:
    async def come() -> bool:
        connection.protocol.data_received(HEALTH + post() + HEALTH)
        return connection.protocol.eof_received()

    assert connection.loop.run_until_complete(come())
    connection.do(lambda: None)
    assert connection.transport.answers == 3
    assert connection.transport.is_closed


@pytest.mark.parametrize("place", ["journal.writer.entry_of", "server.protocol.SandboxProtocol.on_end"])
def test_a_defect_anywhere_on_the_way_is_a_500_with_its_traceback_and_never_the_clients_fault(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    def defect(*_: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(f"aktify_sandbox.{place}", defect)
    connection.receive(post())
    assert connection.transport.newest.startswith(b"HTTP/1.1 500 ")
    assert "ZeroDivisionError: on purpose" in capsys.readouterr().err
    assert connection.store.leads_in("demo") == 0
