"""Hostile input to the admin API: the tests that need a process of its own."""

import http.client
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from support.conditions import eventually
from support.running import Running, Serve
from support.snapshots import Snapshot

UNKEEPABLE = {
    "half a character": rb'"\ud800"',
    "a huge integer": b"123456789012345678901234567890",
    "a little too large an integer": b"18446744073709551616",
    "deep nesting": b"[" * 300 + b"]" * 300,
    "deeper nesting": b"[" * 100_000 + b"]" * 100_000,
    "NaN": b"NaN",
    "Infinity": b"-Infinity",
    "a huge float": b"1e400",
    "not UTF-8": b'"\xff"',
}


BODIES = [
    ("POST", "leads", b'{"leads": [{"phoneNumber": "5095550100", "firstName": %b}]}'),
    ("POST", "leads", b'{"leads": [{"phoneNumber": "5095550100"}], "campaign": %b}'),
    ("POST", "leads", b"[%b]"),
    ("DELETE", "keys", b'{"key": %b}'),
    ("POST", "keys", b'{"name": %b}'),
    ("POST", "campaigns", b'{"name": %b}'),
    ("POST", "campaigns", b'{"rulings": {"region-case": %b}}'),
    ("POST", "explain", b'{"body": {"phoneNumber": %b}}'),
    ("POST", "explain", b'{"body": {}, "apiKey": %b}'),
    ("POST", "explain", b"{%b: 1}"),
]


def send(sandbox: Running, method: str, path: str, body: bytes, **headers: str) -> httpx.Response:
    headers = {"content-type": "application/json", **headers}
    return sandbox.http.request(method, f"/_sandbox/{path}", content=body, headers=headers)


@pytest.mark.parametrize("value", UNKEEPABLE.values(), ids=UNKEEPABLE)
@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=lambda part: str(part)[:40])
def test_what_cannot_be_kept_is_refused_in_words(
    sandbox: Running, method: str, path: str, body: bytes, value: bytes
) -> None:
    answer = send(sandbox, method, path, body % value)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 10
    assert "Traceback" not in sandbox.output()


def test_a_defect_is_a_problem_and_its_traceback_is_seen_once(
    serve: Serve, tmp_path: Path, snapshot: Snapshot
) -> None:
    breaking = "import aktify_sandbox.history.query as r\nr.page = lambda *_: 1 / 0\n"
    (tmp_path / "sitecustomize.py").write_text(breaking)
    sandbox = serve(PYTHONPATH=str(tmp_path))
    for _ in range(3):
        answer = sandbox.http.get("/_sandbox/requests")
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        snapshot("admin", answer.json()["detail"])
        assert sandbox.post({"phoneNumber": "12"}).status_code == 400  # the connection is still good
    eventually(lambda: sandbox.output().count("ZeroDivisionError") == 3)  # written in its own time
    assert sandbox.stop() == 0
    assert sandbox.output().count("Traceback") == sandbox.output().count("ZeroDivisionError") == 3


def test_a_client_that_hangs_up_in_its_body_is_no_defect(sandbox: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    connection.putrequest("POST", "/_sandbox/leads")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"[")
    time.sleep(0.05)  # pause: so that half a request has come
    connection.close()
    time.sleep(0.1)  # pause: so that the hang-up is seen
    sandbox.get("/_sandbox/health")
    assert "Traceback" not in sandbox.output()


def test_lists_are_read_while_the_log_is_rewritten(serve: Serve) -> None:
    sandbox = serve("--keep", "5")
    stop, statuses = threading.Event(), list[int]()

    def write() -> None:
        with httpx.Client(base_url=sandbox.url, trust_env=False, timeout=60) as client:
            for number in range(10_000):
                if stop.is_set():
                    return
                lead = {"phoneNumber": f"509556{number:04d}", "region": "CA"}
                client.post("/api/v1/leads", json=lead, headers={"x-api-key": "test-key"})
                if number % 50 == 0:
                    client.delete("/_sandbox/requests")

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(40):
        statuses += [
            sandbox.http.get(f"/_sandbox/{path}?limit=1000").status_code for path in ("leads", "requests")
        ]
    stop.set()
    writer.join()
    assert set(statuses) == {200}
    assert "Traceback" not in sandbox.output()


WHAT_IS_LOADED = """
import httpx, json, sys
from aktify_sandbox import Sandbox
with Sandbox(profile=sys.argv[1], socket=False) as sandbox:
    client = httpx.Client(transport=sandbox.transport(), base_url=sandbox.url)
    for lead in ({"phoneNumber": "(509) 555-1234", "region": "CA", "email": "a@example.com"}, {}):
        answer = client.post("/api/v1/leads", json=lead, headers={"x-api-key": sandbox.api_key})
        assert answer.status_code == (201 if lead else 400), answer.text
print(json.dumps([name for name in ("phonenumbers", "email_validator") if name in sys.modules]))
"""


@pytest.mark.parametrize(
    ("profile", "loaded"), [("default", []), ("strict", ["phonenumbers", "email_validator"])]
)
def test_the_libraries_of_strict_are_loaded_only_where_a_ruling_needs_them(
    profile: str, loaded: list[str]
) -> None:
    command = [sys.executable, "-c", WHAT_IS_LOADED, profile]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == loaded
