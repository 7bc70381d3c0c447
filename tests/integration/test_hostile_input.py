"""The admin API gets anything at all: it answers in words, keeps only what can be kept, and is never slow or silent."""

import http.client
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.history.explanation import explanation, overview
from aktify_sandbox.history.filters import Filters
from aktify_sandbox.settings import DEFAULT_CAMPAIGNS
from support.running import Running, Serve

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


def test_long_numbers_inside_texts_are_welcome_and_a_bom_is_no_matter(sandbox: Running) -> None:
    lead = b'{"phoneNumber": "5095550101", "externalLeadId": "123456789012345678901234567890"}'
    answer = send(sandbox, "POST", "leads", b"\xef\xbb\xbf" + lead)
    assert (answer.status_code, answer.json()["imported"]) == (201, 1)


def test_a_defect_is_a_problem_and_its_traceback_is_seen_once(serve: Serve, tmp_path: Path) -> None:
    breaking = "import aktify_sandbox.history.query as r\nr.page = lambda *_: 1 / 0\n"
    (tmp_path / "sitecustomize.py").write_text(breaking)
    sandbox = serve(PYTHONPATH=str(tmp_path))
    for _ in range(3):
        answer = sandbox.http.get("/_sandbox/requests")
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert answer.json()["detail"].startswith("A defect of the sandbox")
        assert sandbox.post({"phoneNumber": "12"}).status_code == 400  # the connection is still good
    while sandbox.output().count("ZeroDivisionError") < 3:  # standard error is written in its own time
        time.sleep(0.01)
    assert sandbox.stop() == 0
    assert sandbox.output().count("Traceback") == sandbox.output().count("ZeroDivisionError") == 3


def test_a_client_that_hangs_up_in_its_body_is_no_defect(sandbox: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    connection.putrequest("POST", "/_sandbox/leads")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"[")
    time.sleep(0.05)
    connection.close()
    time.sleep(0.1)
    sandbox.get("/_sandbox/health")
    assert "Traceback" not in sandbox.output()


@pytest.mark.parametrize(
    "query",
    [
        "since=9999-12-31T23:59:59-10:00",
        "since=0001-01-01T00:00:00%2B10:00",
        "before=zz",
        "before=",
        "status=%EF%BC%94xx",
        "status=4%D9%A0%D9%A0",
    ],
)
def test_a_filter_outside_the_calendar_or_alphabet_is_a_400(sandbox: Running, query: str) -> None:
    answer = sandbox.http.get(f"/_sandbox/requests?{query}")
    assert answer.status_code == 400
    name = query.partition("=")[0]
    assert {"since": "is no moment"}.get(name, name) in answer.json()["detail"]
    if query.startswith("before"):
        assert sandbox.http.get(f"/_sandbox/leads?{query}").status_code == 400


@pytest.mark.parametrize("text", ["\ufeff", ""])
def test_explain_reads_a_duplicate_as_the_endpoint_does(sandbox: Running, text: str) -> None:
    lead = '{"phoneNumber": "(509) 555-0177", "region": "CA", "other": 123456789012345678901234567890}'
    sandbox.http.post(
        "/api/v1/leads",
        content=lead,
        headers={"x-api-key": sandbox.api_key, "content-type": "application/json"},
    )
    asked = {"body": text + lead.replace("CA", "NV"), "apiKey": sandbox.api_key}
    assert sandbox.http.post("/_sandbox/explain", json=asked).json()["status"] == 409
    told = sandbox.http.post("/_sandbox/explain", json=asked, headers={"accept": "text/plain"})
    assert told.status_code == 200
    assert 'region: "CA" then, "NV" now' in told.text


def test_lists_are_read_while_the_log_is_rewritten(serve: Serve) -> None:
    sandbox = serve("--keep", "5")
    stop, statuses = threading.Event(), list[int]()

    def write() -> None:
        with httpx.Client(base_url=sandbox.url, trust_env=False) as client:
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


@pytest.mark.parametrize(
    ("search", "count"),
    [
        ("x-shop: corner", 1),
        ("X-Shop:", 1),
        (": Corner store", 1),
        (" corner", 1),
        ("corner store\nx-door: b", 1),
        ("x-shop: store", 0),
        ("shop:corner", 0),
        ("none", 0),
        ("\u00e9t\u00e9: \u201cici\u201d", 1),
    ],
)
def test_a_search_finds_what_a_person_reads_headers_too(sandbox: Running, search: str, count: int) -> None:
    key = f"{sandbox.api_key}-{count}"
    lead = {"phoneNumber": "5095550123", "region": "CA", "firstName": "\u00c9t\u00e9: \u201cICI\u201d"}
    sandbox.post(lead, key=key, headers={"X-Shop": "Corner store", "X-Door": "b"})
    found = sandbox.http.get("/_sandbox/requests", params={"key": key, "search": search, "limit": 1})
    assert len(found.json()["requests"]) == count


def test_most_records_are_ruled_out_without_being_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    from aktify_sandbox.storage.log import Line

    def parsed(_: Line) -> dict[str, Any]:
        raise AssertionError("parsed")

    monkeypatch.setattr(Line, "load", parsed)
    line = Line(0, json.dumps({"id": "r000000001", "headers": [["host", "x"]], "body": "abc"}).encode())
    assert not Filters.of({"search": "host: y-z"}).admits(line)
    with pytest.raises(AssertionError, match="parsed"):
        Filters.of({"search": "host: x"}).admits(line)


# keys and campaigns


def test_a_key_of_many_dots_costs_no_more_than_any_other() -> None:
    campaigns = Campaigns(DEFAULT_CAMPAIGNS, "default", {}, "http://127.0.0.1:1")
    started = time.process_time()
    for _ in range(100):
        assert campaigns.find(b"." * 60_000) is None
        assert campaigns.campaign("." * 60_000) is None
    assert time.process_time() - started < 0.2
    for name in ("a", ".", "a.b.", "x" * 64, "." * 64):
        found = campaigns.find(f"test-key.{name}".encode())
        assert found is not None
        assert found.campaign == f"demo.{name}"
        assert campaigns.campaign(found.campaign) is not None
    for name in ("", "x" * 65, "a b", "."):
        assert name == "." or campaigns.find(f"test-key.{name}".encode()) is None


@pytest.mark.parametrize(
    "name", ["\x1b[2J", "line\nbreak", " ci", "ci ", "x" * 65, "a-key-of-mine", "test-key", "test-key.a"]
)
def test_a_keys_name_is_short_printable_and_no_key(sandbox: Running, name: str) -> None:
    answer = sandbox.http.post("/_sandbox/keys", json={"key": "a-key-of-mine", "name": name})
    assert answer.status_code == 400
    assert "name" in answer.json()["detail"]
    assert "a-k…ine" not in str(sandbox.get("/_sandbox/keys"))


def test_a_fresh_campaign_shares_its_leads_with_no_other(serve: Serve) -> None:
    sandbox = serve()

    def add(name: str) -> tuple[int, str]:
        answer = sandbox.http.post("/_sandbox/campaigns", json={"name": name})
        return answer.status_code, answer.json().get("detail", "")

    status, words = add("demo.abc")
    assert (status, "namespace of the campaign demo" in words) == (409, True)
    assert add("shop.north")[0] == 201
    status, words = add("shop")
    assert (status, "shop.north would be a namespace" in words) == (409, True)
    assert add("shops")[0] == 201


def test_a_campaign_that_went_from_the_configuration_but_left_leads_is_not_fresh(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "c.yaml").write_text("campaigns:\n  old:\n    keys: [old-key]\n")
    state = str(tmp_path / "state")
    first = serve("--config", str(tmp_path / "c.yaml"), "--state", state)
    assert first.post(key="old-key.x").status_code == 201
    first.stop()
    second = serve("--state", state)
    answer = second.http.post("/_sandbox/campaigns", json={"name": "old"})
    assert (answer.status_code, "old.x has 1 leads already" in answer.json()["detail"]) == (409, True)
    second.http.delete("/_sandbox/leads?campaign=old.x")
    assert second.http.post("/_sandbox/campaigns", json={"name": "old"}).status_code == 201


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


def test_a_strict_campaign_that_was_added_outlives_a_restart(serve: Serve, tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    first = serve("--state", state)
    strict = first.http.post("/_sandbox/campaigns", json={"name": "hard", "profile": "strict"}).json()
    lead = {"phoneNumber": "(372) 555-0100", "region": "NY"}  # no area code that is assigned
    assert [first.post(lead).status_code, first.post(lead, key=strict["apiKey"]).status_code] == [201, 400]
    first.stop()
    assert serve("--state", state).post(lead, key=strict["apiKey"]).status_code == 400


def test_no_campaign_switches_fictional_only_off(serve: Serve, tmp_path: Path) -> None:
    sandbox = serve("--fictional-only")
    for rulings in ({"fictional-only": "off"}, {"fictional-only": "off", "region-case": "accept"}):
        answer = sandbox.http.post("/_sandbox/campaigns", json={"rulings": rulings})
        assert (answer.status_code, "for the whole sandbox" in answer.json()["detail"]) == (400, True)
    for more in ({"profile": "lenient"}, {"rulings": {"fictional-only": "on"}}):
        fresh = sandbox.http.post("/_sandbox/campaigns", json=more).json()
        assert sandbox.post(key=fresh["apiKey"]).status_code == 400
    (tmp_path / "c.yaml").write_text("campaigns: {demo: {rulings: {fictional-only: off}}}\n")
    with pytest.raises(AssertionError, match="can't switch fictional-only off"):
        serve("--fictional-only", "--config", str(tmp_path / "c.yaml"))
    alone = serve("--config", str(tmp_path / "c.yaml"))
    fresh = alone.http.post("/_sandbox/campaigns", json={"rulings": {"fictional-only": "on"}}).json()
    leads = {"leads": [{"phoneNumber": "5095551234"}], "campaign": fresh["campaign"]}
    assert alone.http.post("/_sandbox/leads", json=leads).json()["imported"] == 0


# imported leads


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"receivedAt": "yesterday"}, "receivedAt"),
        ({"receivedAt": "2026-02-30T10:00:00Z"}, "receivedAt"),
        ({"receivedAt": "2026-02-20T10:00:00Z\x1b[2J"}, "receivedAt"),
        ({"receivedAt": 7}, "receivedAt"),
        ({"zipCode": 90210}, "zipCode"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"metadata": "a"}, "metadata"),
        ({"campaign": "demo.a b"}, "campaign"),
        ({"campaign": ["demo"]}, "campaign"),
        ({"phoneNumber": 5095551234}, "phoneNumber"),
    ],
)
def test_a_lead_that_no_201_could_have_said_is_not_imported(
    sandbox: Running, item: dict[str, Any], field: str
) -> None:
    lead = {"phoneNumber": "5095550144", **item}
    counts = sandbox.http.post("/_sandbox/leads", json={"leads": [lead]}).json()
    assert (counts["imported"], counts["already"]) == (0, 0)
    assert counts["refused"][0]["problems"][0]["field"] == field


def test_of_an_imported_lead_only_the_fields_of_a_201_are_kept(serve: Serve) -> None:
    sandbox = serve()
    flat = {"phone": "+15095550145", "campaign": "demo", "receivedAt": "2026-11-24T09:30:00+01:00"}
    more = {"firstName": "Ann", "email": None, "colour": {"deep": [1]}, "metadata": {"a": "b"}}
    assert sandbox.http.post("/_sandbox/leads", json=[{**more, **flat}]).json()["imported"] == 1
    [kept] = sandbox.get("/_sandbox/leads")["leads"]
    assert kept["receivedAt"] == flat["receivedAt"]
    assert kept["lead"] == {"phoneNumber": "+15095550145", "firstName": "Ann", "metadata": {"a": "b"}}


# what a terminal shows


def test_nothing_in_an_explanation_moves_the_cursor() -> None:
    evil = "\x1b[2J\x9b1m"
    first = {"id": evil, "receivedAt": evil, "phone": evil, "phoneNumber": evil, "differences": []}
    reason = {"rule": evil, "objection": "duplicate", "ruling": None, "scenario": evil}
    record = {
        "id": "r000000001",
        "receivedAt": evil,
        "client": evil,
        "method": "POST",
        "path": evil,
        "durationMs": 1,
        "campaign": evil,
        "key": evil,
        "phone": evil,
        "headers": [(evil, evil)],
        "body": evil,
        "reason": reason,
        "problems": [{"field": evil, "message": evil, "hint": evil, "ruling": None}],
        "response": {"status": 409, "headers": [(evil, evil)], "body": evil},
        "firstPost": first,
    }
    for text in (explanation(record), overview("http://127.0.0.1:1", [record])):
        assert [char for char in text if not char.isprintable() and char != "\n"] == []
