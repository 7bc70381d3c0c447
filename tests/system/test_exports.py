"""Recorded requests for other tools: the tests that need a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.conditions import eventually
from support.npm import npm_environment, npm_program
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


def meaning(record: dict[str, Any]) -> Any:
    """The body; of a JSON object what it says, if it says it once."""
    try:
        value = json.loads(record["body"])
    except ValueError:
        return record["body"]
    return value if record["body"].count("region") < 2 else record["body"]


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
        assert sandbox.post(timeout=0.3 if order.get("fault") == "hang" else 30).status_code == 503
    except httpx.TransportError:
        assert "fault" in order
    eventually(lambda: sandbox.get("/_sandbox/requests")["requests"])
    newest = sandbox.get("/_sandbox/requests?limit=1")["requests"][0]["id"]
    run_as_test(tmp_path, sandbox.http.get(f"/_sandbox/requests/{newest}/pytest").text)


def run_as_test(folder: Path, text: str) -> None:
    (folder / "test_exported.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_exported.py"]
    done = subprocess.run(command, cwd=folder, env=unmeasured(NO_PROXY="*"), capture_output=True, text=True)
    assert "1 passed" in done.stdout, text + done.stdout


FOR_A_FILE: list[dict[str, Any]] = [
    {"json": LEAD},
    {"json": LEAD},
    {"json": {**LEAD, "region": "ca"}},
    {
        "content": '{\n\n  "phoneNumber": "(509) 555-0101",\t"region": "CA",  \n "firstName": "D\'Arcy $HOME é"}',
        "headers": {
            "content-type": "application/json; charset=utf-8",
            "X-Empty": "",
            "X-Quote": 'it\'s "x" \\',
        },
    },
    {
        "content": "phoneNumber=5095550102&region=CA",
        "headers": {"content-type": "application/x-www-form-urlencoded"},
    },
    {"content": "{'phoneNumber': '5095550103',}\n?? x\n= y\n-- z", "headers": {"content-type": "text/plain"}},
    {"content": ""},
    {"content": "### not a separator"},
    {"content": "< ./exported.http"},
    {"content": '{"firstName": "{{$processEnv HOME}}"}'},
    {"content": b"\xff\x00"},
    {"content": "{}\r\n"},
    {"method": "PUT", "json": LEAD},
    {"method": "DELETE"},
    {"method": "OPTIONS"},
    {"method": "BREW", "content": "coffee"},
    {"path": "/api/v1/lead?a=1&b=%20%26&c=%7B%7Bx%7D%7D", "json": LEAD},
]
LEFT_OUT = 6


def test_an_http_file_sends_the_same_bodies_again_and_gets_the_same_answers(
    serve: Serve, tmp_path: Path
) -> None:
    first, second = serve(), serve()
    for each in FOR_A_FILE:
        sent = {"method": "POST", "path": "/api/v1/leads", **each}
        method, path = sent.pop("method"), sent.pop("path")
        headers = {"x-api-key": "test-key", **sent.pop("headers", {})}
        first.http.request(method, path, headers=headers, **sent)
    text = first.http.get("/_sandbox/requests/export?format=http").text
    assert text.count("# Left out: ") == LEFT_OUT
    (tmp_path / "exported.http").write_text(
        text.replace(f"@baseUrl = {first.url}", f"@baseUrl = {second.url}")
    )
    command = [npm_program("httpyac"), "send", "exported.http", "--all", "--var", "AKTIFY_API_KEY=test-key"]
    done = subprocess.run(
        command, cwd=tmp_path, env=npm_environment(), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    before, again = (
        [what_arrived(each) for each in sandbox.get("/_sandbox/requests/export?format=json")["requests"]]
        for sandbox in (first, second)
    )
    left_out = [part[1:11] for part in text.split("###")[1:] if "# Left out: " in part]
    kept = [each for each in before if each["id"] not in left_out]
    assert [{**each, "id": ""} for each in again] == [{**each, "id": ""} for each in kept]
    assert {each["status"] for each in again} >= {201, 400, 404, 405, 409}


def what_arrived(record: dict[str, Any]) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in record["headers"]}
    ours = {name: value for name, value in headers.items() if name == "content-type" or name.startswith("x-")}
    same = {name: record[name] for name in ("id", "method", "path", "query", "body", "campaign", "problems")}
    return {**same, "status": record["response"]["status"], "headers": ours}


def test_an_http_file_takes_a_secret_key_from_the_settings_of_its_reader(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "own.yaml").write_text("campaigns: {mine: {keys: [a-real-secret-key]}}\n")
    sandbox = serve("--config", str(tmp_path / "own.yaml"))
    name = record_id(sandbox.post(key="a-real-secret-key"))
    text = sandbox.http.get(f"/_sandbox/requests/{name}/http").text
    assert "a-real-secret-key" not in text
    (tmp_path / "one.http").write_text(text)
    command = [
        npm_program("httpyac"),
        "send",
        "one.http",
        "--all",
        "--var",
        "AKTIFY_API_KEY=a-real-secret-key",
    ]
    subprocess.run(command, cwd=tmp_path, env=npm_environment(), check=True, capture_output=True, timeout=120)
    assert [each["response"]["status"] for each in sandbox.get("/_sandbox/requests")["requests"]] == [
        409,
        201,
    ]
