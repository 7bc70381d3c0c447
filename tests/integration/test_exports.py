"""Recorded requests for other tools: what is exported does again what was done."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from aktify_sandbox.leadfiles.export import as_csv
from support.running import LEAD, HostSandbox, Sandboxed
from support.snapshots import Snapshot


def record_id(answer: httpx.Response) -> str:
    return answer.headers["x-aktify-sandbox-request"]


def export(sandbox: Sandboxed, answer: httpx.Response, form: str) -> str:
    exported = sandbox.http.get(f"/_sandbox/requests/{record_id(answer)}/{form}")
    assert exported.status_code == 200, exported.text
    return exported.text


def test_a_curl_line_moves_no_cursor(sandbox: Sandboxed) -> None:
    """It is printed in a terminal, and pasted there."""
    body = b'{"firstName": "\x1b]0;a title\x07 \xc2\x9b31m \xe2\x80\xae"}\r'
    headers = [(b"x-api-key", sandbox.api_key.encode()), (b"x-c1", b"a \x9b31m")]
    answer = sandbox.http.post("/api/v1/leads", content=body, headers=headers)
    text = export(sandbox, answer, "curl")
    assert text.rstrip("\n").isprintable()
    assert text.isascii()


@pytest.mark.parametrize("form", ["curl", "http", "python", "node", "pytest", "har"])
def test_a_form_that_needs_a_key_of_the_environment_names_the_variable(sandbox: Sandboxed, form: str) -> None:
    def needed(answer: httpx.Response) -> str | None:
        headers: dict[str, str] = dict(
            sandbox.http.get(f"/_sandbox/requests/{record_id(answer)}/{form}").headers
        )
        return headers.get("x-needs-variable")

    assert needed(sandbox.post()) is None
    assert needed(sandbox.http.post("/api/v1/leads", json=LEAD)) is None
    reads_key = form in ("curl", "http", "python", "node")
    assert needed(sandbox.post(key="a-key-of-nobody")) == ("AKTIFY_API_KEY" if reads_key else None)


SECRET = """
campaigns:
  mine: {keys: [tes-secret-key, test-key.prod, a-real-secret-key]}
  demo: {keys: [test-key, tes-alike-key]}
"""


@pytest.mark.parametrize(
    "key",
    [
        "tes-secret-key",
        "test-key.prod",
        "test-key.prod.night",
        "a-real-secret-key",
        "tes-unknown-key",
        "tes-alike-key",
    ],
)
def test_a_key_that_is_a_secret_stands_in_no_export(serve: HostSandbox, tmp_path: Path, key: str) -> None:
    (tmp_path / "own.yaml").write_text(SECRET)
    sandbox = serve("--config", str(tmp_path / "own.yaml"))
    answer = sandbox.post(key=key)
    sandbox.post(key="test-key")
    for form in ("curl", "http", "python", "node", "pytest", "har"):
        text = export(sandbox, answer, form)
        assert key not in text
        assert "test-key" not in text, "another's key stands in for it"


def test_a_har_names_the_variable_for_any_key(serve: HostSandbox) -> None:
    sandbox = serve()
    har = export(sandbox, sandbox.post(key="test-key"), "har")
    assert '"$AKTIFY_API_KEY"' in har
    assert "test-key" not in har


def test_a_curl_line_says_what_the_record_does_not_hold(serve: HostSandbox, snapshot: Snapshot) -> None:
    sandbox = serve("--max-body", "1000")
    answer = sandbox.post({**LEAD, "firstName": "x" * 2_000}, headers={"Authorization": "Bearer secret"})
    text = export(sandbox, answer, "curl")
    snapshot("admin", text)
    assert "secret" not in text


def test_a_har_is_given_for_its_media_type_and_masks_the_key(sandbox: Sandboxed) -> None:
    answer = sandbox.post()
    accepted = sandbox.http.get(
        f"/_sandbox/requests/{record_id(answer)}", headers={"accept": "application/har+json"}
    )
    assert accepted.headers["content-type"] == "application/har+json"
    assert accepted.text == export(sandbox, answer, "har")
    [entry] = accepted.json()["log"]["entries"]
    assert entry["response"]["status"] == 201
    assert json.loads(entry["request"]["postData"]["text"]) == LEAD
    assert {"name": "x-api-key", "value": "$AKTIFY_API_KEY"} in entry["request"]["headers"]
    assert entry["request"]["url"] == sandbox.endpoint


def test_all_is_exported_in_each_form_oldest_first(sandbox: Sandboxed) -> None:
    ids = [record_id(sandbox.post()) for _ in range(3)]

    def exported(form: str) -> str:
        query = f"format={form}&key={sandbox.api_key}"
        return sandbox.http.get(f"/_sandbox/requests/export?{query}").text

    assert [each["id"] for each in json.loads(exported("json"))["requests"]] == ids
    assert [json.loads(line)["id"] for line in exported("jsonl").splitlines()] == ids
    assert [e["comment"][:10] for e in json.loads(exported("har"))["log"]["entries"]] == ids
    assert [line[2:12] for line in exported("curl").splitlines() if line.startswith("# r")] == ids
    whole = sandbox.get(f"/_sandbox/requests/{ids[2]}")
    assert json.loads(exported("json"))["requests"][2] == whole
    assert sandbox.http.get("/_sandbox/requests/export?format=xml").status_code == 400
    nothing = sandbox.http.get("/_sandbox/requests/export?format=har&phone=2125550000").json()
    assert nothing["log"]["entries"] == []


def resend(sandbox: Sandboxed, name: str, status: int = 200, **content: str) -> dict[str, Any]:
    answer = sandbox.http.post(f"/_sandbox/requests/{name}/resend", json=content)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_request_is_sent_again_by_the_server_which_knows_the_key(sandbox: Sandboxed) -> None:
    first = record_id(sandbox.post(headers={"X-Batch": "7"}))
    again = resend(sandbox, first)
    assert (again["status"], again["outcome"]) == (409, "answered")
    before, after = (sandbox.get(f"/_sandbox/requests/{each}") for each in (first, again["request"]))
    for name in ("method", "path", "query", "body", "key", "campaign"):
        assert after[name] == before[name], name
    assert after["headers"] == [pair for pair in before["headers"] if pair[0] != "Connection"]


def test_a_request_is_sent_again_with_another_body(sandbox: Sandboxed) -> None:
    first = record_id(sandbox.post({**LEAD, "region": "ca"}))
    again = resend(sandbox, first, body=json.dumps(LEAD))
    assert again["status"] == 201
    assert json.loads(sandbox.get(f"/_sandbox/requests/{again['request']}")["body"]) == LEAD


def test_bytes_are_sent_again_as_they_were(sandbox: Sandboxed) -> None:
    headers = {"x-api-key": sandbox.api_key, "content-type": "application/json"}
    first = sandbox.http.post("/api/v1/leads", content=b"\xff\x00", headers=headers)
    again = sandbox.get(f"/_sandbox/requests/{resend(sandbox, record_id(first))['request']}")
    assert base64.b64decode(again["body"]) == b"\xff\x00"


@pytest.mark.parametrize(
    ("number", "outcome"), [("0162", "reset"), ("0165", "cut off"), ("0167", "answered")]
)
def test_a_broken_answer_is_reported_when_a_request_is_sent_again(
    sandbox: Sandboxed, number: str, outcome: str
) -> None:
    lead = {"phoneNumber": f"(509) 555-{number}", "region": "CA"}
    first = record_id(sandbox.post({**lead, "region": "ca"}))
    assert resend(sandbox, first, body=json.dumps(lead))["outcome"] == outcome


def test_keys_are_found_again_after_a_restart_if_they_are_configured(
    serve: HostSandbox, tmp_path: Path, snapshot: Snapshot
) -> None:
    state = ("--state", str(tmp_path / "state"))
    first = serve(*state)
    plain, inner = first.post(), first.post(key="test-key.mine")
    fresh = first.http.post("/_sandbox/campaigns", json={}).json()["apiKey"]
    added = first.post(key=fresh)
    unknown = first.post(key="nobody-knows-this-key")
    assert resend(first, record_id(added))["status"] == 409
    first.stop()
    second = serve(*state)
    assert resend(second, record_id(plain))["status"] == 409
    assert resend(second, record_id(inner))["status"] == 409
    snapshot("admin", resend(second, record_id(added), 409)["detail"])
    assert resend(second, record_id(added), apiKey=fresh)["status"] == 409
    snapshot("admin", resend(second, record_id(unknown), 409)["detail"])


def test_a_body_that_is_not_recorded_is_not_sent_again(serve: HostSandbox, snapshot: Snapshot) -> None:
    sandbox = serve("--max-body", "1000")
    name = record_id(sandbox.post({**LEAD, "firstName": "x" * 2_000}))
    snapshot("admin", resend(sandbox, name, 409)["detail"])
    resend(sandbox, "r999999999", 404)


def test_all_leads_come_as_a_table_as_the_command_writes_it(sandbox: Sandboxed) -> None:
    campaign = f"demo.{sandbox.api_key.partition('.')[2]}"
    for number in range(3):
        sandbox.post({"phoneNumber": f"509555010{number}", "region": "CA", "metadata": {"a,b": "=1\r\n"}})
    answer = sandbox.http.get(f"/_sandbox/leads?campaign={campaign}&format=csv&limit=1")
    assert answer.headers["content-type"].partition(";")[0] == "text/csv"
    assert answer.headers["x-total-count"] == "3"
    assert answer.text == as_csv(sandbox.get(f"/_sandbox/leads?campaign={campaign}")["leads"])
    assert sandbox.http.get("/_sandbox/leads?format=xml").status_code == 400


def sent(sandbox: Sandboxed, **content: str) -> dict[str, Any]:
    answer = sandbox.http.post("/_sandbox/requests", json=content)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_lead_is_sent_with_a_key_in_full_as_it_is_shown_or_without_one(sandbox: Sandboxed) -> None:
    made = sandbox.http.post("/_sandbox/campaigns").json()
    keys = sandbox.get("/_sandbox/keys")["keys"]
    [key] = [each for each in keys if each["campaign"] == made["campaign"]]
    body = json.dumps(LEAD)
    first = sent(sandbox, body=body, key=key["key"], campaign=key["campaign"])
    assert (first["status"], first["outcome"]) == (201, "answered")
    record = sandbox.get(f"/_sandbox/requests/{first['request']}")
    assert (record["method"], record["path"], record["body"]) == ("POST", "/api/v1/leads", body)
    assert record["key"] == key["key"]
    assert sent(sandbox, body=body, apiKey=made["apiKey"])["status"] == 409
    assert sent(sandbox, body=body)["status"] == 401
    assert sent(sandbox, body="{", apiKey=made["apiKey"])["status"] == 400


def test_a_lead_is_not_sent_with_a_key_that_is_not_known_in_full(sandbox: Sandboxed) -> None:
    refused = sandbox.http.post(
        "/_sandbox/requests", json={"body": "{}", "key": "unk…own", "campaign": "demo"}
    )
    assert refused.status_code == 404
    assert sandbox.http.post("/_sandbox/requests", json={"apiKey": "x"}).status_code == 400
    assert sandbox.http.post("/_sandbox/requests", json={"body": "{}", "apiKey": "é"}).status_code == 400
