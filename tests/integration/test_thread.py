"""A sandbox in a thread: it begins and ends cleanly, and leaves what belongs to the user as it is."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
import uvicorn

from aktify_sandbox.app import Application
from aktify_sandbox.errors import SandboxDied, ServeError, StateInUseError
from aktify_sandbox.server.server import Server
from aktify_sandbox.server.thread import ServerThread
from aktify_sandbox.settings import Settings
from aktify_sandbox.testing.call import Call
from support.conditions import eventually
from support.examples import rounds
from support.running import LEAD
from support.snapshots import Snapshot

HANGS = {"phoneNumber": "(509) 555-0160", "region": "CA"}


def settings(**more: object) -> Settings:
    return Settings(**{"port": 0, "in_memory": True, **more})  # type: ignore[arg-type]  # each test gives what fits


def post(sandbox: ServerThread, lead: dict[str, str] = LEAD, **more: float) -> httpx.Response:
    headers = {"x-api-key": sandbox.api_key}
    url = f"{sandbox.url}/api/v1/leads"
    return httpx.post(url, json=lead, headers=headers, trust_env=False, timeout=more.get("timeout", 10))


def held() -> tuple[int, int]:
    """Open files and sockets of this process, and its threads."""
    return len(os.listdir("/proc/self/fd")), threading.active_count()


def test_it_answers_as_soon_as_it_has_started_and_no_more_when_it_has_stopped() -> None:
    with ServerThread(settings()) as sandbox:
        assert [post(sandbox).status_code, post(sandbox).status_code] == [201, 409]
        assert sandbox.is_alive
    assert not sandbox.is_open
    with pytest.raises(httpx.ConnectError):
        post(sandbox)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_many_starts_and_stops_leak_no_thread_socket_or_file(tmp_path: Path) -> None:
    """Every fourth has a state folder, every second a request, and every third a client that is left hanging."""

    def cycle(number: int) -> None:
        on_disk = {"in_memory": False, "state": tmp_path / "state"} if number % 4 == 0 else {}
        with ServerThread(settings(**on_disk), listen=number % 5 != 0) as sandbox:
            if number % 5 and number % 2:
                with socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2]))) as client:
                    head = "GET /_sandbox/health HTTP/1.1\r\nhost: localhost\r\n"
                    client.sendall((head if number % 3 == 0 else f"{head}\r\n").encode())
                    assert number % 3 == 0 or client.recv(12) == b"HTTP/1.1 200"

    cycle(0)
    cycle(1)
    gc.collect()
    before = held()
    for number in rounds(500):
        cycle(number)
    gc.collect()
    assert all(
        now <= then for now, then in zip(held(), before, strict=True)
    )  # others' threads may have ended


def test_a_stop_does_not_wait_for_requests_that_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aktify_sandbox.server.server._STOP_SECONDS", 40)  # for those that do get an answer
    ended: list[float] = []
    sandbox = ServerThread(settings())
    sandbox.start()

    def hang() -> None:
        with pytest.raises(httpx.TransportError):
            post(sandbox, HANGS, timeout=60)
        ended.append(time.monotonic())

    waiting = [threading.Thread(target=hang) for _ in range(5)]
    for thread in waiting:
        thread.start()
    eventually(lambda: len(sandbox.tasks) == 5)
    stopping = threading.Thread(target=sandbox.stop)
    stopping.start()
    stopping.join(15)
    assert not stopping.is_alive()
    for thread in waiting:
        thread.join(15)
    assert len(ended) == 5


def test_without_a_socket_it_listens_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was bound")

    monkeypatch.setattr("aktify_sandbox.server.thread.bind", refuse)
    with ServerThread(settings(), listen=False) as sandbox:
        with pytest.raises(httpx.TransportError):
            post(sandbox)
        call = Call(sandbox)
        call.send(b"GET /_sandbox/health HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert call.taken(call.answer.result(5)).startswith(b"HTTP/1.1 200 OK\r\n")
        call.close()


def test_the_users_loggers_and_signal_handlers_stay_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    names = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")
    loggers = [logging.getLogger(name) for name in names]

    def state() -> list[object]:
        kept = [(each.level, list(each.handlers), list(each.filters), each.propagate) for each in loggers]
        return [*kept, signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)]

    before = state()
    with caplog.at_level(logging.DEBUG):
        levels = [each.level for each in loggers]
        with ServerThread(settings()) as sandbox:
            assert post(sandbox).status_code == 201
            assert [each.level for each in loggers] == levels
            logging.getLogger("uvicorn.error").warning("the user's own server says")
    assert [record.message for record in caplog.records if record.name.startswith("uvicorn")] == [
        "the user's own server says"
    ]
    assert state() == before


def test_a_crash_in_its_thread_is_raised_in_the_thread_that_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    async def crash(counter: int) -> bool:
        raise ZeroDivisionError("on purpose")

    with ServerThread(settings()) as sandbox:
        post(sandbox)
        server = sandbox._server  # private: others of its class run in this process
        monkeypatch.setattr(server, "on_tick", crash)
        eventually(lambda: not sandbox.is_alive)
        with pytest.raises(SandboxDied, match=r"ZeroDivisionError.*on purpose"):
            sandbox.check()
        with pytest.raises(SandboxDied, match="on purpose"):
            sandbox.stop()
        monkeypatch.undo()


def test_a_crash_at_its_start_is_raised_and_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async def crash(self: Server, sockets: object = None) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(Server, "startup", crash)
    before = {*threading.enumerate()}
    with pytest.raises(SandboxDied, match="on purpose"):
        ServerThread(settings()).start()
    assert {*threading.enumerate()} <= before  # others' threads may have ended


def test_a_crash_before_it_has_a_loop_is_raised_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(self: object) -> None:
        raise AttributeError("on purpose")

    monkeypatch.setattr(uvicorn.Config, "get_loop_factory", crash)
    with pytest.raises(SandboxDied, match="on purpose"):
        ServerThread(settings()).start()


def test_a_stop_from_outside_is_told_from_a_crash(snapshot: Snapshot) -> None:
    sandbox = ServerThread(settings())
    sandbox.start()
    httpx.post(f"{sandbox.url}/_sandbox/stop", json={}, trust_env=False)
    eventually(lambda: not sandbox.is_alive)
    with pytest.raises(SandboxDied) as caught:
        sandbox.check()
    snapshot("python", str(caught.value))
    sandbox.stop()


def test_a_stop_from_outside_counts_before_all_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that asks for it may end, and be judged, before the sandbox has ended."""
    checked, shutdown = threading.Event(), Server.shutdown

    async def late(self: Server, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.to_thread(checked.wait)
        await shutdown(self, sockets)

    monkeypatch.setattr(Server, "shutdown", late)
    with ServerThread(settings()) as sandbox:
        httpx.post(f"{sandbox.url}/_sandbox/stop", json={}, trust_env=False)
        try:
            with pytest.raises(SandboxDied, match="told to stop"):
                sandbox.check()
        finally:
            checked.set()


def test_what_keeps_it_from_starting_is_raised_and_nothing_is_left(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ServeError) as caught:
        ServerThread(settings(port=taken.getsockname()[1])).start()
    snapshot("python", str(caught.value))
    on_disk = settings(in_memory=False, state=tmp_path / "state")
    with ServerThread(on_disk):
        before = held() if sys.platform == "linux" else None
        with pytest.raises(StateInUseError):
            ServerThread(on_disk).start()
        assert before is None or all(now <= then for now, then in zip(held(), before, strict=True))


def test_its_state_on_disk_is_there_at_the_next_start(tmp_path: Path) -> None:
    on_disk = settings(in_memory=False, state=tmp_path / "state")
    statuses = []
    for _ in range(2):
        with ServerThread(on_disk) as sandbox:
            statuses.append(post(sandbox).status_code)
    assert statuses == [201, 409]


def test_scenario_files_are_watched(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("rules: [{answer: 503}]")
    with ServerThread(settings(scenarios=(str(mine),))) as sandbox:
        assert post(sandbox).status_code == 503
        mine.write_text("rules: [{answer: 500, when: {region: CA}}]")
        eventually(lambda: post(sandbox).status_code == 500)


def test_the_listener_is_told_of_each_exchange() -> None:
    seen: list[int] = []
    with ServerThread(settings(), listener=lambda exchange: seen.append(exchange.answer.status)) as sandbox:
        post(sandbox)
        post(sandbox)
    assert seen == [201, 409]


def test_two_beside_each_other_know_nothing_of_each_other() -> None:
    with ServerThread(settings()) as one, ServerThread(settings()) as two:
        assert (post(one).status_code, post(two).status_code) == (201, 201)
        assert isinstance(one.app, Application)
        assert one.app is not two.app
