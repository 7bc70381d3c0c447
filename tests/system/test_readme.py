"""The documentation's blocks are run: each page is followed as a reader does it, and its Python passes as tests."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import ROOT
from support.running import COMMAND, clean_environment
from support.walking import Walk

DOCS = ROOT / "docs"
PAGES = {path: path.read_text() for path in (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))}
WALKED = [path.relative_to(ROOT).as_posix() for path, text in PAGES.items() if "```console\n" in text]


@pytest.mark.parametrize("name", WALKED)
def test_a_reader_who_follows_the_page_sees_what_it_shows(name: str, tmp_path: Path) -> None:
    assert Walk(tmp_path, PAGES[ROOT / name]).follow() >= 1


SHOP = """
import time

import httpx


def signup(base_url, api_key):
    lead = {"phoneNumber": "(509) 555-1234", "region": "CA"}
    for _ in range(5):
        answer = httpx.post(f"{base_url}/api/v1/leads", json=lead, headers={"x-api-key": api_key})
        if answer.status_code < 500:
            return answer.status_code
        time.sleep(0.01)
    raise TimeoutError
"""


def test_every_python_block_passes_as_a_test_of_its_own(tmp_path: Path) -> None:
    pages = [text for path, text in PAGES.items() if path != DOCS / "tutorial.md"]
    blocks = [text for page in pages for text in re.findall(r"```python\n(.*?)```", page, re.DOTALL)]
    (tmp_path / "shop.py").write_text(SHOP)
    for number, code in enumerate(blocks):
        (tmp_path / f"test_{number}.py").write_text(code)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
        str(tmp_path),
    ]
    done = subprocess.run(
        command, cwd=tmp_path, env=clean_environment(NO_PROXY="*"), capture_output=True, text=True
    )
    tests = sum(len(re.findall(r"def test_", code)) for code in blocks)
    assert f"{tests} passed" in done.stdout, done.stdout
    assert all("def test_" in code for code in blocks)
    assert len(blocks) >= 4


def test_the_expectations_in_the_readme_are_met_by_what_they_describe(tmp_path: Path) -> None:
    page = PAGES[DOCS / "reference" / "expectations.md"]
    [text] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "expectations.yaml").write_text(text)
    lead = """'{"phoneNumber": "(509) 555-1234", "region": "CA"}'"""
    post = f'echo {lead} | "$0" -m aktify_sandbox send - --key "$AKTIFY_API_KEY"; '
    words = ["exec", "--scenario", "flaky", "--verify", "expectations.yaml", "--expect", "leads == 1", "--"]
    command = [*COMMAND, *words, "sh", "-c", post * 3, sys.executable]
    done = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("  met  ")) == (0, 4), done.stderr


def test_what_the_page_on_ci_shows_of_workflows_is_in_them() -> None:
    shown = re.findall(r"```yaml\n( .*?)```", PAGES[DOCS / "how-to" / "ci.md"], re.DOTALL)
    files = [path.read_text() for path in (ROOT / "examples" / "ci").iterdir()]
    assert [block for block in shown if not any(block in text for text in files)] == []
    assert len(shown) == 3
