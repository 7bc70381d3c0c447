"""The examples for GitHub Actions and GitLab CI: valid for their schemas, and each job is run, as far as it is ours.

A job's shell lines are run as a runner runs them, in a copy of an example, in an environment where the sandbox isn't
installed before the job installs it. What only a runner can do (`uses:`, a service from an image)
is named here.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import pytest
import yaml

from support.container import Container
from support.paths import ROOT
from support.ports import free_port
from support.running import needs, unmeasured

CI = ROOT / "examples" / "ci"
GITHUB, GITLAB = CI / "github-actions.yml", CI / "gitlab-ci.yml"
PORT = "8509"

OF_A_RUNNER = {"actions/checkout", "actions/setup-python", "actions/setup-node", "actions/upload-artifact"}


class Job(NamedTuple):
    """A job of either file: its shell scripts in turn, and what they are given."""

    scripts: list[str]
    variables: dict[str, str]
    service: dict[str, str] | None
    """The environment of the sandbox's container, where it has one."""
    host: str
    """How the job calls that container."""
    results: list[str]
    """The files that are handed to the runner afterwards."""


def github(text: str) -> dict[str, Job]:
    """The jobs of the workflow."""
    workflow = yaml.safe_load(text)
    return {name: _github_job(workflow, job) for name, job in workflow["jobs"].items()}


def _github_job(workflow: dict[str, Any], job: dict[str, Any]) -> Job:
    uses = [step for step in job["steps"] if "uses" in step]
    assert {step["uses"].partition("@")[0] for step in uses} <= OF_A_RUNNER
    assert all(step.get("if", "always()") == "always()" for step in job["steps"])
    service = job.get("services", {}).get("aktify")
    return Job(
        [step["run"] for step in job["steps"] if "run" in step],
        {**workflow["env"], **job.get("env", {})},
        service and service["env"],
        "127.0.0.1",
        [file for step in uses if "upload-artifact" in step["uses"] for file in step["with"]["path"].split()],
    )


def gitlab(text: str) -> dict[str, Job]:
    """The jobs of the pipeline."""
    pipeline = yaml.safe_load(text)
    shared = pipeline.pop("variables")
    return {name: _gitlab_job(shared, job) for name, job in pipeline.items()}


def _gitlab_job(shared: dict[str, str], job: dict[str, Any]) -> Job:
    variables = {**shared, **job.get("variables", {})}
    [service] = job.get("services") or [None]
    artifacts = job.get("artifacts", {})
    junit = artifacts.get("reports", {}).get("junit")
    return Job(
        ["\n".join(job["script"])],
        variables,
        variables if service else None,
        service["alias"] if service else "127.0.0.1",
        [*artifacts.get("paths", []), *([junit] if junit else [])],
    )


EXAMPLE_OF = {
    ("github", "exec"): "node",
    ("github", "drill"): "clients",
    ("github", "background"): "shell",
    ("github", "service"): "shell",
    ("github", "pytest"): "python-requests",
    ("gitlab", "exec"): "shell",
    ("gitlab", "drill"): "clients",
    ("gitlab", "service"): "node",
    ("gitlab", "pytest"): "python-httpx",
}
"""What each job is tried with."""

JOBS = {"github": github, "gitlab": gitlab}
TEXTS = {"github": GITHUB.read_text(), "gitlab": GITLAB.read_text()}


def test_every_job_is_tried() -> None:
    assert set(EXAMPLE_OF) == {(kind, name) for kind, read in JOBS.items() for name in read(TEXTS[kind])}


@pytest.mark.parametrize(
    ("schema", "path"), [("vendor.github-workflows", GITHUB), ("vendor.gitlab-ci", GITLAB)]
)
def test_it_is_valid_for_its_schema(schema: str, path: Path, tmp_path: Path) -> None:
    check = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", schema]
    done = subprocess.run([*check, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    broken = tmp_path / "broken.yml"
    broken.write_text(re.sub(r"^( +)(runs-on|image):", r"\1\2-it:", path.read_text(), flags=re.MULTILINE))
    assert subprocess.run([*check, broken], capture_output=True).returncode == 1


@pytest.mark.parametrize(("kind", "name"), EXAMPLE_OF)
def test_its_shell_lines_have_no_known_trap_and_nothing_is_pasted_into_them(kind: str, name: str) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    for script in JOBS[kind](TEXTS[kind])[name].scripts:
        assert "${{" not in script
        done = subprocess.run([shellcheck, "--shell=bash", "-"], input=script, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_the_actions_may_read_the_code_and_nothing_else() -> None:
    assert yaml.safe_load(TEXTS["github"])["permissions"] == {"contents": "read"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of Python's in which nothing is installed yet."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True, symlinks=True)
    return folder


@pytest.fixture
def port() -> str:
    """A free one instead of 8509, which may be taken here."""
    return str(free_port())


@contextmanager
def service(job: Job, port: str, folder: Path) -> Iterator[None]:
    """The sandbox's container, with the environment that the runner gives it; healthy."""
    assert job.service is not None
    programs = Path(sys.executable).parent
    container = Container(programs, folder, int(port), **job.service)
    container.wait()
    named = {"host": f"{job.host}:{port}", "authorization": f"Bearer {job.variables['AKTIFY_SANDBOX_TOKEN']}"}
    assert container.http.get("/_sandbox/requests", headers=named).status_code == 200
    yield
    assert container.stop()[0] == 0


class Runner:
    """Runs the scripts of a job in a folder, as GitHub's and GitLab's runners do."""

    def __init__(self, folder: Path, environment: Path, wheel: Path, job: Job) -> None:
        self._folder = folder
        self.summary = folder / "summary.md"
        pathway = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self._env = unmeasured(
            PATH=pathway,
            NO_PROXY="127.0.0.1",
            npm_config_audit="false",
            npm_config_fund="false",
            npm_config_ignore_scripts="true",
            npm_config_update_notifier="false",
        )
        self._env |= {name: value.replace(job.host, "127.0.0.1") for name, value in job.variables.items()}
        self._env |= {"SANDBOX_PACKAGE": str(wheel), "GITHUB_STEP_SUMMARY": str(self.summary), "CI": "true"}
        self._groups: list[int] = []

    def run(self, script: str) -> str:
        """A step; fails with what it said."""
        out = self._folder / "out.txt"
        with out.open("w") as file:
            shell = subprocess.Popen(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
                cwd=self._folder,
                env=self._env,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._groups.append(shell.pid)
            code = shell.wait(300)
        assert code == 0, f"{script}\n{out.read_text()}"
        return out.read_text()

    def end(self) -> None:
        """What the steps have started and not ended is ended, as a runner does."""
        for group in self._groups:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)


def nobody_answers_at(port: str) -> bool:
    """Whether it is so within some seconds: who is told to stop needs a moment."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", int(port))):
                return True
        time.sleep(0.05)  # pause: between two looks at a job
    return False


@pytest.mark.parametrize(("kind", "name"), EXAMPLE_OF)
def test_a_job_does_what_it_says(
    kind: str, name: str, environment: Path, wheel: Path, port: str, tmp_path: Path
) -> None:
    needs("bash")
    needs("curl")
    example = EXAMPLE_OF[kind, name]
    if example == "node":
        needs("npm")
    job = JOBS[kind](TEXTS[kind].replace(PORT, port))[name]
    junk = shutil.ignore_patterns("node_modules", "__pycache__", ".pytest_cache")
    folder = Path(shutil.copytree(ROOT / "examples" / example, tmp_path / example, ignore=junk))
    runner = Runner(folder, environment, wheel, job)
    try:
        with service(job, port, tmp_path / "container") if job.service else nullcontext():
            said = [runner.run(script.replace(" drill ", ONE_STATION)) for script in job.scripts]
        assert nobody_answers_at(port)
    finally:
        runner.end()
    assert re.search(PASSED, "".join(said), re.MULTILINE)
    for result in job.results:
        assert_is_a_good_result(folder / result)


PASSED = r"^(# pass \d\d|ℹ pass \d\d|ok test_|=* ?\d\d passed|2 stations: 2 passed)"
ONE_STATION = " drill --only rate-limit "
"""The whole course has its own tests, and takes longer."""


def assert_is_a_good_result(path: Path) -> None:
    if path.suffix == ".json":
        assert json.loads(path.read_text())["passed"] is True
    elif path.suffix == ".html":
        assert 'id="findings"' in path.read_text()
    else:
        [suite] = ET.parse(path).getroot().iter("testsuite")
        assert int(suite.attrib["tests"]) >= 2
        assert int(suite.attrib["failures"]) == 0


@pytest.mark.parametrize("name", ["exec", "background"])
def test_the_summary_of_a_job_shows_what_came(
    name: str, environment: Path, wheel: Path, port: str, tmp_path: Path
) -> None:
    """With a test that posts one lead, instead of an example's."""
    job = github(TEXTS["github"].replace(PORT, port))[name]
    post = (
        'curl --silent "$AKTIFY_BASE_URL/api/v1/leads" --header "x-api-key: $AKTIFY_API_KEY" '
        "--header 'content-type: application/json' "
        """--data '{"phoneNumber": "(509) 555-0100", "region": "CA"}'"""
    )
    (tmp_path / "test.sh").write_text(post)
    runner = Runner(tmp_path, environment, wheel, job)
    try:
        for script in job.scripts:
            if script != "npm ci":
                runner.run(script.replace("npm test", "bash test.sh"))
    finally:
        runner.end()
    summary = runner.summary.read_text()
    assert "201" in summary
    assert "r000000001" in summary


def test_a_job_whose_expectation_is_not_met_is_red(environment: Path, wheel: Path, tmp_path: Path) -> None:
    [install, script] = github(TEXTS["github"])["exec"].scripts[1:]
    runner = Runner(tmp_path, environment, wheel, github(TEXTS["github"])["exec"])
    runner.run(install)
    with pytest.raises(AssertionError, match="leads > 0"):
        runner.run(script.replace("npm test", "true"))
    [suite] = ET.parse(tmp_path / "aktify.xml").getroot().iter("testsuite")
    assert int(suite.attrib["failures"]) == 1
