"""`requests tail`: the tests that need a process of its own."""

import contextlib
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.all_kinds import ids, record_all_kinds
from support.commands import in_json, run
from support.ports import free_port
from support.running import COMMAND, LEAD, Hosted, Running, Serve, clean_environment, needs
from support.snapshots import Snapshot


class Followed:
    """A tail whose lines are waited for."""

    def __init__(self, url: str, *words: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "requests", "tail", "--url", url, *words],
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.out: list[str] = []
        self.err: list[str] = []
        for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err)):
            threading.Thread(target=self._read, args=(stream, lines), daemon=True).start()

    @staticmethod
    def _read(stream: Any, lines: list[str]) -> None:
        for line in stream:
            lines.append(line.rstrip("\n"))  # noqa: PERF401  `extend` would hold them back to the end

    def until(self, lines: list[str], words: str, seconds: float = 20) -> None:
        """Wait for a line with these words."""
        end = time.monotonic() + seconds
        while not any(words in line for line in lines):
            assert time.monotonic() < end, f"no {words!r} in {self.out} {self.err}"
            assert self.process.poll() is None, f"it has ended: {self.out} {self.err}"
            time.sleep(0.01)  # pause: between two looks at a child's output

    def end(self) -> int:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


@pytest.fixture
def follow() -> Iterator[Any]:
    """Starts tails; they are ended after the test."""
    running: list[Followed] = []

    def start(url: str, *words: str) -> Followed:
        running.append(Followed(url, *words))
        return running[-1]

    yield start
    for each in running:
        each.process.kill()
        each.process.communicate()


def marked(sandbox: Running, follow: Any, *words: str) -> Followed:
    """A tail that follows already: it was shown a request that the filters admit or, with -n, an earlier one."""
    followed: Followed = follow(sandbox.url, *words)
    end = time.monotonic() + 20
    number = 0
    while not followed.out:
        assert time.monotonic() < end, followed.err
        sandbox.http.get(f"/mark/{number}")
        number += 1
        time.sleep(0.1)  # pause: between two marks, until one is seen
    return followed


def test_requests_are_shown_as_they_come(sandbox: Running, follow: Any, snapshot: Snapshot) -> None:
    followed = marked(sandbox, follow)
    first = sandbox.post().headers["x-aktify-sandbox-request"]
    followed.until(followed.out, first)
    second = sandbox.post().headers["x-aktify-sandbox-request"]
    followed.until(followed.out, second)
    shown = [line for line in followed.out if first in line or second in line]
    snapshot("commands", re.sub(" +", " ", shown[0]))
    assert "409" in shown[1]
    assert followed.end() == 0
    assert followed.err == []


def test_the_last_ones_are_shown_first_oldest_before_newest(serve: Serve, follow: Any) -> None:
    sandbox = serve()
    ids = [sandbox.http.get(f"/{n}").headers["x-aktify-sandbox-request"] for n in range(5)]
    followed = follow(sandbox.url, "-n", "3")
    followed.until(followed.out, ids[4])
    more = sandbox.http.get("/more").headers["x-aktify-sandbox-request"]
    followed.until(followed.out, more)
    assert [line.split()[7] for line in followed.out] == [*ids[2:], more]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--status", "409"], ["409"]),
        (["--phone", "5095551234"], ["201", "409", "503"]),
        (["--campaign", "demo", "--search", "submitted"], ["409"]),
        (["--forced", "yes"], ["503"]),
        (["--forced", "no"], ["201", "409", "404"]),
        (["--key", "test-key"], ["201", "409", "503"]),
    ],
)
def test_filters_are_those_of_the_list(
    serve: Serve, follow: Any, words: list[str], expected: list[str]
) -> None:
    sandbox = serve()
    sandbox.post()
    sandbox.post()
    sandbox.post(headers={"prefer": "code=503"})
    sandbox.http.get("/nowhere")
    listed = in_json(sandbox, "requests", "list", *words)["requests"]
    assert [str(each["response"]["status"]) for each in listed[::-1]] == expected
    followed = follow(sandbox.url, *words, "-n", "100")
    for status in expected:
        followed.until(followed.out, f"  {status}  ")
    sandbox.http.get("/end")
    assert followed.end() == 0
    assert [line.split()[2] for line in followed.out[: len(expected)]] == expected


def test_json_is_one_object_per_line(sandbox: Running, follow: Any) -> None:
    followed = marked(sandbox, follow, "--json")
    sandbox.post({**LEAD, "region": "\u2028\x85\u000b“"})
    name = sandbox.post({**LEAD, "phoneNumber": "(509) 555-4321"}).headers["x-aktify-sandbox-request"]
    followed.until(followed.out, name)
    assert [json.loads(line)["id"] for line in followed.out][-1] == name


def test_a_restart_is_said_and_nothing_is_missed(serve: Serve, follow: Any, tmp_path: Path) -> None:
    options = ("--state", str(tmp_path / "state"), "--port", str(free_port()))
    first = serve(*options)
    followed = marked(first, follow)
    first.stop()
    followed.until(followed.err, "The sandbox stopped")
    second = serve(*options)
    early = second.http.get("/early").headers["x-aktify-sandbox-request"]
    followed.until(followed.out, early)
    followed.until(followed.err, "restarted")
    late = second.http.get("/late").headers["x-aktify-sandbox-request"]
    followed.until(followed.out, late)
    assert len({line.split()[7] for line in followed.out}) == len(followed.out)
    assert followed.end() == 0


def test_after_a_restart_without_memory_ids_begin_anew(serve: Serve, follow: Any) -> None:
    port = ("--port", str(free_port()))
    first = serve(*port)
    followed = marked(first, follow)
    last = first.http.get("/last").headers["x-aktify-sandbox-request"]
    for _ in range(50):
        first.http.get("/many")
    followed.until(followed.out, last)
    first.process.kill()
    first.end()
    followed.until(followed.err, "The sandbox stopped")
    second = serve(*port)
    second.http.get("/only-here")
    followed.until(followed.out, "/only-here")
    second.http.get("/and-here")
    followed.until(followed.out, "/and-here")
    assert sum("/only-here" in line for line in followed.out) == 1
    assert followed.end() == 0


def test_a_record_that_is_cleared_is_said_and_a_hang_up_too(serve: Serve, follow: Any) -> None:
    sandbox = serve()
    followed = marked(sandbox, follow)
    with contextlib.suppress(httpx.ReadTimeout):
        sandbox.post({**LEAD, "phoneNumber": "(509) 555-0160"}, timeout=0.3)
    followed.until(followed.out, "The client hung up after")
    sandbox.http.delete("/_sandbox/requests")
    followed.until(followed.err, "Requests were cleared.")
    state = sandbox.http.get("/_sandbox/state").content
    sandbox.http.put("/_sandbox/state", content=state, headers={"content-type": "application/x-ndjson"})
    sandbox.http.get("/after-loading")
    followed.until(followed.out, "/after-loading")
    end = time.monotonic() + 20
    while followed.err.count("Requests were cleared.") < 2:
        assert time.monotonic() < end, followed.err
        time.sleep(0.01)  # pause: between two looks at a child's output


def test_a_reader_that_goes_ends_it(serve: Serve) -> None:
    sandbox = serve()
    for _ in range(3):
        sandbox.post()
    line = f"{shlex.join(COMMAND)} requests tail --url {sandbox.url} -n 3 | head -n 1"
    process = subprocess.Popen(["sh", "-c", line], env=clean_environment(), stdout=-1, stderr=-1, text=True)
    end = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < end:
        sandbox.http.get("/more")
        time.sleep(0.1)  # pause: between two requests that break the pipe
    out, err = process.communicate(timeout=60)
    assert out.count("\n") == 1
    assert "Traceback" not in err


def shown_in_terminal(*command: str, **environment: str) -> bytes:
    process, terminal = pty.fork()
    if process == 0:
        os.execve(sys.executable, [*COMMAND, *command], clean_environment(**environment))
    shown, pressed = b"", False
    try:
        while chunk := os.read(terminal, 4_096):
            shown += chunk
            if b"Accepted." in shown and "tail" in command and not pressed:
                pressed = True
                os.write(terminal, b"\x03")
    except OSError:  # the other end is closed: Linux says EIO
        pass
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    return shown


def test_a_terminal_gets_colours_unless_it_wants_none(sandbox: Running) -> None:
    sandbox.post()
    words = ("requests", "tail", "--url", sandbox.url, "-n", "1", "--key", sandbox.api_key)
    assert b"\x1b[32m201\x1b[0m" in shown_in_terminal(*words)
    assert b"\x1b" not in shown_in_terminal(*words, NO_COLOR="1")
    listed = ("requests", "list", "--url", sandbox.url, "--key", sandbox.api_key)
    assert b"\x1b" not in shown_in_terminal(*listed, NO_COLOR="1")
    assert b"\x1b" not in shown_in_terminal("leads", "list", "--url", sandbox.url, NO_COLOR="1")


MOVING = "\x1b]0;a title\x07\x9b31m\u202e\u2066\x7f"


@pytest.mark.parametrize(
    "command",
    [
        "requests show r000000001",
        "requests show r000000001 --json",
        "requests show r000000001 --format har",
        "requests show r000000001 --format curl",
        "requests show r000000001 --format node",
        "requests export",
        "requests export --format har",
        "leads list --json",
        "leads export",
        "leads export --format csv",
    ],
)
def test_nothing_that_was_sent_moves_a_terminals_cursor(moving: Running, command: str) -> None:
    shown = shown_in_terminal(*command.split(), "--url", moving.url, NO_COLOR="1").decode()
    assert "r000000001" in shown or "x-api-key" in shown or "+15095554455" in shown
    assert not set("\x1b\x07\x9b\u202e\u2066\x7f") & set(shown)
    if command.endswith(("har", "--json", "export")):
        assert json.loads(shown) == json.loads(run(moving, *command.split())), "it means the same"


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """A sandbox that was sent a lead which would take a terminal over."""
    running = Hosted(tmp_path_factory.mktemp("moving"), "--in-memory")
    lead = {
        **LEAD,
        "phoneNumber": "(509) 555-4455",
        "firstName": MOVING,
        "source": MOVING,
        "metadata": {MOVING: MOVING},
    }
    headers = [
        (b"x-api-key", b"test-key"),
        (b"content-type", b"application/json"),
        (b"x-hostile", b"a \x9b31m"),
    ]
    body = json.dumps(lead, ensure_ascii=False).encode()
    assert running.http.post("/api/v1/leads", content=body, headers=headers).status_code == 201
    yield running
    running.stop()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """A sandbox that has seen all kinds of requests."""
    sandbox = Hosted(tmp_path_factory.mktemp("exported"), "--in-memory")
    record_all_kinds(sandbox)
    yield sandbox
    assert sandbox.stop() == 0


def test_curl_lines_send_the_same_again(recorded: Running) -> None:
    needs("curl")
    text = run(
        recorded, "requests", "export", "--format", "curl", "--status", "400,409", "--search", "region"
    )
    assert "${AKTIFY_API_KEY:-test-key}" in text
    env = clean_environment(AKTIFY_API_KEY="test-key", no_proxy="*")
    before = len(ids(recorded))
    subprocess.run(["sh", "-c", text], env=env, check=True, capture_output=True, timeout=60)
    names = ids(recorded)[before:]
    again = [recorded.get(f"/_sandbox/requests/{name}") for name in names]
    assert [each["response"]["status"] for each in again] == [409, 400]
