"""Every way to force an answer: the tests that need a process of its own."""

import json
import re
import socket
import subprocess
from pathlib import Path

import httpx
import pytest
import requests

from aktify_sandbox.scenarios.faults import Fault
from support.conditions import eventually
from support.forced import force, is_kept, magic
from support.paths import ROOT
from support.running import COMMAND, LEAD, Running, Serve, clean_environment, until
from support.snapshots import Snapshot

_areas = iter(
    f"{first}{second}{third}" for first in range(2, 10) for second in (0, 2, 3) for third in range(2, 10)
)


@pytest.fixture
def area() -> str:
    """An area code of the test's own."""
    return next(_areas)


NATURAL_409 = {
    "statusCode": 409,
    "message": "The phone number was already submitted to this campaign.",
    "problems": [],
}


def test_61_is_a_409_after_a_restart_too(serve: Serve, tmp_path: Path) -> None:
    first = serve("--state", str(tmp_path / "state"))
    with pytest.raises(httpx.ReadTimeout):
        magic(first, "212", 61, timeout=0.3)
    eventually(lambda: first.get("/_sandbox/requests")["requests"])
    first.process.kill()
    first.end()
    assert magic(serve("--state", str(tmp_path / "state")), "212", 61).status_code == 409


def test_the_doors_to_a_409_all_give_the_natural_one(serve: Serve) -> None:
    sandbox = serve()
    natural = [sandbox.post(), sandbox.post()][1]
    forced = [
        sandbox.post({**LEAD, "phoneNumber": "2125552001"}, headers={"Prefer": "code=409"}),
        magic(sandbox, "212", 49),
        sandbox.post({**LEAD, "phoneNumber": "2125552002"}, key="test-409"),
    ]
    command = [*COMMAND, "force", "409", "--url", sandbox.url]
    assert subprocess.run(command, capture_output=True).returncode == 0
    forced.append(sandbox.post({**LEAD, "phoneNumber": "2125552003"}))
    duplicate = serve("--scenario", "duplicate")
    forced.append(duplicate.post({**LEAD, "phoneNumber": "2125552004"}))
    assert natural.json() == NATURAL_409
    for answer in forced:
        assert (answer.status_code, answer.content) == (409, natural.content)
        assert answer.headers["content-type"] == natural.headers["content-type"]
        assert answer.headers["x-aktify-sandbox-forced"]
    assert "x-aktify-sandbox-forced" not in natural.headers


def test_a_scenario_of_a_campaign_that_is_not_there_keeps_serve_from_starting(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    (tmp_path / "aktify-sandbox.yaml").write_text(
        "campaigns: {demo: {keys: [test-key], scenarios: [flakey]}}"
    )
    done = subprocess.run(
        [*COMMAND, "serve", "--port", "0", "--in-memory"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    snapshot("admin", done.stderr)


WHOLE = b"0\r\n\r\n"
"""The end of an answer in chunks."""


class Clients:
    """The same post by four clients; what each reports."""

    def __init__(self, sandbox: Running, patience: float = 30) -> None:
        self.sandbox, self.patience = sandbox, patience
        self.headers = {"x-api-key": sandbox.api_key, "content-type": "application/json"}

    def raw(self, body: str) -> str:
        with socket.create_connection(("127.0.0.1", self.sandbox.port)) as connection:
            connection.settimeout(self.patience)
            head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
            sent = (
                f"POST /api/v1/leads HTTP/1.1\r\nhost: a\r\n{head}content-length: {len(body)}\r\n\r\n{body}"
            )
            connection.sendall(sent.encode())
            received = b""
            try:
                while not received.endswith(WHOLE) and (piece := connection.recv(65_536)):
                    received += piece
            except (TimeoutError, ConnectionResetError) as error:
                return f"{received.decode()} {type(error).__name__}"
            return received.decode() + ("" if received.endswith(WHOLE) else " EOF")

    def httpx(self, body: str) -> str:
        try:
            with httpx.Client(trust_env=False) as client:
                return client.post(
                    self.sandbox.endpoint, content=body, headers=self.headers, timeout=self.patience
                ).text
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: {error}"

    def requests(self, body: str) -> str:
        try:
            with requests.Session() as session:
                session.trust_env = False
                return session.post(
                    self.sandbox.endpoint, data=body, headers=self.headers, timeout=self.patience
                ).text
        except requests.RequestException as error:
            return f"{type(error).__name__}: {error}"

    def curl(self, body: str) -> str:
        headers = [part for name, value in self.headers.items() for part in ("-H", f"{name}: {value}")]
        command = ["curl", "-sS", "-m", str(self.patience), self.sandbox.endpoint, *headers, "-d", body]
        done = subprocess.run(command, capture_output=True, text=True)
        return f"exit {done.returncode} {done.stdout}"


RAW = {
    "ReadTimeout": "TimeoutError",
    "ReadError": "ConnectionResetError",
    "RemoteProtocolError": " EOF",
    "": WHOLE.decode(),
}
"""By the exception of httpx: what a bare socket sees."""


def reports(fault: Fault) -> dict[str, list[str]]:
    """What each client is to say, by its row in the reference; the lead, where the answer comes whole."""
    if not fault.loses_answer:
        return {
            "raw": [RAW[fault.raises]],
            "curl": ["exit 0", '"CA"'],
            "httpx": ['"CA"'],
            "requests": ['"CA"'],
        }
    page = (ROOT / "docs" / "reference" / "scenario-file.md").read_text()
    [row] = re.findall(
        rf"^\| `{fault}` \| (exit [0-9]+) \| `(\w+)` \| `(\w+)`(?: \((.*)\))? \|$", page, re.MULTILINE
    )
    curl, by_httpx, *by_requests = row
    return {"raw": [RAW[fault.raises]], "curl": [curl], "httpx": [by_httpx], "requests": by_requests}


def wait_for_record(sandbox: Running, phone: str) -> None:
    """A client that gave up may be faster than the sandbox."""
    eventually(lambda: sandbox.get(f"/_sandbox/requests?phone={phone}")["requests"])


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "not kept"])
@pytest.mark.parametrize("fault", Fault)
def test_a_fault_is_what_a_failing_network_would_give(
    sandbox: Running, area: str, fault: Fault, kept: bool
) -> None:
    patience = 1 if fault is Fault.HANG else 30
    for number, (client, words) in enumerate(reports(fault).items()):
        phone = f"{area}555300{number}"
        force(sandbox, fault=fault, phone=phone, **({"lead": "kept"} if kept else {}))
        lead = json.dumps({"phoneNumber": phone, "region": "CA"})
        report = getattr(Clients(sandbox, patience), client)(lead)
        assert [word for word in words if word not in report] == [], f"{client}: {report}"
        wait_for_record(sandbox, phone)
        assert is_kept(sandbox, phone) is (kept or not fault.loses_answer)
    assert sandbox.http.get("/_sandbox/health").status_code == 200


def test_a_reset_is_a_tcp_reset_and_not_an_end(sandbox: Running, area: str) -> None:
    force(sandbox, fault="reset")
    assert Clients(sandbox).raw(json.dumps(LEAD)) == " ConnectionResetError"


def test_an_answer_that_is_withheld_does_not_hold_up_a_stop(serve: Serve, tmp_path: Path) -> None:
    sandbox = serve("--state", str(tmp_path / "state"))
    sandbox.http.post("/_sandbox/force", json={"fault": "hang", "times": 2})
    with socket.create_connection(("127.0.0.1", sandbox.port)) as connection:
        body = json.dumps(LEAD)
        head = f"POST /api/v1/leads HTTP/1.1\r\nhost: a\r\nx-api-key: test-key\r\ncontent-length: {len(body)}\r\n"
        connection.sendall(f"{head}content-type: application/json\r\n\r\n{body}".encode())
        while not sandbox.get("/_sandbox/requests")["requests"]:
            pass
        assert sandbox.seconds_to_stop() < 3
    assert "Traceback" not in sandbox.output()
    assert "hungUpAfterMs" not in (tmp_path / "state" / "log.jsonl").read_text()


def test_a_file_is_read_again_when_it_changes_and_its_counters_start_anew(
    serve: Serve, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("rules: [{when: {attempt: 1}, answer: 500}]")
    sandbox = serve("--scenario", str(file))
    assert [sandbox.post().status_code for _ in range(2)] == [500, 201]
    file.write_text("rules: [{when: {attempt: 1}, answer: 503}, {when: {region: NV}, answer: 429}]")
    until(sandbox, ": 2 rules")
    assert [sandbox.post().status_code for _ in range(2)] == [503, 409]


def test_a_mistake_is_said_in_terminal_and_api_and_the_last_good_version_stays(
    serve: Serve, tmp_path: Path, snapshot: Snapshot
) -> None:
    (tmp_path / "work" / "scenarios").mkdir(parents=True)
    file = tmp_path / "work" / "scenarios" / "mine.yaml"
    file.write_text("rules:\n  - answer: 500\n")
    sandbox = serve("--scenario", "mine", folder=tmp_path / "work")
    file.write_text("rules:\n  - anwser: 503\n")
    until(sandbox, "mine.yaml:2:5: Unknown name “anwser”. Did you mean answer?")
    assert sandbox.post().status_code == 500
    [mine] = [each for each in sandbox.get("/_sandbox/scenarios")["scenarios"] if each["name"] == "mine"]
    assert mine["active"]
    snapshot("admin", mine["mistake"])
    file.unlink()
    until(sandbox, "can't be read")
    assert sandbox.post().status_code == 500
    file.write_text("rules:\n  - answer: 503\n")
    until(sandbox, ": 1 rule.")
    assert sandbox.post().status_code == 503


def test_a_body_s_file_is_read_again_too(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>one</p>")
    (tmp_path / "mine.yaml").write_text("rules: [{answer: {status: 502, body: {file: page.html}}}]")
    sandbox = serve("--scenario", str(tmp_path / "mine.yaml"))
    first = sandbox.post()
    assert (first.text, first.headers["content-type"]) == ("<p>one</p>", "text/html; charset=utf-8")
    (tmp_path / "other.html").write_text("<p>other</p>")
    (tmp_path / "other.html").replace(tmp_path / "page.html")
    until(sandbox, "Reloaded")
    assert sandbox.post().text == "<p>other</p>"


def test_a_campaign_whose_scenario_is_gone_does_not_keep_the_sandbox_from_starting(
    serve: Serve, tmp_path: Path, snapshot: Snapshot
) -> None:
    folder, state = tmp_path / "work", str(tmp_path / "state")
    (folder / "scenarios").mkdir(parents=True)
    (folder / "scenarios" / "mine.yaml").write_text("rules: [{answer: 418}]")
    first = serve("--state", state, folder=folder)
    fresh = first.http.post("/_sandbox/campaigns", json={"scenarios": ["mine"]}).json()
    assert first.post(key=fresh["apiKey"]).status_code == 418
    first.stop()
    (folder / "scenarios" / "mine.yaml").unlink()
    again = serve("--state", state, folder=folder)
    snapshot("admin", again.banner())
    assert again.post(key=fresh["apiKey"]).status_code == 201


def test_the_banner_says_which_scenarios_are_in_force(serve: Serve) -> None:
    assert "scenarios  flaky, slow" in serve("--scenario", "flaky", "--scenario", "slow").banner()


def test_a_scenario_that_is_not_there_or_has_a_mistake_is_wrong_usage(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    (tmp_path / "bad.yaml").write_text("anwser: 503")
    for name in ("flakey", "./none.yaml", "./bad.yaml"):
        command = [*COMMAND, "serve", "--in-memory", "--port", "0", "--scenario", name]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=20)
        assert done.returncode == 2, done.stderr
        snapshot("commands", done.stderr, name)
        assert "Traceback" not in done.stderr


def test_two_scenarios_of_one_name_are_refused_and_one_asked_for_twice_is_one(
    serve: Serve, tmp_path: Path, snapshot: Snapshot
) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "s.yaml").write_text("rules: [{answer: 418}]")
    command = [
        *COMMAND,
        "serve",
        "--in-memory",
        "--port",
        "0",
        "--scenario",
        "x/s.yaml",
        "--scenario",
        "y/s.yaml",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=20)
    assert done.returncode == 2
    snapshot("admin", done.stderr)
    used = serve().http.put("/_sandbox/scenarios/active", json={"active": ["flaky", "flaky.yaml", "flaky"]})
    assert used.json() == {"active": ["flaky"]}


def test_a_missing_body_s_file_is_noticed_when_it_comes(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("rules: [{answer: 418}]")
    sandbox = serve("--scenario", str(file))
    file.write_text("rules: [{answer: {status: 502, body: {file: new.html}}}]")
    until(sandbox, "new.html can't be read")
    (tmp_path / "one.html").write_text("one")
    (tmp_path / "new.html").symlink_to("one.html")
    until(sandbox, ": 1 rule.")
    assert sandbox.post().text == "one"
    (tmp_path / "two.html").write_text("two, and longer")
    (tmp_path / "link").symlink_to("two.html")
    (tmp_path / "link").replace(tmp_path / "new.html")
    eventually(lambda: sandbox.post().text == "two, and longer")
