"""The sandbox as an ASGI application: under servers that aren't ours, and under none."""

import asyncio
import contextlib
import json
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from aktify_sandbox.app import create_app
from aktify_sandbox.errors import LogError, RulingError
from aktify_sandbox.settings import Settings
from support.conditions import eventually
from support.running import LEAD, clean_environment
from support.waited import assert_waited

KEY = {"x-api-key": "test-key"}
URL = "http://localhost"
SERVERS = {
    "uvicorn": ["uvicorn", "--factory", "aktify_sandbox.app:create_app", "--port", "0"],
    "uvicorn's h11": [
        "uvicorn",
        "--factory",
        "aktify_sandbox.app:create_app",
        "--port",
        "0",
        "--http",
        "h11",
    ],
    "hypercorn": ["hypercorn", "aktify_sandbox.app:create_app()", "--bind", "127.0.0.1:0"],
}


class Served:
    """A server that isn't ours, in a process of its own."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout
        self.lines: list[str] = []
        for line in self.process.stdout:
            self.lines.append(line)
            if found := re.search(r"[Rr]unning on (http://[0-9.]+:\d+)", line):
                self.url = found[1]
                break
        else:
            raise AssertionError("".join(self.lines))
        self.client = httpx.Client(base_url=self.url, headers=KEY, trust_env=False, timeout=20)

    def stop(self) -> str:
        """SIGINT; all that it has printed."""
        self.client.close()
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=20)
        return "".join(self.lines) + rest


@pytest.fixture(scope="module", params=SERVERS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A sandbox under each of them; it never fails, and ends in good order."""
    running = Served(SERVERS[request.param], tmp_path_factory.mktemp("asgi"))
    yield running
    said = running.stop()
    assert "Traceback" not in said
    assert "ERROR" not in said


@pytest.fixture
def client(served: Served) -> httpx.Client:
    """A client of it, after a reset."""
    served.client.post("/_sandbox/reset")
    return served.client


def post(client: httpx.Client, **more: Any) -> httpx.Response:
    return client.post("/api/v1/leads", json=LEAD, **more)


def records(client: httpx.Client) -> list[dict[str, Any]]:
    found = client.get("/_sandbox/requests").json()["requests"]
    return [client.get(f"/_sandbox/requests/{each['id']}").json() for each in reversed(found)]


def test_leads_are_answered_and_recorded(client: httpx.Client) -> None:
    assert [post(client).status_code for _ in range(2)] == [201, 409]
    assert client.post("/api/v1/leads", content=b"x" * 200_000).status_code == 413
    assert client.post("/api/v1/lead", json=LEAD).status_code == 404
    head = client.head("/api/v1/leads")
    assert (head.status_code, head.content) == (405, b"")
    seen = records(client)
    assert [each["response"]["status"] for each in seen] == [201, 409, 413, 404, 405]
    assert (seen[2]["bodyBytes"], seen[2]["truncated"]) == (200_000, True)
    assert seen[0]["client"].startswith("127.0.0.1:")
    assert seen[0]["body"] == json.dumps(LEAD, separators=(",", ":"))


@pytest.mark.parametrize("fault", ["reset", "empty", "truncate", "malformed-chunk"])
def test_what_is_done_to_a_connection_is_a_501_that_names_it(client: httpx.Client, fault: str) -> None:
    client.post("/_sandbox/force", json={"fault": fault})
    answer = post(client)
    assert answer.status_code == 501
    assert fault in answer.json()["message"]
    [record] = records(client)
    assert record["response"]["status"] == 501
    assert record["reason"]["objection"] == "forced"
    assert record["reason"]["scenario"] == answer.headers["x-aktify-sandbox-forced"]
    assert "fault" not in record
    assert client.get("/_sandbox/leads").json()["leads"] == []
    assert post(client).status_code == 201


def test_delays_and_dribbled_answers_come_whole(client: httpx.Client) -> None:
    client.post("/_sandbox/force", json={"status": 503, "delay": "100ms"})
    client.post("/_sandbox/force", json={"fault": "dribble"})
    assert post(client).status_code == 503
    answer = post(client)
    assert (answer.status_code, answer.json()) == (201, LEAD)
    assert answer.headers["transfer-encoding"] == "chunked"
    assert [each["delayMs"] for each in records(client)[:1]] == [100]


def test_two_that_are_gathered_race_in_earnest(client: httpx.Client, served: Served) -> None:
    assert client.put("/_sandbox/scenarios/active", json={"active": ["race"]}).status_code == 200
    found: list[int] = []

    def race() -> None:
        url = f"{served.url}/api/v1/leads"
        found.append(httpx.post(url, json=LEAD, headers=KEY, trust_env=False, timeout=20).status_code)

    threads = [threading.Thread(target=race) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    client.put("/_sandbox/scenarios/active", json={"active": []})
    assert sorted(found) == [201, 409]


def test_how_long_a_client_waits_is_recorded(client: httpx.Client) -> None:
    client.post("/_sandbox/force", json={"fault": "hang"})
    began = datetime.now(UTC)
    with pytest.raises(httpx.ReadTimeout):
        post(client, timeout=0.3)
    eventually(lambda: [each for each in records(client) if "hungUpAfterMs" in each])
    [record] = records(client)
    assert record["response"] is None
    assert_waited(record, began, 0.3)
    assert post(client).status_code == 201
    assert "hungUpAfterMs" not in records(client)[1]


def test_one_that_breaks_its_body_off_is_recorded(client: httpx.Client, served: Served) -> None:
    with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2]))) as connection:
        connection.sendall(
            b"POST /api/v1/leads HTTP/1.1\r\nHost: localhost\r\nx-api-key: test-key\r\nContent-Length: 99\r\n\r\n{"
        )
        time.sleep(0.2)  # pause: so that half a request has come
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    eventually(lambda: records(client))
    found = records(client)
    assert [each["response"] for each in found] == [None]
    assert found[0]["reason"]["objection"] == "aborted"


def test_all_of_the_admin_api_works(client: httpx.Client) -> None:
    page = client.get("/_sandbox/", headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert client.get("/_sandbox").headers["location"] == "/_sandbox/"
    assert client.get("/_sandbox/health").json()["status"] == "ok"
    assert post(client).status_code == 201
    waited = client.get("/_sandbox/requests/wait", params={"status": 201, "timeout": 5})
    assert waited.json()["count"] == 1
    with client.stream("GET", "/_sandbox/requests/stream", params={"after": "r000000000"}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("data: ") and '"status":201' in line:
                break
    checked = client.post(
        "/_sandbox/check",
        content=b"phoneNumber,region\n5095551236,CA\n",
        headers={"content-type": "application/octet-stream"},
    )
    assert checked.status_code == 200, checked.text
    state = client.get("/_sandbox/state").content
    client.post("/_sandbox/reset")
    put = client.put("/_sandbox/state", content=state, headers={"content-type": "application/x-ndjson"})
    assert put.json()["leads"] == 1
    assert client.get("/_sandbox/health", headers={"host": "vendor.example"}).status_code == 200
    assert client.get("/_sandbox/leads", headers={"host": "vendor.example"}).status_code == 403


def test_a_server_that_is_not_ours_is_not_stopped(client: httpx.Client) -> None:
    answer = client.post("/_sandbox/stop")
    assert answer.status_code == 501
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.get("/_sandbox/health").status_code == 200


# under no server


@asynccontextmanager
async def without(settings: Settings | None = None) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL, headers=KEY) as client,
    ):
        yield client


def test_two_applications_in_one_process_know_nothing_of_each_other() -> None:
    async def both() -> list[int]:
        async with without() as one, without(Settings(in_memory=True, profile="lenient")) as two:
            leads = [{**LEAD, "region": "ca"}, LEAD]
            return [
                (await each.post("/api/v1/leads", json=lead)).status_code
                for each in (one, two)
                for lead in leads
            ]

    assert asyncio.run(both()) == [400, 201, 201, 409]


def test_links_begin_with_the_public_url() -> None:
    async def link() -> str:
        async with without(Settings(in_memory=True, public_url="https://sandbox.example")) as client:
            return (await client.post("/api/v1/leads", json={})).headers["x-aktify-sandbox-explain"]

    assert asyncio.run(link()).startswith("https://sandbox.example/_sandbox/requests/r")


@pytest.mark.parametrize(
    ("host", "origin"), [("::1", "http://[::1]:8509"), ("0.0.0.0", "http://127.0.0.1:8509")]
)
def test_links_begin_with_an_address_that_a_client_here_can_open(host: str, origin: str) -> None:
    async def endpoint() -> str:
        async with without(Settings(host=host, in_memory=True)) as client:
            return str((await client.get("/_sandbox/config")).json()["endpoint"])

    assert asyncio.run(endpoint()) == f"{origin}/api/v1/leads"


def test_the_state_is_remembered_and_its_folder_free_again(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path / "state")

    async def once() -> int:
        async with without(settings) as client:
            with pytest.raises(LogError):
                create_app(settings)
            return (await client.post("/api/v1/leads", json=LEAD)).status_code

    assert [asyncio.run(once()) for _ in range(2)] == [201, 409]


def test_a_mistake_in_the_settings_leaves_the_folder_free(tmp_path: Path) -> None:
    with pytest.raises(RulingError):
        create_app(Settings(state=tmp_path / "state", profile="nonsense"))

    async def opened() -> None:
        async with without(Settings(state=tmp_path / "state")):
            pass

    asyncio.run(opened())


def test_a_scenario_file_that_changes_is_read_again_and_the_logger_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mine.yaml"
    file.write_text("rules: [{answer: {status: 503}}]\n")

    async def changed() -> None:
        async with without(Settings(in_memory=True, scenarios=("mine.yaml",))) as client:
            assert (await client.post("/api/v1/leads", json=LEAD)).status_code == 503
            file.write_text("rules: [{answer: {status: 502}}]\n")
            async with asyncio.timeout(30):
                while (await client.post("/api/v1/leads", json=LEAD)).status_code != 502:  # noqa: ASYNC110  a file's change
                    await asyncio.sleep(0.05)  # pause: between two posts to a server that reads files

    asyncio.run(changed())
    assert [record.name for record in caplog.records if "mine" in record.getMessage()] == ["aktify_sandbox"]


def record_of(found: httpx.Response) -> dict[str, Any]:
    [record] = found.json()["requests"]
    return dict(record)


def test_a_task_that_is_cancelled_hangs_up() -> None:
    async def cancelled() -> None:
        async with without() as client:
            await client.post("/_sandbox/force", json={"fault": "hang"})
            began = datetime.now(UTC)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await client.post("/api/v1/leads", json=LEAD)
            assert_waited(record_of(await client.get("/_sandbox/requests")), began, 0.1)

    asyncio.run(cancelled())


def test_what_a_body_raises_is_raised_and_recorded_as_broken_off() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"{"
        raise ZeroDivisionError

    async def broken() -> dict[str, Any]:
        async with without() as client:
            with pytest.raises(ZeroDivisionError):
                await client.post("/api/v1/leads", content=body())
            return record_of(await client.get("/_sandbox/requests"))

    assert asyncio.run(broken())["reason"]["objection"] == "aborted"


@pytest.mark.parametrize("begun", [True, False])
def test_starlettes_test_client_is_answered_with_and_without_a_lifespan(begun: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it would rather have httpx2
        from starlette.testclient import TestClient

    client = TestClient(create_app(), base_url=URL, headers=KEY)
    with client if begun else contextlib.nullcontext():
        found = [client.post("/api/v1/leads", json=LEAD).status_code for _ in range(2)]
        assert len(client.get("/_sandbox/leads").json()["leads"]) == 1
    assert found == [201, 409]
