"""Whoever looks through a long record: others are answered meanwhile, and it ends with its client and the sandbox."""

import asyncio
import contextlib
import itertools
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from aktify_sandbox.server.thread import ServerThread
from aktify_sandbox.settings import Settings
from aktify_sandbox.storage.log import Line, Snapshot, header, request_id, seal
from support.conditions import eventually
from support.running import LEAD, Running

LOOKING = {
    "list": b"GET /_sandbox/requests?search=durationMs HTTP/1.1\r\n",
    "leads": b"GET /_sandbox/leads?search=durationMs HTTP/1.1\r\n",
    "wait": b"GET /_sandbox/requests/wait?search=durationMs&timeout=600 HTTP/1.1\r\n",
    "export": b"GET /_sandbox/requests/export?search=durationMs HTTP/1.1\r\n",
    "verify": b"POST /_sandbox/requests/verify HTTP/1.1\r\ncontent-type: application/json\r\n",
}
"""`durationMs` is in every line and in no request's text, so that each must be read, and none is found."""
EXPECTED = b'{"where": {"phone": "(509) 555-0199"}, "count": 1}'


def asked(name: str) -> bytes:
    body = EXPECTED if name == "verify" else b""
    return LOOKING[name] + b"host: localhost\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def is_working() -> bool:
    return any(thread.name == "aktify-sandbox jobs" for thread in threading.enumerate())


def until(is_so: bool) -> None:
    """Wait until a job is under way, or none is any more."""
    eventually(lambda: is_working() is is_so)


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerThread]:
    """A sandbox whose record has no end, once a request is in it."""
    with ServerThread(Settings(in_memory=True, port=0)) as sandbox:
        httpx.post(f"{sandbox.url}/api/v1/leads", json=LEAD, headers={"x-api-key": sandbox.api_key})
        record = httpx.get(f"{sandbox.url}/_sandbox/requests").json()["requests"][0]
        with monkeypatch.context() as patched:

            def lines(snapshot: Snapshot, *_: object, **__: object) -> Iterator[Line]:
                return itertools.repeat(Line(0, snapshot.read(snapshot.size - 1, 0).splitlines()[1]))

            patched.setattr(Snapshot, "lines", lines)
            patched.setattr(Snapshot, "backwards", lines)
            patched.setattr(Snapshot, "find_all", lines)
            assert record["id"] == "r000000001"
            yield sandbox
    until(False)


@pytest.mark.parametrize("name", LOOKING)
def test_a_search_ends_when_its_client_hangs_up(endless: ServerThread, name: str) -> None:
    with socket.create_connection(("127.0.0.1", int(endless.url.rpartition(":")[2]))) as client:
        client.sendall(asked(name))
        until(True)
        assert httpx.get(f"{endless.url}/_sandbox/health").status_code == 200
        assert len(httpx.get(f"{endless.url}/_sandbox/requests?limit=1").json()["requests"]) == 1
    until(False)


@pytest.mark.parametrize("name", LOOKING)
def test_a_search_ends_with_the_sandbox(endless: ServerThread, name: str) -> None:
    with socket.create_connection(("127.0.0.1", int(endless.url.rpartition(":")[2]))) as client:
        client.sendall(asked(name))
        until(True)
        endless.stop()
        assert b" 200 OK" not in client.recv(100) or name == "export"


def test_a_search_without_a_socket_ends_when_it_is_given_up(endless: ServerThread) -> None:
    async def given_up() -> None:
        transport = httpx.ASGITransport(endless.app.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            search = asyncio.ensure_future(client.get("/_sandbox/requests?search=durationMs"))
            await asyncio.to_thread(until, True)
            search.cancel()
            with pytest.raises(asyncio.CancelledError):
                await search
            await asyncio.to_thread(until, False)

    asyncio.run(given_up())


def long_log(state: Path, count: int) -> None:
    """A state with so many requests, each written as a real one was."""
    with ServerThread(Settings(state=state, port=0)) as sandbox:
        httpx.post(f"{sandbox.url}/api/v1/leads", json=LEAD, headers={"x-api-key": "none"})
    content = orjson.loads((state / "log.jsonl").read_bytes().splitlines()[1])
    del content["crc"]
    with (state / "log.jsonl").open("wb") as log:
        log.write(header(1))
        for number in range(1, count + 1):
            log.write(seal(orjson.dumps(content | {"id": request_id(number)})))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_eight_searches_of_a_long_record_are_ended_by_a_signal(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Together they would take many seconds; none of them has its answer when the process has ended."""
    long_log(tmp_path / "state", 50_000)
    sandbox = Running(tmp_path, "--state", str(tmp_path / "state"))
    clients = [socket.create_connection(("127.0.0.1", sandbox.port)) for _ in range(8)]
    for client in clients:
        client.sendall(asked("list"))
    assert sandbox.get("/_sandbox/status")["requests"] == 50_000
    sandbox.process.send_signal(number)
    assert sandbox.end() == 0, sandbox.output()
    for client in clients:
        with client:
            client.settimeout(5)
            with contextlib.suppress(ConnectionResetError):
                assert b" 200 OK" not in client.recv(100)
    assert "Traceback" not in sandbox.output()
