"""`POST /_sandbox/check`: a file of leads over HTTP, as the command checks it, and nothing of it is kept."""

import json
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from aktify_sandbox import Sandbox
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.leadfiles.worker import Options, answered
from support.conditions import eventually
from support.make_lead_files import FILES, FOLDER
from support.running import COMMAND, Running, Serve, clean_environment

MEDIA = {"content-type": "application/octet-stream"}
LEADS = b"Phone,State,Notes\n5095550101,CA,a\n5095550102,ca,b\n509,CA,\n5095550101,CA,\n"
SLOW = b"," * 6_000_000
"""A table of blank cells, whose header is looked for for many seconds."""

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def check(sandbox: Running, content: bytes, query: str = "name=leads.csv", **more: str) -> httpx.Response:
    return sandbox.http.post(f"/_sandbox/check?{query}", content=content, headers=MEDIA | more)


def children(parent: int) -> list[int]:
    """The checks that it has started and that still run."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                state, of, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if int(of) == parent and state != "Z" and b"leadfiles.worker" in command:
                found.append(int(folder.name))
    return found


def is_running(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def hanging(port: int, content: bytes = SLOW) -> socket.socket:
    """A client that has sent its file and waits."""
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    head = f"POST /_sandbox/check HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: {MEDIA['content-type']}\r\n"
    client.sendall(f"{head}content-length: {len(content)}\r\n\r\n".encode() + content)
    return client


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_answer_is_what_the_command_says_of_the_same_file(
    name: str, sandbox: Running, tmp_path: Path
) -> None:
    rejects, fixed = tmp_path / "rejects.csv", tmp_path / "fixed.csv"
    command = [*COMMAND, "check", name, "--json", "--rejects", str(rejects), "--fixed", str(fixed)]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, env=clean_environment())
    answer = check(sandbox, FILES[name], f"name={name}")
    content = answer.json()
    if done.returncode == 2:
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert done.stderr.decode().rstrip().endswith(content["detail"].rstrip())
        assert content["message"]
        assert content["message"] in content["detail"]
        return
    assert answer.status_code == 200
    said = json.loads(done.stdout)
    assert {field: content[field] for field in said} == said
    assert content["rejects"]["content"].encode() == rejects.read_bytes()
    assert content["fixed"]["content"].encode() == fixed.read_bytes()
    words = subprocess.run(
        [*COMMAND, "check", name], cwd=FOLDER, capture_output=True, env=clean_environment()
    )
    printed = words.stdout.decode().splitlines()
    summary = content["summary"]
    assert f"{name}: {summary['form']}" in printed
    assert summary["counts"] in printed
    unwrapped = " ".join(words.stdout.decode().split())
    for each in (*summary["advice"], *summary["notes"]):
        assert " ".join(each.split()) in unwrapped
    assert sum(kind["problems"] for kind in content["kinds"]) == len(said["problems"])
    for kind in content["kinds"]:
        assert any(kind["rows"] in line and kind["word"] in line for line in printed)


def test_options_are_those_of_the_command(sandbox: Running) -> None:
    content = "Contact|State\n5095550101|Zoë\n".encode("cp1252")
    refused = check(sandbox, content).json()
    assert refused["assignable"]["columns"] == [
        {"column": "Contact", "field": None, "metadata": "metadata.contact"},
        {"column": "State", "field": "region", "metadata": "metadata.state"},
    ]
    assert refused["likely"] == "Contact"
    query = "name=a.csv&map=Contact=phoneNumber&map=State=metadata.state&encoding=mac-roman&delimiter=pipe"
    found = check(sandbox, content, query).json()
    assert found["columns"] == {"Contact": "phoneNumber", "State": "metadata.state"}
    assert (found["encoding"], found["delimiter"]) == ("mac-roman", "|")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("map=Phone", 400),
        ("map==phoneNumber", 400),
        ("campaign=nobody", 404),
        ("colour=red", 400),
        ("rows=maybe", 400),
        ("map=Phone=fone", 422),
        ("map=Fone=phoneNumber", 422),
        ("encoding=utf-9", 422),
        ("delimiter=::", 422),
    ],
)
def test_a_wrong_option_is_refused_in_words(query: str, status: int, sandbox: Running) -> None:
    answer = check(sandbox, LEADS, query)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_each_campaign_has_its_own_rules_and_the_first_is_taken_unless_told(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "c.yaml").write_text(
        "campaigns:\n  strict: {keys: [a-key]}\n  easy: {keys: [b-key], rulings: {region-case: accept}}\n"
        "  tracked: {keys: [c-key], link: tracking, rulings: {campaign-link: refuse}}\n"
    )
    sandbox = serve("--config", str(tmp_path / "c.yaml"))
    accepted = {
        campaign: check(sandbox, LEADS, f"campaign={campaign}").json()["accepted"]
        for campaign in ("", "strict", "easy", "easy.my-test", "tracked")
    }
    assert accepted == {"": 1, "strict": 1, "easy": 2, "easy.my-test": 2, "tracked": 0}


def test_what_grows_with_the_file_is_left_out_if_it_is_asked_for(sandbox: Running) -> None:
    whole, brief = check(sandbox, LEADS).json(), check(sandbox, LEADS, "name=leads.csv&rows=no").json()
    assert {*whole} - {*brief} == {"problems", "notes", "duplicateRows", "repairs"}
    assert {name: whole[name] for name in brief} == brief


# the guard


@pytest.mark.parametrize(
    "media",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/octet-streams",
        "text/csv",
        "",
    ],
)
def test_only_what_no_form_can_send_is_taken_for_a_file(media: str, sandbox: Running) -> None:
    answer = check(sandbox, LEADS, **{"content-type": media})
    assert answer.status_code == 415
    assert "application/octet-stream" in answer.json()["detail"]


def test_json_passes_the_guard_but_is_no_file(sandbox: Running) -> None:
    assert check(sandbox, b"{}", **{"content-type": "application/json"}).status_code == 415
    assert sandbox.http.post("/_sandbox/check").status_code == 415


@pytest.mark.parametrize(
    "hostile",
    [
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"host": "evil.example"},
    ],
    ids=str,
)
def test_pages_of_others_check_nothing(hostile: dict[str, str], sandbox: Running) -> None:
    assert check(sandbox, LEADS, **hostile).status_code == 403


def test_no_other_route_takes_a_files_type(sandbox: Running) -> None:
    for method, path in (("POST", "explain"), ("PUT", "state"), ("POST", "leads"), ("GET", "check")):
        answer = sandbox.http.request(method, f"/_sandbox/{path}", content=LEADS, headers=MEDIA)
        assert answer.status_code in (405, 415), path


def test_a_file_that_is_too_large_is_413(sandbox: Running) -> None:
    assert check(sandbox, b"x" * 64_000_001).status_code == 413
    assert check(sandbox, LEADS).status_code == 200


# nothing is kept


def test_nothing_of_a_check_is_recorded_or_kept(serve: Serve, tmp_path: Path) -> None:
    state, temporary = tmp_path / "state", tmp_path / "tmp"
    temporary.mkdir()
    sandbox = serve("--state", str(state), folder=tmp_path / "work", TMPDIR=str(temporary))
    sandbox.post()

    def held() -> dict[Path, bytes]:
        files = [path for path in tmp_path.rglob("*") if path.is_file() and path != sandbox.out_file]
        return {path: path.read_bytes() for path in files}

    before, config = held(), sandbox.get("/_sandbox/config")["newest"]
    assert check(sandbox, LEADS).json()["accepted"] == 1
    assert check(sandbox, b"\x00").status_code == 422
    assert held() == before
    assert sandbox.get("/_sandbox/config")["newest"] == config
    assert len(sandbox.get("/_sandbox/requests")["requests"]) == 1
    assert len(sandbox.get("/_sandbox/leads")["leads"]) == 1


# the process


@only_linux
def test_posts_are_answered_while_a_file_is_checked_and_the_next_check_waits(serve: Serve) -> None:
    sandbox = serve()
    with hanging(sandbox.port), hanging(sandbox.port):
        eventually(lambda: children(sandbox.process.pid))
        assert sandbox.post().status_code == 201
        assert sandbox.get("/_sandbox/health")["status"] == "ok"
        assert len(children(sandbox.process.pid)) == 1


@only_linux
def test_a_client_that_hangs_up_ends_its_check_and_the_next_one_goes_on(serve: Serve) -> None:
    sandbox = serve()
    with hanging(sandbox.port):
        eventually(lambda: children(sandbox.process.pid))
        [child] = children(sandbox.process.pid)
    eventually(lambda: not is_running(child))
    assert check(sandbox, LEADS).status_code == 200
    eventually(lambda: not children(sandbox.process.pid))


@only_linux
@pytest.mark.parametrize("how", ["SIGTERM", "stop"])
def test_a_stop_ends_a_check_that_runs_and_one_that_waits(how: str, serve: Serve) -> None:
    sandbox = serve()
    with hanging(sandbox.port), hanging(sandbox.port):
        eventually(lambda: children(sandbox.process.pid))
        [child] = children(sandbox.process.pid)
        if how == "stop":
            sandbox.http.post("/_sandbox/stop")
            assert sandbox.end() == 0
        else:
            assert sandbox.stop() == 0
        eventually(lambda: not is_running(child))
    assert "Traceback" not in sandbox.output()


@only_linux
def test_a_check_does_not_outlive_a_sandbox_that_is_killed(serve: Serve) -> None:
    sandbox = serve()
    with hanging(sandbox.port, SLOW * 8):  # it doesn't end by itself while it is looked at
        eventually(lambda: children(sandbox.process.pid))
        [child] = children(sandbox.process.pid)
        statm = Path(f"/proc/{child}/statm")
        eventually(lambda: int(statm.read_text().split()[1]) * resource.getpagesize() > 2 * len(SLOW * 8))
        sandbox.process.kill()
        sandbox.end()
        eventually(lambda: not is_running(child))


@only_linux
def test_a_check_that_is_killed_is_said_in_words(serve: Serve) -> None:
    sandbox = serve()
    with hanging(sandbox.port) as client:
        eventually(lambda: children(sandbox.process.pid))
        for child in children(sandbox.process.pid):
            os.kill(child, 9)
        assert client.recv(12) == b"HTTP/1.1 500"
    assert check(sandbox, LEADS).status_code == 200


@only_linux
def test_ctrl_c_in_a_terminal_shows_no_traceback_of_the_check(serve: Serve) -> None:
    """A terminal sends it to all processes of its foreground; the check isn't among them."""
    sandbox = serve()
    with hanging(sandbox.port):
        eventually(lambda: children(sandbox.process.pid))
        [child] = children(sandbox.process.pid)
        assert os.getpgid(child) != os.getpgid(sandbox.process.pid)


# beside a test


@pytest.mark.parametrize("has_socket", [True, False])
def test_a_sandbox_in_a_test_checks_files_too(has_socket: bool) -> None:
    with Sandbox(socket=has_socket) as sandbox, httpx.Client(transport=sandbox.transport()) as client:
        answer = client.post(f"{sandbox.url}/_sandbox/check", content=LEADS, headers=MEDIA)
        assert (answer.status_code, answer.json()["accepted"]) == (200, 1)


@only_linux
def test_a_sandbox_in_a_test_ends_its_check_when_it_stops() -> None:
    with Sandbox() as sandbox:
        client = hanging(int(sandbox.url.rpartition(":")[2]))
        eventually(lambda: children(os.getpid()))
        [child] = children(os.getpid())
    eventually(lambda: not is_running(child))
    client.close()


def test_modules_of_the_users_folder_do_not_hide_the_standard_library(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """pytest puts the folder of a test before everything else."""
    for name in ("csv.py", "json.py", "threading.py"):
        (tmp_path / name).write_text(f"raise RuntimeError({name!r})\n")
    monkeypatch.syspath_prepend(tmp_path)
    with Sandbox() as sandbox:
        answer = httpx.post(f"{sandbox.url}/_sandbox/check", content=LEADS, headers=MEDIA, trust_env=False)
        assert answer.status_code == 200


def test_a_check_has_the_rules_that_differ() -> None:
    lenient = Rulings.of("lenient", {})
    status, answer = answered(LEADS, Options("a.csv", rulings=dict(lenient.changes)))
    assert (status, json.loads(answer)["accepted"]) == (200, 2)
    assert LeadRules(lenient).read(
        b'{"phoneNumber": "5095550102", "region": "ca"}', b"application/json", None
    )
