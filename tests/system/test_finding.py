"""Commands find the sandbox that is meant, tell a token to nobody else, and ask before they delete."""

import json
import os
import pty
import shutil
import stat
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Self

import click
import pytest
from click.testing import CliRunner

from aktify_sandbox.addresses import address_of
from aktify_sandbox.cli import main
from aktify_sandbox.errors import AddressError, NotServedError
from aktify_sandbox.storage import server_file
from aktify_sandbox.storage.folder import Folder
from support.commands import arguments_of
from support.running import COMMAND, Running, clean_environment, commands_of
from support.snapshots import Snapshot

SERVER_FILE = Path(".aktify-sandbox") / "server.json"


def call(*words: str, folder: Path, text: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *words],
        cwd=folder,
        env=clean_environment(**environment),
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
    )


def target(folder: Path, *words: str, **environment: str) -> dict[str, Any]:
    """What `status` says of the sandbox that is meant; whether it answers or not."""
    done = call(*words, "status", "--json", folder=folder, **environment)
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if found["answers"] else 1), done.stderr
    return found


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Running]:
    """A sandbox that serves the state folder of `tmp_path`."""
    running = Running(tmp_path)
    yield running
    if running.process.poll() is None:
        running.stop()


class Stranger:
    """A server that is no sandbox, and what it was told."""

    def __init__(self, status: int = 200, **headers: str) -> None:
        told: list[tuple[str, str | None]] = []
        self.told = told

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                told.append((f"{self.command} {self.path}", self.headers.get("authorization")))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815  the names that http.server wants

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.parametrize(
    "written",
    [
        "localhost:1234",
        "http://localhost:1234",
        "http://localhost:1234/",
        "http://localhost:1234/_sandbox",
        "localhost:1234/_sandbox/",
        " localhost:1234\n",
    ],
)
def test_an_address_is_understood_as_people_write_it(written: str) -> None:
    assert address_of(written) == "http://localhost:1234"


@pytest.mark.parametrize(
    "written",
    ["", "8509", "ftp://a:1", "http://", "http://a:x", "http://a:99999", "a:1?b", "u:p@a:1", "[::1"],
)
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(AddressError):
        address_of(written)


def test_the_first_that_says_where_the_sandbox_is_wins(served: Running, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "aktify-sandbox.yaml").write_text("port: 7\n")
    by_flag = target(tmp_path, "--url", "localhost:3", AKTIFY_SANDBOX_URL="127.0.0.1:4")
    assert (by_flag["url"], by_flag["foundBy"]) == ("http://localhost:3", "--url")
    by_variable = target(tmp_path, AKTIFY_SANDBOX_URL="127.0.0.1:4", AKTIFY_SANDBOX_PORT="5")
    assert (by_variable["url"], by_variable["foundBy"]) == ("http://127.0.0.1:4", "AKTIFY_SANDBOX_URL")
    by_folder = target(tmp_path, AKTIFY_SANDBOX_PORT="5")
    assert (by_folder["url"], by_folder["foundBy"]) == (served.url, str(tmp_path / SERVER_FILE))
    assert by_folder["state"] == str(tmp_path / ".aktify-sandbox")
    by_port = target(tmp_path / "other", AKTIFY_SANDBOX_PORT="5")
    assert (by_port["url"], by_port["foundBy"]) == ("http://127.0.0.1:5", "AKTIFY_SANDBOX_PORT")
    assert target(tmp_path / "other")["url"] == "http://127.0.0.1:7"
    (tmp_path / "other" / "aktify-sandbox.yaml").write_text("port: 7\nstate: ../.aktify-sandbox\n")
    assert target(tmp_path / "other")["url"] == served.url
    (tmp_path / "other" / "own.yaml").write_text("port: 7\nstate: ../.aktify-sandbox\n")
    (tmp_path / "other" / "aktify-sandbox.yaml").unlink()
    assert target(tmp_path / "other", AKTIFY_SANDBOX_CONFIG="own.yaml")["url"] == served.url
    assert target(tmp_path / "other", AKTIFY_SANDBOX_STATE="../.aktify-sandbox")["url"] == served.url


def test_a_flag_of_the_command_beats_that_of_the_command_line(served: Running, tmp_path: Path) -> None:
    words = ("--url", "localhost:3", "requests", "list", "--url", served.url)
    assert call(*words, folder=tmp_path).returncode == 0
    refused = call("--url", served.url, "serve", folder=tmp_path)
    assert refused.returncode == 2


def test_without_a_sandbox_it_is_said_what_was_tried(tmp_path: Path) -> None:
    done = call("requests", "list", folder=tmp_path, AKTIFY_SANDBOX_PORT="9")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    for part in ("http://127.0.0.1:9", "AKTIFY_SANDBOX_PORT", str(tmp_path / ".aktify-sandbox")):
        assert part in done.stderr


@pytest.mark.parametrize("words", [["requests", "list"], ["rulings"], ["--url", " ", "status"]])
def test_an_empty_address_is_a_mistake(tmp_path: Path, words: list[str], snapshot: Snapshot) -> None:
    done = call(*words, folder=tmp_path, AKTIFY_SANDBOX_URL="")
    assert done.returncode == 2
    snapshot("commands", done.stderr)


def test_server_json_is_its_owners_and_gone_after_a_clean_end(served: Running, tmp_path: Path) -> None:
    file = tmp_path / SERVER_FILE
    content = json.loads(file.read_text())
    assert (content["url"], content["pid"]) == (served.url, served.process.pid)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert served.stop() == 0
    assert not file.exists()


def test_what_a_killed_sandbox_left_is_not_believed_even_if_its_pid_lives(
    served: Running, tmp_path: Path, snapshot: Snapshot
) -> None:
    served.process.kill()
    served.end()
    file = tmp_path / SERVER_FILE
    for pid in (served.process.pid, os.getpid(), 1):
        file.write_text(json.dumps({**json.loads(file.read_text()), "pid": pid}))
        snapshot("commands", target(tmp_path)["foundBy"])
    again = Running(tmp_path)
    assert target(tmp_path)["url"] == again.url
    again.stop()


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://203.0.113.9:8509"},
        {"url": "http://127.0.0.1.example.com:8509"},
        {"url": "http://127.0.0.1:8509@203.0.113.9:80"},
        {"url": "http://127.0.0.1:8509/other"},
        {"pid": 1},
        {"pid": "1"},
        {"pid": -1},
        {"pid": 2**70},
        {"version": None},
    ],
)
def test_a_hostile_server_json_is_not_believed(
    served: Running, tmp_path: Path, change: dict[str, Any], snapshot: Snapshot
) -> None:
    """Although the folder is locked: only one that names the process which holds it, on this machine, is."""
    file = tmp_path / SERVER_FILE
    assert target(tmp_path)["url"] == served.url
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    found = target(tmp_path)
    snapshot("commands", found["foundBy"])
    assert str(file) in found["tried"][0]


def test_a_link_or_a_pipe_in_its_place_is_not_followed(
    served: Running, tmp_path: Path, snapshot: Snapshot
) -> None:
    file = tmp_path / SERVER_FILE
    file.rename(tmp_path / "real.json")
    file.symlink_to(tmp_path / "real.json")
    snapshot("commands", target(tmp_path)["foundBy"])
    file.unlink()
    os.mkfifo(file)
    snapshot("commands", target(tmp_path)["foundBy"])


@pytest.mark.parametrize("words", [["requests", "list"], ["reset"], ["state", "save", "-"], ["send", "-"]])
def test_a_token_is_told_to_a_sandbox_only(tmp_path: Path, words: list[str]) -> None:
    with Stranger() as other, Stranger(307, location=other.url) as stranger:
        for each in (stranger, other):
            done = call(*words, "--url", each.url, "--token", "secret", folder=tmp_path, text="{}")
            assert done.returncode == 1
        assert {request for request, _ in stranger.told + other.told} == {"GET /_sandbox/health"}
        assert {token for _, token in stranger.told + other.told} == {None}


def test_the_configured_token_is_for_the_sandbox_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "aktify-sandbox.yaml").write_text("token: let-me-in\n")
    running = Running(tmp_path)
    assert call("requests", "list", folder=tmp_path).returncode == 0
    assert call("requests", "list", "--url", running.url, folder=tmp_path).returncode == 1
    running.stop()


def test_a_wait_finds_a_sandbox_that_starts_meanwhile(tmp_path: Path) -> None:
    env = clean_environment(AKTIFY_SANDBOX_PORT="9")
    waiting = subprocess.Popen([*COMMAND, "wait", "--timeout", "30"], cwd=tmp_path, env=env)
    running = Running(tmp_path)
    assert waiting.wait(40) == 0
    running.stop()


def test_a_taken_port_is_said_to_be_another_sandboxs(
    served: Running, tmp_path: Path, snapshot: Snapshot
) -> None:
    done = call("serve", "--port", str(served.port), "--in-memory", folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    snapshot("commands", done.stderr)
    with Stranger() as stranger:
        port = stranger.url.rpartition(":")[2]
        assert "another" not in call("serve", "--port", port, folder=tmp_path).stderr


def test_a_port_of_the_sandbox_that_serves_the_folder_is_pointed_to(served: Running, tmp_path: Path) -> None:
    done = call("serve", "--port", str(served.port), folder=tmp_path)
    assert f"Fix: use it at {served.url}" in done.stderr


def test_the_banner_says_how_another_terminal_finds_it(served: Running, tmp_path: Path) -> None:
    assert f"export AKTIFY_SANDBOX_URL={served.url} (" in served.banner()
    in_memory = Running(tmp_path, "--in-memory")
    assert f"export AKTIFY_SANDBOX_URL={in_memory.url}\n" in in_memory.banner()
    assert target(tmp_path)["url"] == served.url
    in_memory.stop()


def test_a_path_that_is_not_served_is_said_without_naming_a_file(sandbox: Running) -> None:
    answer = sandbox.http.get("/_sandbox/_sandbox/requests")
    assert answer.status_code == 404
    assert ".md" not in answer.text
    assert "requests" in answer.json()["detail"].partition("Choose from")[2]


# asking


def answered(words: list[str], reply: bytes, folder: Path) -> tuple[int, bytes]:
    """Run on a real (pseudo) terminal and answer what is asked."""
    main_end, other_end = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *words],
        cwd=folder,
        env=clean_environment(),
        stdin=other_end,
        stdout=other_end,
        stderr=other_end,
    )
    os.close(other_end)
    shown = b""
    try:
        while chunk := os.read(main_end, 4_096):
            shown += chunk
            if reply and b"[y/N]" in shown:
                os.write(main_end, reply)
                reply = b""
    except OSError:  # the other end is closed: Linux says EIO
        pass
    os.close(main_end)
    return process.wait(30), shown


LOSING = [["reset"], ["leads", "clear"], ["requests", "clear"], ["state", "load", "saved.jsonl"], ["stop"]]


def test_on_a_terminal_what_loses_something_asks(served: Running, tmp_path: Path) -> None:
    assert call("state", "save", "saved.jsonl", folder=tmp_path).returncode == 0
    served.post()
    for words in LOSING:
        code, shown = answered(words, b"n\n", tmp_path)
        assert (code, served.url.encode() in shown) == (1, True), shown
    assert len(served.get("/_sandbox/leads")["leads"]) == 1
    assert answered(["leads", "clear", "--yes"], b"", tmp_path)[0] == 0
    assert served.get("/_sandbox/leads")["leads"] == []
    for words in LOSING:
        code, shown = answered(words, b"y\n", tmp_path)
        assert (code, b"[y/N]" in shown) == (0, True), shown
    assert served.end() == 0


def test_without_a_terminal_nobody_is_asked_and_the_address_is_said(served: Running, tmp_path: Path) -> None:
    assert call("state", "save", "saved.jsonl", folder=tmp_path).returncode == 0
    others = [["force", "503"], ["force", "--clear"], ["scenarios", "use", "flaky"], ["scenarios", "clear"]]
    others += [["keys", "add", "--name", "ci"], ["keys", "revoke", "ci"], ["send", "--sample", "1"]]
    (tmp_path / "leads.jsonl").write_text('{"phoneNumber": "5095551234"}\n')
    for words in [*others, ["leads", "import", "leads.jsonl"], *LOSING]:
        done = call(*words, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert served.url in done.stdout + done.stderr, words
    assert served.end() == 0


# wrong usage


def commands(group: click.Group, *before: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in commands_of(group).items():
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)
        else:
            yield (*before, name), command


COMMANDS = dict(commands(main))

WRONG = {
    "status": "abc",
    "since": "yesterday-ish",
    "before": "abc",
    "after": "abc",
    "phone": "12",
    "delay": "abc",
    "headers": "no-colon",
    "conditions": "no-equals",
    "url": "http://",
    "token": "two words",
    "key": "two words",
    "rulings": "region-case=acept",
    "host": "example.com",
    "allow_host": "http://a",
    "public_url": "a b",
    "texts": "leads = = 3",
    "files": "/no/such/file",
    "config": "/no/such/file",
    "output": "/no/such/folder/x",
    "junit_file": "/no/such/folder/x",
}
"""By the name of an option: what can't be a value of it."""
ANY_KEY = {
    *(("requests", command) for command in ("list", "tail", "export", "clear")),
    ("verify",),
    ("report",),
}
"""Here a key is text to look for; keys of others are not refused."""


def wrong_values() -> Iterator[tuple[tuple[str, ...], str, str]]:
    for words, command in COMMANDS.items():
        for option in command.params:
            if not isinstance(option, click.Option) or option.is_flag:
                continue
            if isinstance(option.type, (click.IntRange, click.FloatRange)):
                least = option.type.min
                yield words, option.opts[0], "abc"
                if least is not None:
                    yield words, option.opts[0], str(least - 1)
            elif isinstance(option.type, click.Choice):
                yield words, option.opts[0], "no-such-word"
            elif option.name in WRONG and not (
                option.name == "key" and words in ANY_KEY | {("force",), ("explain",)}
            ):
                yield words, option.opts[0], WRONG[option.name]


@pytest.mark.parametrize(("words", "option", "value"), [*wrong_values()])
def test_every_wrong_value_of_an_option_is_exit_code_2(
    sandbox: Running, words: tuple[str, ...], option: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AKTIFY_SANDBOX_URL", sandbox.url)
    needed = (
        ["--count", "0"] if words == ("verify",) and option != "--count" else arguments_of(COMMANDS[words])
    )
    done = CliRunner().invoke(main, [*words, option, value, *needed], input='{"region": "CA"}')
    assert done.exit_code == 2, done.output


@pytest.mark.parametrize("words", list(COMMANDS))
def test_an_unknown_option_and_an_argument_too_many_are_exit_code_2(words: tuple[str, ...]) -> None:
    assert CliRunner().invoke(main, [*words, "--no-such-option"]).exit_code == 2
    if all(each.nargs == 1 for each in COMMANDS[words].params if isinstance(each, click.Argument)):
        assert CliRunner().invoke(main, [*words, *["-"] * 9]).exit_code == 2


@pytest.mark.parametrize(
    "words", [words for words, each in COMMANDS.items() if any(p.required for p in each.params)]
)
def test_a_missing_argument_is_exit_code_2(words: tuple[str, ...]) -> None:
    assert CliRunner().invoke(main, list(words)).exit_code == 2


@pytest.mark.parametrize("file", ["/no/such/file", "/"])
@pytest.mark.parametrize(
    "words", [["send"], ["explain"], ["check"], ["leads", "import"], ["state", "load"], ["verify"], ["init"]]
)
def test_a_file_that_is_not_there_or_is_a_folder_is_exit_code_2(
    sandbox: Running, words: list[str], file: str, tmp_path: Path
) -> None:
    name = str(shutil.copy(__file__, tmp_path / "a.py")) if words == ["init"] else file
    where = [] if words[0] in ("init", "check") else ["--url", sandbox.url]
    done = CliRunner().invoke(main, [*words, *where, name])
    assert done.exit_code == 2, done.output


@pytest.mark.parametrize(
    "words",
    [
        ["force", "1000"],
        ["force", "hnag"],
        ["force", "503", "--delay", "soon"],
        ["requests", "show", ".."],
        ["scenarios", "use", "no-such"],
        ["scenarios", "show", "no-such"],
        ["keys", "add", "two words"],
        ["leads", "list", "--limit", "0"],
    ],
)
def test_a_wrong_argument_that_only_the_sandbox_can_judge_is_exit_code_2(
    sandbox: Running, words: list[str]
) -> None:
    assert CliRunner().invoke(main, ["--url", sandbox.url, *words]).exit_code == 2


def test_a_process_that_has_the_log_open_but_does_not_hold_it_is_not_believed(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.announce("http://127.0.0.1:8509")
    assert server_file.read(tmp_path).pid == os.getpid()
    told = (tmp_path / server_file.NAME).read_bytes()
    folder.release()
    (tmp_path / server_file.NAME).write_bytes(told)
    with (tmp_path / server_file.LOG).open(), pytest.raises(NotServedError):
        server_file.read(tmp_path)
