"""The helper for Node and TypeScript, and the page about it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aktify_sandbox.admin.openapi import admin_openapi
from aktify_sandbox.contract.openapi import openapi
from aktify_sandbox.contract.rulings import Rulings
from support.conditions import eventually
from support.paths import ROOT
from support.running import NPM, Running, needs, needs_registry, unmeasured

NODE = ROOT / "examples" / "node"
HELPER = NODE / "sandbox.js"
PAGE = (ROOT / "docs" / "how-to" / "node.md").read_text()
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

INTERFACE = re.compile(r"^export interface (\w+)(?: extends (\w+))? \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
MEMBER = re.compile(r"^  (\w+)(\??):", re.MULTILINE)
OURS = {"StartOptions", "Sandbox", "Campaign", "Expectation"}
"""Types of the helper itself."""


def members() -> dict[str, dict[str, bool]]:
    """The members of the helper's types, and whether they may be missing."""
    found: dict[str, dict[str, bool]] = {}
    for name, extended, body in INTERFACE.findall(HELPER.with_suffix(".d.ts").read_text()):
        own = {member: bool(mark) for member, mark in MEMBER.findall(body)}
        found[name] = found.get(extended, {}) | own
    return {name: each for name, each in found.items() if name not in OURS}


@pytest.mark.parametrize("name", members())
def test_the_types_are_those_of_the_openapi_document(name: str) -> None:
    documents = (admin_openapi("1", "http://127.0.0.1"), openapi(Rulings.of(), "1", "http://127.0.0.1"))
    admin, endpoint = (each["components"]["schemas"] for each in documents)
    schema = (endpoint if name in ("Lead", "CreatedLead") else admin)[name]
    required = schema.get("required", [])
    expected = {member: member not in required for member in schema["properties"]}
    if name == "Order":
        del expected["campaign"]  # `force` adds it
    assert members()[name] == expected


USES_IT = f"""
import {{ startSandbox }} from "{HELPER}";
const sandbox = await startSandbox();
const aktify = await sandbox.campaign();
const post = () => fetch(`${{aktify.url}}/api/v1/leads`, {{
  method: "POST",
  headers: {{ "x-api-key": aktify.apiKey, "content-type": "application/json" }},
  body: JSON.stringify({{ phoneNumber: "(509) 555-0100", region: "CA" }}),
}});
"""


def node(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """What a test of that code does and says."""
    program = [needs("node"), "--input-type=module", "--eval", USES_IT + code]
    env = unmeasured(**{"PATH": PATH, **environment})
    return subprocess.run(program, env=env, capture_output=True, text=True, timeout=120)


def is_running(url: str) -> bool:
    try:
        return httpx.get(f"{url}/_sandbox/health", trust_env=False).is_success
    except httpx.TransportError:
        return False


def test_without_an_address_it_starts_a_sandbox_that_ends_with_the_tests() -> None:
    done = node("await post(); console.log(sandbox.url, (await aktify.leads()).length)")
    url, leads = done.stdout.split()
    assert (leads, done.returncode) == ("1", 0)
    eventually(lambda: not is_running(url))


def test_the_sandbox_ends_when_the_tests_are_killed() -> None:
    program = [
        needs("node"),
        "--input-type=module",
        "--eval",
        f"{USES_IT} console.log(sandbox.url); await post;",
    ]
    program[-1] += "setInterval(() => {}, 1000)"
    tests = subprocess.Popen(program, env=unmeasured(PATH=PATH), stdout=subprocess.PIPE, text=True)
    with tests:
        assert tests.stdout is not None
        url = tests.stdout.readline().strip()
        assert is_running(url)
        tests.send_signal(signal.SIGKILL)
    eventually(lambda: not is_running(url))


def test_stop_waits_until_it_has_ended() -> None:
    done = node(
        "await sandbox.stop(); await fetch(sandbox.url).then(() => 'runs', () => 'ended').then(console.log)"
    )
    assert done.stdout == "ended\n", done.stderr


def test_with_an_address_it_uses_that_sandbox_and_leaves_it_running(tmp_path: Path) -> None:
    sandbox = Running(tmp_path, "--in-memory", "--token", "let-me-in")
    environment = {
        "AKTIFY_SANDBOX_URL": sandbox.url,
        "AKTIFY_SANDBOX_TOKEN": "let-me-in",
        "PATH": os.environ["PATH"],
    }
    try:
        done = node("console.log(sandbox.url); await sandbox.stop()", **environment)
        assert done.stdout == f"{sandbox.url}\n", done.stderr
        assert is_running(sandbox.url)
        refused = node("", **environment | {"AKTIFY_SANDBOX_TOKEN": "wrong"})
        assert "status: 401" in refused.stderr
    finally:
        sandbox.stop()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (
            {"AKTIFY_SANDBOX_COMMAND": "no-such-command --x"},
            '"no-such-command --x" wasn\'t found.\nFix: install',
        ),
        ({"AKTIFY_SANDBOX_COMMAND": "sh -c 'echo because >&2; exit 3'"}, "exit code 3.\nbecause"),
        (
            {"AKTIFY_SANDBOX_URL": "127.0.0.1:1"},
            "No sandbox answers at http://127.0.0.1:1. Fix: start it, or unset AKTIFY_SANDBOX_URL",
        ),
        ({"AKTIFY_SANDBOX_URL": "http://"}, '"http://" isn\'t an address. Fix:'),
        ({"AKTIFY_SANDBOX_URL": ""}, "AKTIFY_SANDBOX_URL is empty. Fix:"),
    ],
)
def test_what_keeps_it_from_starting_is_said(environment: dict[str, str], said: str) -> None:
    done = node("", **environment)
    assert done.returncode == 1
    assert said in done.stderr


def test_verify_throws_the_nearest_misses() -> None:
    done = node("""
        await post();
        await aktify.verify({ where: { region: "CA" }, count: 1 });
        await aktify.verify({ where: { region: "NV" } }).catch((error) => console.log(error.problem.status));
        setTimeout(post, 200);
        await aktify.waitFor({ where: { status: 409 } });
        console.log((await aktify.requests()).map(({ response }) => response.status).join());
    """)
    assert done.stdout.split() == ["422", "201,409"], done.stderr


def test_requests_with_another_key_or_to_a_wrong_path_are_strays() -> None:
    done = node("""
        const other = await sandbox.campaign();
        const send = (path, key) => fetch(aktify.url + path, { method: "POST", headers: { "x-api-key": key } });
        await send("/api/v1/lead", aktify.apiKey);
        await send("/api/v1/leads", "test-key");
        await send("/api/v1/leads", other.apiKey);
        await post();
        console.log((await sandbox.strays()).map(({ response }) => response.status).join());
        await aktify.verify({ where: { region: "NV" } }).catch((error) => console.log(error.message));
    """)
    strays, *message = done.stdout.splitlines()
    assert strays == "404,400", done.stderr
    assert [re.sub(r"r\d+", "ID", row) for row in message[-3:]] == [
        "2 requests didn't reach this campaign:",
        "  ID 404 POST /api/v1/lead: There is no /api/v1/lead. Did you mean POST /api/v1/leads?",
        "  ID 400 POST /api/v1/leads with the key tes…key of the campaign demo: The content type is missing.",
    ]


def test_on_a_shared_sandbox_requests_of_others_are_no_strays(tmp_path: Path) -> None:
    sandbox = Running(tmp_path, "--in-memory")
    try:
        done = node(
            """
            const { apiKey } = await (await fetch(`${sandbox.url}/_sandbox/campaigns`, {
              method: "POST", headers: { "content-type": "application/json" }, body: "{}",
            })).json();
            const url = `${aktify.url}/api/v1/leads`;
            const send = (key) => fetch(url, { method: "POST", headers: { "x-api-key": key } });
            for (const key of [apiKey, `${aktify.apiKey}.other`, "nonsense", "test-key"]) await send(key);
            console.log((await sandbox.strays()).map(({ response }) => response.status).join());
            """,
            AKTIFY_SANDBOX_URL=sandbox.url.removeprefix("http://"),
        )
    finally:
        sandbox.stop()
    assert done.stdout == "400,401,400\n", done.stderr


def test_check_finds_a_forced_answer_that_was_not_used() -> None:
    done = node("""
        await aktify.check();
        await aktify.force({ status: 503, times: 2 });
        await post();
        await aktify.check().catch((error) => console.log(error.message));
        await post();
        await aktify.check();
    """)
    assert done.stdout.splitlines()[-1] == '  {"status":503}: 1 of 2 left', done.stderr
    assert done.returncode == 0


def test_an_error_points_to_the_line_of_the_test() -> None:
    done = node("""
        const place = (error) => error.stack.split("\\n").find((line) => line.startsWith("    at"));
        await aktify.verify({}).catch((error) => console.log(place(error)));
        await sandbox.campaign({ link: "none" }).catch((error) => console.log(place(error)));
        await startSandbox({ args: ["--no-magic"] }).catch((error) => console.log(place(error)));
    """)
    assert done.stdout.count("eval") == 3, done.stdout + done.stderr
    assert str(HELPER) not in done.stdout


def test_after_stop_it_says_that_it_was_stopped() -> None:
    done = node("await sandbox.stop(); await aktify.leads().catch((error) => console.log(error.message))")
    assert done.stdout.endswith("It was stopped by stop().\n"), done.stderr


def test_more_requests_than_a_page_holds_are_all_there() -> None:
    done = node("""
        for (let batch = 0; batch < 21; batch++) {
          await Promise.all(Array.from({ length: 50 }, async () => (await post()).text()));
        }
        console.log((await aktify.requests()).length, (await aktify.leads()).length);
    """)
    assert done.stdout == "1050 1\n", done.stderr


# the page

TRAPS = """
import axios from "axios";
const lead = { phoneNumber: "(509) 555-0101", region: "CA" };
const url = `${aktify.url}/api/v1/leads`;
const headers = { "x-api-key": aktify.apiKey, "content-type": "application/json" };
const byAxios = (more) => axios.post(url, lead, { headers, ...more })
  .then((answer) => answer.status, (error) => error.code);
const byFetch = (more) => fetch(url, { method: "POST", headers, body: JSON.stringify(lead), ...more })
  .then((answer) => answer.status, (error) => error.message);
const elsewhere = { status: 302, headers: { Location: "/elsewhere" } };
const redirected = { axios: { maxRedirects: 0, validateStatus: () => true }, fetch: { redirect: "manual" } };
const said = {};
for (const [name, send] of Object.entries({ axios: byAxios, fetch: byFetch })) {
  said[name] = [];
  for (const [forced, more] of [[{ status: 409 }], [{ fault: "reset" }], [elsewhere], [elsewhere, redirected[name]]]) {
    await aktify.force(forced);
    said[name].push(await send(more));
  }
  await aktify.force({ fault: "truncate" });
  said[name].push(await send());
}
said.requests = (await aktify.requests()).length;
console.log(JSON.stringify(said));
"""


def test_the_clients_have_the_traps_that_the_page_names(packages: Path, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(packages)
    (tmp_path / "traps.mjs").write_text(USES_IT + TRAPS)
    env = unmeasured(PATH=PATH, http_proxy="http://127.0.0.1:9")
    done = subprocess.run(
        [needs("node"), "traps.mjs"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120
    )
    said = json.loads(done.stdout or done.stderr)
    assert said["axios"] == ["ERR_BAD_REQUEST", "ECONNRESET", "ERR_BAD_REQUEST", 302, "ERR_BAD_RESPONSE"]
    assert said["fetch"] == [409, "fetch failed", 404, 302, 201]
    assert said["requests"] == 10  # neither sent one again


BLOCK = re.compile(r"^## (.+?)$|```(\w+)\n// (\S+)\n(.*?)```", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the examples install."""
    folder = tmp_path_factory.mktemp("packages")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(NODE / name, folder)
    done = subprocess.run(
        [needs("npm"), "ci"], cwd=folder, env=unmeasured(**NPM), capture_output=True, text=True, timeout=300
    )
    needs_registry(done.stderr)
    assert done.returncode == 0, done.stderr
    return folder / "node_modules"


def files_of(section: str) -> Iterator[tuple[str, str]]:
    """The files that a reader of this section has: its own, and those of the sections before the runners."""
    heading = ""
    for title, _, name, code in BLOCK.findall(PAGE):
        heading = title or heading
        if name and (heading == section or not heading.startswith("With ")):
            yield name, code


@pytest.mark.parametrize(
    ("section", "command", "passed"),
    [
        ("With vitest", "npx vitest run", r"Tests +3 passed \(3\)"),
        ("With jest", "npx jest", r"Tests: +3 passed, 3 total"),
        ("With node:test", "node --test leads.test.js", r"pass 2\n"),
    ],
)
def test_the_page_is_what_really_happens(
    packages: Path, tmp_path: Path, section: str, command: str, passed: str
) -> None:
    for name in ("sandbox.js", "sandbox.d.ts"):
        shutil.copy(NODE / name, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}' if section == "With node:test" else "{}")
    for name, code in files_of(section):
        (tmp_path / name).write_text(code)
    (tmp_path / "node_modules").symlink_to(packages)
    env = unmeasured(PATH=PATH, NO_COLOR="1", http_proxy="http://127.0.0.1:9", **NPM)
    for words in ("npx tsc", command):
        done = subprocess.run(
            ["sh", "-c", words], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(passed, done.stdout + done.stderr), done.stdout + done.stderr
