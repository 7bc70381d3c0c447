"""Wheel, editable install and checkout all find what is bundled."""

import json
import os
import re
import shutil
import signal
import subprocess
import venv
import zipfile
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from aktify_sandbox.bundled import bundled
from support.conditions import eventually
from support.paths import ROOT


def run(*command: str | Path, cwd: Path, **more: str) -> str:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "COVERAGE", "AKTIFY"))
    }
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**environment, **more}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_checkout_finds_its_fixtures_and_scenarios() -> None:
    assert bundled("fixtures") == ROOT / "fixtures"
    assert (bundled("scenarios") / "flaky.yaml").is_file()


def test_the_wheel_holds_the_data_and_nothing_at_the_top_but_the_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"aktify_sandbox"}
    for wanted in (
        "bundled/fixtures/leads.csv",
        "bundled/scenarios/flaky.yaml",
        "bundled/scenarios/built-in/numbers.yaml",
        "contract/lead.schema.json",
        *(f"inspector/{path.name}" for path in (ROOT / "sandbox/aktify_sandbox/inspector").iterdir()),
        "py.typed",
    ):
        assert f"aktify_sandbox/{wanted}" in names


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and what it needs, and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    run(folder / "bin" / "pip", "install", "--quiet", wheel, cwd=folder)
    return folder


def test_the_wheel_works_in_an_empty_environment_from_an_empty_folder(
    environment: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    program = environment / "bin" / "aktify-sandbox"
    where = "from aktify_sandbox.bundled import bundled; print(bundled('fixtures') / 'leads.csv')"
    leads = Path(run(environment / "bin" / "python", "-c", where, cwd=empty).strip())
    assert environment in leads.parents
    ready = empty / "ready.json"
    with subprocess.Popen(
        [program, "serve", "--port", "0", "--ready-file", ready], cwd=empty, stdout=subprocess.DEVNULL
    ) as server:
        eventually(lambda: ready.exists() or server.poll() is not None)
        url = json.loads(ready.read_text())["url"]
        page = urlopen(Request(f"{url}/_sandbox/", headers={"Accept": "text/html"}))
        with page, urlopen(f"{url}/_sandbox/inspector/main.js") as script:
            assert b"inspector/main.js" in page.read()
            assert script.headers["content-type"].startswith("text/javascript")
        summary = json.loads(run(program, "send", leads, "--url", url, "--json", cwd=empty))
        assert sum(summary["statuses"].values()) == 1_000
        run(program, "stop", "--url", url, cwd=empty)
        assert server.wait(60) == 0
    assert (empty / ".aktify-sandbox" / "log.jsonl").is_file()


SIGNUP = """
import json, os, urllib.request


def signup():
    base, key = os.environ["AKTIFY_BASE_URL"], os.environ["AKTIFY_API_KEY"]
    lead = json.dumps({"phoneNumber": "(509) 555-1234", "region": "CA"}).encode()
    headers = {"x-api-key": key, "content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{base}/api/v1/leads", lead, headers)) as answer:
        return answer.status
"""
PROJECT = {
    "signup.py": SIGNUP,
    "test_signup.py": """
from signup import signup

def test_posts_a_lead(aktify_sandbox):
    assert signup() == 201
    assert aktify_sandbox.leads.one()["region"] == "CA"

def test_posts_it_again(aktify_sandbox):
    assert signup() == 201
""",
    "in_unittest.py": """
import os, unittest
from unittest import mock
from aktify_sandbox import Sandbox
from signup import signup

class SignupTest(unittest.TestCase):
    def test_posts_a_lead(self):
        with Sandbox() as sandbox, mock.patch.dict(os.environ, sandbox.environment):
            self.assertEqual(signup(), 201)
            sandbox.verify(1, status=201)
""",
    "in_script.py": """
import httpx
from aktify_sandbox import Sandbox

with Sandbox(socket=False) as sandbox, httpx.Client(transport=sandbox.transport()) as client:
    lead = {"phoneNumber": "(509) 555-1234", "region": "CA"}
    assert client.post(sandbox.endpoint, json=lead, headers={"x-api-key": sandbox.api_key}).status_code == 201
    sandbox.verify(1)
print("done")
""",
}
"""A project that has the sandbox as a dependency."""

WAYS = {
    "plugin": ("python -m pytest -q -p no:cacheprovider", "2 passed"),
    "unittest": ("python -m unittest -v in_unittest", "... ok"),
    "script": ("python in_script.py", "done"),
    "exec": ("aktify-sandbox exec -- python -c 'import signup; print(signup.signup())'", "201"),
}
"""How it uses it: what is typed, and what is then said."""


@pytest.fixture(scope="module")
def project(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the repository, with a virtual environment that has the wheel and pytest."""
    run(environment / "bin" / "pip", "install", "--quiet", "pytest", cwd=environment)
    folder = tmp_path_factory.mktemp("project")
    for name, content in PROJECT.items():
        (folder / name).write_text(content)
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_a_project_outside_the_repository_uses_the_wheel_in_each_way(
    way: str, project: Path, environment: Path
) -> None:
    command, said = WAYS[way]
    path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
    assert said in run("bash", "-c", f"exec 2>&1; {command}", cwd=project, PATH=path, NO_PROXY="*")
    assert sorted(each.name for each in project.iterdir() if each.name != "__pycache__") == sorted(PROJECT)


def test_the_readmes_first_command_runs_the_sandbox_on_a_new_machine(tmp_path: Path) -> None:
    """In a copy of the checkout without any virtual environment, typed as it stands."""
    command = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[0].strip()
    assert command.endswith("aktify-sandbox serve")
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines()
    for name in listed:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    ready = tmp_path / "ready.json"
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COVERAGE", "AKTIFY", "VIRTUAL"))
    }
    env = {**kept, "AKTIFY_SANDBOX_PORT": "0", "AKTIFY_SANDBOX_READY_FILE": str(ready)}
    with subprocess.Popen(
        ["bash", "-c", f"exec 2>&1; {command}"], cwd=tmp_path, env=env, stdout=subprocess.PIPE
    ) as shell:
        eventually(
            lambda: ready.exists() or shell.poll() is not None, 300
        )  # pip takes its time on a busy machine
        found = json.loads(ready.read_text())
        post = ["curl", "-s", "-w", "%{http_code}", found["endpoint"], "-H", f"x-api-key: {found['apiKey']}"]
        lead = [
            "-H",
            "content-type: application/json",
            "-d",
            '{"phoneNumber": "(509) 555-1234", "region": "CA"}',
        ]
        assert subprocess.run([*post, *lead], capture_output=True, text=True).stdout.endswith("201")
        os.kill(found["pid"], signal.SIGINT)
        out, _ = shell.communicate(timeout=60)
    assert b"Stopped by Ctrl-C" in out
    assert shell.returncode == 0


def test_every_entry_point_leads_somewhere() -> None:
    import tomllib
    from importlib import import_module

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["scripts"], *project.get("entry-points", {}).values()]
    for target in [target for group in groups for target in group.values()]:
        module, _, name = target.partition(":")
        assert not name or hasattr(import_module(module), name)
