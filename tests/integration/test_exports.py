"""Recorded requests for other tools: what is exported does again what was done."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from aktify_sandbox.leadfiles.export import as_csv
from support.running import LEAD, Running, Serve, needs, unmeasured


def record_id(answer: httpx.Response) -> str:
    return answer.headers["x-aktify-sandbox-request"]


def export(sandbox: Running, answer: httpx.Response, form: str) -> str:
    exported = sandbox.http.get(f"/_sandbox/requests/{record_id(answer)}/{form}")
    assert exported.status_code == 200, exported.text
    return exported.text


STRANGE: list[dict[str, Any]] = [
    {"json": LEAD},
    {"json": {**LEAD, "firstName": 'D\'Arcy "x" $HOME `id` \\ é 😀\nnext', "metadata": {"a": "1"}}},
    {"content": b'{"phoneNumber": "5095551234"', "headers": {"content-type": "application/json"}},
    {"content": b"@/etc/passwd", "headers": {"content-type": "text/plain"}},
    {"content": b"\xff\xfe\x00binary"},
    {"content": b'{"region": "CA", "region": "NV"}', "headers": {"content-type": "application/json"}},
    {"content": b'{"n": NaN}', "headers": {"content-type": "application/json"}},
    {"content": b"", "headers": {"X-Empty": "", "X-Quote": "it's"}},
    {"content": b"{}", "headers": {"X-Latin": b"J\xfcrgen \x9b 100% \\n it's $HOME"}},
    {"content": b'{"a": "\x1b]0;x\x07\r\xe2\x80\xae"}', "headers": {"content-type": "application/json"}},
]


@pytest.mark.parametrize("form", ["curl", "python", "node"])
@pytest.mark.parametrize("request_", STRANGE, ids=str)
def test_what_is_exported_sends_the_same_again(
    sandbox: Running, tmp_path: Path, form: str, request_: dict[str, Any]
) -> None:
    headers = {"x-api-key": sandbox.api_key, **request_.get("headers", {})}
    url = "/api/v1/leads?a=1&b=%20%26"
    first = sandbox.http.post(url, **{**request_, "headers": headers})
    text = export(sandbox, first, form)
    commands = {
        "curl": ["sh", "-c", text],
        "python": [sys.executable, "-c", text],
        "node": ["node", "--input-type=module", "-e", text],
    }
    needs(commands[form][0])
    env = unmeasured(AKTIFY_API_KEY=sandbox.api_key, NO_PROXY="*")
    done = subprocess.run(commands[form], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, text + done.stderr
    newest = sandbox.get(f"/_sandbox/requests?key={sandbox.api_key}&limit=1")["requests"][0]["id"]
    assert newest != record_id(first), "it was sent"
    before, again = (sandbox.get(f"/_sandbox/requests/{each}") for each in (record_id(first), newest))
    for name in ("method", "path", "query", "key", "campaign", "bodyEncoding"):
        assert again.get(name) == before.get(name), name
    assert meaning(again) == meaning(before)
    sent = {name.lower(): value for name, value in again["headers"]}
    ours = {name.lower() for name in request_.get("headers", {})}
    for name, value in before["headers"]:
        if name.lower() in ours:
            assert sent.get(name.lower()) == value, name


def test_a_curl_line_moves_no_cursor(sandbox: Running) -> None:
    """It is printed in a terminal, and pasted there."""
    body = b'{"firstName": "\x1b]0;a title\x07 \xc2\x9b31m \xe2\x80\xae"}\r'
    headers = [(b"x-api-key", sandbox.api_key.encode()), (b"x-c1", b"a \x9b31m")]
    answer = sandbox.http.post("/api/v1/leads", content=body, headers=headers)
    text = export(sandbox, answer, "curl")
    assert text.rstrip("\n").isprintable()
    assert text.isascii()


@pytest.mark.parametrize("form", ["curl", "python", "node"])
@pytest.mark.parametrize("key", ["test-key", "test-key.mine", "test-409", "test-401"])
def test_what_came_with_a_key_that_everybody_knows_runs_as_it_is_pasted(
    serve: Serve, tmp_path: Path, form: str, key: str
) -> None:
    state = ("--state", str(tmp_path / "state"))
    sandbox = serve(*state)
    name = record_id(sandbox.post(key=key))
    sandbox.stop()
    sandbox = serve(*state)  # which must find the key again
    text = sandbox.http.get(f"/_sandbox/requests/{name}/{form}").text
    programs = {
        "curl": ["sh", "-c", text],
        "python": [sys.executable, "-c", text],
        "node": ["node", "--input-type=module", "-e", text],
    }
    needs(programs[form][0])
    for variables, sent in ({}, key), ({"AKTIFY_API_KEY": "of-mine"}, "of-mine"):
        subprocess.run(
            programs[form], env=unmeasured(NO_PROXY="*", **variables), check=True, capture_output=True
        )
        [newest] = sandbox.get("/_sandbox/requests?limit=1")["requests"]
        assert newest["id"] != name
        assert newest["id"] in [
            each["id"] for each in sandbox.get(f"/_sandbox/requests?key={sent}")["requests"]
        ]
    exported = sandbox.http.get("/_sandbox/requests/export?format=curl").text
    assert sandbox.http.get(f"/_sandbox/requests/{name}/curl").text in exported or form != "curl"


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
def test_a_key_that_is_a_secret_stands_in_no_export(serve: Serve, tmp_path: Path, key: str) -> None:
    (tmp_path / "own.yaml").write_text(SECRET)
    sandbox = serve("--config", str(tmp_path / "own.yaml"))
    answer = sandbox.post(key=key)
    sandbox.post(key="test-key")
    for form in ("curl", "python", "node", "pytest", "har"):
        text = export(sandbox, answer, form)
        assert key not in text
        assert "test-key" not in text, "another's key stands in for it"


def test_a_har_has_the_name_of_the_variable_whatever_the_key_is(serve: Serve) -> None:
    sandbox = serve()
    har = export(sandbox, sandbox.post(key="test-key"), "har")
    assert '"$AKTIFY_API_KEY"' in har
    assert "test-key" not in har


def meaning(record: dict[str, Any]) -> Any:
    """The body; of a JSON object what it says, if it says it once."""
    try:
        value = json.loads(record["body"])
    except ValueError:
        return record["body"]
    return value if record["body"].count("region") < 2 else record["body"]


def test_a_curl_line_says_what_the_record_does_not_hold(serve: Serve) -> None:
    sandbox = serve("--max-body", "1000")
    answer = sandbox.post({**LEAD, "firstName": "x" * 2_000}, headers={"Authorization": "Bearer secret"})
    text = export(sandbox, answer, "curl")
    assert "# The header authorization is left out" in text
    assert "# The body is cut off" in text
    assert "secret" not in text


@pytest.mark.parametrize(
    ("number", "more", "status"),
    [
        ("555-1234", {}, 201),
        ("555-1234", {}, 409),
        ("555-9999", {"region": "ca"}, 400),
        ("555-0150", {}, 500),
        ("555-0163", {}, None),
        ("555-0165", {}, None),
    ],
)
def test_an_exported_test_passes(
    serve: Serve, tmp_path: Path, number: str, more: dict[str, str], status: int | None
) -> None:
    sandbox = serve()
    lead = {**LEAD, "phoneNumber": f"(509) {number}", **more}
    if status == 409:
        sandbox.post({**lead, "phoneNumber": f"+1 509 {number}"})
    try:
        answer = sandbox.post(lead)
        assert answer.status_code == status
    except httpx.TransportError:
        assert status is None
    newest = sandbox.get("/_sandbox/requests?limit=1")["requests"][0]["id"]
    text = sandbox.http.get(f"/_sandbox/requests/{newest}/pytest").text
    run_as_test(tmp_path, text)


@pytest.mark.parametrize("order", [{"status": 503}, {"fault": "reset"}, {"fault": "hang"}], ids=str)
def test_an_exported_test_of_a_forced_answer_forces_it_too(
    serve: Serve, tmp_path: Path, order: dict[str, Any]
) -> None:
    sandbox = serve()
    assert sandbox.http.post("/_sandbox/force", json=order).status_code == 201
    try:
        assert sandbox.post(timeout=0.3).status_code == 503
    except httpx.TransportError:
        assert "fault" in order
    newest = sandbox.get("/_sandbox/requests?limit=1")["requests"][0]["id"]
    run_as_test(tmp_path, sandbox.http.get(f"/_sandbox/requests/{newest}/pytest").text)


def run_as_test(folder: Path, text: str) -> None:
    (folder / "test_exported.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_exported.py"]
    done = subprocess.run(command, cwd=folder, env=unmeasured(NO_PROXY="*"), capture_output=True, text=True)
    assert "1 passed" in done.stdout, text + done.stdout


def test_a_har_is_given_for_its_media_type_and_masks_the_key(sandbox: Running) -> None:
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


def test_all_is_exported_in_each_form_oldest_first(sandbox: Running) -> None:
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


def resend(sandbox: Running, name: str, status: int = 200, **content: str) -> dict[str, Any]:
    answer = sandbox.http.post(f"/_sandbox/requests/{name}/resend", json=content)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_request_is_sent_again_by_the_server_which_knows_the_key(sandbox: Running) -> None:
    first = record_id(sandbox.post(headers={"X-Batch": "7"}))
    again = resend(sandbox, first)
    assert (again["status"], again["outcome"]) == (409, "answered")
    before, after = (sandbox.get(f"/_sandbox/requests/{each}") for each in (first, again["request"]))
    for name in ("method", "path", "query", "body", "key", "campaign"):
        assert after[name] == before[name], name
    assert after["headers"] == [pair for pair in before["headers"] if pair[0] != "Connection"]


def test_a_request_is_sent_again_with_another_body(sandbox: Running) -> None:
    first = record_id(sandbox.post({**LEAD, "region": "ca"}))
    again = resend(sandbox, first, body=json.dumps(LEAD))
    assert again["status"] == 201
    assert json.loads(sandbox.get(f"/_sandbox/requests/{again['request']}")["body"]) == LEAD


def test_bytes_are_sent_again_as_they_were(sandbox: Running) -> None:
    headers = {"x-api-key": sandbox.api_key, "content-type": "application/json"}
    first = sandbox.http.post("/api/v1/leads", content=b"\xff\x00", headers=headers)
    again = sandbox.get(f"/_sandbox/requests/{resend(sandbox, record_id(first))['request']}")
    assert base64.b64decode(again["body"]) == b"\xff\x00"


@pytest.mark.parametrize(
    ("number", "outcome"), [("0162", "reset"), ("0165", "cut off"), ("0167", "answered")]
)
def test_what_breaks_is_told_when_it_is_sent_again(sandbox: Running, number: str, outcome: str) -> None:
    lead = {"phoneNumber": f"(509) 555-{number}", "region": "CA"}
    first = record_id(sandbox.post({**lead, "region": "ca"}))
    assert resend(sandbox, first, body=json.dumps(lead))["outcome"] == outcome


def test_keys_are_found_again_after_a_restart_if_they_are_configured(serve: Serve, tmp_path: Path) -> None:
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
    assert "give apiKey" in resend(second, record_id(added), 409)["detail"]
    assert resend(second, record_id(added), apiKey=fresh)["status"] == 409
    assert "give apiKey" in resend(second, record_id(unknown), 409)["detail"]


def test_a_body_that_is_not_recorded_is_not_sent_again(serve: Serve) -> None:
    sandbox = serve("--max-body", "1000")
    name = record_id(sandbox.post({**LEAD, "firstName": "x" * 2_000}))
    assert "whole body" in resend(sandbox, name, 409)["detail"]
    resend(sandbox, "r999999999", 404)


def test_all_leads_come_as_a_table_as_the_command_writes_it(sandbox: Running) -> None:
    campaign = f"demo.{sandbox.api_key.partition('.')[2]}"
    for number in range(3):
        sandbox.post({"phoneNumber": f"509555010{number}", "region": "CA", "metadata": {"a,b": "=1\r\n"}})
    answer = sandbox.http.get(f"/_sandbox/leads?campaign={campaign}&format=csv&limit=1")
    assert answer.headers["content-type"].partition(";")[0] == "text/csv"
    assert answer.headers["x-total-count"] == "3"
    assert answer.text == as_csv(sandbox.get(f"/_sandbox/leads?campaign={campaign}")["leads"])
    assert sandbox.http.get("/_sandbox/leads?format=xml").status_code == 400
