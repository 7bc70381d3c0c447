"""One corpus through a socket, by ASGI and without either: answers, records and leads are the same.

What is done to a connection is beyond another ASGI server: there it is a 501 that names the fault.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol, TypeVar

import h11
import httpx
import pytest
import yaml

from aktify_sandbox import Sandbox
from aktify_sandbox.app import create_app
from aktify_sandbox.bundled import bundled
from aktify_sandbox.cli.conformance import LeadFixture
from aktify_sandbox.scenarios.faults import Fault
from aktify_sandbox.settings import BUILT_IN_KEYS
from support.bad_input import corpus
from support.conditions import eventually
from support.lead_fixtures import CASES
from support.running import LEAD

PATIENCE = 20.0
NONE = 0.3
"""Seconds that a client waits who shall not get an answer that is late."""
ADDED_BY_SERVERS = ("date", "connection", "transfer-encoding")

T = TypeVar("T")


class Asked(NamedTuple):
    """A request, of which each way is given its own."""

    method: str = "POST"
    target: str = "/api/v1/leads"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes | None = None
    in_chunks: bool = False
    seconds: float = PATIENCE

    def to(self, origin: str, *, by_asgi: bool = False) -> httpx.Request:
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), self.seconds)
        content: Any = self.body
        if self.in_chunks:
            content = _pieces(self.body or b"") if by_asgi else iter([self.body or b""])
        return httpx.Request(
            self.method,
            origin + self.target,
            headers=[*self.headers],
            content=content,
            extensions={"timeout": timeout},
        )


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    yield body


class Row(NamedTuple):
    """What came of a request."""

    outcome: Any
    """All that its client sees: status, headers and body, or the name of what httpx raises."""
    record: dict[str, Any]


class Way(Protocol):
    """How requests get to a sandbox."""

    origin: str

    def send(self, asked: Asked) -> httpx.Response:
        """Raises what httpx raises."""

    def close(self) -> None: ...


class ByHttpx:
    """Through a socket, or in process."""

    def __init__(self, sandbox: Sandbox, transport: httpx.BaseTransport | None) -> None:
        self.origin = sandbox.url
        self._client = httpx.Client(transport=transport, trust_env=False)

    def send(self, asked: Asked) -> httpx.Response:
        return self._client.send(asked.to(self.origin))

    def close(self) -> None:
        self._client.close()


class ByAsgi:
    """By `httpx.ASGITransport`, in an event loop of its own."""

    origin = "http://127.0.0.1:8509"

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._app = create_app()
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(self._app), trust_env=False)
        self._life = self._app.router.lifespan_context(self._app)
        self._do(self._life.__aenter__())
        answer = self.send(Asked(target="/_sandbox/campaigns", headers=JSON, body=b'{"scenarios": []}'))
        assert answer.status_code == 201, answer.text

    def send(self, asked: Asked) -> httpx.Response:
        return self._do(self._send(asked))

    async def _send(self, asked: Asked) -> httpx.Response:
        try:
            async with asyncio.timeout(asked.seconds):
                return await self._client.send(asked.to(self.origin, by_asgi=True))
        except TimeoutError:  # of which that transport knows nothing
            raise httpx.ReadTimeout("timed out") from None

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(2 * PATIENCE)

    def close(self) -> None:
        self._do(self._client.aclose())
        self._do(self._life.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


JSON = ((b"content-type", b"application/json"),)
KEY = ((b"x-api-key", b"test-key"),)


def lead(
    key: bytes = b"test-key", *more: tuple[bytes, bytes], seconds: float = PATIENCE, **content: Any
) -> Asked:
    """A lead that is posted."""
    body = json.dumps({**LEAD, **content}).encode()
    return Asked(headers=((b"x-api-key", key), *JSON, *more), body=body, seconds=seconds)


def admin(method: str, path: str, content: Any = None) -> Asked:
    """A request to the admin API."""
    return Asked(method, f"/_sandbox{path}", JSON, b"" if content is None else json.dumps(content).encode())


@pytest.fixture(scope="module")
def ways() -> Iterator[dict[str, Way]]:
    """All three."""
    with Sandbox() as over_socket, Sandbox(socket=False) as inside:
        found: dict[str, Way] = {
            "socket": ByHttpx(over_socket, None),
            "in process": ByHttpx(inside, inside.transport()),
            "ASGI": ByAsgi(),
        }
        yield found
        for each in found.values():
            each.close()


def outcome(way: Way, asked: Asked) -> Any:
    try:
        answer = way.send(asked)
    except httpx.HTTPError as error:
        return type(error).__name__
    headers = [pair for pair in answer.headers.multi_items() if pair[0] not in ADDED_BY_SERVERS]
    return json.loads(same(json.dumps([answer.status_code, sorted(headers), answer.text]), way))


def same(text: str, way: Way) -> str:
    """Without what must differ: the sandbox's address."""
    return text.replace(way.origin, "ORIGIN").replace(way.origin.removeprefix("http://"), "HOST")


def plain(record: dict[str, Any]) -> dict[str, Any]:
    """A record without moments and the client's address; its headers' names in lower case, as in ASGI."""
    for name in ("receivedAt", "durationMs", "client"):
        del record[name]
    for name in ("hungUpAfterMs", "firstPost"):
        if name in record:
            record[name] = "some"
    record["headers"] = sorted([name.lower(), value] for name, value in record["headers"])
    return record


def rows(way: Way, requests: list[Asked]) -> tuple[list[Row], list[dict[str, Any]]]:
    """What comes of requests to a sandbox that remembers nothing, and the leads that it keeps then."""
    for each in (admin("POST", "/reset"), admin("PUT", "/scenarios/active", {"active": []})):
        assert way.send(each).status_code < 300
    outcomes = []
    for each in requests:
        found = outcome(way, each)
        if each.target.startswith("/_sandbox"):
            assert found[0] < 300, found
        else:
            outcomes.append(found)
            if (
                found == "ReadTimeout"
            ):  # the sandbox notices it in its own time, and writes a line of that number
                eventually(lambda: exported(way).count('"hungUpAfterMs":') == outcomes.count("ReadTimeout"))
    records = [plain(json.loads(same(line, way))) for line in exported(way).splitlines()]
    leads = way.send(admin("GET", "/leads?limit=1000")).json()["leads"]
    kept = [{name: value for name, value in each.items() if name != "receivedAt"} for each in leads]
    return [Row(*each) for each in zip(outcomes, records, strict=True)], kept


def exported(way: Way) -> str:
    """All records."""
    return way.send(admin("GET", "/requests/export")).text


def compare(ways: dict[str, Way], requests: list[Asked], *, by_asgi: bool = True) -> list[Row]:
    """Each way comes to the same, but for what ASGI can't do to a connection. What they come to."""
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda way: rows(way, requests), ways.values()))
    (over_socket, leads), (inside, leads_inside), (asgi, leads_of_asgi) = found
    for one, two in zip(over_socket, inside, strict=True):
        assert one == two
    assert leads == leads_inside
    elsewhere: set[str | None] = set()
    """The numbers of leads that aren't kept there, since their answer was a 501."""
    for one, three in zip(over_socket, asgi, strict=True) if by_asgi else ():
        fault = one.record.get("fault")
        if fault and Fault(fault).needs_connection:
            elsewhere |= {each["phone"] for each in leads if each["request"] == one.record["id"]}
            assert three.outcome[0] == three.record["response"]["status"] == 501
            assert fault in json.loads(three.outcome[2])["message"]
            assert three.record["reason"]["objection"] == "forced"
            assert three.record["reason"]["scenario"] == one.record["reason"]["scenario"]
            assert all(each["request"] != three.record["id"] for each in leads_of_asgi)
        elif one.record["phone"] not in elsewhere:
            assert one == three
    if by_asgi:
        assert [each for each in leads if each["phone"] not in elsewhere] == leads_of_asgi
    return over_socket


def statuses(found: list[Row]) -> list[int | None]:
    return [row.record["response"] and row.record["response"]["status"] for row in found]


def fixture(case: LeadFixture) -> Asked:
    """The lead of a file."""
    headers = ((b"content-type", case.content_type.encode()), (b"x-api-key", b"test-key"))
    return Asked(headers=headers, body=case.content)


def test_every_fixture(ways: dict[str, Way]) -> None:
    requests = [fixture(case) for case in CASES.values()]
    found = compare(ways, requests * 2)
    assert len(found) > 100
    assert {201, 400, 409} <= set(statuses(found))


def test_every_built_in_key(ways: dict[str, Way]) -> None:
    keys = [*(key.key.encode() for key in BUILT_IN_KEYS), b"test-key.mine", b"nobody's", b""]
    late = {b"test-slow": NONE}
    found = compare(ways, [lead(key, seconds=late.get(key, PATIENCE)) for key in keys])
    assert statuses(found)[:6] == [401, 400, 409, 429, 500, 201]
    assert found[5].record["hungUpAfterMs"]


def magic() -> list[str]:
    """All that force an answer."""
    rules = yaml.safe_load((bundled("scenarios") / "built-in" / "numbers.yaml").read_text())["rules"]
    return [rule["when"]["phoneNumber"] for rule in rules]


@pytest.mark.parametrize("number", magic())
def test_every_magic_number(ways: dict[str, Way], number: str) -> None:
    late = {"60": 3, "61": 1, "64": 3}.get(number[-2:], 0)
    waits = [NONE] * late + [PATIENCE] * (3 - late)
    found = compare(ways, [lead(phoneNumber=f"509-{number}", seconds=seconds) for seconds in waits])
    assert found[0].record["reason"]["scenario"]


FORCED: list[dict[str, Any]] = [
    *({"status": status} for status in (200, 204, 304, 400, 401, 404, 409, 413, 418, 429, 500, 503, 599)),
    {"status": 503, "headers": {"Retry-After": "1", "X-A": "é"}, "body": {"a": ["ü"]}},
    {"status": 201, "body": "", "lead": "kept"},
    {"status": 500, "body": "no JSON", "headers": {"Content-Type": "text/plain"}},
    {"status": 503, "delay": "20ms"},
    {"delay": "20ms"},
    {"status": 302, "headers": {"Location": "/elsewhere"}},
    {"status": 503, "phone": "5095551234", "times": 2},
]


def test_every_way_to_force_an_answer(ways: dict[str, Way]) -> None:
    requests = []
    for number, order in enumerate(FORCED):
        requests += [admin("POST", "/force", order)]
        requests += [lead(phoneNumber=f"50955510{number:02}"), lead(phoneNumber=f"50955510{number:02}")]
        requests += [lead(), lead(), admin("DELETE", "/force")]
    found = compare(ways, requests)
    assert {order["status"] for order in FORCED if "status" in order} <= set(statuses(found))


FAULTS: list[dict[str, Any]] = [
    *({"fault": fault.value, **more} for fault in Fault for more in ({}, {"lead": "kept"})),
    *({"fault": fault.value, "status": 503, "body": {"a": "b" * 99}} for fault in Fault if fault.has_answer),
    {"fault": "truncate", "delay": "20ms"},
]


@pytest.mark.parametrize("order", FAULTS, ids=json.dumps)
def test_every_fault(ways: dict[str, Way], order: dict[str, Any]) -> None:
    seconds = NONE if Fault(order["fault"]).raises == "ReadTimeout" else PATIENCE
    found = compare(ways, [admin("POST", "/force", order), lead(seconds=seconds)])
    assert found[0].record["fault"] == order["fault"]
    if Fault(order["fault"]).loses_answer:
        assert isinstance(found[0].outcome, str)


def test_preferences(ways: dict[str, Way]) -> None:
    codes = (b"code=201", b"code=409", b"code=503", b"code=999", b"respond-async", b"wait=1, code=400")
    requests = [lead(b"test-key", (b"prefer", code), phoneNumber="5095551236") for code in codes]
    assert set(statuses(compare(ways, requests))) >= {201, 409, 503, 400}


SCENARIOS = sorted(path.stem for path in bundled("scenarios").glob("*.yaml"))


@pytest.mark.parametrize("name", sorted({*SCENARIOS} - {"race"}))
def test_every_scenario(ways: dict[str, Way], name: str) -> None:
    late = {"silence": 1, "slow": 9, "timeout": 3}.get(name, 0)
    posts = [
        lead(phoneNumber=f"50955512{number % 3:02}", seconds=NONE if number < late else PATIENCE)
        for number in range(9)
    ]
    found = compare(ways, [admin("PUT", "/scenarios/active", {"active": [name]}), *posts])
    assert any(row.record["reason"]["scenario"] for row in found)


def test_two_that_are_gathered(ways: dict[str, Way]) -> None:
    for way in ways.values():
        assert way.send(admin("POST", "/reset")).status_code == 204
        assert way.send(admin("PUT", "/scenarios/active", {"active": ["race"]})).status_code == 200
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(way.send, [lead(), lead()]))
        assert sorted(answer.status_code for answer in found) == [201, 409]


def as_asked(row: corpus.Row) -> Asked | None:
    """A row of the wire's corpus, if it is one request that a client of httpx's can send."""
    server, client = h11.Connection(h11.SERVER, 1 << 21), h11.Connection(h11.CLIENT)
    try:
        server.receive_data(b"".join(row.pieces))
        head, body = server.next_event(), b""
        if not isinstance(head, h11.Request) or head.http_version != b"1.1":
            return None
        while isinstance(event := server.next_event(), h11.Data):
            body += event.data
        headers = head.headers.raw_items()
        target = head.target.decode("ascii")
        if (
            not isinstance(event, h11.EndOfMessage)
            or event.headers
            or len(headers) > 2_000  # httpx needs seconds to sort them
            or server.trailing_data[0]
            or httpx.URL(f"http://a{target}").raw_path != head.target
        ):
            return None
        client.send(h11.Request(method=head.method, target=head.target, headers=headers))
    except (h11.ProtocolError, httpx.InvalidURL):
        return None
    named = {name.lower() for name, _ in headers}
    return Asked(head.method.decode(), target, tuple(headers), body, in_chunks=b"transfer-encoding" in named)


WIRE = [(row, asked) for row in corpus.ROWS if (asked := as_asked(row))]


def is_refused(row: corpus.Row) -> bool:
    """Whether it is a server that refuses it, before anything is asked."""
    return row.then == "is ended" and row.answers[-1] >= 400


def test_the_part_of_the_wire_corpus_that_a_client_can_send(ways: dict[str, Way]) -> None:
    taken = [(row, asked) for row, asked in WIRE if not is_refused(row)]
    assert len(taken) >= 60
    found = compare(ways, [asked for _, asked in taken])
    assert statuses(found) == [row.records[-1] for row, _ in taken]


def test_requests_that_a_server_refuses_are_refused_without_a_socket_too(ways: dict[str, Way]) -> None:
    found = compare(ways, [asked for row, asked in WIRE if is_refused(row)], by_asgi=False)
    refused = [row for row in found if row.record["reason"]["objection"] == "request"]
    assert {400, 431} <= set(statuses(refused))
