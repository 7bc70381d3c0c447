"""`Sandbox` seen from other processes: the tests that need a process of its own."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

import aktify_sandbox
from aktify_sandbox import Sandbox
from aktify_sandbox.client.local import LocalClient
from aktify_sandbox.server.thread import ServerThread
from aktify_sandbox.settings import Settings
from support.running import Running, clean_environment


@pytest.fixture(scope="module")
def own() -> Iterator[LocalClient]:
    """The client of a server in this process, which several sandboxes share."""
    with ServerThread(Settings(port=0, in_memory=True)) as thread:
        yield LocalClient(thread)


@pytest.fixture(params=["in this process", "elsewhere"])
def box(request: pytest.FixtureRequest, own: LocalClient, shared_sandbox: Running) -> Iterator[Sandbox]:
    """A fresh view on a sandbox in this process, or on one that runs in another."""
    inside = request.param == "in this process"
    with Sandbox(client=own) if inside else Sandbox(shared_sandbox.url) as sandbox:
        yield sandbox


def test_a_process_finds_it_by_the_environment(own: LocalClient) -> None:
    code = (
        "import json, os, urllib.request as u\n"
        "r = u.Request(os.environ['AKTIFY_BASE_URL'] + '/api/v1/leads', json.dumps({'phoneNumber': '5095551234', "
        "'region': 'CA'}).encode(), {'x-api-key': os.environ['AKTIFY_API_KEY'], 'content-type': 'application/json'})\n"
        "print(u.urlopen(r).status)"
    )
    with Sandbox(client=own) as box:
        env = clean_environment(**{"http_proxy": "http://127.0.0.1:9", **box.environment})
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
        listed = subprocess.run(
            [sys.executable, "-m", "aktify_sandbox", "requests", "list"],
            env=env,
            capture_output=True,
            text=True,
        )
        assert (done.stdout, done.stderr) == ("201\n", "")
        assert box.requests.one().id in listed.stdout


def test_the_package_itself_is_cheap_to_import_and_names_what_it_offers() -> None:
    code = (
        "import sys, aktify_sandbox\n"
        "heavy = {'asyncio', 'starlette', 'uvicorn', 'tinydb', 'httpx', 'orjson', 'yaml'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "aktify_sandbox.Sandbox, aktify_sandbox.VerifyFailed, aktify_sandbox.SandboxError"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="has no attribute 'Sandbo'"):
        aktify_sandbox.Sandbo  # noqa: B018  it isn't there
