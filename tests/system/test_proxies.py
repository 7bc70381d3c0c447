"""What starts a client keeps its requests off proxies: they go to the sandbox, and nowhere else."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.proxies import exempting
from support.running import COMMAND, Running, clean_environment, needs

PYTHON = "import os, sys; url = os.environ['AKTIFY_BASE_URL'] + '/api/v1/leads'; "
JAVA = """
import java.net.*;

class Client {
    public static void main(String[] given) throws Exception {
        var url = new URL(System.getenv("AKTIFY_BASE_URL") + "/api/v1/leads");
        var connection = (HttpURLConnection) url.openConnection();
        connection.setDoOutput(true);
        connection.getOutputStream().write("x".getBytes());
        connection.getResponseCode();
    }
}
"""
CLIENTS: dict[str, tuple[str, str, list[str]]] = {
    "curl": ("curl", "", ["sh", "-c", 'curl -s -o /dev/null -d x "$AKTIFY_BASE_URL/api/v1/leads"']),
    "requests": ("", "", [sys.executable, "-c", f"{PYTHON}import requests; requests.post(url, data=b'x')"]),
    "httpx": ("", "", [sys.executable, "-c", f"{PYTHON}import httpx; httpx.post(url, content=b'x')"]),
    "node": (
        "node",
        "await fetch(`${process.env.AKTIFY_BASE_URL}/api/v1/leads`, {method: 'POST', body: 'x'})\n",
        ["node", "client.mjs"],
    ),
    "ruby": (
        "ruby",
        "require 'net/http'\nNet::HTTP.post(URI(ENV['AKTIFY_BASE_URL'] + '/api/v1/leads'), 'x')\n",
        ["ruby", "client.rb"],
    ),
    "perl": (
        "perl",
        "use HTTP::Tiny; HTTP::Tiny->new->post(\"$ENV{AKTIFY_BASE_URL}/api/v1/leads\", {content => 'x'});\n",
        ["perl", "client.pl"],
    ),
    "java": ("javac", JAVA, ["java", "Client.java"]),
}
"""The program that each needs, its file, and the command."""


@pytest.fixture
def proxied() -> Iterator[tuple[dict[str, str], list[str]]]:
    """An environment with a proxy for all, and what has come there."""
    came: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(self.path)
            self.send_error(502)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        java = f"-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort={server.server_port} -Dhttp.nonProxyHosts=*.corp"
        environment = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"), url)
        exempt = {"no_proxy": "intra.example", "NO_PROXY": ""}
        yield clean_environment(**environment, **exempt, JAVA_TOOL_OPTIONS=java), came
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_that_exec_starts_reaches_the_sandbox_and_no_proxy(
    tmp_path: Path, proxied: tuple[dict[str, str], list[str]], name: str
) -> None:
    program, code, command = CLIENTS[name]
    if program:
        needs(program)
    if code:
        (tmp_path / command[-1]).write_text(code)
    environment, came = proxied
    done = subprocess.run(
        [*COMMAND, "exec", "--expect", "401 == 1", "--", *command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert came == []
    assert done.returncode == 0, done.stderr


def test_a_test_reaches_the_sandbox_and_no_proxy_and_has_its_own_variables_back(
    tmp_path: Path, proxied: tuple[dict[str, str], list[str]]
) -> None:
    (tmp_path / "test_it.py").write_text(
        "import os, httpx, requests\n"
        "def proxies():\n"
        "    return {name: os.environ.get(name) for name in ('NO_PROXY', 'no_proxy')}\n"
        "before = proxies()\n"
        "def test_posts(aktify_sandbox):\n"
        "    httpx.post(aktify_sandbox.endpoint)\n"
        "    requests.post(aktify_sandbox.endpoint)\n"
        "    assert len(aktify_sandbox.strays) == 2\n"
        "    assert proxies() == dict.fromkeys(before, 'intra.example,127.0.0.1')\n"
        "def test_afterwards():\n"
        "    assert proxies() == before == {'NO_PROXY': '', 'no_proxy': 'intra.example'}\n"
    )
    environment, came = proxied
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "2 passed" in done.stdout, done.stdout
    assert came == []


def test_commands_reach_their_sandbox_and_no_proxy(
    proxied: tuple[dict[str, str], list[str]], sandbox: Running
) -> None:
    environment, came = proxied
    command = [*COMMAND, "force", "503", "--key", sandbox.api_key, "--url", sandbox.url]
    subprocess.run(
        command, env=environment | {"no_proxy": "", "NO_PROXY": ""}, check=True, capture_output=True
    )
    assert sandbox.post().status_code == 503
    assert came == []


@pytest.mark.parametrize(
    ("given_lower", "given_upper", "lower", "upper"),
    [
        (None, None, "127.0.0.1", "127.0.0.1"),
        ("", "", "127.0.0.1", "127.0.0.1"),
        ("*", None, "*", "*"),
        ("*", "a.example", "*", "a.example,127.0.0.1"),
        ("a.example", None, "a.example,127.0.0.1", "a.example,127.0.0.1"),
        (None, "a.example, b", "a.example, b,127.0.0.1", "a.example, b,127.0.0.1"),
        ("a", "b", "a,127.0.0.1", "b,127.0.0.1"),
        ("a,127.0.0.1", "a 127.0.0.1", "a,127.0.0.1", "a 127.0.0.1"),
        ("127.0.0.10", None, "127.0.0.10,127.0.0.1", "127.0.0.10,127.0.0.1"),
    ],
)
def test_what_is_exempt_stays_so_in_both_spellings(
    given_lower: str | None, given_upper: str | None, lower: str, upper: str
) -> None:
    environment = {"no_proxy": given_lower, "NO_PROXY": given_upper, "PATH": "/bin"}
    present = {name: value for name, value in environment.items() if value is not None}
    assert exempting("http://127.0.0.1:8509", present) == {"no_proxy": lower, "NO_PROXY": upper}


@given(
    st.lists(st.sampled_from(["a.example", ".corp", "10.0.0.0/8", "::1", "127.0.0.1", "*"])), st.booleans()
)
def test_to_exempt_it_twice_is_to_exempt_it_once(entries: list[str], is_upper: bool) -> None:
    once = exempting("http://127.0.0.1:1", {"NO_PROXY" if is_upper else "no_proxy": ",".join(entries)})
    assert exempting("http://127.0.0.1:1", once) == once
    assert all(set(value.split(",")) >= set(entries) for value in once.values())
