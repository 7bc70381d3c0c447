"""`serve` as its user meets it: the banner, the lines, the end, the next beginning."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from support.conditions import eventually
from support.ports import free_port
from support.running import COMMAND, LEAD, Running, Serve, clean_environment, until
from support.snapshots import Snapshot


def test_the_printed_curl_is_201_and_409_the_second_time(serve: Serve) -> None:
    sandbox = serve()
    line = next(line for line in sandbox.banner().splitlines() if line.startswith("curl"))
    command = [*shlex.split(line), "-s", "-o", "/dev/null", "-w", "%{http_code}"]
    assert [subprocess.run(command, capture_output=True, text=True).stdout[-3:] for _ in range(2)] == [
        "201",
        "409",
    ]


def test_a_refusal_is_explained_without_loading_the_reference(serve: Serve) -> None:
    """`jsonschema` takes 40 ms and 8 MB to load, which nobody needs to wait for: its fast sibling says the same."""
    sandbox = serve("--in-memory")
    maps = Path(f"/proc/{sandbox.process.pid}/maps")
    if not maps.exists():
        pytest.skip("only Linux shows what a process has loaded")
    assert sandbox.post({"phoneNumber": "509", "region": "ca"}).status_code == 400
    assert "/jsonschema_rs/" in maps.read_text()
    assert "/rpds/" not in maps.read_text()  # the compiled part of jsonschema


def test_the_banner_says_where_and_with_what(serve: Serve, tmp_path: Path) -> None:
    sandbox = serve("--state", str(tmp_path / "state"))
    text = sandbox.banner()
    for wanted in (sandbox.endpoint, "test-key", f"{sandbox.url}/_sandbox/", str(tmp_path / "state")):
        assert wanted in text


def test_the_banner_keeps_a_key_of_ones_own_to_itself(serve: Serve, tmp_path: Path) -> None:
    """It may stand in the log of a job; the line takes it from the environment."""
    (tmp_path / "c.yaml").write_text("campaigns:\n  demo:\n    keys: [a-key-of-mine-1]\n")
    sandbox = serve("--config", str(tmp_path / "c.yaml"))
    assert "a-key-of-mine-1" not in sandbox.banner()
    line = next(line for line in sandbox.banner().splitlines() if line.startswith("curl"))
    done = subprocess.run(
        ["sh", "-c", line], env={**os.environ, "AKTIFY_API_KEY": "a-key-of-mine-1"}, capture_output=True
    )
    assert b" 201 " in done.stdout
    assert sandbox.ready_file.stat().st_mode & 0o777 == 0o600


def test_under_fictional_only_the_printed_curl_is_accepted_too(serve: Serve) -> None:
    sandbox = serve("--fictional-only")
    line = next(line for line in sandbox.banner().splitlines() if line.startswith("curl"))
    assert " 201 " in subprocess.run(shlex.split(line), capture_output=True, text=True).stdout


def test_each_request_is_a_line_with_its_reason(serve: Serve) -> None:
    sandbox = serve()
    sandbox.post()
    sandbox.post({**LEAD, "region": "ca"})
    sandbox.post(key="unheard-of")
    sandbox.http.get("/elsewhere")
    sandbox.http.get("/api/v1/leads")
    sandbox.stop()
    lines = [
        line for line in sandbox.output().splitlines() if re.match(r"\d\d:\d\d:\d\d[+-]\d\d:\d\d ", line)
    ]
    assert [line.split()[1] for line in lines] == ["201", "400", "401", "404", "405"]
    assert "+1509***1234" in lines[0]
    assert "demo" in lines[0]
    assert "r000000001" in lines[0]
    assert "region" in lines[1]
    assert "GET /elsewhere" in lines[3]
    assert "GET /api/v1/leads" in lines[4]
    assert "/api/v1/leads" not in lines[0]


def test_the_log_in_json_is_one_object_per_request_and_nothing_else(serve: Serve) -> None:
    sandbox = serve("--log-format", "json")
    sandbox.post()
    sandbox.post()
    sandbox.stop()
    objects = [json.loads(line) for line in sandbox.output().splitlines()]
    assert [each["status"] for each in objects] == [201, 409]


def test_quiet_says_nothing(serve: Serve) -> None:
    sandbox = serve("--quiet")
    sandbox.post()
    sandbox.stop()
    assert sandbox.output() == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_is_clean_and_the_next_start_goes_on(
    serve: Serve, tmp_path: Path, number: signal.Signals
) -> None:
    state = str(tmp_path / "state")
    first = serve("--state", state)
    assert first.post().status_code == 201
    first.process.send_signal(number)
    assert first.end() == 0
    assert not first.ready_file.exists()
    assert "Traceback" not in first.output()
    second = serve("--state", state)
    assert second.post().status_code == 409
    assert len(second.get("/_sandbox/requests")["requests"]) == 2


@pytest.mark.parametrize(
    ("words", "number"),
    [("Ctrl-C", signal.SIGINT), ("SIGTERM", signal.SIGTERM), ("SIGHUP", signal.SIGHUP)],
)
def test_the_last_line_names_the_signal_that_stopped_it(
    serve: Serve, words: str, number: signal.Signals
) -> None:
    sandbox = serve("--in-memory")
    sandbox.process.send_signal(number)
    assert sandbox.end() == 0
    assert sandbox.output().splitlines()[-1].startswith(f"Stopped by {words}")


def test_the_last_line_names_the_command_that_stopped_it(serve: Serve) -> None:
    sandbox = serve("--in-memory")
    subprocess.run(
        [*COMMAND, "stop", "--url", sandbox.url], env=clean_environment(), capture_output=True, check=True
    )
    assert sandbox.end() == 0
    assert sandbox.output().splitlines()[-1] == "Stopped by `aktify-sandbox stop`."


def test_after_kill_9_the_lead_is_still_a_409(serve: Serve, tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    first = serve("--state", state)
    sent = [first.post({"phoneNumber": f"509555{n:04d}", "region": "CA"}).status_code for n in range(50)]
    assert sent == [201] * 50
    first.process.kill()
    first.end()
    second = serve("--state", state)
    assert [
        second.post({"phoneNumber": f"509555{n:04d}", "region": "CA"}).status_code for n in range(50)
    ] == [409] * 50
    records = second.get("/_sandbox/requests?status=201")["requests"]
    assert len(records) == 50


def test_a_stop_does_not_wait_for_a_half_sent_request(serve: Serve) -> None:
    sandbox = serve()
    with (
        socket.create_connection(("127.0.0.1", sandbox.port)) as half_body,
        socket.create_connection(("127.0.0.1", sandbox.port)) as half_head,
        socket.create_connection(("127.0.0.1", sandbox.port)) as idle,
    ):
        half_body.sendall(b"POST /api/v1/leads HTTP/1.1\r\nHost: a\r\ncontent-length: 10\r\n\r\n{")
        half_head.sendall(b"POST /api/v1/leads HTTP/1.1\r\nHo")
        idle.sendall(b"GET /_sandbox/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert idle.recv(1_000)
        assert sandbox.seconds_to_stop() < 3
    assert "Traceback" not in sandbox.output()


def started(*options: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """`serve` that is expected not to start."""
    return subprocess.run(
        [*COMMAND, "serve", *options],
        cwd=folder,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_a_taken_port_is_one_clear_line_and_exit_code_1(sandbox: Running, tmp_path: Path) -> None:
    done = started("--port", str(sandbox.port), folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert str(sandbox.port) in done.stderr
    assert os.listdir(tmp_path) == []


def test_a_sandbox_that_has_the_port_is_named_even_when_it_keeps_nothing_any_more(
    serve: Serve, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    sandbox = serve("--state", str(state))
    (state / "log.jsonl").unlink()
    assert sandbox.post().status_code == 503
    assert sandbox.http.get("/_sandbox/health").status_code == 503
    done = started("--port", str(sandbox.port), "--in-memory", folder=tmp_path)
    assert done.returncode == 1
    assert f"aktify-sandbox stop --url {sandbox.url}" in done.stderr
    assert str(state) in done.stderr


def test_a_second_sandbox_on_the_same_folder_is_one_clear_line_and_exit_code_1(
    serve: Serve, tmp_path: Path, snapshot: Snapshot
) -> None:
    serve("--state", str(tmp_path / "state"))
    done = started("--port", "0", "--state", str(tmp_path / "state"), folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    snapshot("serve", done.stderr)


def test_damaged_state_is_refused_with_file_and_line(serve: Serve, tmp_path: Path) -> None:
    sandbox = serve("--state", str(tmp_path / "state"))
    sandbox.post()
    sandbox.post()
    sandbox.stop()
    log = tmp_path / "state" / "log.jsonl"
    log.write_bytes(damaged := log.read_bytes().replace(b"(509)", b"(508)", 1))
    done = started("--port", "0", "--state", str(tmp_path / "state"), folder=tmp_path)
    assert done.returncode == 1
    assert "log.jsonl:2:" in done.stderr
    assert log.read_bytes() == damaged


def test_a_torn_last_line_is_cut_off_with_a_warning(serve: Serve, tmp_path: Path, snapshot: Snapshot) -> None:
    sandbox = serve("--state", str(tmp_path / "state"))
    sandbox.post()
    sandbox.stop()
    log = tmp_path / "state" / "log.jsonl"
    log.write_bytes(log.read_bytes() + b'{"id":"r000000002","kind":"requ')
    again = serve("--state", str(tmp_path / "state"))
    snapshot("serve", again.banner().partition("  endpoint ")[0])
    assert again.post().status_code == 409


def test_a_network_host_without_a_token_is_wrong_usage(tmp_path: Path) -> None:
    done = started("--host", "0.0.0.0", folder=tmp_path)
    assert done.returncode == 2
    assert "--token" in done.stderr


def test_flag_beats_environment_beats_file(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "aktify-sandbox.yaml").write_text("error-bodies: text\nrulings: {region-case: accept}\n")
    by_file = serve(folder=folder)
    refused = by_file.post({"region": "CA"})
    assert refused.headers["content-type"].startswith("text/plain")
    assert by_file.post({**LEAD, "region": "ca"}).status_code == 201
    by_environment = serve(folder=folder, AKTIFY_SANDBOX_ERROR_BODIES="html")
    assert by_environment.post({}).headers["content-type"].startswith("text/html")
    by_flag = serve("--error-bodies", "empty", folder=folder, AKTIFY_SANDBOX_ERROR_BODIES="html")
    assert by_flag.post({}).content == b""


def test_a_port_that_kubernetes_sets_is_ignored_with_a_notice(serve: Serve) -> None:
    sandbox = serve(AKTIFY_SANDBOX_PORT="tcp://10.0.0.1:8509")
    assert "AKTIFY_SANDBOX_PORT" in sandbox.banner()


def test_the_ready_file_says_where_and_is_removed_at_the_end(serve: Serve) -> None:
    sandbox = serve()
    ready = json.loads(sandbox.ready_file.read_text())
    assert ready == {
        "url": sandbox.url,
        "endpoint": f"{sandbox.url}/api/v1/leads",
        "apiKey": "test-key",
        "pid": sandbox.process.pid,
    }
    sandbox.stop()
    assert not sandbox.ready_file.exists()


def test_a_closed_standard_output_does_not_stop_the_sandbox(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    command = [*COMMAND, "serve", "--port", "0", "--in-memory", "--ready-file", str(ready)]
    process = subprocess.Popen(command, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE)
    assert process.stdout is not None
    eventually(ready.exists)
    process.stdout.close()
    url = json.loads(ready.read_text())["endpoint"]
    post = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url, "-d", "{}"]
    for _ in range(3):
        assert subprocess.run(post, capture_output=True, text=True).stdout == "401"
        time.sleep(0.1)  # pause: between two posts of another program
    process.terminate()
    assert process.wait(60) == 0


@pytest.mark.parametrize("name", ["nowhere/ready.json", "."])
def test_a_ready_file_that_can_not_be_written_is_one_clear_line_and_exit_code_1(
    tmp_path: Path, name: str
) -> None:
    done = started("--port", "0", "--in-memory", "--ready-file", name, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "--ready-file" in done.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("written", ["509_555_9876", "509x555x9876", "509:555:9876", "(509) 555-9876 ext. 2"])
def test_a_number_is_masked_in_the_log_however_it_is_written(serve: Serve, written: str) -> None:
    sandbox = serve()
    sandbox.post({"phoneNumber": written, "region": "CA"})
    sandbox.http.get(f"/leads/{written}/jane.doe@example.com")
    sandbox.stop()
    lines = sandbox.output().partition("Ctrl-C")[2]
    assert [part for part in (written, "9876", "jane.doe") if part in lines] == []


def test_a_state_folder_that_was_deleted_meanwhile_is_not_called_safe(
    serve: Serve, tmp_path: Path, snapshot: Snapshot
) -> None:
    sandbox = serve("--state", str(tmp_path / "state"))
    assert sandbox.post().status_code == 201
    shutil.rmtree(tmp_path / "state")
    refused = sandbox.post({**LEAD, "phoneNumber": "2125552000"})
    assert refused.status_code == 503
    assert sandbox.stop() == 1
    snapshot("serve", sandbox.output().splitlines()[-1])


def test_a_working_folder_that_is_deleted_meanwhile_is_no_traceback(serve: Serve, tmp_path: Path) -> None:
    """With a state folder and a scenario that were given by relative paths."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "mine.yaml").write_text("rules: [{answer: {status: 503, body: {file: page.html}}}]\n")
    (folder / "page.html").write_text("down")
    into = ["sh", "-c", f'cd {folder}; exec "$@"', "sh", *COMMAND]
    sandbox = serve("--state", "state", "--scenario", "./mine.yaml", program=into)
    assert sandbox.post().status_code == 503
    assert "mine.yaml" not in sandbox.output()
    shutil.rmtree(folder)
    paths = ("status", "config", "scenarios", "requests", "leads", "keys", "campaigns", "")
    answers = {path: sandbox.http.get(f"/_sandbox/{path}").status_code for path in paths}
    assert {path: status for path, status in answers.items() if status != 200} == {}
    assert sandbox.post({**LEAD, "phoneNumber": "2125552000"}).status_code == 503
    until(sandbox, "mine.yaml")  # it was looked at again
    assert sandbox.stop() == 1
    assert "Traceback" not in sandbox.output()


def pasted_status(sandbox: Running) -> int:
    """The status of the line that the banner prints."""
    [line] = [line for line in sandbox.banner().splitlines() if line.startswith("curl -i ")]
    quiet = line.replace("curl -i", "curl -s -o /dev/null -w %{http_code}", 1)
    return int(subprocess.run(["bash", "-c", quiet], capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize(
    "flags",
    [
        ["--profile", "strict"],
        ["--profile", "lenient"],
        ["--fictional-only"],
        ["--ruling", "fictional-only=on"],
        ["--ruling", "text-length=10"],
        ["--ruling", "text-length=10", "--ruling", "links=exactly-one"],
        ["--ruling", "text-length=10", "--ruling", "fictional-only=on", "--ruling", "regions=states"],
    ],
    ids=" ".join,
)
def test_the_banners_line_is_a_201_by_the_rulings_in_force(serve: Serve, flags: list[str]) -> None:
    sandbox = serve("--in-memory", *flags)
    assert pasted_status(sandbox) == 201
    line = sandbox.get("/_sandbox/config")["curl"]
    assert line in sandbox.banner()


def test_where_no_lead_can_be_a_201_the_banner_says_so(serve: Serve) -> None:
    sandbox = serve("--in-memory", "--ruling", "text-length=9")
    assert "curl" not in sandbox.banner()
    assert sandbox.get("/_sandbox/config")["curl"] is None


SLOW_ERRORS = """
import os, time

def slow(fd, data, write=os.write):
    if fd == 2:
        time.sleep(0.2)
    return write(fd, data)

os.write = slow
"""


def test_what_is_said_before_the_banner_stands_before_it(serve: Serve, tmp_path: Path) -> None:
    """Also in a terminal, where two streams end in one place."""
    (tmp_path / "sitecustomize.py").write_text(SLOW_ERRORS)
    old = ["--ruling", "both-links=refuse", "--ruling", "external-created=iso8601"]
    sandbox = serve("--in-memory", *old, PYTHONPATH=str(tmp_path))
    eventually(lambda: "external-created" in sandbox.output())
    assert "external-created" in sandbox.banner().partition("  endpoint ")[0]


def test_an_earlier_name_of_a_ruling_is_read_with_a_notice(serve: Serve, snapshot: Snapshot) -> None:
    sandbox = serve("--in-memory", "--ruling", "both-links=refuse", "--ruling", "external-created=iso8601")
    snapshot("serve", sandbox.banner().partition("  endpoint ")[0])
    assert sandbox.post().status_code == 201


@pytest.mark.parametrize("default", [True, False], ids=["off", "on"])
def test_numbers_are_compared_as_written_where_that_is_ruled(
    serve: Serve, tmp_path: Path, default: bool
) -> None:
    """Also after a restart, which learns the leads from the log."""
    ruling = [] if default else ["--ruling", "duplicate-by=as-written"]
    arguments = ["--state", str(tmp_path / "state"), *ruling]
    sandbox = serve(*arguments)
    assert sandbox.post({"phoneNumber": "(509) 555-1234", "region": "CA"}).status_code == 201
    other = {"phoneNumber": "509.555.1234", "region": "CA"}
    assert sandbox.post(other).status_code == (409 if default else 201)
    sandbox.stop()
    again = serve(*arguments)
    assert again.post(other).status_code == 409
    found = again.get("/_sandbox/leads?phone=5095551234")["leads"]
    assert len(found) == (1 if default else 2)
    assert again.http.delete("/_sandbox/leads", params={"phone": "5095551234"}).json()["removed"] == len(
        found
    )
    assert again.post(other).status_code == 201


def test_a_key_with_a_dot_is_unknown_where_namespaces_are_off(serve: Serve) -> None:
    on, off = serve("--in-memory"), serve("--in-memory", "--ruling", "key-namespaces=off")
    assert [each.post(headers={"x-api-key": "test-key.mine"}).status_code for each in (on, off)] == [201, 401]


def test_a_ready_file_deletes_nothing_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "ready.json.new").write_text("mine")
    (folder / "ready.json.tmp").write_text("mine")
    with subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--in-memory", "--ready-file", "ready.json"],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
    ) as process:
        while not (folder / "ready.json").exists():
            assert process.poll() is None
            time.sleep(0.02)  # pause: between two looks at a process that may end
        process.terminate()
        assert process.wait(60) == 0
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "ready.json.new": "mine",
        "ready.json.tmp": "mine",
    }


def test_a_ready_file_that_is_no_plain_file_is_written_to_and_stays(tmp_path: Path) -> None:
    fifo = tmp_path / "ready"
    os.mkfifo(fifo)
    command = [*COMMAND, "serve", "--port", "0", "--in-memory", "--ready-file", str(fifo)]
    with subprocess.Popen(
        command, cwd=tmp_path, env=clean_environment(), stdout=subprocess.DEVNULL
    ) as process:
        try:
            assert json.loads(fifo.read_text())["pid"] == process.pid
            process.terminate()
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert fifo.is_fifo()


def test_a_hangup_is_an_orderly_end_unless_it_is_ignored(serve: Serve, tmp_path: Path) -> None:
    sandbox = serve("--state", str(tmp_path / "state"))
    sandbox.process.send_signal(signal.SIGHUP)
    assert sandbox.end() == 0
    assert not sandbox.ready_file.exists()
    ignoring = serve("--state", str(tmp_path / "state"), program=["nohup", *COMMAND])
    ignoring.process.send_signal(signal.SIGHUP)
    assert ignoring.post().status_code == 201
    assert ignoring.stop() == 0


SLOW = """
import sys, time
from aktify_sandbox.cli import main
from aktify_sandbox.storage.store import Store

def slow(method):
    def run(*args, **more):
        open("now", "w").close()
        time.sleep(2)
        return method(*args, **more)
    return run

Store.{0} = slow(Store.{0})
main()
"""
"""`serve` where the state takes its time, as a large one does."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("step", ["__init__", "close"])
def test_a_signal_ends_it_orderly_while_the_state_opens_or_closes(
    tmp_path: Path, step: str, number: signal.Signals
) -> None:
    command = [sys.executable, "-c", SLOW.format(step), "serve", "--port", "0", "--ready-file", "ready"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        if step == "close":
            wait_for(tmp_path / "ready")
            process.terminate()
        wait_for(tmp_path / "now")
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, b"")
    assert not (tmp_path / "ready").exists()


def wait_for(path: Path) -> None:
    eventually(path.exists)


def test_a_script_can_interrupt_what_it_started_in_the_background(tmp_path: Path) -> None:
    """A shell without job control has its background processes ignore SIGINT."""
    script = '"$@" & pid=$!; while [ ! -e ready ]; do sleep 0.1; done; kill -INT $pid; wait $pid'
    command = ["sh", "-c", script, "sh", *COMMAND, "serve", "--port", "0", "--ready-file", "ready"]
    done = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, timeout=30)
    assert done.returncode == 0


@pytest.mark.parametrize("limit", [12, 14, 16, 20, 24])
def test_a_start_with_too_few_files_to_spare_is_one_line(tmp_path: Path, limit: int) -> None:
    done = subprocess.run(
        ["sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh", *COMMAND, "serve", "--port", "0"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "ulimit -n" in done.stderr
    assert os.listdir(tmp_path) == []


def test_without_a_file_to_spare_it_says_so_and_goes_on_when_there_is_one(serve: Serve) -> None:
    sandbox = serve(program=["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", *COMMAND])
    assert sandbox.post({**LEAD, "phoneNumber": "2125552000"}).status_code == 201
    assert len(sandbox.get("/_sandbox/requests")["requests"]) == 1  # there is something to read
    with contextlib.ExitStack() as stack:
        for _ in range(80):
            stack.enter_context(socket.create_connection(("127.0.0.1", sandbox.port)))
        tries = (sandbox.http.get("/_sandbox/requests").status_code for _ in range(1_000))
        assert 503 in tries  # as many as it can have were accepted
        for path in (
            "requests",
            "requests/r000000001",
            "requests/wait?timeout=0.1",
            "state",
            "",
            "scenarios",
        ):
            answer = sandbox.http.get(f"/_sandbox/{path}")
            assert (answer.status_code, "ulimit" in answer.json()["detail"]) == (503, True), path
        assert [sandbox.post().status_code for _ in range(2)] == [201, 409]
        with (
            pytest.raises(httpx.HTTPError),
            sandbox.http.stream("GET", "/_sandbox/requests/stream") as stream,
        ):
            list(stream.iter_lines())
    assert httpx.get(f"{sandbox.url}/_sandbox/requests", trust_env=False).status_code == 200
    assert sandbox.stop() == 0
    assert "Traceback" not in sandbox.output()


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_localhost_is_every_address_that_it_means(serve: Serve) -> None:
    """Node resolves localhost to ::1, others to 127.0.0.1; with port 0 both get the same."""
    sandbox = serve("--in-memory", "--host", "localhost")
    assert sandbox.url == f"http://localhost:{sandbox.port}"
    for address in ("127.0.0.1", *(["::1"] if has_ipv6() else [])):
        with socket.create_connection((address, sandbox.port), timeout=10) as connection:
            connection.sendall(b"GET /_sandbox/health HTTP/1.0\r\n\r\n")
            assert connection.recv(1_000).startswith(b"HTTP/1.1 200 ")
    assert sandbox.stop() == 0


def test_localhost_whose_port_is_taken_in_one_family_is_a_taken_port(snapshot: Snapshot) -> None:
    """A client might reach the other program; with port 0 another port is found."""
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    with socket.socket(socket.AF_INET6) as other:
        other.bind(("::1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = subprocess.run(
            [*COMMAND, "serve", "--in-memory", "--host", "localhost", "--port", port],
            capture_output=True,
            text=True,
            timeout=30,
            env=clean_environment(),
        )
    assert done.returncode == 1
    snapshot("serve", done.stderr)


def test_links_carry_the_public_url(tmp_path: Path) -> None:
    """As when a container's port is mapped: what is printed and linked is what clients see."""
    public = "http://sandbox.test:9000"
    port, ready = free_port(), tmp_path / "public.json"
    process = subprocess.Popen(
        [*COMMAND, "serve", "--in-memory", "--port", str(port), "--ready-file", str(ready)],
        env=clean_environment(AKTIFY_SANDBOX_PUBLIC_URL=f"{public}/"),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        eventually(ready.exists)
        assert json.loads(ready.read_text())["endpoint"] == f"{public}/api/v1/leads"
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            explain = client.post("/api/v1/leads").headers["x-aktify-sandbox-explain"]
            assert explain.startswith(f"{public}/_sandbox/requests/r")
            assert client.get(explain.removeprefix(public), headers={"Host": "sandbox.test:9000"}).is_success
            lead = {**LEAD, "linkToShorten": "https://example.com/a"}
            short = client.post("/api/v1/leads", json=lead, headers={"x-api-key": "test-key"}).json()["link"]
            assert short.startswith(f"{public}/s/")
            assert client.get(short.removeprefix(public)).headers["location"] == "https://example.com/a"
    finally:
        process.terminate()
        said = process.communicate(timeout=60)[0]
    assert f"POST {public}/api/v1/leads" in said
