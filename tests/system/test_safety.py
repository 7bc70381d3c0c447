"""Safety as processes show it: the tests that need a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aktify_sandbox.history.export import FORMS
from support.canary import CANARY, bodies, heads, shown_in
from support.running import COMMAND, LEAD, Running, Serve, all_routes, clean_environment


def everything_shown(sandbox: Running, state: Path) -> dict[str, str]:
    """All that the sandbox keeps and says, by where it stands; the sandbox is stopped for it."""
    paths = [
        "keys",
        "config",
        "campaigns",
        "leads?limit=1000",
        "state",
        "scenarios",
        "force",
        "requests?limit=1000",
    ]
    paths += [f"requests/export?format={form}" for form in ("json", "jsonl", "har", "curl")]
    said = {path: sandbox.http.get(f"/_sandbox/{path}").raise_for_status().text for path in paths}
    ids = [record["id"] for record in json.loads(said["requests?limit=1000"])["requests"]]
    assert len(ids) > 150
    for name in ids:
        for media in ("application/json", "text/plain"):
            said[f"{name} {media}"] = sandbox.http.get(
                f"/_sandbox/requests/{name}", headers={"accept": media}
            ).text
        for form in FORMS:
            said[f"{name} {form}"] = (
                sandbox.http.get(f"/_sandbox/requests/{name}/{form}").raise_for_status().text
            )
    with sandbox.http.stream("GET", "/_sandbox/requests/stream?after=r000000000") as stream:
        for line in stream.iter_lines():
            said["stream"] = said.get("stream", "") + line
            if ids[0] in line:
                break
    sandbox.stop()
    said |= {path.name: path.read_text() for path in state.iterdir()}
    return said | {"terminal": sandbox.output()}


@pytest.mark.parametrize("known", [True, False], ids=["configured", "unknown"])
def test_a_key_is_found_nowhere_on_disk_or_in_output(serve: Serve, tmp_path: Path, *, known: bool) -> None:
    """In whatever shape and place it was sent; an unknown one may be the vendor's own."""
    (tmp_path / "c.yaml").write_text(
        "campaigns:\n  demo:\n"
        f"    keys: [{CANARY if known else 'other-key-1'}, {{key: revoked-key-1, revoked: true}}]\n"
    )
    state = tmp_path / "state"
    log_format = "json" if known else "text"
    sandbox = serve("--config", str(tmp_path / "c.yaml"), "--state", str(state), "--log-format", log_format)
    others = [f"{CANARY}-unknown", "revoked-key-1", f"{CANARY}.a.{CANARY}"]
    keys = (CANARY, f"{CANARY}.name", *(others if known else ()))
    for key in keys:
        own = {"x-api-key": key}
        for body in bodies(CANARY) if key in keys[:1] + keys[3:4] else [b"{}", CANARY.encode()]:
            sandbox.http.post(
                "/api/v1/leads", content=body, headers={**own, "content-type": "application/json"}
            )
        for address, headers in heads(CANARY):
            sandbox.http.post(address, json=LEAD, headers=[*own.items(), *headers])
    sandbox.http.post(
        "/_sandbox/force", json={"status": 503, "times": 5, "key": keys[0], "applies": "any", "body": CANARY}
    )
    if known:
        lead = {"phoneNumber": "(509) 557-1234", "metadata": {CANARY: CANARY}}
        assert sandbox.http.post("/_sandbox/leads", json=lead).json()["imported"] == 1
        refused = sandbox.http.post("/_sandbox/campaigns", json={"name": f"a.{CANARY}"})
        assert (refused.status_code, shown_in(refused.text)) == (400, False)
    shown = everything_shown(sandbox, state)
    assert [place for place, text in shown.items() if shown_in(text)] == []


EXPECTATIONS = f"""
expectations:
  - name: those of {CANARY}
    where: {{key: {CANARY}, status: 400}}
    count: 7
  - where: {{metadata.a: {CANARY}}}
    count: 7
"""


POSTING = """
import os, sys, urllib.error, urllib.request
body = b'{"phoneNumber": "(509) 555-1234", "KEY": "a", "metadata": {"KEY": "b"}}'
for path in ("", "?KEY"):
    headers = {"x-api-key": os.environ["AKTIFY_API_KEY"], "content-type": "application/json"}
    address = os.environ["AKTIFY_BASE_URL"] + "/api/v1/leads" + path
    try:
        urllib.request.urlopen(urllib.request.Request(address, body, headers))
    except urllib.error.HTTPError:
        pass
sys.exit(1)
""".replace("KEY", CANARY).replace(f"AKTIFY_API_{CANARY}", "AKTIFY_API_KEY")


@pytest.mark.parametrize("option", [[], ["--show-pii"]], ids=["masked", "--show-pii"])
def test_no_report_of_a_run_shows_a_key(tmp_path: Path, option: list[str]) -> None:
    """What exec prints, the summary of a GitHub job (which names the command) and JUnit."""
    (tmp_path / "aktify-sandbox.yaml").write_text(f"campaigns:\n  demo:\n    keys: [{CANARY}]\n")
    (tmp_path / "verify.yaml").write_text(EXPECTATIONS)
    (tmp_path / "post.py").write_text(POSTING)
    command = ["exec", *option, "--verify", "verify.yaml", "--junit", "out.xml", "--"]
    done = subprocess.run(
        [*COMMAND, *command, "env", f"AN_ARGUMENT={CANARY}", sys.executable, "post.py"],
        cwd=tmp_path,
        env=clean_environment(GITHUB_STEP_SUMMARY="summary.md"),
        capture_output=True,
        text=True,
    )
    said = {name: (tmp_path / name).read_text() for name in ("out.xml", "summary.md")} | {"err": done.stderr}
    assert done.returncode == 1, done.stderr
    assert "2 requests" in done.stderr
    assert 'failures="2"' in said["out.xml"]
    assert "ARGUMENT" in said["summary.md"]
    assert [place for place, text in said.items() if shown_in(text)] == []


WRONG_DOCUMENTS = {
    "aktify-sandbox.yaml": [
        f"campaigns:\n  demo:\n    keys: {CANARY}\n",
        f"campaigns:\n  demo:\n    keys: [{{key: '{CANARY} '}}]\n",
        f"campaigns:\n  demo:\n    keys: [{CANARY}, {CANARY}]\n",
        f"campaigns:\n  demo:\n    keys: [{{{CANARY}: a}}]\n",
        f"campaigns:\n  demo:\n    keys: [{{key: {CANARY}, name: {CANARY}}}]\n",
        f"token: '{CANARY} a'\n",
    ],
    "scenario.yaml": [
        f"rules:\n  - when: {{key: {{is: {CANARY}}}}}\n    answer: 503\n",
        f"rules:\n  - when: {{header: {{x-api-key: [{CANARY}]}}}}\n    answer: 503\n",
    ],
}


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in WRONG_DOCUMENTS.items() for text in texts]
)
def test_what_is_wrong_with_a_key_in_a_file_is_said_without_it(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    scenario = ["--scenario", "./scenario.yaml"] if name == "scenario.yaml" else []
    done = subprocess.run(
        [*COMMAND, "exec", *scenario, "--", "true"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    assert not shown_in(done.stdout + done.stderr), done.stderr


def test_phone_numbers_and_addresses_are_masked_in_the_terminal_unless_asked(serve: Serve) -> None:
    wrong = {"phoneNumber": "(509) 555-12345", "region": "CA", "email": "someone@example"}
    for options, seen in (((), False), (("--show-pii",), True)):
        sandbox = serve(*options)
        sandbox.post()
        sandbox.post()
        sandbox.post(wrong)
        sandbox.stop()
        lines = [line for line in sandbox.output().splitlines() if "r00000000" in line]
        assert len(lines) == 3
        assert ("+15095551234" in lines[0]) == seen
        assert any("+1509***1234" in line for line in lines) != seen
        assert "555-12345" not in "".join(lines) or seen
        assert "someone@" not in "".join(lines) or seen


WATCHED = """
import os, sys
sys.modules["uvloop"] = None  # its C code tells no hook what it does; asyncio does
out = os.open(os.environ["HOOK_FILE"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def hook(event, arguments):
    if event.startswith(("socket.", "subprocess.", "webbrowser.", "urllib.", "http.", "os.system", "os.exec")):
        os.write(out, (event + "\\n").encode())
sys.addaudithook(hook)
"""


def test_the_sandbox_connects_to_nobody(serve: Serve, tmp_path: Path) -> None:
    """Every event of the interpreter that could reach another machine, from start to stop, whatever is asked."""
    (tmp_path / "sitecustomize.py").write_text(WATCHED)
    seen = tmp_path / "events.txt"
    sandbox = serve("--state", str(tmp_path / "state"), PYTHONPATH=str(tmp_path), HOOK_FILE=str(seen))
    linked = {**LEAD, "linkToShorten": "https://example.com/far-away", "email": "a@example.com"}
    assert [sandbox.post(lead).status_code for lead in (linked, linked, {})] == [201, 409, 400]
    assert sandbox.http.get(sandbox.get("/_sandbox/leads")["leads"][0]["lead"]["link"]).status_code == 302
    strict = sandbox.http.post("/_sandbox/campaigns", json={"profile": "strict"}).json()["apiKey"]
    sandbox.post({"phoneNumber": "(212) 736-5000", "region": "NY", "email": "a@example.com"}, key=strict)
    for method, path in all_routes():
        if path != "/_sandbox/stop":
            with sandbox.http.stream(method, path) as answer:  # one of them never ends
                assert answer.status_code < 500, (method, path)
    assert sandbox.stop() == 0
    events = set(seen.read_text().split())
    assert "socket.bind" in events, "the hook is in force"
    assert events <= {"socket.bind", "socket.__new__", "socket.getsockname"}


def test_control_characters_in_a_request_do_not_reach_the_terminal(sandbox: Running) -> None:
    sandbox.http.post("/%1b[2Jboo%0d%0aHTTP", json=LEAD)
    sandbox.http.get("/_sandbox/health")
    assert "\x1b" not in sandbox.output()
