"""The architecture: who may import whom, what the contract may know, what a folder exports."""

import ast
import re
import sys
from pathlib import Path

import pytest

from support.paths import ROOT

PACKAGE = ROOT / "sandbox" / "aktify_sandbox"
TESTS = ROOT / "tests"
KINDS = ("unit", "integration", "system", "tests")
ARCHITECTURE_PAGE = ROOT / "docs" / "explanation" / "architecture.md"
ARCHITECTURE = ARCHITECTURE_PAGE.read_text()

LAYERS = (
    ("__main__",),
    ("cli", "testing"),
    ("server",),
    ("client",),
    ("app",),
    ("admin",),
    ("endpoint", "history"),
    ("scenarios", "journal storage"),
    ("matching",),
    ("first_request campaigns settings documents", "leadfiles"),
    ("contract",),
    (
        (
            "addresses atomic_write await_future bundled errors exchange greenlets jobs"
            " originals proxies redaction text version"
        ),
    ),
)
"""From the top to the bottom. A layer has parts; in a part folders (and modules that stand alone) are named.

Each may import what is in a layer below, and its neighbours in its own part; no other part of its layer.
"""

INSPECTOR = "inspector"
"""Files for the browser: no Python."""


def folder_of(path: Path) -> str:
    """The folder of a file in the package; of one at the top, its own name."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports_in(path: Path) -> set[str]:
    """The folders of ours that a file imports when it runs; what only types need is no arrow."""
    names: set[str] = set()
    tree = ast.parse(path.read_text())
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.ImportFrom) and node.level:
            package = path.relative_to(PACKAGE).parts[: -node.level]
            names |= {package[0]} if package else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            first, *others = node.module.split(".")
            if first == "aktify_sandbox":
                names |= {others[0]} if others else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found = [alias.name.split(".") for alias in node.names]
            names |= {parts[1] for parts in found if parts[0] == "aktify_sandbox" and len(parts) > 1}
    return names & FOLDERS


FILES = sorted(PACKAGE.rglob("*.py"))


FOLDERS = {folder_of(path) for path in FILES if path.parent != PACKAGE or path.name != "__init__.py"}
PLACES = {
    folder: (layer, part)
    for layer, parts in enumerate(LAYERS)
    for part, names in enumerate(parts)
    for folder in names.split()
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_layers_below_or_its_own_part(path: Path) -> None:
    folder = folder_of(path)
    if path == PACKAGE / "__init__.py":
        return
    layer, part = PLACES[folder]
    for imported in imports_in(path) - {folder}:
        below, neighbour = PLACES[imported][0] > layer, PLACES[imported] == (layer, part)
        assert below or neighbour, f"{folder} imports {imported}"


def test_every_folder_has_its_layer() -> None:
    assert set(PLACES) == FOLDERS
    assert not list((PACKAGE / INSPECTOR).glob("*.py"))


def test_the_page_on_the_architecture_draws_these_layers() -> None:
    drawn = re.search(r"^```layers\n(.*?)^```", ARCHITECTURE, re.DOTALL | re.MULTILINE)
    assert drawn
    assert drawn[1].splitlines() == [" | ".join(parts) for parts in LAYERS]


def test_the_page_on_the_architecture_names_files_that_are_there() -> None:
    named = set(re.findall(r"[\w/.-]*\w/[\w.-]*|[\w/.-]+\.(?:py|js|json|md|html|yml)\b", ARCHITECTURE))
    files = {name for name in named if "." in name.rpartition("/")[2] or name.endswith("/")}
    assert "endpoint.py" in files
    places = (PACKAGE, PACKAGE / "contract", ROOT, ARCHITECTURE_PAGE.parent)
    assert sorted(name for name in files if not any((place / name).exists() for place in places)) == []


@pytest.mark.parametrize("path", sorted((PACKAGE / "contract").glob("*.py")), ids=lambda path: path.name)
def test_the_contract_imports_nothing_of_ours_but_itself_requests_errors_and_words(path: Path) -> None:
    assert imports_in(path) <= {"contract", "exchange", "errors", "text"}


def test_no_folder_leads_back_to_itself() -> None:
    """What folders import, taken together, has no circle."""
    arrows: dict[str, set[str]] = {}
    for path in FILES:
        folder = folder_of(path)
        arrows.setdefault(folder, set()).update(imports_in(path) - {folder})
    while ends := {folder for folder, imported in arrows.items() if imported.isdisjoint(arrows)}:
        arrows = {folder: imported for folder, imported in arrows.items() if folder not in ends}
    assert arrows == {}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_store_knows_tinydb_beyond_its_queries(path: Path) -> None:
    allowed = {
        "storage/tables.py": {"TinyDB", "Storage", "Table"},
        "admin/keys.py": {"where"},
        "admin/campaigns.py": {"where"},
    }.get(path.relative_to(PACKAGE).as_posix(), set())
    found = {
        alias.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tinydb"
        for alias in node.names
    }
    found |= {
        alias.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name.split(".")[0] == "tinydb"
    }
    assert found <= allowed


def test_exported_names_exist() -> None:
    for path in FILES:
        if path.name == "__init__.py":
            module = ".".join(("aktify_sandbox", *path.relative_to(PACKAGE).parts[:-1]))
            names = getattr(__import__(module, fromlist=["__all__"]), "__all__", [])
            assert [name for name in names if not hasattr(sys.modules[module], name)] == []


def modules_in(tree: ast.Module) -> set[tuple[str, ...]]:
    """The modules that a file imports, each by the parts of its name."""
    return {
        tuple(name.split("."))
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom | ast.Import)
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
        if name
    }


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=lambda path: str(path.relative_to(TESTS)))
def test_no_test_is_imported(path: Path) -> None:
    """What several need lies in `tests/support`."""
    modules = modules_in(ast.parse(path.read_text()))
    assert [each for each in modules if each[0] in KINDS or each[-1].startswith(("test_", "conftest"))] == []


@pytest.mark.parametrize("path", sorted((TESTS / "unit").rglob("*.py")), ids=lambda path: path.stem)
def test_a_unit_test_starts_no_process_and_opens_no_port(path: Path) -> None:
    tree = ast.parse(path.read_text())
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    assert not arguments & {"serve", "sandbox", "shared_sandbox", "wheel", "pytester"}
    started = {"subprocess", "socket", "multiprocessing", "support.running", "support.commands"}
    assert not {".".join(name) for name in modules_in(tree)} & started


def test_every_switched_off_rule_has_its_reason_on_the_line() -> None:
    bare = []
    for path in [*FILES, *TESTS.rglob("*.py")]:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for mark in ("# noqa", "# type: ignore", "# pragma"):
                rest = line.partition(mark)[2]
                if rest and '"' not in line.partition(mark)[0][-1:] and len(rest.split()) < 3:
                    bare.append(f"{path.name}:{number}")
    assert bare == []


FORMER_NAMES = """
    VendorDoor Door door Room room House house Floor floor express_lane fast_lane Trouble Gathering let_go held
    Shelf shelf Forcing forcing Order Step Tally dice for_any mention name_simply leaves_alone natural
    Beside BesideDied beside hosting foreground embedded Seen crossing hiding fold Draft proved judges learn become
    shrink
    take_back Kept kept keeps recorder Recorder Feed Place diagnosis notes_on Note meant_by places parsing
    Mistake Complaint Refused NobodyThere service services sending verifying tailing serving comparisons verdicts
    information talks written spelled known_to_all painted fit_for_header control serving record
"""
"""What classes, functions and modules were called; each needed an explanation, or stood for two things."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_former_name_comes_back(path: Path) -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)}
    names.update(path.relative_to(PACKAGE).with_suffix("").parts)
    assert {name.strip("_") for name in names} & set(FORMER_NAMES.split()) == set()
