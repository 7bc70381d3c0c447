"""The fixture among libraries that replace answers, sockets, files, clock and threads in the test's own process."""

import subprocess
import sys

import pytest

from support.plugins import OTHERS, REPLACING, own_environment  # noqa: F401  a fixture that is used by itself
from support.running import Running, clean_environment

HEAD = """
import asyncio, json, os, pytest, requests
from unittest import mock
LEAD = {"phoneNumber": "(509) 555-1234", "region": "CA"}

def use(sandbox):
    sandbox.verify(0)
    sandbox.force(503)
    assert (sandbox.leads, sandbox.requests.statuses) == ([], [])
    with pytest.raises(AssertionError):
        sandbox.wait_for(timeout=0.01)
    assert "no request" in sandbox.report()
    sandbox.scenario("flaky")
    assert sandbox.environment["AKTIFY_API_KEY"] == sandbox.api_key
    sandbox.reset()

def post(sandbox):
    headers = {"x-api-key": sandbox.api_key}
    return requests.post(sandbox.endpoint, json=LEAD, headers=headers, proxies={"http": ""}).status_code
"""
LIBRARIES = """
def test_without(aktify_sandbox): use(aktify_sandbox)

@pytest.mark.parametrize("name", ["httpx_mock", "respx_mock", "requests_mock", "pook", "fs"])
@pytest.mark.parametrize("first", [True, False])
def test_fixture(request, name, first):
    replaced = request.getfixturevalue(name) if first else None
    sandbox = request.getfixturevalue("aktify_sandbox")
    request.getfixturevalue(name)
    use(sandbox)
    if name == "fs":
        assert post(sandbox) == 503 and not os.path.exists(__file__)
        sandbox.force(400); sandbox.verify(1); sandbox.reset()

def test_respx_over_httpx(aktify_sandbox):
    import respx
    with respx.mock(using="httpx"): use(aktify_sandbox)

def test_vcr(aktify_sandbox, tmp_path):
    import vcr
    with vcr.VCR(record_mode="none").use_cassette(str(tmp_path / "c.yaml")): use(aktify_sandbox)

def test_responses(aktify_sandbox):
    import responses
    with responses.mock: use(aktify_sandbox)

def test_aioresponses(aktify_sandbox):
    from aioresponses import aioresponses
    with aioresponses(): use(aktify_sandbox)

def frozen(kind):
    if kind == "freezegun":
        from freezegun import freeze_time
        return freeze_time("2020-01-01")
    import time_machine
    return time_machine.travel("2020-01-01", tick=False)

@pytest.mark.parametrize("kind", ["freezegun", "time-machine"])
def test_a_frozen_clock_is_not_the_journals_and_no_wait_hangs(kind, aktify_sandbox):
    with frozen(kind):
        use(aktify_sandbox)
        assert post(aktify_sandbox) == 503
        assert len(aktify_sandbox.wait_for(1)) == 1
    assert not aktify_sandbox.requests[0]["receivedAt"].startswith("2020")
    assert aktify_sandbox.requests[0]["durationMs"] > 0
"""
TARGETS = [
    "asyncio.run_coroutine_threadsafe",
    "asyncio.get_running_loop",
    "asyncio.sleep",
    "asyncio.to_thread",
    "asyncio.wait",
    "asyncio.wait_for",
    "builtins.open",
    "datetime.datetime",
    "http.client.HTTPConnection",
    "httpx.Client",
    "httpx.AsyncClient",
    "httpx.HTTPTransport.handle_request",
    "json.dumps",
    "json.loads",
    "os.listdir",
    "os.path.exists",
    "os.stat",
    "os.write",
    "pathlib.Path.is_file",
    "pathlib.Path.read_text",
    "pathlib.Path.stat",
    "requests.post",
    "secrets.token_hex",
    "select.select",
    "socket.create_connection",
    "socket.getaddrinfo",
    "socket.socket",
    "socket.socket.connect",
    "ssl.create_default_context",
    "threading.Thread",
    "time.monotonic",
    "time.sleep",
    "time.time",
    "uuid.uuid4",
]
PATCHES = f"""
TARGETS = {TARGETS!r}

@pytest.mark.parametrize("what", TARGETS)
@pytest.mark.parametrize("first", [True, False])
def test_patch(request, what, first):
    if not first: request.getfixturevalue("aktify_sandbox")
    with mock.patch(what): use(request.getfixturevalue("aktify_sandbox"))

def test_the_environments_own_methods(aktify_sandbox):
    with mock.patch("os.environ.get"): use(aktify_sandbox)

def test_what_the_sandbox_does_each_second_goes_on(aktify_sandbox):
    import time
    with mock.patch("asyncio.sleep"), mock.patch("datetime.datetime"), mock.patch("time.time"):
        time.sleep(1.5)  # it looks at scenario files, and at the clock
        use(aktify_sandbox)
"""


@pytest.fixture(params=["own", "elsewhere"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, shared_sandbox: Running) -> str:
    """Whose sandbox the fixture uses: its own, or one that runs already, as under `exec`."""
    if request.param == "elsewhere":
        monkeypatch.setenv("AKTIFY_SANDBOX_URL", shared_sandbox.url)
    return str(request.param)


def run(pytester: pytest.Pytester, tests: str, *options: str, ini: str = "") -> pytest.RunResult:
    pytester.makeini(f"[pytest]\n{ini}")
    pytester.makepyfile(test_it=HEAD + tests)
    quiet = [part for name in OTHERS if name not in REPLACING for part in ("-p", f"no:{name}")]
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *quiet, *options, timeout=120)


def test_no_library_that_replaces_something_takes_the_fixtures_own_calls(
    pytester: pytest.Pytester, place: str
) -> None:
    result = run(pytester, LIBRARIES)
    result.assert_outcomes(passed=17)


TRANSPORTS = """
import httpx

def posted(sandbox):
    with httpx.Client(base_url="http://vendor.example", transport=sandbox.transport()) as client:
        found = [client.post("/api/v1/leads", json=LEAD, headers={"x-api-key": sandbox.api_key}) for _ in range(2)]

    async def post():
        async with httpx.AsyncClient(base_url="http://vendor.example", transport=sandbox.async_transport()) as client:
            return await client.post("/api/v1/leads", json=LEAD, headers={"x-api-key": sandbox.api_key})

    return [answer.status_code for answer in (*found, asyncio.run(post()))]

def check(sandbox):
    assert posted(sandbox) == [201, 409, 409]
    sandbox.verify(3)

def refused():
    with pytest.raises(Exception): httpx.get("http://vendor.example", trust_env=False)

def test_respx(aktify_sandbox, respx_mock):
    refused()
    check(aktify_sandbox)

def test_pytest_httpx(aktify_sandbox, httpx_mock):
    check(aktify_sandbox)

@pytest.mark.httpx_mock(assert_all_requests_were_expected=False)
def test_pytest_httpx_is_in_force(aktify_sandbox, httpx_mock):
    refused()
    check(aktify_sandbox)

def test_vcr(aktify_sandbox, tmp_path):
    import vcr
    with vcr.VCR(record_mode="none").use_cassette(str(tmp_path / "c.yaml")):
        refused()
        check(aktify_sandbox)

@pytest.mark.parametrize("kind", ["freezegun", "time-machine"])
def test_a_frozen_clock(kind, aktify_sandbox):
    if kind == "freezegun":
        from freezegun import freeze_time
        frozen = freeze_time("2020-01-01")
    else:
        import time_machine
        frozen = time_machine.travel("2020-01-01", tick=False)
    with frozen: check(aktify_sandbox)
"""


def test_no_library_that_replaces_answers_takes_those_of_the_transports(
    pytester: pytest.Pytester, place: str
) -> None:
    """Nor a library that replaces the clock keeps them from coming."""
    run(pytester, TRANSPORTS).assert_outcomes(passed=6)


def test_what_a_test_patches_is_patched_for_its_own_code_alone(pytester: pytest.Pytester, place: str) -> None:
    result = run(pytester, PATCHES)
    result.assert_outcomes(passed=2 * len(TARGETS) + 2)


def test_the_first_test_may_have_replaced_the_file_system_before(pytester: pytest.Pytester) -> None:
    result = run(
        pytester, "def test_it(fs, aktify_sandbox): use(aktify_sandbox); assert post(aktify_sandbox) == 503"
    )
    result.assert_outcomes(passed=1)


def test_pytest_httpx_under_exec(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(aktify_sandbox, httpx_mock): aktify_sandbox.verify(0)")
    command = [sys.executable, "-m", "aktify_sandbox", "exec", "--", sys.executable, "-m", "pytest", "-q"]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60)
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout + done.stderr


def test_with_sockets_forbidden_the_fixture_works_and_says_how_to_allow_loopback(
    pytester: pytest.Pytester, place: str
) -> None:
    tests = """
def test_own_calls(aktify_sandbox):
    use(aktify_sandbox)

def test_posts(aktify_sandbox):
    assert post(aktify_sandbox) == 201
"""
    options = ("-p", "no:warnings")
    result = run(pytester, tests, "--disable-socket", *options)
    result.assert_outcomes(passed=1, failed=1)
    assert "Fix: give --allow-hosts=127.0.0.1" in result.stdout.str()
    run(pytester, tests, "--disable-socket", "--allow-hosts=127.0.0.1", *options).assert_outcomes(passed=2)


def test_without_a_socket_httpx_works_though_sockets_are_forbidden(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
def test_it(aktify_sandbox):
    import httpx
    with httpx.Client(transport=aktify_sandbox.transport(), base_url="https://vendor.example") as client:
        headers = {"x-api-key": aktify_sandbox.api_key}
        assert client.post("/api/v1/leads", json=LEAD, headers=headers).status_code == 201
""",
        "--disable-socket",
    )
    result.assert_outcomes(passed=1)


GREEN = {
    "gevent": "import gevent.monkey; gevent.monkey.patch_all()",
    "eventlet": "import warnings; warnings.simplefilter('ignore'); import eventlet; eventlet.monkey_patch()",
}


@pytest.mark.parametrize("library", GREEN)
@pytest.mark.parametrize("when", ["before", "after"])
def test_where_greenlets_stand_for_threads_it_fails_at_once_and_says_what_to_do(
    library: str, when: str
) -> None:
    lines = [GREEN[library], "from aktify_sandbox import Sandbox, SandboxDied", "sandbox = Sandbox()"]
    lines += [
        "try: sandbox.start(); sandbox.verify(0)",
        "except SandboxDied as error: print(error, flush=True)",
    ]
    if when == "after":
        lines = [*lines[1:3], "sandbox.start()", GREEN[library], *lines[3:]]
        lines[4] = "try: sandbox.verify(0)"
    code = "\n".join([*lines, "import os; os._exit(0)"])
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean_environment(), capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith(f"{library} has replaced the threads"), done.stdout + done.stderr
    assert "Fix: let the sandbox be a process of its own" in done.stdout


@pytest.mark.parametrize("library", GREEN)
def test_a_sandbox_elsewhere_works_among_greenlets_and_a_wait_lets_them_go_on(
    library: str, shared_sandbox: Running
) -> None:
    spawn = "gevent.spawn" if library == "gevent" else "eventlet.spawn"
    code = f"""{GREEN[library]}
import time, urllib.request, json
from aktify_sandbox import Sandbox
with Sandbox({shared_sandbox.url!r}) as sandbox:
    def later():
        time.sleep(0.1)
        body = json.dumps({{"phoneNumber": "(509) 555-1234", "region": "CA"}}).encode()
        headers = {{"x-api-key": sandbox.api_key, "content-type": "application/json"}}
        urllib.request.urlopen(urllib.request.Request(sandbox.endpoint, body, headers)).read()
    {spawn}(later)
    print(sandbox.wait_for(1, timeout=20).statuses)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**clean_environment(), "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "[201]\n", done.stderr


@pytest.mark.parametrize(
    "what", ["threading.Thread", "socket.socket", "os.write", "builtins.open", "time.time"]
)
def test_a_first_sandbox_starts_under_a_patch(what: str) -> None:
    code = f"""
from unittest import mock
from aktify_sandbox import Sandbox
with mock.patch({what!r}), Sandbox() as sandbox:
    print(sandbox.leads, sandbox.requests.statuses)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean_environment(), capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "[] []\n", done.stderr


def test_without_uvloop_a_frozen_clock_does_not_stop_the_sandboxs_timers() -> None:
    code = """
import sys
sys.modules["uvloop"] = None
from freezegun import freeze_time
from aktify_sandbox import Sandbox, VerifyFailed
with freeze_time("2020-01-01"), Sandbox() as sandbox:
    try: sandbox.wait_for(timeout=0.1)
    except VerifyFailed: print("over")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean_environment(), capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "over\n", done.stderr
