"""The command line against a real sandbox: what is printed, and the exit code."""

import json
import os
import pty
import subprocess
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aktify_sandbox.cli import main
from aktify_sandbox.cli.samples import samples
from make_leads_csv import EXPECTED, ROWS, rows
from running import COMMAND, LEAD, Running, Serve, clean_environment

ROOT = Path(__file__).parent.parent


def run(
    sandbox: Running | None, *words: str, text: str | None = None, code: int = 0, **environment: str
) -> str:
    """Run a command against the sandbox and return what it printed."""
    where = {"AKTIFY_SANDBOX_URL": sandbox.url, "AKTIFY_API_KEY": sandbox.api_key} if sandbox else {}
    env = clean_environment(**where, **environment)
    done = subprocess.run([*COMMAND, *words], env=env, input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stdout + done.stderr


def in_json(sandbox: Running, *words: str, **more: Any) -> Any:
    return json.loads(run(sandbox, *words, "--json", **more))


def commands() -> list[list[str]]:
    found: list[list[str]] = []
    for name, command in main.commands.items():
        inner = getattr(command, "commands", None)
        found += [[name, word] for word in inner] if inner else [[name]]
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_has_help_with_an_example(words: list[str]) -> None:
    result = CliRunner().invoke(main, [*words, "--help"])
    assert result.exit_code == 0
    assert f"aktify-sandbox {' '.join(words)}" in result.output.partition("Example:")[2]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["serv"], "Did you mean serve?"),
        (["requests", "lst"], "lst"),
        (["serve", "--prot", "1"], "--port"),
        (["serve", "--port", "x"], "x"),
        (["serve", "--port", "70000"], "65535"),
        (["serve", "--profile", "lax"], "lenient"),
        (["serve", "--ruling", "region-case"], "NAME=VALUE"),
        (["serve", "--ruling", "region-cas=accept"], "Did you mean region-case?"),
        (["serve", "--ruling", "region-case=acept"], "Did you mean accept?"),
        (["serve", "--config", "/nowhere.yaml"], "/nowhere.yaml"),
        (["serve", "--host", "example.com"], "address"),
        (["send"], "--sample"),
        (["schema", "leed"], "lead"),
    ],
)
def test_wrong_usage_is_exit_code_2_with_a_hint(words: list[str], hint: str) -> None:
    assert hint in run(None, *words, code=2)


def test_a_wrong_environment_variable_is_named() -> None:
    assert "AKTIFY_SANDBOX_PROFILE" in run(None, "serve", code=2, AKTIFY_SANDBOX_PROFILE="lax")


def test_without_a_sandbox_a_command_says_so_in_one_line() -> None:
    said = run(None, "requests", "list", "--url", "http://127.0.0.1:9", code=1)
    assert said.count("\n") == 1
    assert "aktify-sandbox serve" in said


def test_the_damaged_csv_ends_with_a_correct_summary(sandbox: Running) -> None:
    summary = in_json(sandbox, "send", str(ROOT / "fixtures" / "leads.csv"))
    assert {int(status): count for status, count in summary["statuses"].items()} == EXPECTED
    assert summary["sent"] == ROWS
    assert sum(reason["count"] for reason in summary["reasons"]) == ROWS
    recorded: Counter[int] = Counter()
    following = "r999999999"
    while following:
        page = sandbox.get(f"/_sandbox/requests?key={sandbox.api_key}&limit=1000&before={following}")
        recorded.update(record["response"]["status"] for record in page["requests"])
        following = page["next"]
    assert recorded == EXPECTED


def test_the_csv_is_what_its_script_makes() -> None:
    text = (ROOT / "fixtures" / "leads.csv").read_text(encoding="utf-8-sig")
    assert len(rows()) == ROWS
    assert text.count("\n") == ROWS + 1
    for row in rows()[::97]:
        assert row["email"] in text


def test_a_terminal_is_shown_a_progress_bar(sandbox: Running, tmp_path: Path) -> None:
    """On a real (pseudo) terminal."""
    main_end, other_end = pty.openpty()
    env = clean_environment(AKTIFY_SANDBOX_URL=sandbox.url, AKTIFY_API_KEY=sandbox.api_key)
    command = [*COMMAND, "send", "--sample", "50"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=other_end, text=True)
    os.close(other_end)
    shown = b""
    try:
        while chunk := os.read(main_end, 4_096):
            shown += chunk
    except OSError:  # the other end is closed: Linux says EIO
        pass
    out, _ = process.communicate(timeout=30)
    assert b"Sending" in shown
    assert b"50/50" in shown
    assert "50 × 201" in out


@pytest.mark.parametrize(
    ("name", "content", "statuses"),
    [
        ("a.json", json.dumps(LEAD), {"201": 1}),
        ("a.json", json.dumps([LEAD, LEAD]), {"201": 1, "409": 1}),
        ("a.jsonl", f"{json.dumps(LEAD)}\n\n{{broken\n[1]\n", {"201": 1, "400": 2}),
        (
            "a.csv",
            "phoneNumber,region,metadata.a\n(509) 555-1234,CA,x\n,,\n5095551234,CA,\n",
            {"201": 1, "409": 1},
        ),
        ("a.csv", "phoneNumber;region\r\n(509) 555-1234;CA\r\n", {"201": 1}),
        ("a.csv", "first_name,phone,region\nJohn,(509) 555-1234,CA\n", {"400": 1}),
        ("a.txt", f"{json.dumps(LEAD)}\n{json.dumps(LEAD)}\n", {"201": 1, "409": 1}),
    ],
)
def test_send_reads_json_jsonl_and_csv(
    sandbox: Running, tmp_path: Path, name: str, content: str, statuses: dict[str, int]
) -> None:
    (tmp_path / name).write_text(content)
    assert in_json(sandbox, "send", str(tmp_path / name))["statuses"] == statuses


def test_send_reads_standard_input_and_names_where_each_reason_came_first(sandbox: Running) -> None:
    text = f"{json.dumps(LEAD)}\n{json.dumps({**LEAD, 'region': 'ca'})}\n"
    summary = in_json(sandbox, "send", "-", text=text)
    assert summary["reasons"] == [
        {"status": 201, "reason": "accepted", "count": 1, "first": "line 1"},
        {"status": 400, "reason": "region (region-case)", "count": 1, "first": "line 2"},
    ]


def test_metadata_columns_and_empty_cells(sandbox: Running, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("phoneNumber,region,email,metadata.colour\n(509) 555-1234,CA,,red\n")
    run(sandbox, "send", str(tmp_path / "a.csv"))
    [lead] = in_json(sandbox, "leads", "list", "--campaign", f"demo.{sandbox.api_key.partition('.')[2]}")[
        "leads"
    ]
    assert lead["lead"] == {**LEAD, "metadata": {"colour": "red"}}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", b"[{]", ":1:3: this isn't JSON"),
        ("a.csv", b"phoneNumber,region\n(509) 555-1234,CA,x\n", "3 cells under 2 columns"),
        ("a.csv", b"phoneNumber,phoneNumber\n1,2\n", "twice"),
        ("a.csv", b"firstName\nJos\xe9\n", "UTF-8"),
        ("a.csv", b"", "nothing in it"),
        ("a.jsonl", b"\n", "no lead"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_place(
    sandbox: Running, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert words in run(sandbox, "send", str(tmp_path / name), code=1)


def test_send_gives_nothing_to_what_is_not_a_sandbox() -> None:
    """A mistake in the address must not text a real person."""
    asked: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = answer  # noqa: N815  the names that http.server wants

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said = run(None, "send", "--sample", "1", "--url", f"http://127.0.0.1:{server.server_port}", code=1)
    server.shutdown()
    server.server_close()
    assert "isn't a sandbox: nothing was sent" in said
    assert asked == ["GET /_sandbox/health"]


def test_samples_are_different_valid_and_the_same_for_a_seed(sandbox: Running) -> None:
    assert list(samples(2_000)) == list(samples(2_000))
    assert len({json.loads(lead)["phoneNumber"] for lead in samples(30_000)}) == 30_000
    assert in_json(sandbox, "send", "--sample", "300", "--seed", "7")["statuses"] == {"201": 300}


def test_requests_are_listed_and_shown_with_reasons(sandbox: Running) -> None:
    run(sandbox, "send", "-", text=json.dumps([LEAD, {**LEAD, "phoneNumber": "5095551234"}]))
    listed = run(sandbox, "requests", "list", "--key", sandbox.api_key)
    assert "already submitted" in listed
    [duplicate] = in_json(sandbox, "requests", "list", "--key", sandbox.api_key, "--status", "409")[
        "requests"
    ]
    shown = run(sandbox, "requests", "show", duplicate["id"])
    assert '"(509) 555-1234" then, "5095551234" now' in shown
    assert in_json(sandbox, "requests", "show", duplicate["id"])["firstPost"]["phone"] == "+15095551234"
    assert "r999999999" in run(sandbox, "requests", "show", "r999999999", code=1)
    assert "status=abc" in run(sandbox, "requests", "list", "--status", "abc", code=1)


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_what_is_exported_can_be_imported_again(serve: Serve, tmp_path: Path, form: str) -> None:
    sandbox = serve()
    run(sandbox, "send", "--sample", "5")
    exported = run(sandbox, "leads", "export", "--format", form)
    assert "5 leads" in run(sandbox, "leads", "clear")
    (tmp_path / f"leads.{form}").write_text(exported)
    assert "5 imported" in run(sandbox, "leads", "import", str(tmp_path / f"leads.{form}"))
    assert in_json(sandbox, "send", "--sample", "5")["statuses"] == {"409": 5}
    assert len(in_json(sandbox, "leads", "list")["leads"]) == 5


def test_leads_in_the_vendors_own_form_are_imported(sandbox: Running, tmp_path: Path) -> None:
    (tmp_path / "known.csv").write_text("phoneNumber,firstName\n(509) 555-1234,Ann\n12,Bob\n")
    campaign = f"demo.{sandbox.api_key.partition('.')[2]}"
    said = run(sandbox, "leads", "import", str(tmp_path / "known.csv"), "--campaign", campaign, code=1)
    assert "1 imported" in said
    assert "lead 2: " in said
    assert sandbox.post().status_code == 409


def test_keys_are_added_listed_and_revoked(serve: Serve) -> None:
    sandbox = serve()
    key = run(sandbox, "keys", "add", "--name", "ci").strip()
    assert sandbox.post(key=key).status_code == 201
    assert "ci" in run(sandbox, "keys", "list")
    assert key not in run(sandbox, "keys", "list")
    assert "ci of demo is revoked" in run(sandbox, "keys", "revoke", "ci")
    assert sandbox.post(key=key).status_code == 401
    assert "no such key" in run(sandbox, "keys", "revoke", "nobody", code=1)


def test_explain_tells_everything_and_keeps_nothing(sandbox: Running) -> None:
    text = run(sandbox, "explain", "-", text='{"phone": "5095551234", "region": "ca"}')
    for wanted in ("400", "rename phone", "Write CA", "region-case"):
        assert wanted in text
    assert in_json(sandbox, "explain", "-", text=json.dumps(LEAD))["status"] == 201
    assert in_json(sandbox, "requests", "list", "--key", sandbox.api_key)["requests"] == []


def test_reset_clear_wait_and_stop(serve: Serve) -> None:
    sandbox = serve()
    run(sandbox, "wait", "--timeout", "5")
    run(sandbox, "send", "--sample", "3")
    assert "3 requests are forgotten" in run(sandbox, "requests", "clear")
    assert in_json(sandbox, "requests", "list")["requests"] == []
    assert len(in_json(sandbox, "leads", "list")["leads"]) == 3
    run(sandbox, "reset")
    assert in_json(sandbox, "leads", "list")["leads"] == []
    run(sandbox, "stop")
    assert sandbox.end() == 0
    assert "No sandbox answers" in run(sandbox, "wait", "--timeout", "0.1", code=1)


def test_a_token_is_sent_along(serve: Serve) -> None:
    sandbox = serve("--token", "let-me-in")
    assert "--token" in run(sandbox, "keys", "list", code=1)
    assert "tes…key" in run(sandbox, "keys", "list", "--token", "let-me-in")
    assert "tes…key" in run(sandbox, "keys", "list", AKTIFY_SANDBOX_TOKEN="let-me-in")


def test_rulings_are_shown_as_set_here_or_as_in_force_there(serve: Serve) -> None:
    strict = json.loads(run(None, "rulings", "--profile", "strict", "--json"))["rulings"]
    assert {row["name"]: row["value"] for row in strict}["phone-format"] == "libphonenumber"
    sandbox = serve("--ruling", "region-case=accept")
    there = in_json(sandbox, "rulings")["rulings"]
    assert {row["name"]: row["value"] for row in there}["region-case"] == "accept"
    assert "own" in run(None, "rulings")


@pytest.mark.parametrize("kind", ["lead", "config", "openapi"])
def test_schemas_are_printed(kind: str) -> None:
    assert json.loads(run(None, "schema", kind))


def test_colours_are_for_terminals_only(sandbox: Running) -> None:
    sandbox.post()
    assert "\x1b" not in run(sandbox, "requests", "list")
