"""httpx without a socket behaves as it does over one: same answers, same exceptions, same records."""

import asyncio
import contextlib
import re
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import h11
import httpx
import pytest
import trio
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from aktify_sandbox import Sandbox
from aktify_sandbox.client.local import LocalClient
from aktify_sandbox.scenarios.faults import Fault
from aktify_sandbox.server.thread import ServerThread
from aktify_sandbox.testing.transports import Transport
from support.conditions import eventually
from support.examples import examples
from support.running import LEAD
from support.waited import assert_waited

JSON = {"content-type": "application/json"}

Request = dict[str, Any]

REQUESTS: dict[str, Request] = {
    "a lead": {"json": LEAD},
    "the lead again": {"json": LEAD},
    "a wrong lead": {"json": {**LEAD, "region": "ca"}},
    "broken JSON": {"content": b"{", "headers": JSON},
    "no body": {"content": b"", "headers": JSON},
    "a wrong type of content": {"content": b"{}", "headers": {"content-type": "text/plain"}},
    "too large a body": {"content": b"x" * 200_000, "headers": JSON},
    "a body in chunks": {"content": [b'{"phoneNumber": "5095551235", ', b'"region": "CA"}'], "headers": JSON},
    "a wrong key": {"json": LEAD, "headers": {"x-api-key": "nobody's"}},
    "a wrong path": {"url": "/api/v1/lead", "json": LEAD},
    "a path with signs": {"url": "/api/v1/l%20eads?a=b&c=%26", "json": LEAD},
    "a wrong method": {"method": "GET"},
    "headers above 64 kB": {"json": LEAD, "headers": {"x-much": "y" * 70_000}},
    "a header twice": {"json": LEAD, "headers": [("X-Batch", "1"), ("X-Batch", "2")]},
    "an upgrade": {"json": LEAD, "headers": {"connection": "upgrade", "upgrade": "websocket"}},
    "a preference": {"json": {**LEAD, "phoneNumber": "5095551236"}, "headers": {"prefer": "code=503"}},
    "a proxy's page": {"json": {**LEAD, "phoneNumber": "5095550152"}},
    "a 201 without a body": {"json": {**LEAD, "phoneNumber": "5095550166"}},
    "a dribbled body": {"json": {**LEAD, "phoneNumber": "5095550167"}},
    "a number that resets": {"json": {**LEAD, "phoneNumber": "5095550162"}},
    "a look at its head": {"method": "HEAD"},
    "an end": {"json": LEAD, "headers": {"connection": "close"}},
    "one that expects": {"json": LEAD, "headers": {"expect": "100-continue"}},
    "the admin API": {"method": "GET", "url": "/_sandbox/health"},
    "the head of the admin API": {"method": "HEAD", "url": "/_sandbox/health"},
    "the admin API, closed": {"method": "GET", "url": "/_sandbox/health", "headers": {"connection": "close"}},
    "a body to the admin API": {"url": "/_sandbox/explain", "json": {"body": LEAD}},
    "large headers to the admin API": {"url": "/_sandbox/explain", "headers": {"x-much": "y" * 70_000}},
    "what the admin API has not": {"url": "/_sandbox/nothing", "json": {}},
    "another host": {"json": LEAD, "headers": {"host": "vendor.example"}},
    "a header's name that is none": {"json": LEAD, "headers": {"x a": "b"}},
    "a header's value that is none": {"json": LEAD, "headers": {"x": "a\r\nb"}},
    "a blank before a header's value": {"json": LEAD, "headers": {"x": " b"}},
    "a method that is none": {"method": "PO ST", "json": LEAD},
    "two lengths": {"content": b"{}", "headers": [("content-length", "2"), ("content-length", "3")]},
    "a coding that isn't chunked": {"content": b"{}", "headers": {"transfer-encoding": "gzip"}},
}


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Sandbox, Sandbox]]:
    """One with a socket, one without."""
    with Sandbox() as over_socket, Sandbox(socket=False) as in_memory:
        yield over_socket, in_memory


@pytest.fixture
def both(pair: tuple[Sandbox, Sandbox]) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Clients for both, after a reset."""
    with clients(*pair) as (one, two):
        yield one, two


class clients:  # noqa: N801  reads as a function
    def __init__(self, over_socket: Sandbox, in_memory: Sandbox) -> None:
        for each in (over_socket, in_memory):
            each.reset()
        self.one = httpx.Client(base_url=over_socket.url, trust_env=False, timeout=20)
        self.two = httpx.Client(base_url=in_memory.url, transport=in_memory.transport(), timeout=20)
        self.one.headers["x-api-key"], self.two.headers["x-api-key"] = over_socket.api_key, in_memory.api_key

    def __enter__(self) -> tuple[httpx.Client, httpx.Client]:
        return self.one, self.two

    def __exit__(self, *_: object) -> None:
        self.one.close()
        self.two.close()


def outcome(client: httpx.Client, request: Request) -> Any:
    """All that a client sees of a request, without what must differ: addresses, ids, moments, the key."""
    asked = {"method": "POST", "url": "/api/v1/leads", **request}
    try:
        with client.stream(**asked) as answer:
            head = [answer.status_code, answer.http_version, answer.reason_phrase, answer.headers.raw]
            return same([*head, answer.read(), answer.num_bytes_downloaded])
    except (httpx.HTTPError, h11.LocalProtocolError) as error:
        return type(error), same(str(error))


def same(thing: Any) -> str:
    text = re.sub(r"http://(127\.0\.0\.1|localhost):\d+|(127\.0\.0\.1|localhost):\d+", "ADDRESS", repr(thing))
    text = re.sub(r"r\d{9}|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", "…", text)
    return re.sub(r"campaign-\w{8}|key…\w{3}|force \d+", "…", text)


def records(sandbox: Sandbox) -> list[str]:
    """What was recorded, without what must differ."""
    hidden = ("id", "receivedAt", "durationMs", "client", "hungUpAfterMs", "firstPost")
    found = [{name: value for name, value in each.items() if name not in hidden} for each in sandbox.requests]
    return [same(each) for each in found]


def test_every_request_is_answered_and_recorded_as_over_a_socket(
    pair: tuple[Sandbox, Sandbox], both: tuple[httpx.Client, httpx.Client]
) -> None:
    for name, request in REQUESTS.items():
        answers = [outcome(client, _afresh(request)) for client in both]
        assert answers[0] == answers[1], name
    over_socket, in_memory = (records(each) for each in pair)
    assert len(over_socket) >= 12
    assert over_socket == in_memory


def _afresh(request: Request) -> Request:
    content = request.get("content")
    return {**request, "content": iter(content)} if isinstance(content, list) else request


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault.loses_answer])
def test_each_fault_is_raised_and_recorded_as_over_a_socket(
    fault: Fault, pair: tuple[Sandbox, Sandbox], both: tuple[httpx.Client, httpx.Client]
) -> None:
    answers, began = [], []
    seconds = 0.3 if fault is Fault.HANG else 20
    for sandbox, client in zip(pair, both, strict=True):
        if fault.has_answer:
            sandbox.force(201, fault=fault, body={"a": "b" * 99})
        else:
            sandbox.force(fault=fault)
        began.append(datetime.now(UTC))
        answers.append(outcome(client, {"json": LEAD, "timeout": seconds}))
        assert client.post("/api/v1/leads", json=LEAD).status_code == 201  # on with the next one
    assert answers[0] == answers[1]
    assert answers[0][0] is getattr(httpx, fault.raises)
    assert records(pair[0]) == records(pair[1])
    for sandbox, moment in zip(pair, began, strict=True) if fault is Fault.HANG else ():
        assert_waited(hung_up(sandbox, 0), moment, seconds)


def hung_up(sandbox: Sandbox, place: int) -> dict[str, Any]:
    """The request at that place, once it is recorded that its client hung up."""
    eventually(lambda: "hungUpAfterMs" in sandbox.requests[place])
    return sandbox.requests[place]


texts = st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=12)
bodies = st.one_of(
    st.binary(max_size=200),
    st.dictionaries(
        st.sampled_from(["phoneNumber", "region", "zipCode", "email", "null"]),
        st.one_of(
            texts, st.none(), st.integers(), st.sampled_from(["5095551234", "(509) 555-1234", "CA", "90210"])
        ),
    ),
)


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["/api/v1/leads", "/api/v1/leads/", "/api/v1/Leads", "/s/abc", "/"]),
    method=st.sampled_from(["POST", "POST", "POST", "PUT", "GET", "DELETE"]),
    headers=st.dictionaries(
        st.sampled_from(["Prefer", "X-A", "content-type", "x-api-key"]), texts.map(str.strip)
    ),
    body=bodies,
)
def test_no_request_is_answered_otherwise_than_over_a_socket(
    both: tuple[httpx.Client, httpx.Client],
    path: str,
    method: str,
    headers: dict[str, str],
    body: bytes | dict[str, Any],
) -> None:
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    request = {"url": path, "method": method, "headers": headers, **content}
    assert outcome(both[0], request) == outcome(both[1], request)


def test_the_sandbox_answers_for_any_host(pair: tuple[Sandbox, Sandbox]) -> None:
    _, sandbox = pair
    sandbox.reset()
    with httpx.Client(base_url="https://api.vendor.example", transport=sandbox.transport()) as client:
        answer = client.post("/api/v1/leads", json=LEAD, headers={"x-api-key": sandbox.api_key})
    assert answer.status_code == 201
    assert ["Host", "api.vendor.example"] in sandbox.requests.one()["headers"]


def test_no_socket_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was used")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    with Sandbox(socket=False) as sandbox, httpx.Client(transport=sandbox.transport()) as client:
        assert (
            client.post(sandbox.endpoint, json=LEAD, headers={"x-api-key": sandbox.api_key}).status_code
            == 201
        )
        assert sandbox.leads.one()["region"] == "CA"


def test_without_the_transport_a_request_fails_immediately(pair: tuple[Sandbox, Sandbox]) -> None:
    began = time.monotonic()
    with pytest.raises(httpx.ConnectError):
        httpx.post(pair[1].endpoint, json=LEAD, trust_env=False)
    assert time.monotonic() - began < 5


def test_a_client_of_a_stopped_sandbox_gets_a_connect_error() -> None:
    with Sandbox(socket=False) as sandbox:
        client = httpx.Client(transport=sandbox.transport(), base_url=sandbox.url)
        client.get("/_sandbox/health")
    with pytest.raises(httpx.ConnectError, match="has stopped"):
        client.get("/_sandbox/health")
    client.close()


def test_a_request_that_hangs_ends_with_the_sandbox() -> None:
    ended: list[BaseException] = []
    with Sandbox(socket=False) as sandbox:
        sandbox.force(fault="hang")
        client = httpx.Client(transport=sandbox.transport(), timeout=None)

        def hang() -> None:
            with pytest.raises(httpx.RemoteProtocolError) as raised:
                client.post(sandbox.endpoint, json=LEAD, headers={"x-api-key": sandbox.api_key})
            ended.append(raised.value)

        waiting = threading.Thread(target=hang)
        waiting.start()
        sandbox.wait_for(forced="yes")
    waiting.join(10)
    assert len(ended) == 1


async def _posts(sandbox: Sandbox) -> list[int | str]:
    found: list[int | str] = []
    async with httpx.AsyncClient(
        base_url=sandbox.url, transport=sandbox.async_transport(), timeout=0.3
    ) as client:
        for fault in (None, "hang", "reset", "empty", "dribble"):
            if fault:
                sandbox.force(fault=fault)
            try:
                timeout = httpx.Timeout(10 if fault != "hang" else 0.3)
                headers = {"x-api-key": sandbox.api_key}
                answer = await client.post("/api/v1/leads", json=LEAD, headers=headers, timeout=timeout)
                found.append(answer.status_code)
            except httpx.HTTPError as error:
                found.append(type(error).__name__)
    return found


@pytest.mark.parametrize("run", [asyncio.run, None], ids=["asyncio", "trio"])
def test_asynchronous_clients_see_the_same(
    run: Callable[[Any], Any] | None, pair: tuple[Sandbox, Sandbox]
) -> None:
    _, sandbox = pair
    sandbox.reset()
    began = datetime.now(UTC)
    found = run(_posts(sandbox)) if run else trio.run(_posts, sandbox)
    assert found == [201, "ReadTimeout", "ReadError", "RemoteProtocolError", 409]
    assert_waited(hung_up(sandbox, 1), began, 0.3)


async def _many(sandbox: Sandbox) -> list[int]:
    async with httpx.AsyncClient(base_url=sandbox.url, transport=sandbox.async_transport()) as client:

        async def post() -> int:
            headers = {"x-api-key": sandbox.api_key}
            return (await client.post("/api/v1/leads", json=LEAD, headers=headers)).status_code

        return sorted(await asyncio.gather(*(post() for _ in range(50))))


def test_fifty_requests_at_once_are_answered_each(pair: tuple[Sandbox, Sandbox]) -> None:
    _, sandbox = pair
    sandbox.reset()
    assert asyncio.run(_many(sandbox)) == [201, *[409] * 49]


def test_a_cancelled_request_is_recorded_as_hung_up(pair: tuple[Sandbox, Sandbox]) -> None:
    _, sandbox = pair
    sandbox.reset()
    sandbox.force(fault="hang")

    async def give_up() -> None:
        async with httpx.AsyncClient(transport=sandbox.async_transport(), timeout=None) as client:
            headers = {"x-api-key": sandbox.api_key}
            async with asyncio.timeout(0.2):
                await client.post(sandbox.endpoint, json=LEAD, headers=headers)

    with pytest.raises(TimeoutError):
        asyncio.run(give_up())
    eventually(lambda: "hungUpAfterMs" in sandbox.requests.one())


@pytest.mark.parametrize("length", ["1", "3"])
def test_a_body_of_another_length_than_it_says_is_broken_off(
    length: str, pair: tuple[Sandbox, Sandbox], both: tuple[httpx.Client, httpx.Client]
) -> None:
    request = {"content": b"{}", "headers": {"content-length": length}}
    assert outcome(both[0], request) == outcome(both[1], request)
    for sandbox in pair:
        sandbox.wait_for(status="none")
    seen = [re.sub(r"after \d+ ms", "…", record) for sandbox in pair for record in records(sandbox)]
    assert seen[0] == seen[1]


def test_a_body_that_raises_is_recorded_as_broken_off(
    pair: tuple[Sandbox, Sandbox], both: tuple[httpx.Client, httpx.Client]
) -> None:
    def body() -> Iterator[bytes]:
        yield b"{"
        raise ZeroDivisionError

    for sandbox, client in zip(pair, both, strict=True):
        with pytest.raises(ZeroDivisionError):
            client.post("/api/v1/leads", content=body(), headers=JSON)
        [record] = sandbox.wait_for(status="none")
        assert (record["reason"]["objection"], record["bodyBytes"]) == ("aborted", 1)


def test_no_more_of_an_endless_body_is_held_than_is_taken(pair: tuple[Sandbox, Sandbox]) -> None:
    sandbox, piece, count = pair[1], b"x" * 65_536, 500
    sandbox.reset()
    with httpx.Client(base_url=sandbox.url, transport=sandbox.transport()) as client:
        client.headers["x-api-key"] = sandbox.api_key
        client.get("/_sandbox/health")
        tracemalloc.start()
        answer = client.post("/api/v1/leads", content=(piece for _ in range(count)), headers=JSON)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert answer.status_code == 413
    assert sandbox.requests.one()["bodyBytes"] == count * len(piece)
    assert peak < 5_000_000


def test_an_answer_that_is_left_half_read_is_recorded_as_hung_up(
    pair: tuple[Sandbox, Sandbox], both: tuple[httpx.Client, httpx.Client]
) -> None:
    for sandbox, client in zip(pair, both, strict=True):
        sandbox.force(fault="dribble")
        with client.stream("POST", "/api/v1/leads", json=LEAD) as answer:
            assert next(answer.iter_bytes())
        eventually(lambda: "hungUpAfterMs" in sandbox.requests.one())  # noqa: B023  asked in this turn
        client.post("/api/v1/leads", json=LEAD)
        assert "hungUpAfterMs" not in sandbox.requests[1]


def test_a_stop_ends_what_is_withheld_and_answers_what_is_whole() -> None:
    found: list[Any] = []
    with Sandbox(socket=False, scenario="race") as sandbox:
        client = httpx.Client(base_url=sandbox.url, transport=sandbox.transport(), timeout=20)
        client.headers["x-api-key"] = sandbox.api_key
        waiting = threading.Thread(target=lambda: found.append(outcome(client, {"json": LEAD})))
        waiting.start()
        eventually(lambda: bool(_inside(sandbox).calls))
        assert client.post("/_sandbox/stop", json={}).status_code == 202
        waiting.join(10)
    client.close()
    assert [kind for kind, _ in found] == [httpx.RemoteProtocolError]


def _inside(sandbox: Sandbox) -> ServerThread:
    client = sandbox._client  # private: what goes on in its thread is nobody else's business
    assert isinstance(client, LocalClient)
    return client.thread


def test_to_a_sandbox_elsewhere_connections_are_used_again(pair: tuple[Sandbox, Sandbox]) -> None:
    with Sandbox(pair[0].url) as sandbox, httpx.Client(transport=sandbox.transport()) as client:
        headers = {"x-api-key": sandbox.api_key}
        for fault in (None, None, "truncate", None):
            if fault:
                sandbox.force(fault=fault)
            with contextlib.suppress(httpx.RemoteProtocolError):
                client.post(sandbox.endpoint, json=LEAD, headers=headers)
        one, two, three, four = (record["client"] for record in sandbox.requests)
        assert one == two == three != four


def test_nobody_answers_elsewhere() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with httpx.Client(transport=Transport(url)) as client, pytest.raises(httpx.ConnectError):
        client.get("http://vendor.example")


def test_for_a_sandbox_elsewhere_the_transports_lead_there(pair: tuple[Sandbox, Sandbox]) -> None:
    with Sandbox(pair[0].url) as sandbox:
        with httpx.Client(base_url="http://vendor.example", transport=sandbox.transport()) as client:
            answer = client.post("/api/v1/leads", json=LEAD, headers={"x-api-key": sandbox.api_key})
            assert answer.status_code == 201
            sandbox.force(fault="reset")
            with pytest.raises(httpx.ReadError):
                client.post("/api/v1/leads", json=LEAD, headers={"x-api-key": sandbox.api_key})
        assert trio.run(_posts, sandbox)[0] == 409


def test_the_transports_leave_nothing_open(pair: tuple[Sandbox, Sandbox]) -> None:
    _, sandbox = pair
    thread = _inside(sandbox)
    with httpx.Client(transport=sandbox.transport()) as client:
        stream = client.build_request("GET", f"{sandbox.url}/_sandbox/requests/stream")
        assert client.send(stream, stream=True).status_code == 200
        assert thread.calls
        assert thread.tasks
    eventually(lambda: not (thread.calls or thread.tasks))
