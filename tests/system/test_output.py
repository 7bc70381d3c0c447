"""What is written for people holds nobody up: dropped and counted where nobody reads, whole where one does."""

import contextlib
import fcntl
import io
import json
import os
import pty
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from aktify_sandbox.server.output import background_output
from support.running import COMMAND, clean_environment

_MANY = 1_500


@contextlib.contextmanager
def serving(folder: Path, *options: str, **streams: Any) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """`serve` with such standard streams: the process, and its address."""
    ready = folder / "ready.json"
    command = [*COMMAND, "serve", "--port", "0", "--in-memory", "--ready-file", str(ready), *options]
    with subprocess.Popen(command, cwd=folder, env=clean_environment(), **streams) as process:
        try:
            while not ready.exists():
                assert process.poll() is None
                time.sleep(0.02)  # pause: between two looks at a process that may end
            yield process, json.loads(ready.read_text())["url"]
        finally:
            process.kill()


def post(url: str, times: int) -> None:
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        for _ in range(times):
            assert client.post("/api/v1/leads", json={}, headers={"x-api-key": "test-key"}).status_code == 400


def read_all(stream: IO[bytes] | None) -> str:
    assert stream
    return stream.read().decode()


def fill(pipe: int) -> None:
    """Write until it takes no more."""
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4_096)
    os.set_blocking(pipe, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(pipe, b"x")
    os.set_blocking(pipe, True)


@pytest.mark.parametrize("form", ["text", "json"])
def test_output_that_nobody_reads_freezes_nothing(tmp_path: Path, form: str) -> None:
    with serving(tmp_path, "--log-format", form, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as (
        process,
        url,
    ):
        post(url, _MANY)
        process.terminate()
        assert process.wait(60) == 0


def test_warnings_that_nobody_reads_freeze_nothing(tmp_path: Path) -> None:
    scenario = tmp_path / "a.yaml"
    good = "rules:\n  - answer: {status: 503}\n"
    scenario.write_text(good)
    read_end, write_end = os.pipe()
    fill(write_end)
    with serving(tmp_path, "--scenario", str(scenario), stdout=subprocess.DEVNULL, stderr=write_end) as (
        process,
        url,
    ):
        os.close(write_end)
        scenario.write_text("rules: []\n")
        post(url, 1)
        time.sleep(1.5)  # pause: it looks at its scenarios each second
        post(url, 1)
        process.terminate()
        assert process.wait(60) == 0
    os.close(read_end)


def test_a_terminal_that_was_stopped_by_ctrl_s_freezes_nothing(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with serving(tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as (
        process,
        url,
    ):
        os.close(theirs)
        shown = b""
        while b"Press Ctrl-C to stop." not in shown:
            shown += os.read(ours, 65_536)
        os.write(ours, b"\x13")
        post(url, 1_000)
        os.write(ours, b"\x11")
        while b"r000001000" not in shown:
            shown += os.read(ours, 65_536)
        os.write(ours, b"\x13")
        post(url, 1_000)
        process.terminate()
        assert process.wait(60) == 0
    os.close(ours)


def test_with_a_reader_every_line_is_printed_in_its_order_also_at_the_end(tmp_path: Path) -> None:
    with serving(tmp_path, "--log-format", "json", stdout=subprocess.PIPE) as (process, url):
        told: list[str] = []
        reading = threading.Thread(target=lambda: told.append(read_all(process.stdout)))
        reading.start()
        post(url, _MANY)
        process.terminate()
        assert process.wait(60) == 0
        reading.join()
    ids = [json.loads(line)["id"] for line in told[0].splitlines()]
    assert ids == [f"r{number:09d}" for number in range(1, _MANY + 1)]


@contextlib.contextmanager
def piped(monkeypatch: pytest.MonkeyPatch, *names: str) -> Iterator[Mapping[str, IO[bytes]]]:
    """Standard streams that are pipes: what can be read of each."""
    with contextlib.ExitStack() as stack:
        readers = {}
        for name in names:
            read_end, write_end = os.pipe()
            readers[name] = stack.enter_context(open(read_end, "rb"))
            monkeypatch.setattr(sys, name, stack.enter_context(open(write_end, "w", encoding="ascii")))
        yield readers


def test_dropped_lines_are_counted_where_they_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with piped(monkeypatch, "stdout") as readers:
        found: list[str] = []
        reading = threading.Thread(target=lambda: found.append(read_all(readers["stdout"])))
        with background_output("stdout"):
            for number in range(200_000):
                sys.stdout.write(f"{number:09d}\n")
            reading.start()
        sys.stdout.close()
        reading.join()
    lines = found[0].splitlines()
    numbers = [int(line) for line in lines if line.isdigit()]
    dropped = sum(int(re.sub(r"\D", "", line)) for line in lines if not line.isdigit())
    assert numbers == sorted(set(numbers))
    assert 0 < dropped < 200_000
    assert len(numbers) + dropped == 200_000


def test_json_is_never_interrupted_by_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with piped(monkeypatch, "stdout", "stderr") as readers:
        found: list[str] = []
        reading = threading.Thread(target=lambda: found.append(read_all(readers["stdout"])))
        with background_output(form="json"):
            for number in range(200_000):
                sys.stdout.write(f"{number:09d}\n")
            reading.start()
        sys.stdout.close()
        sys.stderr.close()
        reading.join()
        said = read_all(readers["stderr"])
    numbers = [int(line) for line in found[0].splitlines()]
    assert len(numbers) + sum(int(re.sub(r"\D", "", line)) for line in said.splitlines()) == 200_000


def test_a_descriptor_that_another_program_made_non_blocking_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with piped(monkeypatch, "stdout") as readers:
        os.set_blocking(sys.stdout.fileno(), False)
        found: list[str] = []
        reading = threading.Thread(target=lambda: found.append(read_all(readers["stdout"])))
        with background_output("stdout"):
            for number in range(20_000):
                sys.stdout.write(f"{number:09d}\n")
            sys.stdout.write("äbc")
            reading.start()
        sys.stdout.close()
        reading.join()
    assert found[0] == "".join(f"{number:09d}\n" for number in range(20_000)) + "?bc"


def test_a_stream_that_is_no_file_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", text := io.StringIO())
    with background_output():
        assert sys.stdout is text


_CLOSED = (">&-", "2>&-", "<&-", ">&- 2>&- <&-", ">/dev/full", "2>/dev/full")


def in_shell(
    redirection: str, *command: str, folder: Path | None = None, before: str = ""
) -> "subprocess.CompletedProcess[str]":
    """The command with its streams redirected as a shell does it."""
    script = f'{before} exec "$@" {redirection}'
    return subprocess.run(
        ["sh", "-c", script, "sh", *COMMAND, *command],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("redirection", _CLOSED)
def test_serve_runs_whatever_its_standard_streams_are(tmp_path: Path, redirection: str) -> None:
    ready = tmp_path / "ready.json"
    script = f'exec "$@" {redirection}'
    command = [*COMMAND, "serve", "--port", "0", "--in-memory", "--ready-file", str(ready)]
    with subprocess.Popen(
        ["sh", "-c", script, "sh", *command],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            while not ready.exists():
                assert process.poll() is None
                time.sleep(0.02)  # pause: between two looks at a process that may end
            post(json.loads(ready.read_text())["url"], 3)
            process.terminate()
            assert process.wait(60) == 0
            assert "Traceback" not in read_all(process.stderr)
        finally:
            process.kill()


@pytest.mark.parametrize("command", ["--help", "rulings", "schema lead"])
def test_a_command_whose_output_can_not_be_written_says_so_in_a_line(command: str) -> None:
    done = in_shell(">/dev/full", *command.split())
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "No space left" in done.stderr


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", "2>/dev/full"])
def test_a_command_is_content_without_some_of_its_streams(redirection: str) -> None:
    done = in_shell(redirection, "rulings")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "command", ["requests list", "requests list --json", "requests export", "leads export"]
)
def test_a_reader_who_leaves_is_no_news(sandbox: Any, command: str) -> None:
    for _ in range(30):
        sandbox.post()
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [*COMMAND, *command.split(), "--url", sandbox.url],
        env=clean_environment(),
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("code", [0, 3])
@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full", "broken", "unread"])
def test_exec_returns_the_code_of_its_command_whatever_its_standard_error_is(
    tmp_path: Path, stderr: str, code: int
) -> None:
    program = ("exec", "--", "sh", "-c", f"exit {code}")
    if stderr.startswith("2>"):
        assert in_shell(stderr, *program, folder=tmp_path).returncode == code
        return
    read_end, write_end = os.pipe()
    if stderr == "broken":
        os.close(read_end)
    else:
        fill(write_end)
    done = subprocess.run(
        [*COMMAND, *program], cwd=tmp_path, env=clean_environment(), stderr=write_end, timeout=60
    )
    assert done.returncode == code


@pytest.mark.parametrize(
    "command", ["serve --port 0", "exec -- true", "requests list", "scenarios check", "leads export", "init"]
)
def test_a_working_folder_that_is_gone_is_no_traceback(tmp_path: Path, command: str) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = in_shell("", *command.split(), folder=gone, before='rmdir "$PWD";')
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
