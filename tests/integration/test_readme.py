"""The README and the pages behind it tell the truth: console blocks are run, tables and promises compared."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aktify_sandbox.bundled import bundled
from aktify_sandbox.cli import main
from aktify_sandbox.contract.rulings import RULINGS, Rulings
from aktify_sandbox.contract.schema import lead_schema
from aktify_sandbox.scenarios.loader import read_scenario
from support.paths import ROOT
from support.running import COMMAND, Running, all_routes, clean_environment, commands_of

README = (ROOT / "README.md").read_text()
DOCS = ROOT / "docs"
PAGES = {path.relative_to(DOCS).as_posix(): path.read_text() for path in sorted(DOCS.rglob("*.md"))}
BLOCKS = [
    block
    for text in (README, *PAGES.values())
    for block in re.findall(r"```(\w+)\n(.*?)```", text, re.DOTALL)
]


def rulings_table() -> str:
    """The table as it must stand in its page."""
    rows = ["| ruling | default | other values | reason |", "|---|---|---|---|"]
    for ruling in RULINGS.values():
        others = [f"`{value}`" for value in ruling.values if value != ruling.default]
        others += [f"a {ruling.free}"] if ruling.free else []
        means = ruling.values[ruling.default]
        rows.append(
            f"| `{ruling.name}` | `{ruling.default}`: {means} | {', '.join(others) or '–'} | {ruling.reason} |"
        )
    return "\n".join(rows)


def matches(found: str, wanted: str) -> bool:
    """Whether the output is what the README shows, `...` standing for anything."""
    pattern = ".*?".join(map(re.escape, wanted.strip().split("...")))
    return re.fullmatch(pattern, found.strip(), re.DOTALL) is not None


def test_every_console_block_is_what_really_happens(tmp_path: Path) -> None:
    port = "8509"
    sandbox = Running(tmp_path, "--in-memory", "--quiet")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = clean_environment(AKTIFY_SANDBOX_URL=sandbox.url, PATH=path)
    commands = 0
    try:
        for block in [text for kind, text in BLOCKS if kind == "console"]:
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, wanted = part.partition("\n")
                command = command.replace(f"127.0.0.1:{port}", f"127.0.0.1:{sandbox.port}").replace(
                    "curl ", "curl -s "
                )
                done = subprocess.run(
                    command, shell=True, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
                )
                found = done.stdout.replace(f"127.0.0.1:{sandbox.port}", f"127.0.0.1:{port}")
                assert matches(found, wanted), f"{command}\n{done.stdout}{done.stderr}"
                commands += 1
    finally:
        sandbox.stop()
    assert commands >= 7


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
    blocks = [text for kind, text in BLOCKS if kind == "python"]
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


def test_what_is_said_of_the_fixture_is_there() -> None:
    from aktify_sandbox import Sandbox

    section = PAGES["testing.md"].partition("| of the fixture |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| ((?:`[^`]+` ?)+) \|", section, re.MULTILINE)
    documented = {name for cell in cells for name in re.findall(r"`\.(\w+)", cell)}
    offered = {name for name in dir(Sandbox) if not name.startswith("_")}
    assert documented | {"start", "stop", "check", "wait_for_async"} == offered


def test_the_yaml_block_loads(tmp_path: Path) -> None:
    from aktify_sandbox.settings import Settings

    [text] = [text for kind, text in BLOCKS if kind == "yaml" and text.startswith("port:")]
    (tmp_path / "aktify-sandbox.yaml").write_text(text)
    settings, _ = Settings.gather({}, {}, tmp_path)
    assert settings.campaigns[0].keys[1].revoked


def test_the_scenario_that_shows_everything_is_one(tmp_path: Path) -> None:
    [text] = [text for kind, text in BLOCKS if kind == "yaml" and "\nrules:" in text]
    (tmp_path / "mine.yaml").write_text(text)
    assert len(read_scenario(tmp_path / "mine.yaml").rules) == 5


def test_the_expectations_in_the_readme_are_met_by_what_they_describe(tmp_path: Path) -> None:
    [text] = [text for kind, text in BLOCKS if kind == "yaml" and "\nexpectations:" in text]
    (tmp_path / "expectations.yaml").write_text(text)
    lead = """'{"phoneNumber": "(509) 555-1234", "region": "CA"}'"""
    post = f'echo {lead} | "$0" -m aktify_sandbox send - --key "$AKTIFY_API_KEY"; '
    words = ["exec", "--scenario", "flaky", "--verify", "expectations.yaml", "--expect", "leads == 1", "--"]
    command = [*COMMAND, *words, "sh", "-c", post * 3, sys.executable]
    done = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("  met  ")) == (0, 4), done.stderr


def scenarios_table() -> str:
    """The table as it must stand in its page."""
    files = sorted(bundled("scenarios").glob("*.yaml"))
    rows = [f"| `{path.stem}` | {read_scenario(path).description} |" for path in files]
    return "\n".join(["| scenario | what it does, and what a good client does |", "|---|---|", *rows])


def test_the_table_of_scenarios_says_what_their_files_say() -> None:
    found = re.search(r"<!-- scenarios -->\n(.*?)\n?<!-- /scenarios -->", PAGES["scenarios.md"], re.DOTALL)
    assert found
    assert found[1] == scenarios_table()


def test_the_table_of_rulings_is_the_one_in_force() -> None:
    found = re.search(r"<!-- rulings -->\n(.*?)\n?<!-- /rulings -->", PAGES["rulings.md"], re.DOTALL)
    assert found
    assert found[1] == rulings_table()


def commands() -> list[str]:
    found: list[str] = []
    for name, command in commands_of(main).items():
        inner = getattr(command, "commands", None)
        found += [f"{name} {word}" for word in inner] if inner else [name]
    return found


@pytest.mark.parametrize("command", commands())
def test_every_command_is_documented(command: str) -> None:
    assert f"| `{command}` |" in README


def test_every_documented_command_exists() -> None:
    section = README.partition("## Commands")[2].partition("## ")[0]
    assert set(re.findall(r"^\| `([a-z ]+)` \|", section, re.MULTILINE)) == set(commands())


def test_every_route_is_documented() -> None:
    page = PAGES["http.md"]
    documented = set(re.findall(r"`(GET|POST|PUT|DELETE) (\S+)`", page)) | {("GET", "/_sandbox/openapi.json")}
    real = {(method, path.replace("r000000001", "{id}")) for method, path in all_routes() if method != "HEAD"}
    assert documented == real - {("GET", "/_sandbox"), ("GET", "/_sandbox/")}


def test_the_test_command_is_the_one_that_ci_runs() -> None:
    """In three steps; CI measures coverage, and adds the tests of whole systems."""
    _, command = [text.strip() for kind, text in BLOCKS if kind == "sh"]
    environment, install, tests = command.split(" && ")
    ci = (ROOT / ".ci" / "run").read_text().splitlines()
    assert f"{environment} && {install}" in ci
    assert f"{tests.replace('-m pytest', '-m coverage run -m pytest')} --system" in ci
    assert tests.replace(".venv/", ".venv-lowest/") in ci


def anchors(text: str) -> set[str]:
    """What a `#` may name in a file: its headings, as GitHub spells them."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", each.lower()).strip().replace(" ", "-") for each in headings}


TOP = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
DOCUMENTS = [*TOP, ROOT / "examples" / "README.md", *sorted(DOCS.rglob("*.md"))]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings_that_are_there(path: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", path.read_text())
    lost = []
    for link in links:
        if link.startswith(("https://", "http://")):
            continue
        name, _, heading = link.partition("#")
        target = path.parent / name if name else path
        if not target.exists() or (heading and heading not in anchors(target.read_text())):
            lost.append(link)
    assert lost == []
    assert any("../README.md" in link for link in links) or path in TOP, "no way back"


def test_every_page_can_be_reached_from_the_readme() -> None:
    assert {f"docs/{name}" for name in PAGES} <= set(re.findall(r"\]\(([^)#]+)\)", README))


def test_the_contents_name_every_section_in_its_order() -> None:
    before, _, after = README.partition("## Contents\n")
    listed = re.findall(r"\[([^]]+)\]\(#", after.partition("\n## ")[0])
    assert listed == re.findall(r"^## (.*)$", after, re.MULTILINE)
    assert re.findall(r"^## (.*)$", before, re.MULTILINE) == ["Two commands"]


def test_the_dockerfile_names_the_page_that_says_how_to_build_it() -> None:
    first = (ROOT / "Dockerfile").read_text().partition("\n")[0]
    [page] = re.findall(r"docs/([a-z]+\.md)", first)
    assert "docker build --tag" in PAGES[page]


def test_the_schema_of_a_lead_says_where_each_rule_comes_from() -> None:
    schema = lead_schema(Rulings.of("default", {}))
    for name, field in schema["properties"].items():
        said = field["$comment"]
        assert "Page: " in said or "ruling: " in said, name
        assert set(re.findall(r"[a-z]+(?:-[a-z]+)+", said.partition("ruling: ")[2])) <= set(RULINGS), name


def test_the_figures_of_the_readme_stand_in_the_results() -> None:
    section = README.partition("## Speed")[2].partition("## ")[0]
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text()
    figures = re.findall(r"[0-9][0-9,.]*(?: µs| ms| MB)|[0-9]\.[0-9]{2}|[0-9]{2},[0-9]{3}\b", section)
    assert len(figures) >= 9
    assert [figure for figure in figures if figure.partition(" ")[0] not in results] == []
