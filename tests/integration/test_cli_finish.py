"""What commands print for programs, how their errors begin, and how they refuse a fault that doesn't exist."""

import io
import itertools
import json
import socket
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import click
import pytest
from click.shell_completion import ShellComplete

from aktify_sandbox.cli import lead_files, main
from aktify_sandbox.cli.lead_files import progress
from aktify_sandbox.journal.summary import local_time
from support.commands import arguments_of, call, commands, run
from support.running import LEAD, HostSandbox, Sandboxed, commands_of


def test_an_unknown_fault_is_wrong_usage_with_the_one_that_is_meant(serve: HostSandbox) -> None:
    sandbox = serve()
    assert "Did you mean hang?" in run(sandbox, "force", "timeout", code=2)
    assert "Did you mean truncate?" in run(sandbox, "force", "truncat", code=2)


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        (["force", "503", "--times", "2"], "times", 2),
        (["force", "--clear"], "cleared", 0),
        (["reset"], "reset", True),
        (["requests", "clear"], "cleared", 0),
        (["requests", "clear", "--status", "409", "--where", "region=CA"], "cleared", 0),
        (["leads", "clear"], "removed", 0),
        (["scenarios", "use", "flaky"], "active", ["flaky"]),
        (["scenarios", "clear"], "active", []),
        (["keys", "revoke", "test-429"], "revoked", "test-429"),
        (["wait"], "ready", True),
    ],
)
def test_what_changes_something_says_it_as_json_too(
    serve: HostSandbox, words: list[str], field: str, value: object
) -> None:
    assert json.loads(run(serve(), *words, "--json"))[field] == value


@pytest.mark.parametrize("more", [["--header", "X-A: b"], ["--body", ""], ["--delay", "1ms"]], ids=" ".join)
def test_a_201_that_is_not_the_normal_one_is_forced(sandbox: Sandboxed, more: list[str]) -> None:
    run(sandbox, "force", "201", "--key", sandbox.api_key, *more)
    assert sandbox.post().headers["x-aktify-sandbox-forced"].startswith("force ")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_error_begins_alike(words: list[str], taken_port: int, tmp_path: Path) -> None:
    """Most commands find no sandbox; the others get something else that they can't do."""
    port, nowhere = str(taken_port), "/nowhere/at/all"
    unconnected = {
        "check": [nowhere],
        "drill": ["--only", "nowhere", "--", "true"],
        "exec": ["--port", port, "--", "true"],
        "init": ["/proc/nowhere"],
        "scenarios check": [],
        "scenarios show": ["nowhere"],
        "schema": ["nowhere"],
        "send": ["--sample", "1"],
        "serve": ["--in-memory", "--port", port],
        "state check": [nowhere],
        "verify": ["--count", "1"],
        "wait": ["--timeout", "0"],
    }
    command: click.Command = main
    for word in words:
        assert isinstance(command, click.Group)
        command = commands_of(command)[word]
    given = unconnected.get(" ".join(words), arguments_of(command))
    environment = {"AKTIFY_SANDBOX_URL": "http://127.0.0.1:1"}
    for more in (given, ["--no-such-option"]):
        done = call(*words, *more, folder=tmp_path, text="{}", environment=environment)
        lines = done.stderr.splitlines()
        assert done.returncode in (1, 2)
        assert len([line for line in lines if line.startswith("Error: ")]) == 1, done.stderr
        assert not [line for line in lines if line.startswith("aktify-sandbox:")]


def test_checked_scenarios_are_listed_as_json_with_their_errors(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("rules: [{answer: {statsu: 503}}]\n")
    done = call("scenarios", "check", "flaky", "wrong.yaml", "--json", folder=tmp_path, environment={})
    assert done.returncode == 1
    flaky, wrong = json.loads(done.stdout)["files"]
    assert (flaky["file"], flaky["rules"], flaky["errors"]) == ("flaky", 1, [])
    assert (wrong["file"], wrong["rules"]) == ("wrong.yaml", None)
    assert [error.split(": ")[0] for error in wrong["errors"]] == ["wrong.yaml:1:19"]


def completed(begun: str, *words: str) -> list[str]:
    return [
        item.value
        for item in ShellComplete(main, {}, "aktify-sandbox", "_COMPLETE").get_completions([*words], begun)
    ]


def test_a_shell_completes_what_the_sandbox_knows(serve: HostSandbox) -> None:
    sandbox = serve()
    for _ in range(2):
        sandbox.post()
    run(sandbox, "keys", "add", "--name", "ci")
    ids = ["r000000002", "r000000001"]
    assert completed("r0", "--url", sandbox.url, "requests", "show") == ids
    assert completed("r0", "requests", "list", "--url", sandbox.url, "--before") == ids
    assert completed("c", "keys", "revoke", "--url", sandbox.url) == ["ci"]
    assert completed("c", "requests", "list", "--url", sandbox.url, "--key") == ["ci"]
    assert completed("test-k", "force", "503", "--key") == ["test-key"]


def test_a_shell_completes_nothing_where_no_sandbox_answers(capsys: pytest.CaptureFixture[str]) -> None:
    for address in ("http://127.0.0.1:1", "not an address"):
        assert completed("r", "requests", "show", "--url", address) == []
    assert capsys.readouterr() == ("", "")


class AsTerminal(io.StringIO):
    drawn = 0

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.drawn += "%" in text
        return super().write(text)


def test_progress_is_drawn_ten_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 steps of a millisecond: at their beginning, at their end, and at most 20 times between."""
    clock, stderr = itertools.count(), AsTerminal()
    monkeypatch.setattr(lead_files, "time", SimpleNamespace(monotonic=lambda: next(clock) / 1_000))
    monkeypatch.setattr(sys, "stderr", stderr)
    with progress("Sending", 2_000) as step:
        for _ in range(2_000):
            step()
    assert 2 <= stderr.drawn <= 22
    assert "2,000 of 2,000" in stderr.getvalue()


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_berlin")
def test_people_read_local_times_with_their_offset_and_programs_utc(serve: HostSandbox) -> None:
    sandbox = serve()
    sandbox.post()
    in_utc = json.loads(run(sandbox, "requests", "list", "--json"))["requests"][0]["receivedAt"]
    assert in_utc.endswith("Z")
    local = datetime.fromisoformat(in_utc).astimezone(ZoneInfo("Europe/Berlin"))
    assert local.isoformat(" ", "seconds") in run(sandbox, "requests", "list")
    assert local.isoformat(" ", "seconds") in run(sandbox, "leads", "list")
    assert local.isoformat(" ", "milliseconds") in run(sandbox, "requests", "show", "r000000001")
    assert json.loads(run(sandbox, "requests", "export"))["receivedAt"] == in_utc


@pytest.mark.usefixtures("in_berlin")
@pytest.mark.parametrize(
    ("moment", "local"),
    [
        ("2026-01-15T12:00:00.123Z", "2026-01-15 13:00:00.123+01:00"),
        ("2026-07-15T12:00:00.123Z", "2026-07-15 14:00:00.123+02:00"),
        ("no moment", "no moment"),
    ],
)
def test_the_offset_is_that_of_the_day(moment: str, local: str) -> None:
    assert local_time(moment) == local


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize(
    "words", [["requests", "list"], ["leads", "list"], ["keys", "list"], ["scenarios", "list"], ["rulings"]]
)
def test_a_table_is_as_wide_as_the_terminal_at_most(
    serve: HostSandbox, monkeypatch: pytest.MonkeyPatch, words: list[str], columns: int
) -> None:
    sandbox = serve()
    sandbox.post()
    sandbox.post({**LEAD, "phoneNumber": "1", "region": "ca"})
    whole = run(sandbox, *words)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("aktify_sandbox.cli.output.on_terminal", lambda: True)
    lines = run(sandbox, *words, NO_COLOR="1").splitlines()
    table = lines[:-2] if words == ["rulings"] else lines
    assert max(map(len, table)) <= columns
    assert "r000000002" in "".join(table) or "r000000002" not in whole
    assert [name for name in lines[0].split() if "…" not in name]
    assert "…" not in whole.replace("tes…key", "")


def test_an_unknown_key_is_shown_masked_in_an_explanation(serve: HostSandbox, tmp_path: Path) -> None:
    lead = tmp_path / "lead.json"
    lead.write_text(json.dumps(LEAD))
    explained = run(serve(), "explain", str(lead), "--key", "no-such-key")
    assert "key        no-…key" in explained


def test_an_unknown_key_or_command_is_named_with_what_to_choose(serve: HostSandbox) -> None:
    refused = run(serve(), "keys", "revoke", "no-such-key", code=1)
    assert "no-…key" in refused
    assert "keys list" in refused
    assert "Choose from: calibrate, check" in run(serve(), "zzz", code=2)
