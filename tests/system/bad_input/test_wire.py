"""The corpus through a real socket: each row gets its answers, and the record holds each request once."""

import socket
import time
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from support.bad_input.corpus import HEALTH, KEY, ROWS, Row, announced, cut, lead, post
from support.bad_input.wire import Answers, connect, newest, recorded_after, settled, status_of
from support.conditions import eventually
from support.running import Running

_BETWEEN_PIECES = 0.001


@pytest.fixture(scope="module")
def tortured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One sandbox for the whole corpus; at the end it has never stumbled and recorded nothing twice."""
    running = Running(tmp_path_factory.mktemp("wire"), "--in-memory")
    yield running
    records = recorded_after(running, 0)
    numbers = [int(record["id"].removeprefix("r")) for record in records]
    assert numbers == list(range(1, len(records) + 1))
    assert running.stop() == 0
    assert "Traceback" not in running.output()


def sent(sandbox: Running, row: Row) -> list[int]:
    """Send a row's bytes; the statuses of the answers."""
    with connect(sandbox) as connection:
        for number, piece in enumerate(row.pieces):
            time.sleep(_BETWEEN_PIECES if number else 0)  # pause: the pieces of a slow client come apart
            connection.sendall(piece)
        if row.then == "hang up":
            return []
        if row.then == "goes on":
            connection.sendall(HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        elif row.then == "finish":
            connection.shutdown(socket.SHUT_WR)
        return Answers(connection).statuses()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_it_gets_its_answers_and_its_records_and_the_next_client_is_served(
    tortured: Running, row: Row
) -> None:
    before = newest(tortured)
    assert sent(tortured, row) == [*row.answers, *([200] if row.then == "goes on" else [])]
    expected = list(row.records)
    assert list(map(status_of, settled(tortured, before, expected))) == expected
    with connect(tortured) as connection:
        connection.sendall(post())
        answer = Answers(connection).next()
    assert answer
    assert answer[0] == HTTPStatus.CREATED
    assert list(map(status_of, recorded_after(tortured, before))) == [*expected, 201]


def test_what_was_refused_in_the_middle_is_recorded_with_the_answer_that_it_got(tortured: Running) -> None:
    head = b"POST /api/v1/leads HTTP/1.1\r\nHost: a\r\nx-api-key: %b\r\n" % KEY
    before = newest(tortured)
    with connect(tortured) as connection:
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n")
        answer = Answers(connection).next()
    assert answer
    [listed] = settled(tortured, before, [400])
    record = tortured.get(f"/_sandbox/requests/{listed['id']}")
    assert (record["body"], record["bodyBytes"]) == ("{}", 2)
    assert record["reason"]["objection"] == "request"
    assert record["response"]["body"] == answer[2].decode()
    assert {tuple(pair) for pair in record["response"]["headers"]} <= set(answer[1].items())


@pytest.mark.parametrize("size", [1, 7, 64, 1_000])
def test_a_lead_in_pieces_is_recorded_as_it_was_sent(tortured: Running, size: int) -> None:
    body, before = lead(), newest(tortured)
    with connect(tortured) as connection:
        for piece in cut(post(body=body), size):
            connection.sendall(piece)
        answer = Answers(connection).next()
    assert answer
    assert answer[0] == HTTPStatus.CREATED
    [listed] = recorded_after(tortured, before)
    assert tortured.get(f"/_sandbox/requests/{listed['id']}")["body"] == body.decode()


def test_a_thousand_that_hang_up_at_every_place_leave_a_record_each_or_none(tortured: Running) -> None:
    """One whose head had come is recorded as aborted, one whose body had come too as accepted."""
    whole = announced(b"%d" % len(lead()), lead())
    head = whole.index(b"\r\n\r\n") + 4
    before = newest(tortured)
    for length in range(1, len(whole)):
        with connect(tortured) as connection:
            connection.sendall(whole[:length])
    expected: list[int | None] = [None] * (len(whole) - head)
    assert list(map(status_of, settled(tortured, before, expected))) == expected
    assert len(recorded_after(tortured, before)) == len(expected)


def test_an_answer_that_is_late_on_purpose_waits_for_nobody_who_has_gone(tortured: Running) -> None:
    """A client that ends its side before its delayed answer counts as gone, which tells how long its patience lasts."""
    before = newest(tortured)
    delayed = post(body=b'{"phoneNumber": "2125550164", "region": "NY"}')
    with connect(tortured) as connection:
        connection.sendall(delayed)
        connection.shutdown(socket.SHUT_WR)
        assert Answers(connection).statuses() in ([], [0])
    [record] = settled(tortured, before, [None])
    path = f"/_sandbox/requests/{record['id']}"
    eventually(lambda: "hungUpAfterMs" in tortured.get(path))
    assert tortured.get(path)["hungUpAfterMs"] < 5_000
