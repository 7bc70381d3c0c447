"""Many requests at once on one connection: answered in order, and never more of them held than a little."""

import socket
import threading
from pathlib import Path

import pytest

from support.bad_input.corpus import HEALTH, KEY, POST, post
from support.bad_input.wire import Answers, connect
from support.running import Running, Serve, memory

MOST_KB = 20_000
TINY = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")


def poured(sandbox: Running, connection: socket.socket, data: bytes) -> tuple[int, int]:
    """Send until the server takes no more for a second: how much is left, and by how many kB its memory has grown."""
    before, left = memory(sandbox, "VmRSS"), memoryview(data)
    connection.settimeout(1)
    try:
        while left and memory(sandbox, "VmHWM") - before <= MOST_KB:
            left = left[connection.send(left[:65_536]) :]
    except TimeoutError:
        pass
    return len(left), memory(sandbox, "VmHWM") - before


@pytest.mark.parametrize("request_", [TINY, HEALTH, post(body=b"{}")], ids=["tiny", "admin", "lead"])
def test_a_client_that_sends_without_reading_is_read_no_further(
    serve: Serve, whole: bool, request_: bytes
) -> None:
    """One connection, 20 MB of requests (100 in the whole form), no answer read: the rest waits with the client."""
    sandbox = serve("--in-memory", "--quiet")
    sandbox.post()
    data = request_ * (1_000_000 // len(request_)) * (100 if whole else 20)
    with connect(sandbox) as connection:
        left, grown = poured(sandbox, connection, data)
        assert left > 0
        assert grown <= MOST_KB
        assert sandbox.get("/_sandbox/health")["status"] == "ok"


def test_a_slow_answer_holds_up_what_follows_and_no_more_is_held_of_it_than_a_little(serve: Serve) -> None:
    sandbox = serve("--in-memory", "--quiet")
    sandbox.post()
    hanging = post(body=b'{"phoneNumber": "2125550160", "region": "NY"}')
    with connect(sandbox) as connection:
        left, grown = poured(sandbox, connection, hanging + TINY * 700_000)
        assert left > 0
        assert grown <= MOST_KB


def test_twenty_thousand_at_once_are_answered_in_order(serve: Serve) -> None:
    """Every one is told its own path."""
    sandbox, count = serve("--in-memory", "--quiet"), 20_000
    data = b"".join(b"GET /p%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(count))
    with connect(sandbox) as connection:
        sending = threading.Thread(target=connection.sendall, args=(data,))
        sending.start()
        answers = Answers(connection)
        for number in range(count):
            answer = answers.next()
            assert answer
            assert b"There is no /p%d." % number in answer[2]
        sending.join()


def test_others_are_served_while_one_connection_pours_requests(serve: Serve) -> None:
    sandbox = serve("--in-memory", "--quiet")
    data = TINY * 30_000
    with connect(sandbox) as pouring:
        sending = threading.Thread(target=pouring.sendall, args=(data,))
        reading = threading.Thread(target=_drain, args=(pouring, 30_000))
        sending.start()
        reading.start()
        assert sandbox.post().status_code == 201
        reading.join()
        sending.join()


def _drain(connection: socket.socket, count: int) -> None:
    answers = Answers(connection)
    for _ in range(count):
        assert answers.next()


def test_nothing_behind_the_last_request_of_a_connection_is_read(sandbox: Running) -> None:
    last = POST + b"Host: a\r\nx-api-key: %b\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}" % KEY
    with connect(sandbox) as connection:
        connection.sendall(last + TINY * 100)
        assert Answers(connection).statuses() in ([400], [400, 0])
