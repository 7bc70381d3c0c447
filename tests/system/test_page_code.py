"""The page's code: formatted, linted and type-checked as npm's tools do it, its pure modules tested by Node."""

import subprocess
from pathlib import Path

import pytest

from support.paths import ROOT
from support.running import needs, unmeasured

TESTS = sorted((ROOT / "tests").rglob("*.test.js"))


def run(*command: str | Path) -> str:
    """What a program says at the top of the repository; it must succeed."""
    done = subprocess.run(command, cwd=ROOT, env=unmeasured(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_passes_its_linter_and_the_type_check() -> None:
    npm = needs("npm")
    if not (ROOT / "node_modules" / "typescript").is_dir():
        needs("the package typescript (npm ci)")
    run(npm, "run", "--silent", "check")


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_its_pure_modules_do_what_their_tests_say(path: Path) -> None:
    said = run(needs("node"), "--test", "--test-reporter=tap", path)
    assert "# fail 0" in said
    assert "# pass 0" not in said


def test_each_pure_module_has_its_tests() -> None:
    assert {path.name.partition(".")[0] for path in TESTS} >= {"address", "entries", "json", "words"}
