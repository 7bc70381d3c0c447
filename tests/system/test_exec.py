"""`exec`: a command with a sandbox of its own, for a CI job in one line."""

import html
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import httpx
import pytest
import xmlschema

from aktify_sandbox.cli.assertions import parse_assertion
from aktify_sandbox.cli.expectations import VerifyResult
from aktify_sandbox.cli.junit import document
from aktify_sandbox.errors import ComparisonError
from support.conditions import eventually
from support.paths import SUPPORT
from support.ports import free_port
from support.running import COMMAND, LEAD, clean_environment, needs
from support.snapshots import Snapshot

POST = """
import json, os, sys, urllib.request, urllib.error
def post(lead, key=None, path="/api/v1/leads"):
    headers = {"x-api-key": key or os.environ["AKTIFY_API_KEY"], "content-type": "application/json"}
    body = json.dumps(lead).encode()
    request = urllib.request.Request(os.environ["AKTIFY_BASE_URL"] + path, body, headers)
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code
LEAD = {"phoneNumber": "(509) 555-1234", "region": "CA"}
"""


class Done(NamedTuple):
    """What became of a run."""

    code: int
    out: str
    err: str


def run(folder: Path, *words: str | Path, text: str | None = None, **environment: str) -> Done:
    """`aktify-sandbox exec` with these words in that folder."""
    done = subprocess.run(
        [*COMMAND, "exec", *map(str, words)],
        cwd=folder,
        env=clean_environment(**environment),
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def script(folder: Path, code: str) -> list[str]:
    """A command that runs this Python code, with `post` and `LEAD` at hand."""
    path = folder / "script.py"
    path.write_text(POST + code)
    return [sys.executable, str(path)]


def test_its_help_says_what_port_and_state_are_here(tmp_path: Path) -> None:
    said = " ".join(run(tmp_path, "--help").out.split())
    assert re.search(r"--port PORT [^[]*\[default: a free one\]", said)
    assert re.search(r"--state DIR [^[]*\[default: in memory\]", said)
    assert "8509" not in said
    assert ".aktify-sandbox]" not in said


def test_the_command_finds_the_sandbox_and_its_outcome_is_ours(tmp_path: Path, snapshot: Snapshot) -> None:
    code = (
        "assert [post(LEAD), post(LEAD)] == [201, 409]; print(os.environ['AKTIFY_SANDBOX_URL']); sys.exit(0)"
    )
    done = run(tmp_path, "--", *script(tmp_path, code))
    assert done.code == 0
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+\n", done.out)
    snapshot("exec", done.err)
    assert [path.name for path in tmp_path.iterdir()] == ["script.py"]


def test_quiet_says_nothing_of_what_went_well(tmp_path: Path, snapshot: Snapshot) -> None:
    assert run(tmp_path, "--quiet", "--", *script(tmp_path, "post(LEAD)")) == Done(0, "", "")
    snapshot("exec", run(tmp_path, "--quiet", "--", "sh", "-c", "exit 7").err)


@pytest.mark.parametrize("code", [0, 1, 2, 3, 77, 126, 127, 255])
def test_an_exit_code_passes_through(tmp_path: Path, code: int) -> None:
    assert run(tmp_path, "--", "sh", "-c", f"exit {code}").code == code


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGSEGV", "SIGINT", "SIGPIPE"])
def test_a_command_that_a_signal_ended_is_told_as_a_shell_tells_it(tmp_path: Path, name: str) -> None:
    code = f"import os, signal; signal.signal(signal.{name}, 0) if '{name}' != 'SIGKILL' else 0; "
    done = run(tmp_path, "--", sys.executable, "-c", code + f"os.kill(os.getpid(), signal.{name})")
    assert done.code == 128 + getattr(signal, name)


def unrunnable(folder: Path) -> dict[str, tuple[str, int]]:
    (folder / "plain.sh").write_text("#!/bin/sh\n")
    (folder / "no-interpreter").write_text("#!/nowhere/at/all\n")
    (folder / "no-format").write_bytes(b"\x00\x01\x02")
    for name in ("no-interpreter", "no-format"):
        (folder / name).chmod(0o755)
    return {
        "unknown": ("no-such-command", 127),
        "unknown path": ("./no/such", 127),
        "no right": ("./plain.sh", 126),
        "a folder": ("/", 126),
        "no interpreter": ("./no-interpreter", 126),
        "no format": ("./no-format", 126),
    }


@pytest.mark.parametrize(
    "kind", ["unknown", "unknown path", "no right", "a folder", "no interpreter", "no format"]
)
def test_what_cannot_be_run_is_said_in_one_line(tmp_path: Path, kind: str, snapshot: Snapshot) -> None:
    command, code = unrunnable(tmp_path)[kind]
    done = run(tmp_path, "--", command)
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1)
    snapshot("exec", done.err)


def test_without_a_command_it_is_wrong_usage(tmp_path: Path, snapshot: Snapshot) -> None:
    for words in ([], ["--"], ["--in-memory"]):
        done = run(tmp_path, *words)
        assert done.code == 2
        snapshot("exec", done.err)


def test_options_behind_the_command_are_the_commands(tmp_path: Path) -> None:
    assert run(tmp_path, "echo", "--help", "--port", "x").out == "--help --port x\n"
    assert run(tmp_path, "--", "echo", "--", "-x").out == "-- -x\n"


def test_standard_streams_are_the_commands(tmp_path: Path) -> None:
    assert run(tmp_path, "--", "cat", text="a\nb").out == "a\nb"
    done = run(tmp_path, "--", "sh", "-c", "echo out; echo err >&2")
    assert (done.out, done.err.splitlines()[0]) == ("out\n", "err")


def test_a_large_output_comes_whole(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.write('x' * 20_000_000); sys.stderr.write('y' * 5_000_000)"
    done = run(tmp_path, "--quiet", "--expect", "requests == 0", "--", sys.executable, "-c", code)
    assert (len(done.out), len(done.err)) == (20_000_000, 5_000_000)


def test_a_command_may_close_its_standard_streams(tmp_path: Path) -> None:
    code = "os.close(0); os.close(1); os.close(2); sys.exit(0 if post(LEAD) == 201 else 1)"
    assert run(tmp_path, "--", *script(tmp_path, code)).code == 0


def test_it_works_without_standard_input(tmp_path: Path) -> None:
    shell = ["sh", "-c", 'exec "$@" <&-', "sh", *COMMAND, "exec", "--", "sh", "-c", "exit 4"]
    done = subprocess.run(shell, cwd=tmp_path, env=clean_environment(), capture_output=True, timeout=60)
    assert done.returncode == 4


def test_a_shell_script_with_curl(tmp_path: Path) -> None:
    needs("curl")
    (tmp_path / "script.sh").write_text(
        'curl -s -o /dev/null -w "%{http_code}" "$AKTIFY_BASE_URL/api/v1/leads" \\\n'
        '  -H "x-api-key: $AKTIFY_API_KEY" -H "content-type: application/json" \\\n'
        """  -d '{"phoneNumber": "(509) 555-1234", "region": "CA"}'\n"""
    )
    assert run(tmp_path, "--expect", "leads == 1", "--", "bash", "script.sh").out == "201"


def test_npm_test(tmp_path: Path, snapshot: Snapshot) -> None:
    needs("npm")
    (tmp_path / "package.json").write_text(json.dumps({"name": "x", "scripts": {"test": "node test.mjs"}}))
    (tmp_path / "test.mjs").write_text(
        "const answer = await fetch(`${process.env.AKTIFY_BASE_URL}/api/v1/leads`, {method: 'POST',"
        " headers: {'x-api-key': process.env.AKTIFY_API_KEY, 'content-type': 'application/json'},"
        " body: JSON.stringify({phoneNumber: '(509) 555-1234', region: 'ca'})});\n"
        "process.exit(answer.status === 201 ? 0 : 5);\n"
    )
    done = run(tmp_path, "--", "npm", "test", "--silent")
    assert done.code == 5
    snapshot("exec", done.err)
    assert run(tmp_path, "--ruling", "region-case=accept", "--", "npm", "test", "--silent").code == 0


# the sandbox's settings


def test_what_the_file_says_of_serves_sandbox_is_not_for_this_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (tmp_path / "aktify-sandbox.yaml").write_text(
            f"port: {taken.getsockname()[1]}\nstate: mine\nin-memory: false\nready-file: ready\n"
            "scenarios: [outage]\ncampaigns: {other: {keys: [my-own-key]}}\n"
        )
        code = "print(post(LEAD), os.environ['AKTIFY_API_KEY'])"
        assert run(tmp_path, "--", *script(tmp_path, code)).out == "503 my-own-key\n"
    assert {path.name for path in tmp_path.iterdir()} == {"aktify-sandbox.yaml", "script.py"}


def test_where_no_key_is_in_force_none_of_another_place_is_handed_on(tmp_path: Path) -> None:
    (tmp_path / "aktify-sandbox.yaml").write_text("campaigns: {demo: {keys: []}}")
    done = run(tmp_path, "--", "sh", "-c", "echo key=$AKTIFY_API_KEY", AKTIFY_API_KEY="of-production")
    assert done.out == "key=\n"


def test_port_and_state_are_as_told(tmp_path: Path) -> None:
    port = free_port()
    code = "print(post(LEAD), os.environ['AKTIFY_BASE_URL'])"
    words = ["--port", str(port), "--state", "mine", "--", *script(tmp_path, code)]
    assert run(tmp_path, *words).out == f"201 http://127.0.0.1:{port}\n"
    assert run(tmp_path, *words).out == f"409 http://127.0.0.1:{port}\n"
    told = {"AKTIFY_SANDBOX_PORT": str(port), "AKTIFY_SANDBOX_STATE": "mine"}
    assert run(tmp_path, "--", *script(tmp_path, code), **told).out == f"409 http://127.0.0.1:{port}\n"
    assert run(tmp_path, "--in-memory", *words).out == f"201 http://127.0.0.1:{port}\n"


def test_requests_of_earlier_runs_do_not_count(tmp_path: Path) -> None:
    words = ["--state", "mine", "--expect", "requests == 1", "--expect", "409 == 0", "--expect", "leads >= 1"]
    (tmp_path / "e.yaml").write_text("expectations:\n  - {where: {phone: 555-1234}, count: 1}\n")
    for _ in range(2):
        code = "post({**LEAD, 'firstName': 'x'}, key='test-key.' + str(os.getpid()))"
        done = run(tmp_path, *words, "--verify", "e.yaml", "--", *script(tmp_path, code))
        assert done.code == 0, done.err
        assert "1 request (1 × 201)" in done.err


def test_a_token_is_handed_on(tmp_path: Path) -> None:
    code = "print(os.environ['AKTIFY_SANDBOX_TOKEN'], post(LEAD))"
    done = run(tmp_path, "--token", "let-me-in", "--expect", "leads == 1", "--", *script(tmp_path, code))
    assert (done.code, done.out) == (0, "let-me-in 201\n")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--profile", "lax"], 2),
        (["--ruling", "x=y"], 2),
        (["--scenario", "nope"], 2),
        (["--scenario", "./bad.yaml"], 2),
        (["--config", "/nowhere.yaml"], 2),
        (["--host", "0.0.0.0"], 2),
    ],
)
def test_a_sandbox_that_cannot_be_runs_no_command(
    tmp_path: Path, words: list[str], code: int, snapshot: Snapshot
) -> None:
    (tmp_path / "bad.yaml").write_text("anwser: 503")
    done = run(tmp_path, *words, "--", "touch", "ran")
    assert done.code == code
    snapshot("exec", done.err)
    assert not (tmp_path / "ran").exists()


def test_a_taken_port_runs_no_command(tmp_path: Path, snapshot: Snapshot) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run(tmp_path, "--port", str(taken.getsockname()[1]), "--", "touch", "ran")
    assert done.code == 1
    snapshot("exec", done.err)
    assert not (tmp_path / "ran").exists()


def test_runs_side_by_side_do_not_meet(tmp_path: Path) -> None:
    code = "assert post(LEAD) == 201; import time; time.sleep(1); assert post(LEAD) == 409"
    command = [*COMMAND, "exec", "--expect", "requests == 2", "--", *script(tmp_path, code)]
    runs = [
        subprocess.Popen(command, cwd=tmp_path, env=clean_environment(), stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    assert [each.communicate(timeout=60) and each.returncode for each in runs] == [0, 0, 0]


def test_a_command_that_stops_the_sandbox_is_told_of_it(tmp_path: Path, snapshot: Snapshot) -> None:
    code = "post({}, path='/_sandbox/stop'); sys.exit(int(sys.argv[1]))"
    for given, expected in (("0", 1), ("9", 9)):
        done = run(tmp_path, "--", *script(tmp_path, code), given)
        assert done.code == expected
        snapshot("exec", done.err)


# signals

COUNTS = """
import signal, sys, time
seen = []
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
    signal.signal(getattr(signal, name), lambda number, _: seen.append(signal.Signals(number).name))
print("ready", flush=True)
end = time.monotonic() + 20
while not seen and time.monotonic() < end:
    time.sleep(0.01)
time.sleep(0.4)
print(*seen, flush=True)
sys.exit(42)
"""


def started(folder: Path, *command: str, **more: Any) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [*COMMAND, "exec", "--", *command],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **more,
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"])
def test_a_signal_reaches_the_command_once_and_its_answer_is_ours(tmp_path: Path, name: str) -> None:
    process = started(tmp_path, sys.executable, "-c", COUNTS)
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (42, f"{name}\n".encode())
    assert b"exit code 42" in err


def interrupted(folder: Path, *command: str) -> tuple[int, bytes]:
    """`exec` in the foreground of a terminal of its own, where Ctrl-C follows “ready”: exit code and what is shown."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execve(sys.executable, [*COMMAND, "exec", "--", *command], clean_environment())

    def read() -> bytes:
        try:
            return os.read(terminal, 4_096)
        except OSError:  # the other end is closed: Linux says EIO
            return b""

    shown = b""
    while b"ready" not in shown:
        shown += read()
    os.write(terminal, b"\x03")
    while chunk := read():
        shown += chunk
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown


def test_ctrl_c_in_a_terminal_reaches_the_command_once(tmp_path: Path) -> None:
    code, shown = interrupted(tmp_path, sys.executable, "-c", COUNTS)
    assert code == 42
    assert shown.count(b"SIGINT") == 1


def test_ctrl_c_ends_a_command_that_does_not_mind_it(tmp_path: Path) -> None:
    code, shown = interrupted(tmp_path, "sh", "-c", "echo ready; sleep 30")
    assert code == 130
    assert b"exit code 130" in shown
    assert b"Traceback" not in shown
    assert b"Aborted" not in shown


def test_a_command_that_ignores_sigterm_is_waited_for(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); "
    code += "time.sleep(1)"
    process = started(tmp_path, sys.executable, "-c", code)
    process.terminate()
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 0


def is_running(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_command_does_not_outlive_us_even_when_we_are_killed(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux ends a child with its parent")
    code = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "open('pid', 'w').write(str(os.getpid())); print('ready', flush=True); time.sleep(60)"
    )
    process = started(tmp_path, sys.executable, "-c", code)
    child = int((tmp_path / "pid").read_text())
    assert is_running(child)
    process.kill()
    process.communicate(timeout=30)
    eventually(lambda: not is_running(child))


@pytest.mark.parametrize("ignored", [True, False])
def test_the_command_begins_with_signals_as_we_did(tmp_path: Path, ignored: bool) -> None:
    """What `nohup` ignores stays ignored; nothing is held back."""
    code = "import signal; print(repr(signal.getsignal(signal.SIGHUP)), *signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    shell = "trap '' HUP; " if ignored else ""
    command = ["sh", "-c", f'{shell}exec "$@"', "sh", *COMMAND, "exec", "--", sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True)
    assert done.stdout == ("<Handlers.SIG_IGN: 1>\n" if ignored else "<Handlers.SIG_DFL: 0>\n")


def test_a_signal_that_comes_as_the_command_ends_is_for_nobody() -> None:
    code = (
        "import os, signal; from aktify_sandbox.cli.child_process import ForwardedSignals\n"
        "signals = ForwardedSignals()\n"
        "with signals.blocked():\n    os.kill(os.getpid(), signal.SIGTERM); signals.release(); print('alive')\n"
        "os.kill(os.getpid(), signal.SIGTERM)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.returncode) == ("alive\n", -signal.SIGTERM)


def test_a_signal_before_the_command_runs_reaches_it_too(tmp_path: Path) -> None:
    """While the sandbox starts, nothing is lost."""
    for delay in (0.1, 0.2, 0.3, 0.4, 0.5):
        process = subprocess.Popen(
            [*COMMAND, "exec", "--", "sleep", "120"],
            cwd=tmp_path,
            env=clean_environment(),
            stderr=subprocess.PIPE,
        )
        time.sleep(delay)  # pause: the signal comes at several moments
        process.terminate()
        process.communicate(timeout=60)
        assert process.returncode in (143, -15)  # before we could hold it back, it is the end of us


# what is said when it fails


def test_when_the_command_fails_what_the_sandbox_saw_is_shown(tmp_path: Path, snapshot: Snapshot) -> None:
    code = (
        "post(LEAD); post({'phoneNumber': '509.555.1234', 'region': 'CA', 'email': 'jo@example.com'}, "
        "key='test-key.mine'); post({'phoneNumber': '(212) 555-7777', 'region': 'ca', 'email': 'jo@example.com'}); "
        "post({**LEAD, 'phoneNumber': '(509) 555-4321'}); sys.exit(1)"
    )
    done = run(tmp_path, "--", *script(tmp_path, code))
    assert (done.code, done.out) == (1, "")
    lines = done.err.splitlines()
    snapshot("exec", done.err)
    assert [line.split()[1:3] for line in lines[4:8]] == [
        ["201", "r000000001"],
        ["201", "r000000002"],
        ["400", "r000000003"],
        ["201", "r000000004"],
    ]
    assert [mask for mask in ("tes…key", "***@example.com") if mask not in done.err] == []
    for secret in ("5551234", "555.1234", "555-7777", "5557777", "jo@example.com", "test-key"):
        assert secret not in done.err.replace(str(tmp_path), "")
    assert "--show-pii" in lines[-1]


def test_numbers_and_addresses_are_shown_when_asked(tmp_path: Path) -> None:
    code = "post({'phoneNumber': '(212) 555-7777', 'region': 'ca', 'email': 'jo@example.com'}); sys.exit(1)"
    done = run(tmp_path, "--show-pii", "--", *script(tmp_path, code))
    for words in ("+12125557777", "(212) 555-7777", "jo@example.com"):
        assert words in done.err
    assert "masked" not in done.err


NOTHING_ARRIVED = (
    "No request reached the sandbox. Does the command send its leads to $AKTIFY_BASE_URL (http://"
)


@pytest.mark.parametrize("words", [[], ["--quiet"], ["--expect", "404 == 0"]])
@pytest.mark.parametrize("code", [0, 1])
def test_that_nothing_arrived_is_said_however_the_command_ended(
    tmp_path: Path, code: int, words: list[str], snapshot: Snapshot
) -> None:
    environment = {"GITHUB_ACTIONS": "false"}
    done = run(tmp_path, *words, "--", "sh", "-c", f"exit {code}", **environment)
    assert (done.code, done.out) == (code, "")
    snapshot("exec", done.err)
    assert done.err.count("No request") == 1


def test_in_a_github_job_it_is_an_annotation(tmp_path: Path, snapshot: Snapshot) -> None:
    done = run(tmp_path, "--", "true", GITHUB_ACTIONS="true")
    assert (done.code, done.out) == (0, "")
    snapshot("exec", done.err)
    assert "::warning" not in run(tmp_path, "--", *script(tmp_path, "post(LEAD)"), GITHUB_ACTIONS="true").err


def test_who_expects_no_request_is_not_warned(tmp_path: Path) -> None:
    done = run(tmp_path, "--expect", "requests == 0", "--", "true")
    assert (done.code, NOTHING_ARRIVED in done.err) == (0, False)


def test_requests_can_be_required(tmp_path: Path, snapshot: Snapshot) -> None:
    done = run(tmp_path, "--require-requests", "--junit", "out.xml", "--", "true")
    assert done.code == 1
    snapshot("exec", done.err)
    assert cases((tmp_path / "out.xml").read_text()) == [("requests > 0", False)]
    assert run(tmp_path, "--require-requests", "--", "sh", "-c", "exit 5").code == 5
    assert run(tmp_path, "--require-requests", "--", *script(tmp_path, "post({})")).code == 0


def test_of_many_requests_the_newest_are_shown(tmp_path: Path, snapshot: Snapshot) -> None:
    done = run(tmp_path, "--", *script(tmp_path, "for _ in range(60): post(LEAD)\nsys.exit(1)"))
    snapshot("exec", done.err)
    assert len(re.findall(r"^[0-9:.]{12}[+-][0-9:]{5}  409", done.err, re.MULTILINE)) == 50


def test_what_came_moves_no_cursor(tmp_path: Path) -> None:
    code = "post({**LEAD, 'region': '\\x1b[2J\\u202e'}); post(LEAD, path='/%1b[31m'); sys.exit(1)"
    done = run(tmp_path, "--show-pii", "--", *script(tmp_path, code))
    assert not [char for char in done.err if not (char.isprintable() or char == "\n")]


# expectations

GOOD = """
expectations:
  - name: the lead is sent once
    where: {phone: (509) 555-1234, status: 201, region: CA}
    count: 1
  - {where: {status: 409}, count: {atMost: 1}}
"""


def test_expectations_that_are_met_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    words = ["--verify", "good.yaml", "--expect", "leads == 1"]
    done = run(tmp_path, *words, "--", *script(tmp_path, "post(LEAD); post(LEAD)"))
    assert done.code == 0
    assert done.err.count("  met      ") == 3
    assert run(tmp_path, *words, "--", *script(tmp_path, "post(LEAD); sys.exit(3)")).code == 3


def test_an_expectation_that_is_not_met_is_exit_code_1_with_the_diagnosis(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    code = "post({**LEAD, 'region': 'NV'})"
    done = run(tmp_path, "--verify", "good.yaml", "--", *script(tmp_path, code))
    assert (done.code, done.out) == (1, "")
    snapshot("exec", done.err)
    assert "nearest: r000000001 (201)" in done.err
    assert "The last one that isn't a 201" not in done.err
    assert run(tmp_path, "--verify", "good.yaml", "--", "sh", "-c", "exit 4").code == 4


def test_near_misses_are_masked_like_all_else(tmp_path: Path, snapshot: Snapshot) -> None:
    (tmp_path / "e.yaml").write_text("expectations: [{where: {phone: (212) 555-7777}}]\n")
    words = ["--verify", "e.yaml", "--junit", "out.xml"]
    shown = run(tmp_path, *words, "--show-pii", "--", *script(tmp_path, "post(LEAD)"))
    snapshot("exec", shown.err)
    masked = run(tmp_path, *words, "--", *script(tmp_path, "post(LEAD)"))
    assert "nearest: r000000001 (201)" in masked.err
    for text in (masked.err, (tmp_path / "out.xml").read_text()):
        assert "555-7777" not in text
        assert "5551234" not in text


def test_leads_count_when_their_campaign_is_gone(tmp_path: Path, snapshot: Snapshot) -> None:
    """As with pytest: the fixture's campaigns end with their tests."""
    (tmp_path / "test_it.py").write_text(
        "import httpx, pytest\n"
        "@pytest.mark.parametrize('number', range(9))\n"
        "def test_posts(aktify_sandbox, number):\n"
        "    lead = {'phoneNumber': '(509) 555-1234', 'region': 'CA'}\n"
        "    headers = {'x-api-key': aktify_sandbox.api_key}\n"
        "    assert httpx.post(aktify_sandbox.endpoint, json=lead, headers=headers).status_code == 201\n"
    )
    (tmp_path / "e.yaml").write_text("expectations: [{where: {kept: yes}, count: 9}]\n")
    summary, words = tmp_path / "summary.md", ["--expect", "leads == 9", "--verify", "e.yaml"]
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = run(tmp_path, *words, "--junit", "out.xml", "--", *tests, GITHUB_STEP_SUMMARY=str(summary))
    assert done.code == 0, done.out + done.err
    snapshot("exec", done.err.partition("aktify-sandbox: ")[2])
    snapshot("exec", ending_in(summary.read_text()))
    assert [ok for _, ok in cases((tmp_path / "out.xml").read_text())] == [True, True]


def test_a_lead_counts_when_it_was_kept_whatever_was_answered(tmp_path: Path, snapshot: Snapshot) -> None:
    code = (
        "from http.client import HTTPException\n"
        "def lost(ending):\n"
        "    try: post({**LEAD, 'phoneNumber': '509555' + ending})\n"
        "    except (OSError, HTTPException): pass\n"
        "lost('0163')\nlost('0162')\npost(LEAD)\npost(LEAD)"
    )
    # 555-0163 is kept and then reset; 555-0162 isn't kept
    done = run(tmp_path, "--expect", "leads == 2", "--expect", "201 == 1", "--", *script(tmp_path, code))
    assert done.code == 0, done.err
    snapshot("exec", done.err)


def test_several_files_of_expectations_are_all_held(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text("expectations: [{where: {status: 500}}]\n")
    for words in (["good.yaml", "bad.yaml"], ["bad.yaml", "good.yaml"]):
        flags = [word for name in words for word in ("--verify", name)]
        assert run(tmp_path, *flags, "--", *script(tmp_path, "post(LEAD)")).code == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--verify", "bad.yaml"],
        ["--verify", "nowhere.yaml"],
        ["--verify", "when.yaml"],
        ["--expect", "leads = 3"],
        ["--expect", "lead == 3"],
        ["--expect", ""],
        ["--junit", "no/such/folder/x.xml"],
        ["--junit", "."],
        ["--report", "no/such/folder/x.html"],
    ],
)
def test_a_mistake_in_what_is_expected_runs_no_command(
    tmp_path: Path, words: list[str], snapshot: Snapshot
) -> None:
    (tmp_path / "bad.yaml").write_text("expectations:\n  - where:\n      regoin: CA\n")
    (tmp_path / "when.yaml").write_text("expectations: [{order: [{since: yesterday}, {since: yesterday}]}]\n")
    done = run(tmp_path, *words, "--", "touch", "ran")
    assert done.code == 2, done.err
    snapshot("exec", done.err)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("leads == 2", True),
        ("leads==2", True),
        ("  LEADS   ==   2 ", True),
        ("leads == 1", False),
        ("leads != 1", True),
        ("leads != 2", False),
        ("leads < 3", True),
        ("leads < 2", False),
        ("leads <= 2", True),
        ("leads <= 1", False),
        ("leads > 1", True),
        ("leads > 2", False),
        ("leads >= 2", True),
        ("leads >= 3", False),
        ("requests == 6", True),
        ("requests == 5", False),
        ("requests != 6", False),
        ("requests != 5", True),
        ("requests != 0", True),
        ("requests < 7", True),
        ("requests < 6", False),
        ("requests > 5", True),
        ("requests > 6", False),
        ("requests <= 6", True),
        ("requests <= 5", False),
        ("requests >= 6", True),
        ("requests >= 7", False),
        ("201 == 2", True),
        ("409 == 1", True),
        ("4xx == 2", True),
        ("4xx == 3", False),
        ("4XX == 2", True),
        ("503 == 1", True),
        ("forced == 2", True),
        ("forced == 1", False),
        ("none == 1", True),
        ("none == 0", False),
        ("302 == 0", True),
    ],
)
def test_comparisons_mean_what_they_say(busy: tuple[Any, str], text: str, met: bool) -> None:
    client, after = busy
    verdict = parse_assertion(text).verify(client, after)
    assert verdict.ok == met
    assert verdict.name == text.strip()
    assert met or f"{text.strip()}" in verdict.text


def test_other_than_none_is_said_as_at_least_one(busy: tuple[Any, str]) -> None:
    client, after = busy
    said = parse_assertion("302 != 0").verify(client, after).text
    assert said == "302 != 0: Expected at least 1 request answered 302; there are none."


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A sandbox that had 2 × 201, 409, 401, a forced 503 and a forced reset; and one request before."""
    from aktify_sandbox.cli.client import Client
    from aktify_sandbox.cli.target import Target
    from aktify_sandbox.server.thread import ServerThread
    from aktify_sandbox.settings import Settings

    with ServerThread(Settings(port=0, in_memory=True)) as thread:
        client = Client(Target(thread.url, "the test"))
        posted: dict[str, Any] = {"headers": {"x-api-key": "test-key"}}
        before = client.http.post("/api/v1/leads", json={}, **posted)
        for ending in ("1111", "2222", "1111"):
            client.http.post("/api/v1/leads", json={**LEAD, "phoneNumber": f"(509) 555-{ending}"}, **posted)
        client.http.post("/api/v1/leads", json=LEAD, headers={"x-api-key": "nobody"})
        client.http.post("/api/v1/leads", json=LEAD, headers={"x-api-key": "test-key", "prefer": "code=503"})
        client.post("/force", {"fault": "reset"})
        with pytest.raises(httpx.TransportError):
            client.http.post("/api/v1/leads", json=LEAD, **posted)
        yield client, before.headers["x-aktify-sandbox-request"]
        client.http.close()


@pytest.mark.parametrize(
    "text",
    [
        *("", "leads", "leads == ", "leads == x", "leads == -1", "leads == 1.5", "leads = 1", "leads === 1"),
        *("== 1", "600 == 1", "42 == 1", "4x == 1", "xx == 1", "phone == 1", "leads == 1 or 2"),
        *("requests < 0", "leads == 99999999", "leads == 1\nleads == 2"),
    ],
)
def test_what_is_no_comparison_is_refused_in_words(text: str) -> None:
    with pytest.raises(ComparisonError) as mistake:
        parse_assertion(text)
    assert "leads" in str(mistake.value) or "0" in str(mistake.value)


# JUnit

SCHEMA = xmlschema.XMLSchema(str(SUPPORT / "junit.xsd"))
HOSTILE = "<&>\"']]> \x00\x08\x1b\x7f \ud800 \ufffe ✓ \U0001f600\n\t\r tab"


def cases(text: str) -> list[tuple[str | None, bool]]:
    SCHEMA.validate(text)
    return [(case.get("name"), case.find("failure") is None) for case in ET.fromstring(text).iter("testcase")]


def test_expectations_become_junit_cases(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    words = ["--verify", "good.yaml", "--expect", "leads == 5", "--junit", "out.xml"]
    assert run(tmp_path, *words, "--", *script(tmp_path, "post(LEAD)")).code == 1
    text = (tmp_path / "out.xml").read_text()
    assert cases(text) == [
        ("the lead is sent once", True),
        ("at most 1 request with status 409", True),
        ("leads == 5", False),
    ]
    suite = ET.fromstring(text)[0]
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    assert "Expected 5" in (suite.findtext(".//failure") or "")


def test_a_command_that_fails_has_its_expectations_written_too(tmp_path: Path) -> None:
    run(tmp_path, "--expect", "leads == 0", "--junit", "out.xml", "--", "sh", "-c", "exit 1")
    assert cases((tmp_path / "out.xml").read_text()) == [("leads == 0", True)]


def test_without_expectations_the_junit_file_has_no_cases(tmp_path: Path) -> None:
    run(tmp_path, "--junit", "out.xml", "--", "true")
    assert cases((tmp_path / "out.xml").read_text()) == []


@pytest.mark.parametrize(("code", "ours"), [(0, 1), (5, 5)])
def test_a_junit_file_that_cannot_be_written_hides_nothing(
    tmp_path: Path, code: int, ours: int, snapshot: Snapshot
) -> None:
    command = ["sh", "-c", f"mkdir out.xml; exit {code}"]
    done = run(tmp_path, "--expect", "leads == 0", "--junit", "out.xml", "--", *command)
    assert done.code == ours
    snapshot("exec", done.err)


def test_whatever_stands_in_an_expectation_the_junit_document_is_valid() -> None:
    text = document(
        [VerifyResult(HOSTILE, False, f"{HOSTILE}\nmore", {}), VerifyResult(HOSTILE, True, "", {})], 1.5
    )
    assert [ok for _, ok in cases(text)] == [False, True]
    failure = ET.fromstring(text).findtext(".//failure")
    assert failure
    assert "<&>\"']]> \ufffd\ufffd\ufffd\x7f \ufffd \ufffd ✓ \U0001f600\n" in failure
    [name, _] = [case.get("name") for case in ET.fromstring(text).iter("testcase")]
    assert name
    assert "\n\t\r tab" in name
    text.encode()


# the summary of a GitHub job


def ending_in(text: str) -> str:
    """What a summary says after the command, whose words and folder are of this run."""
    return html.unescape(text.partition(" ended with ")[2]).partition("|---|")[0]


def test_a_github_job_gets_a_table_of_requests(tmp_path: Path, snapshot: Snapshot) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    code = "post(LEAD); post(LEAD); sys.exit(3)"
    words = ["--expect", "leads == 2", "--", *script(tmp_path, code)]
    run(tmp_path, *words, GITHUB_STEP_SUMMARY=str(summary))
    text = summary.read_text()
    snapshot("exec", ending_in(text))
    assert "❌ leads &#61;&#61; 2" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 4
    assert {row.count("|") for row in rows} == {7}
    assert "5551234" not in text
    run(tmp_path, "--show-pii", *words, GITHUB_STEP_SUMMARY=str(summary))
    assert summary.read_text().count("### aktify-sandbox") == 2
    assert "15095551234" in summary.read_text()


def test_the_table_is_bounded_and_says_what_it_leaves_out(tmp_path: Path, snapshot: Snapshot) -> None:
    code = "for _ in range(230): post({**LEAD, 'region': 'x' * 900})"
    run(tmp_path, "--", *script(tmp_path, code), GITHUB_STEP_SUMMARY=str(tmp_path / "s.md"))
    text = (tmp_path / "s.md").read_text()
    assert len([line for line in text.splitlines() if line.startswith("|")]) == 202
    snapshot("exec", ending_in(text))
    assert len(text) < 200 * 1_000


@pytest.mark.parametrize(
    "hostile", ["a|b", "`x`", "<script>", "[a](http://x)", "@someone", "*b* _c_", "\\|", "#1", "x www.a.b"]
)
def test_nothing_that_came_is_markup_in_the_summary(tmp_path: Path, hostile: str) -> None:
    code = f"post({{**LEAD, 'region': {hostile + chr(10) + hostile!r}}})"
    run(tmp_path, "--", *script(tmp_path, code), GITHUB_STEP_SUMMARY=str(tmp_path / "s.md"))
    [row] = [line for line in (tmp_path / "s.md").read_text().splitlines() if "| 400 |" in line]
    assert row.count("|") == 7
    cell = row.split("|")[6]
    assert not set(cell) & set("`<>[]*_@\\")
    assert "http://" not in cell
    assert "www." not in cell


def test_a_summary_that_cannot_be_written_does_not_change_the_outcome(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    done = run(tmp_path, "--", "true", GITHUB_STEP_SUMMARY="/nowhere/at/all")
    assert done.code == 0
    snapshot("exec", done.err)


# the report


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("r.html", "<!doctype html>"),
        ("r.json", "{"),
        ("r.xml", "<?xml"),
        ("r.txt", "Report on 1 request"),
        ("r", "Report"),
    ],
)
def test_a_report_is_written_in_the_format_of_its_ending(tmp_path: Path, name: str, begins: str) -> None:
    done = run(tmp_path, "--report", name, "--", *script(tmp_path, "post({**LEAD, 'region': 'California'})"))
    assert done.code == 0
    text = (tmp_path / name).read_text()
    assert text.startswith(begins)
    assert "region-by-name" in text
    assert f"of the contract met, 1 error: {name}" in done.err
    assert "509) 555-1234" not in text


def test_a_lead_that_the_command_gave_up_is_in_its_report(tmp_path: Path) -> None:
    """The command has ended, so nothing can follow: that isn't known of a client that may go on."""
    words = ("--scenario", "always-503", "--report", "r.json")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "always-503.yaml").write_text("rules: [{answer: {status: 503}}]\n")
    assert run(tmp_path, *words, "--", *script(tmp_path, "post(LEAD)")).code == 0
    report = json.loads((tmp_path / "r.json").read_text())
    assert "gave-up-after-failure" in [each["id"] for each in report["findings"]]


def test_a_report_is_on_what_the_command_sent_alone(tmp_path: Path) -> None:
    words = ("--state", "kept", "--report", "r.json", "--")
    for _ in range(2):
        run(tmp_path, *words, *script(tmp_path, "post(LEAD)"))
        assert json.loads((tmp_path / "r.json").read_text())["requests"] == 1


def test_a_report_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    done = run(tmp_path, "--report", "out/r.html", "--", "rm", "-r", "out")
    assert done.code == 1
    assert "--report out/r.html can't be written" in done.err
