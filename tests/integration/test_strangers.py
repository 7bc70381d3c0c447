"""Whatever answers proves first that it is the sandbox that is meant; until then it is told nothing."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from aktify_sandbox.cli import main
from support.commands import arguments_of
from support.running import commands_of

OPTIONS = {"verify": ["--count", "0"], "wait": ["--timeout", "0"]}
"""What a command needs besides its arguments, to ask something or not to ask for long."""


def talking(group: click.Group, before: str = "") -> Iterator[tuple[str, list[str]]]:
    """Every command that talks to a sandbox, and what it needs to do so."""
    for name, command in commands_of(group).items():
        if isinstance(command, click.Group):
            yield from talking(command, f"{before}{name} ")
        elif any(each.name == "url" for each in command.params):
            yield f"{before}{name}", [*OPTIONS.get(name, []), *arguments_of(command)]


@pytest.fixture
def stranger() -> Iterator[tuple[str, list[str]]]:
    """The address of a server that is no sandbox and has an answer for everything, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815  the names that http.server wants

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("words", "needed"), list(talking(main)))
def test_no_command_tells_a_stranger_anything_or_takes_its_word(
    stranger: tuple[str, list[str]], words: str, needed: list[str]
) -> None:
    url, asked = stranger
    done = CliRunner().invoke(main, ["--url", url, *words.split(), *needed], input="{}")
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit), done.exception
    assert set(asked) == {"GET /_sandbox/health"}


def test_the_status_of_a_stranger_is_that_no_sandbox_answers(stranger: tuple[str, list[str]]) -> None:
    done = CliRunner().invoke(main, ["status", "--json", "--url", stranger[0]])
    assert (done.exit_code, json.loads(done.stdout)["answers"]) == (1, False)


def test_rulings_are_those_here_where_only_a_stranger_answers(
    stranger: tuple[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AKTIFY_SANDBOX_PORT", stranger[0].rpartition(":")[2])
    done = CliRunner().invoke(main, ["rulings", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["rulings"]


def test_rulings_of_a_file_that_is_given_need_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "aktify-sandbox.yaml").write_text("prot: 1\n")
    (tmp_path / "good.yaml").write_text("rulings: {region-case: accept}\n")
    assert CliRunner().invoke(main, ["rulings"]).exit_code == 2
    assert CliRunner().invoke(main, ["rulings", "--config", "good.yaml"]).exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["wait", "--timeout", "nan"],
        ["wait", "--timeout", "-1"],
        ["verify", "--count", "0", "--timeout", "nan"],
        ["requests", "show", "r1/../../health"],
        ["scenarios", "check", "no-such.yaml"],
        ["status", "--url", "http://a b"],
        ["status", "--url", "http://a\0b"],
    ],
)
def test_meaningless_words_are_exit_code_2(words: list[str]) -> None:
    assert CliRunner().invoke(main, words).exit_code == 2
