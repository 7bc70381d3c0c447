"""Clients generated from both documents: their types hold, and they get from a real server what the types promise."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.npm import WORKSPACE, npm_environment, npm_program
from support.paths import ROOT
from support.running import Running, Serve, needs, unmeasured

DOCUMENTS = {"endpoint": "openapi.json", "admin": "openapi-admin.json"}
"""The documents, by the names of the clients."""
PAGE = ROOT / "docs" / "how-to" / "tools.md"


@pytest.fixture
def sandbox(serve: Serve) -> Running:
    return serve("--in-memory")


def run(*command: str | Path, folder: Path, environment: dict[str, str]) -> str:
    """What a program prints; it must succeed."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


COMPILED = ("--strict", "--noUncheckedIndexedAccess", "--module", "nodenext", "--target", "es2022")


def test_a_typescript_client_compiles_and_gets_what_its_types_say(sandbox: Running, tmp_path: Path) -> None:
    environment = npm_environment()
    tools = {name: npm_program(name, WORKSPACE) for name in ("openapi-typescript", "tsc")}
    for name, document in DOCUMENTS.items():
        path = tmp_path / document
        path.write_text(json.dumps(sandbox.get(f"/_sandbox/{document}")))
        run(
            tools["openapi-typescript"],
            path,
            "--output",
            f"{name}.ts",
            folder=tmp_path,
            environment=environment,
        )
    (tmp_path / "aktify.ts").write_text((tmp_path / "endpoint.ts").read_text())
    [block] = re.findall(r"```ts\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "submit.ts").write_text(block)
    (tmp_path / "client.ts").write_text((WORKSPACE / "client.ts").read_text())
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(WORKSPACE.parents[1] / "node_modules")
    run(tools["tsc"], *COMPILED, "client.ts", "submit.ts", folder=tmp_path, environment=environment)
    key = sandbox.http.post("/_sandbox/campaigns").json()["apiKey"]
    node = [needs("node"), "client.js", sandbox.url, key]
    assert json.loads(run(*node, folder=tmp_path, environment=environment)) == {
        "created": [201, "(509) 555-1234"],
        "duplicate": [409, ""],
        "invalid": [400, "phoneNumber"],
        "unknown": [401, ""],
        "listed": [[409, "+15095551234"]],
        "forced": [201, 1, 503],
        "verified": [True, 422],
    }


[CONFIG] = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
MYPY = """
[mypy]
strict = true
warn_redundant_casts = false
[mypy-endpoint_client.client,admin_client.client]
ignore_errors = true
"""
"""What the generator writes into every client isn't strict: its own class, and casts."""
CLIENT = """
import json
import sys

import admin_client.api.forced_answers.force as force
import admin_client.api.requests.list_requests as list_requests
import admin_client.api.requests.verify as verify
import endpoint_client.api.leads.create_lead as create_lead
from admin_client import Client
from admin_client.models import Forced, Order, Problem, RequestPage, ToVerify, Verification
from admin_client.models import ToVerifyWhere
from endpoint_client import AuthenticatedClient
from endpoint_client.models import CreatedLead, Error, Lead, LeadRegion


def post(lead: Lead, key: str) -> tuple[int, str]:
    aktify = AuthenticatedClient(base_url=url, token=key, prefix="", auth_header_name="x-api-key")
    answer = create_lead.sync_detailed(client=aktify, body=lead)
    match answer.parsed:
        case CreatedLead(phone_number=number):
            return answer.status_code, number
        case Error(problems=problems):
            return answer.status_code, ",".join(str(each.field) for each in problems)
        case other:
            return answer.status_code, str(other)


url, key = sys.argv[1:]
lead = Lead(phone_number="(509) 555-1234", region=LeadRegion.CA)
said: dict[str, object] = {
    "created": post(lead, key),
    "duplicate": post(lead, key),
    "invalid": post(Lead.from_dict({"region": "CA", "phoneNumber": "555-1234"}), key),
    "unknown": post(lead, "nobody"),
}
admin = Client(base_url=url)
page = list_requests.sync(client=admin, status="409", key=key, limit=5)
assert isinstance(page, RequestPage)
said["listed"] = [each.phone for each in page.requests]
forced = force.sync(client=admin, body=Order(status=503, times=1))
assert isinstance(forced, Forced)
said["forced"] = [forced.left, post(lead, key)[0]]
found = verify.sync(client=admin, body=ToVerify(where=ToVerifyWhere.from_dict({"status": 503}), count=1))
assert isinstance(found, Verification)
missed = verify.sync(client=admin, body=ToVerify(where=ToVerifyWhere.from_dict({"status": 418})))
assert isinstance(missed, Problem)
said["verified"] = [found.ok, missed.status]
print(json.dumps(said))
"""


def test_a_python_client_has_types_that_hold_and_gets_what_they_say(sandbox: Running, tmp_path: Path) -> None:
    bin_ = Path(sys.executable).parent
    environment = unmeasured(PATH=f"{bin_}{os.pathsep}{os.environ['PATH']}", NO_PROXY="*")
    (tmp_path / "config.yaml").write_text(CONFIG)
    for name, document in DOCUMENTS.items():
        path = tmp_path / document
        path.write_text(json.dumps(sandbox.get(f"/_sandbox/{document}")))
        generate = ("generate", "--fail-on-warning", "--config", "config.yaml", "--meta", "none")
        places = ("--path", str(path), "--output-path", f"{name}_client")
        run(bin_ / "openapi-python-client", *generate, *places, folder=tmp_path, environment=environment)
    (tmp_path / "client.py").write_text(CLIENT)
    (tmp_path / "mypy.ini").write_text(MYPY)
    mypy = (sys.executable, "-m", "mypy")
    run(*mypy, "endpoint_client", "admin_client", "client.py", folder=tmp_path, environment=environment)
    key = sandbox.http.post("/_sandbox/campaigns").json()["apiKey"]
    program = [sys.executable, "client.py", sandbox.url, key]
    assert json.loads(run(*program, folder=tmp_path, environment=environment)) == {
        "created": [201, "(509) 555-1234"],
        "duplicate": [409, ""],
        "invalid": [400, "phoneNumber"],
        "unknown": [401, ""],
        "listed": ["+15095551234"],
        "forced": [1, 503],
        "verified": [True, 422],
    }
