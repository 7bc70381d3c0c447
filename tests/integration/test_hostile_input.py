"""The admin API gets anything at all: it answers in words, keeps only what can be kept, and is never slow or silent."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.errors import RulingError
from aktify_sandbox.history.explanation import explanation, overview
from aktify_sandbox.history.filters import Filters
from aktify_sandbox.settings import DEFAULT_CAMPAIGNS
from support.running import HostSandbox, Sandboxed
from support.snapshots import Snapshot


def send(sandbox: Sandboxed, method: str, path: str, body: bytes, **headers: str) -> httpx.Response:
    headers = {"content-type": "application/json", **headers}
    return sandbox.http.request(method, f"/_sandbox/{path}", content=body, headers=headers)


def test_long_numbers_inside_texts_are_welcome_and_a_bom_is_no_matter(sandbox: Sandboxed) -> None:
    lead = b'{"phoneNumber": "5095550101", "externalLeadId": "123456789012345678901234567890"}'
    answer = send(sandbox, "POST", "leads", b"\xef\xbb\xbf" + lead)
    assert (answer.status_code, answer.json()["imported"]) == (201, 1)


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
def test_a_filter_outside_the_calendar_or_alphabet_is_a_400(sandbox: Sandboxed, query: str) -> None:
    answer = sandbox.http.get(f"/_sandbox/requests?{query}")
    assert answer.status_code == 400
    name = query.partition("=")[0]
    assert {"since": "isn't a time"}.get(name, name) in answer.json()["detail"]
    if query.startswith("before"):
        assert sandbox.http.get(f"/_sandbox/leads?{query}").status_code == 400


@pytest.mark.parametrize("text", ["\ufeff", ""])
def test_explain_reads_a_duplicate_as_the_endpoint_does(
    sandbox: Sandboxed, text: str, snapshot: Snapshot
) -> None:
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
    snapshot("admin", told.text)


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
def test_a_search_finds_what_a_person_reads_headers_too(sandbox: Sandboxed, search: str, count: int) -> None:
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
    assert time.process_time() - started < 2  # 0.1 on a machine with nothing else to do
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
def test_a_keys_name_is_short_printable_and_no_key(sandbox: Sandboxed, name: str) -> None:
    answer = sandbox.http.post("/_sandbox/keys", json={"key": "a-key-of-mine", "name": name})
    assert answer.status_code == 400
    assert "name" in answer.json()["detail"]
    assert "a-k…ine" not in str(sandbox.get("/_sandbox/keys"))


def test_a_fresh_campaign_shares_its_leads_with_no_other(serve: HostSandbox, snapshot: Snapshot) -> None:
    sandbox = serve()

    def add(name: str) -> tuple[int, str]:
        answer = sandbox.http.post("/_sandbox/campaigns", json={"name": name})
        return answer.status_code, answer.json().get("detail", "")

    status, words = add("demo.abc")
    assert status == 409
    snapshot("admin", words)
    assert add("shop.north")[0] == 201
    status, words = add("shop")
    assert status == 409
    snapshot("admin", words)
    assert add("shops")[0] == 201


def test_a_campaign_that_went_from_the_configuration_but_left_leads_is_not_fresh(
    serve: HostSandbox, tmp_path: Path, snapshot: Snapshot
) -> None:
    (tmp_path / "c.yaml").write_text("campaigns:\n  old:\n    keys: [old-key]\n")
    state = str(tmp_path / "state")
    first = serve("--config", str(tmp_path / "c.yaml"), "--state", state)
    assert first.post(key="old-key.x").status_code == 201
    first.stop()
    second = serve("--state", state)
    answer = second.http.post("/_sandbox/campaigns", json={"name": "old"})
    assert answer.status_code == 409
    snapshot("admin", answer.json()["detail"])
    second.http.delete("/_sandbox/leads?campaign=old.x")
    assert second.http.post("/_sandbox/campaigns", json={"name": "old"}).status_code == 201


def test_a_strict_campaign_that_was_added_outlives_a_restart(serve: HostSandbox, tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    first = serve("--state", state)
    strict = first.http.post("/_sandbox/campaigns", json={"name": "hard", "profile": "strict"}).json()
    lead = {"phoneNumber": "(372) 555-0100", "region": "NY"}  # no area code that is assigned
    assert [first.post(lead).status_code, first.post(lead, key=strict["apiKey"]).status_code] == [201, 400]
    first.stop()
    assert serve("--state", state).post(lead, key=strict["apiKey"]).status_code == 400


def test_no_campaign_switches_fictional_only_off(
    serve: HostSandbox, tmp_path: Path, snapshot: Snapshot
) -> None:
    sandbox = serve("--fictional-only")
    for rulings in ({"fictional-only": "off"}, {"fictional-only": "off", "region-case": "accept"}):
        answer = sandbox.http.post("/_sandbox/campaigns", json={"rulings": rulings})
        assert answer.status_code == 400
        snapshot("admin", answer.json()["detail"])
    for more in ({"profile": "lenient"}, {"rulings": {"fictional-only": "on"}}):
        fresh = sandbox.http.post("/_sandbox/campaigns", json=more).json()
        assert sandbox.post(key=fresh["apiKey"]).status_code == 400
    (tmp_path / "c.yaml").write_text("campaigns: {demo: {rulings: {fictional-only: off}}}\n")
    with pytest.raises(RulingError) as caught:
        serve("--fictional-only", "--config", str(tmp_path / "c.yaml"))
    snapshot("admin", str(caught.value))
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
    sandbox: Sandboxed, item: dict[str, Any], field: str
) -> None:
    lead = {"phoneNumber": "5095550144", **item}
    counts = sandbox.http.post("/_sandbox/leads", json={"leads": [lead]}).json()
    assert (counts["imported"], counts["already"]) == (0, 0)
    assert counts["refused"][0]["problems"][0]["field"] == field


def test_of_an_imported_lead_only_the_fields_of_a_201_are_kept(serve: HostSandbox) -> None:
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
