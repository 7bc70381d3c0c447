"""The fast lane gives the same answers and writes the same records as the ordinary way, or lets a request go there."""

import asyncio
import json
import socket
import struct
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aktify_sandbox.app import Application
from aktify_sandbox.record.recorder import restored
from aktify_sandbox.settings import Settings
from aktify_sandbox.storage.store import Store
from running import LEAD, Running, Serve

KEY, CLIENT = b"test-key", ("127.0.0.1", 4711)


class Listener:
    """A connection that keeps what is written to it."""

    pending = 0
    client_shown = b'"127.0.0.1:4711"'

    def __init__(self) -> None:
        self.written = b""

    def write_answer(self, head_and_body: bytes) -> None:
        self.written += head_and_body

    def default_headers(self) -> bytes:
        return b""


class Sandbox:
    """One in this process, asked in both ways."""

    def __init__(self, **changes: Any) -> None:
        self.store = Store(None)
        self.app = Application(Settings(**changes), self.store, "http://here", lambda _: None, lambda: None)

    def scope(self, body: bytes, media: bytes | None, key: bytes) -> dict[str, Any]:
        written = [
            (b"Host", b"a"),
            (b"X-Api-Key", key),
            (b"Content-Length", b"%d" % len(body)),
            (b"X-Own", b"\xe9"),
        ]
        written += [(b"content-type", media)] if media is not None else []
        lower = [(name.lower(), value) for name, value in written]
        return {
            "type": "http",
            "method": "POST",
            "path": "/api/v1/leads",
            "query_string": b"",
            "http_version": "1.1",
            "headers": lower,
            "aktify.headers": written,
            "client": CLIENT,
        }

    def ordinary(self, body: bytes, media: bytes | None = b"application/json", key: bytes = KEY) -> Any:
        """Through the whole application: status, headers, body."""
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.app(self.scope(body, media, key), receive, send))
        return sent[0]["status"], sent[0]["headers"], sent[1]["body"]

    def express(self, body: bytes, media: bytes | None = b"application/json", key: bytes = KEY) -> Any:
        """Through the fast lane; None when it lets the request go."""

        async def take() -> Any:
            connection, scope = Listener(), self.scope(body, media, key)
            head = b"a head of %d bytes, %r, %b" % (len(body), media, key)
            self.app.express.remember(head, scope, scope["aktify.headers"], len(body))
            if not self.app.express.take(head + b"\r\n\r\n" + body, connection):
                return None
            self.app.express.flush()
            assert connection.pending == 0
            return parsed(connection.written)

        return asyncio.run(take())

    def record(self, number: int) -> Any:
        found = self.store.request(number)
        assert found
        own = ("receivedAt", "durationMs", "crc")
        return restored({name: value for name, value in found.items() if name not in own})


def parsed(answer: bytes) -> Any:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    return int(first.split(b" ")[1]), [tuple(line.split(b": ", 1)) for line in lines], body


def same(
    bodies: list[bytes], media: bytes | None = b"application/json", key: bytes = KEY, **changes: Any
) -> int:
    """Send the bodies in both ways to two sandboxes. Returns how many took the fast lane."""
    slow, fast, quick = Sandbox(**changes), Sandbox(**changes), 0
    for number, body in enumerate(bodies, 1):
        answer, taken = slow.ordinary(body, media, key), fast.express(body, media, key)
        quick += taken is not None
        assert (taken or fast.ordinary(body, media, key)) == answer
        assert fast.record(number) == slow.record(number)
    assert fast.store.numbers() == slow.store.numbers()
    assert [fast.store.lead(n) for n in fast.store.numbers()] == [
        {**(slow.store.lead(n) or {}), "receivedAt": (fast.store.lead(n) or {})["receivedAt"]}
        for n in slow.store.numbers()
    ]
    return quick


def lead(**more: Any) -> bytes:
    return json.dumps({"phoneNumber": "(509) 555-1234", "region": "CA", **more}).encode()


def test_an_accepted_lead_and_its_repetition_take_the_fast_lane() -> None:
    bodies = [
        lead(firstName="Zoë ☃", metadata={"a": "b"}),
        lead(),
        lead(phoneNumber="5095559999", unknown=[1]),
    ]
    assert same(bodies) == 3
    assert same(bodies, key=b"test-key.mine") == 3


@pytest.mark.parametrize(
    "body",
    [
        lead(region="ca"),
        lead(region=7),
        b"{",
        b"",
        b"[]",
        b"\xff",
        lead(phoneNumber="(212) 555-0149"),
        lead(phoneNumber="(212) 555-0150"),
        lead(linkToShorten="https://example.com"),
    ],
)
def test_what_is_not_ordinary_goes_the_ordinary_way(body: bytes) -> None:
    assert same([body, lead()]) == 1


@pytest.mark.parametrize("key", [b"unknown", b"test-401", b"test-409", b""])
def test_keys_that_force_or_do_not_open_go_the_ordinary_way(key: bytes) -> None:
    assert same([lead()], key=key) == 0


@pytest.mark.parametrize(
    ("media", "quick"), [(None, 0), (b"text/plain", 0), (b"application/json; charset=utf-8", 1)]
)
def test_content_types_mean_the_same_in_both(media: bytes | None, quick: int) -> None:
    assert same([lead()], media) == quick


@pytest.mark.parametrize(
    "changes",
    [
        {"sandbox_headers": False},
        {"shuffle": True},
        {"error_bodies": "rotate"},
        {"rulings": {"region-case": "accept"}},
        {"rulings": {"fictional-only": "on"}},
    ],
    ids=str,
)
def test_settings_that_change_answers_or_records_go_the_ordinary_way(changes: dict[str, Any]) -> None:
    assert same([lead(), lead(), lead(phoneNumber="2125550100")], **changes) == 0


def test_a_body_above_the_limit_is_413_however_often_its_head_has_come() -> None:
    fitting, larger = lead(firstName="x" * 30), lead(firstName="x" * 31)
    assert same([larger, larger, fitting, fitting], max_body=len(fitting)) == 2


def test_a_scenario_closes_the_lane_for_those_that_it_may_mean(tmp_path: Path) -> None:
    sandbox = Sandbox(scenarios=("flaky",))
    assert sandbox.express(lead()) is None
    sandbox.app.forcing.use([])
    assert sandbox.express(lead())[0] == 201
    rules = [{"when": {"zipCode": f"{n:05d}"}, "answer": 503} for n in range(10_000, 11_000)]
    rules += [
        {"when": {"email": {"present": "true"}}, "answer": 500},
        {"when": {"metadata.a": "b"}, "answer": 502},
    ]
    (tmp_path / "thousand.json").write_text(json.dumps({"rules": rules}).replace('"true"', "true"))
    many = Sandbox(scenarios=(str(tmp_path / "thousand.json"),))
    assert many.express(lead())[0] == 201
    for mentioned in (lead(zipCode="10500"), lead(email="a@b.co"), lead(metadata={"a": "b"})):
        assert many.express(mentioned) is None
        assert many.ordinary(mentioned)[0] >= 500
    assert many.express(lead(phoneNumber="5095559999", metadata={"a": "c"}))[0] == 201


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
leads = st.fixed_dictionaries(
    {"phoneNumber": st.sampled_from(["(509) 555-1234", "+1 509 555 1234", "212-555-0142", " 2125550100 ", "5"])},
    optional={
        "region": st.sampled_from(["CA", "ca", "PR"]),
        "zipCode": st.sampled_from(["90210", "02138-1234", "2138", "00000"]),
        "firstName": texts,
        "email": st.sampled_from(["a@b.co", "a@b"]),
        "externalCreated": st.sampled_from(["2022-11-15T21:04:28-0600", "2022-11-15", "2022-02-30", "x"]),
        "link": st.sampled_from(["https://www.aktify.com", "http://a/ü", "x"]),
        "metadata": st.dictionaries(texts, texts, max_size=2),
        "other": st.none() | st.integers() | texts,
    },
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(leads, st.booleans(), st.sampled_from([b"", b"\xef\xbb\xbf", b" \n"])), max_size=8))
def test_whatever_is_sent_both_ways_agree(sent: list[tuple[dict[str, Any], bool, bytes]]) -> None:
    bodies = [before + json.dumps(each, ensure_ascii=only).encode() for each, only, before in sent]
    assert same(bodies) <= len(bodies)


# on the wire


def request(sandbox: Running, number: int, *, path: str = "/api/v1/leads", host: str = "a") -> bytes:
    body = json.dumps({"phoneNumber": f"(509) 556-{number:04d}", "region": "CA"}).encode()
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nX-Api-Key: {sandbox.api_key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def read(connection: socket.socket, answers: int) -> list[bytes]:
    received = b""
    connection.settimeout(5)
    while received.count(b"HTTP/1.1 ") < answers or not received.endswith((b"}", b"]")):
        received += connection.recv(65_536)
    return [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]


def test_requests_on_one_connection_are_answered_in_order_whatever_their_pieces(sandbox: Running) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port)) as connection:
        connection.sendall(request(sandbox, 0))
        assert read(connection, 1) == [b"201"]
        connection.sendall(request(sandbox, 1))
        assert read(connection, 1) == [b"201"]
        connection.sendall(request(sandbox, 2) + request(sandbox, 2) + request(sandbox, 3))
        assert read(connection, 3) == [b"201", b"409", b"201"]
        for cut in (10, 90, 130):
            whole = request(sandbox, 10 + cut)
            connection.sendall(whole[:cut])
            time.sleep(0.02)
            connection.sendall(whole[cut:])
            assert read(connection, 1) == [b"201"]
        connection.sendall(request(sandbox, 4))
        connection.sendall(request(sandbox, 5, path="/elsewhere"))
        connection.sendall(request(sandbox, 6))
        assert read(connection, 3) == [b"201", b"404", b"201"]
        connection.sendall(b"nonsense\r\n\r\n")
        assert connection.recv(65_536)[9:12] == b"400"
    numbers = [
        record["id"] for record in sandbox.get(f"/_sandbox/requests?key={sandbox.api_key}")["requests"]
    ]
    assert len(numbers) == len(set(numbers))


def test_blanks_behind_a_value_are_no_part_of_it_and_stay_in_the_record(sandbox: Running) -> None:
    """RFC 9110, 5.5: the first such head goes the ordinary way, the second by the fast lane."""
    spaced = b"Host: a \t\r\nX-Own: b\t\r\nContent-Length: 49\t\r\nX-Api-Key: test-key\t"
    with socket.create_connection(("127.0.0.1", sandbox.port)) as connection:
        for number in range(400, 403):
            head, _, body = request(sandbox, number).partition(b"\r\n\r\n")
            assert len(body) == 49
            kept = [line for line in head.split(b"\r\n") if line.startswith((b"POST", b"Content-Type"))]
            connection.sendall(b"\r\n".join([*kept, spaced]) + b"\t\r\n\r\n" + body)
            assert read(connection, 1) == [b"201"]
    for listed in sandbox.get("/_sandbox/requests?limit=3")["requests"]:
        record = sandbox.get(f"/_sandbox/requests/{listed['id']}")
        assert record["campaign"] == "demo"
        written = {"Host": "a \t", "X-Own": "b\t", "Content-Length": "49\t"}
        assert written.items() <= dict(record["headers"]).items()
    wanted = {"where": {"header": {"x-own": "b"}}, "count": {"exactly": 3}}
    assert sandbox.http.post("/_sandbox/requests/verify", json=wanted).json()["results"][0]["requests"]


def test_a_request_behind_one_to_our_own_door_waits_for_it(sandbox: Running) -> None:
    health = b"GET /_sandbox/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with socket.create_connection(("127.0.0.1", sandbox.port)) as connection:
        connection.sendall(request(sandbox, 100))
        assert read(connection, 1) == [b"201"]
        connection.sendall(health)
        connection.sendall(request(sandbox, 101))
        connection.sendall(health)
        assert read(connection, 3) == [b"200", b"201", b"200"]


def test_a_known_head_with_a_key_that_was_revoked_meanwhile_is_a_401(serve: Serve) -> None:
    sandbox = serve()
    added = sandbox.http.post("/_sandbox/keys", json={"key": "to-be-revoked"})
    assert added.status_code == 201
    leads = [{**LEAD, "phoneNumber": f"509555300{n}"} for n in range(4)]
    assert [sandbox.post(lead, key="to-be-revoked").status_code for lead in leads[:3]] == [201] * 3
    sandbox.http.request("DELETE", "/_sandbox/keys", json={"key": "to-be-revoked"})
    assert sandbox.post(leads[3], key="to-be-revoked").status_code == 401


def test_many_different_heads_cost_no_memory_without_an_end() -> None:
    """Heads that never repeat push each other out."""
    sandbox, body = Sandbox(), lead()
    heads = [b"head %d" % number for number in range(2_100)]
    for head in heads:
        scope = sandbox.scope(body, b"application/json", KEY)
        sandbox.app.express.remember(head, scope, scope["aktify.headers"], len(body))
    known = [head for head in heads if sandbox.app.express.knows(head + b"\r\n\r\n")]
    assert 0 < len(known) <= 1_000
    assert known[-1] == heads[-1]


def test_a_head_and_its_body_in_pieces_of_their_own_are_answered_and_recorded(sandbox: Running) -> None:
    """As httpx sends them; the second time the head is known and waits for its body."""
    with socket.create_connection(("127.0.0.1", sandbox.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(200, 206):
            head, _, body = request(sandbox, number).partition(b"\r\n\r\n")
            for piece in (head + b"\r\n\r\n", *((body,) if number % 2 else (body[:5], body[5:]))):
                connection.sendall(piece)
                time.sleep(0.02)
            assert read(connection, 1) == [b"201"]
    records = sandbox.get(f"/_sandbox/requests?key={sandbox.api_key}")["requests"]
    assert [record["response"]["status"] for record in records] == [201] * 6


@pytest.mark.parametrize("ending", ["close", "shutdown", "reset"])
def test_a_known_head_whose_body_never_comes_is_recorded_as_broken_off(sandbox: Running, ending: str) -> None:
    for number in (300, 301, 302):
        with socket.create_connection(("127.0.0.1", sandbox.port)) as connection:
            head, _, body = request(sandbox, number).partition(b"\r\n\r\n")
            connection.sendall(head + b"\r\n\r\n")
            time.sleep(0.05)
            if number < 302:
                connection.sendall(body)
                assert read(connection, 1) == [b"201"]
            elif ending == "shutdown":
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(5)
                assert connection.recv(100) == b""
            elif ending == "reset":
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    for _ in range(100):
        records = sandbox.get(f"/_sandbox/requests?key={sandbox.api_key}")["requests"]
        if len(records) == 3:
            break
        time.sleep(0.02)
    assert [record["reason"]["objection"] for record in records] == ["aborted", "accepted", "accepted"]


def test_a_stop_does_not_wait_for_the_body_of_a_known_head(serve: Serve) -> None:
    sandbox = serve()
    with socket.create_connection(("127.0.0.1", sandbox.port)) as connection:
        for number in (1, 2, 3):
            head, _, body = request(sandbox, number).partition(b"\r\n\r\n")
            connection.sendall(head + b"\r\n\r\n")
            time.sleep(0.05)
            if number < 3:
                connection.sendall(body)
                assert read(connection, 1) == [b"201"]
        sandbox.process.terminate()
        assert sandbox.process.wait(3) == 0
    assert "Traceback" not in sandbox.output()
