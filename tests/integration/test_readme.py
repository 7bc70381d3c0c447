"""The README and the pages behind it tell the truth: console blocks are run, tables and promises compared."""

import re
from pathlib import Path

import pytest

from aktify_sandbox.bundled import bundled
from aktify_sandbox.contract.rulings import RULINGS, Rulings
from aktify_sandbox.contract.schema import lead_schema
from aktify_sandbox.scenarios.loader import read_scenario
from support.lead_fixtures import FOLDER
from support.paths import ROOT
from support.running import all_routes
from support.tables import TEXTS, out_of_date

README = (ROOT / "README.md").read_text()
DOCS = ROOT / "docs"
PAGES = {path.relative_to(DOCS).as_posix(): path.read_text() for path in sorted(DOCS.rglob("*.md"))}
BLOCKS = [
    block
    for text in (README, *PAGES.values())
    for block in re.findall(r"```(\w+)\n(.*?)```", text, re.DOTALL)
]


def test_the_yaml_block_loads(tmp_path: Path) -> None:
    from aktify_sandbox.settings import Settings

    [text] = [text for kind, text in BLOCKS if kind == "yaml" and text.startswith("port:")]
    (tmp_path / "aktify-sandbox.yaml").write_text(text)
    settings, _ = Settings.gather({}, {}, tmp_path)
    assert settings.campaigns[0].keys[1].revoked


def test_the_scenario_that_shows_everything_is_one(tmp_path: Path) -> None:
    [text] = re.findall(r"```yaml\n(.*?)```", PAGES["reference/scenario-file.md"], re.DOTALL)
    (tmp_path / "mine.yaml").write_text(text)
    assert len(read_scenario(tmp_path / "mine.yaml").rules) == 5


def test_generated_texts_are_up_to_date() -> None:
    """`scripts/tables` writes it."""
    assert [path.name for path in out_of_date()] == []


def test_each_generated_text_is_used() -> None:
    everything = "".join((README, (FOLDER / "README.md").read_text(), *PAGES.values()))
    assert [name for name in TEXTS if f"<!-- {name} -->" not in everything] == []


def test_every_route_is_documented() -> None:
    page = PAGES["reference/admin-api.md"]
    documented = set(re.findall(r"^\| `(GET|POST|PUT|DELETE) (\S+)`", page, re.MULTILINE))
    real = {(method, path.replace("r000000001", "{id}")) for method, path in all_routes() if method != "HEAD"}
    assert documented == real


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


TOP = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
EXAMPLES = [ROOT / "examples" / "README.md", ROOT / "examples" / "scale-out" / "README.md"]
DOCUMENTS = [*TOP, *EXAMPLES, FOLDER / "README.md", *sorted(DOCS.rglob("*.md"))]


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


def linked(page: Path) -> set[Path]:
    """The pages that a page links to."""
    names = re.findall(r"\]\(([^)#]+\.md)", page.read_text())
    return {(page.parent / name).resolve() for name in names if "://" not in name}


def test_every_page_can_be_reached_from_the_readme() -> None:
    found, new = set[Path](), {ROOT / "README.md"}
    while new:
        found |= new
        new = set[Path]().union(*(linked(page) for page in new)) - found
    assert {DOCS / name for name in PAGES} <= found


def test_the_messages_in_troubleshooting_are_said() -> None:
    """`…` stands for what differs."""
    folders = (ROOT / "tests" / "snapshots", ROOT / "sandbox")
    said = "".join(
        path.read_text() for each in folders for path in each.rglob("*") if path.suffix in (".txt", ".py")
    )
    quoted = re.findall(r"^> (.*)$", PAGES["troubleshooting.md"], re.MULTILINE)
    assert len(quoted) >= 6
    assert [part for message in quoted for part in message.split("…") if part.strip() not in said] == []


def test_the_scenarios_named_for_a_client_to_try_are_there() -> None:
    rows = re.findall(r"^\|.*\| ([^|]*) \|$", PAGES["explanation/clients.md"], re.MULTILINE)
    named = {name for cell in rows for name in re.findall(r"`([a-z-]+)`", cell)}
    assert len(named) >= 10
    assert named <= {path.stem for path in bundled("scenarios").glob("*.yaml")}


OUR_WORDS = ("ruling", "campaign", "magic number", "stray", "near miss")


@pytest.mark.parametrize("name", [name for name in PAGES if name != "glossary.md"])
def test_a_page_that_uses_a_word_of_ours_links_it_to_the_glossary(name: str) -> None:
    text = re.sub(
        r"```.*?```|<!-- (\S+) -->.*?<!-- /\1 -->|`[^`\n]*`|\]\([^)]*\)", "", PAGES[name], flags=re.DOTALL
    )
    prose = "\n".join(line for line in text.splitlines() if not line.startswith(("#", "|")))
    used = [word for word in OUR_WORDS if re.search(rf"\b{word}(?:e?s)?\b", prose, re.IGNORECASE)]
    assert [word for word in used if f"glossary.md#{word.replace(' ', '-')}" not in PAGES[name]] == []


def test_the_dockerfile_names_the_page_that_says_how_to_build_it() -> None:
    first = (ROOT / "Dockerfile").read_text().partition("\n")[0]
    [page] = re.findall(r"docs/([a-z/-]+\.md)", first)
    assert "docker build --tag" in PAGES[page]


def test_the_schema_of_a_lead_says_where_each_rule_comes_from() -> None:
    schema = lead_schema(Rulings.of("default", {}))
    for name, field in schema["properties"].items():
        said = field["$comment"]
        assert "Page: " in said or "ruling: " in said, name
        assert set(re.findall(r"[a-z]+(?:-[a-z]+)+", said.partition("ruling: ")[2])) <= set(RULINGS), name


def test_the_figures_of_the_readme_stand_in_the_results() -> None:
    section = README.partition("## Speed")[2].partition("## ")[0] + PAGES["explanation/speed.md"]
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text()
    figures = re.findall(r"[0-9][0-9,.]*(?: µs| ms| MB)|[0-9]\.[0-9]{2}|[0-9]{2},[0-9]{3}\b", section)
    assert len(figures) >= 18
    assert [figure for figure in figures if figure.partition(" ")[0] not in results] == []


def test_the_measured_figures_of_many_behind_a_proxy_stand_in_the_results() -> None:
    measured = PAGES["explanation/scale-out.md"].partition("## What it costs")[2].partition("\n## ")[0]
    rows = [line for line in measured.splitlines() if line.startswith("| ")]
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text().splitlines()
    assert len(rows) >= 8
    assert [row for row in rows if row not in results] == []
