"""The examples work: each folder is copied, and its tests are run there, as its README says."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.paths import ROOT
from support.running import NPM, needs, needs_registry, unmeasured

EXAMPLES = ROOT / "examples"
ROWS = re.findall(r"^\| `([a-z-]+)` \| .* \| `(.+)` \|$", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
COMMANDS: dict[str, str] = dict(ROWS)
PROGRAMS = {"python-requests": [], "python-httpx": [], "node": ["node", "npm"], "shell": ["bash", "curl"]}

Copy = Callable[[str], Path]


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Copies an example, without what a developer's own run has left in it."""

    def copied(name: str) -> Path:
        junk = shutil.ignore_patterns("node_modules", "__pycache__", ".pytest_cache")
        return Path(shutil.copytree(EXAMPLES / name, tmp_path / name, ignore=junk))

    return copied


def run(folder: Path, command: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """A command of the README, typed in that folder on a machine where the sandbox is installed."""
    environment = unmeasured(
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        **NPM,
        NO_COLOR="1",
        PYTHONDONTWRITEBYTECODE="1",
    )
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment | more,
        capture_output=True,
        text=True,
        timeout=300,
    )


def behind_a_proxy(command: str) -> str:
    """The command, whose tests run where a proxy is set for all HTTP, at which nothing answers."""
    return re.sub(
        r"(aktify-sandbox exec|python -m pytest|npm test)", r"http_proxy=http://127.0.0.1:9 \1", command
    )


def passed(folder: Path, said: str) -> int:
    """How many tests passed. Fails when one did anything else."""
    if folder.name == "node":
        counts = {
            word: int(n)
            for word, n in re.findall(r"^[#ℹ] (pass|fail|skipped|todo) (\d+)$", said, re.MULTILINE)
        }
        assert counts == {"pass": counts["pass"], "fail": 0, "skipped": 0, "todo": 0}
        others = re.findall(r"^ *Tests:? +(\d+) passed(?: \(\1\)|, \1 total)$", said, re.MULTILINE)
        assert len(others) == 2  # vitest and jest
        return counts["pass"] + sum(map(int, others))
    if folder.name == "shell":
        lines = re.findall(r"^(ok|not ok) test_", said, re.MULTILINE)
        assert set(lines) == {"ok"}
        assert len(lines) == (folder / "test.sh").read_text().count("\ntest_")
        return len(lines)
    [count] = re.findall(r"^=* ?(\d+) passed in [^,]*$", said, re.MULTILINE)
    return int(count)


def test_the_readme_has_every_example() -> None:
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()} - {"ci", "clients", "scale-out"}
    assert set(COMMANDS) == folders == set(PROGRAMS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_tests_of_an_example_pass_as_its_readme_says(name: str, copy: Copy) -> None:
    for program in PROGRAMS[name]:
        needs(program)
    folder = copy(name)
    done = run(folder, behind_a_proxy(COMMANDS[name]))
    needs_registry(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    assert passed(folder, done.stdout + done.stderr) >= 15, done.stdout


def test_in_python_they_pass_inside_exec_as_well(copy: Copy) -> None:
    folder = copy("python-httpx")
    done = run(folder, "aktify-sandbox exec --expect 'requests > 50' -- python -m pytest")
    assert done.returncode == 0, done.stdout + done.stderr
    assert passed(folder, done.stdout) >= 15


def test_fetch_needs_nothing_from_the_registry(copy: Copy) -> None:
    needs("node")
    done = run(copy("node"), "aktify-sandbox exec -- node --test fetch.test.js")
    assert done.returncode == 0, done.stdout + done.stderr


DUPLICATE_IS_AN_ERROR = {
    "python-requests": ("aktify_requests.py", "case 201 | 409:", "case 201:"),
    "python-httpx": ("aktify_httpx.py", "case 201 | 409:", "case 201:"),
    "node": ("fetch.js", "status === 201 || status === 409", "status === 201"),
    "shell": ("send-leads.sh", "201 | 409)", "201)"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_client_that_takes_a_duplicate_for_an_error_is_found_out(name: str, copy: Copy) -> None:
    for program in PROGRAMS[name]:
        needs(program)
    folder, (file, right, wrong) = copy(name), DUPLICATE_IS_AN_ERROR[name]
    code = (folder / file).read_text()
    assert right in code
    (folder / file).write_text(code.replace(right, wrong))
    command = COMMANDS[name].replace("npm ci && ", "").replace("npm test", "node --test fetch.test.js")
    command = command.removeprefix("pip install -r requirements.txt && ").replace(
        "pytest", "pytest -k already"
    )
    done = run(folder, command)
    assert done.returncode == 1
    assert "already" in done.stdout


def test_no_code_has_the_vendors_address_as_its_default() -> None:
    """What each client does instead is among its own tests."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    suffixes = {".py", ".js", ".sh", ".yml"}
    code = [
        each for each in EXAMPLES.rglob("*") if each.suffix in suffixes and "node_modules" not in each.parts
    ]
    assert len(code) >= 12
    for path in [*pages, *code]:
        found = re.findall(r"AKTIFY_BASE_URL[\"')}\s,?:|-]*https://api\.aktify\.io", path.read_text())
        assert not found, path


def test_the_shell_scripts_have_no_known_trap() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    scripts = sorted((EXAMPLES / "shell").glob("*.sh"))
    done = subprocess.run([shellcheck, *scripts], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert len(scripts) == 2


# the rule for what a machine lacks


def test_a_missing_program_skips_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AKTIFY_TESTS_SKIP_NOTHING", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pytest.skip.Exception, match="node isn't on this machine"):
        needs("node")


def test_a_missing_program_fails_where_nothing_may_be_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AKTIFY_TESTS_SKIP_NOTHING", "1")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pytest.fail.Exception, match="node isn't on this machine"):
        needs("node")
