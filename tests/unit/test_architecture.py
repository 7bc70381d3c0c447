"""The architecture: who may import whom, what the contract may know, what a folder exports."""

import ast
import functools
import gc
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from support.paths import ROOT

Found = TypeVar("Found", set[str], list[str])
PACKAGE = ROOT / "sandbox" / "aktify_sandbox"
TESTS = ROOT / "tests"
KINDS = ("unit", "integration", "system", "tests")
ARCHITECTURE_PAGE = ROOT / "docs" / "explanation" / "architecture.md"
ARCHITECTURE = ARCHITECTURE_PAGE.read_text()

LAYERS = (
    ("__main__",),
    ("cli", "testing"),
    ("drill",),
    ("server",),
    ("client",),
    ("app",),
    ("admin",),
    ("report", "calibration"),
    ("endpoint", "history"),
    ("scenarios", "journal storage"),
    ("matching",),
    ("first_request campaigns settings documents", "leadfiles"),
    ("contract",),
    (
        (
            "addresses atomic_write await_future bundled errors exchange greenlets jobs junit"
            " originals proxies redaction text version"
        ),
    ),
)
"""From the top to the bottom. A layer has parts; in a part folders (and modules that stand alone) are named.

Each may import what is in a layer below, and its neighbours in its own part; no other part of its layer.
"""

INSPECTOR = "inspector"
"""Files for the browser: no Python."""


@functools.cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """What a file says, parsed and walked through once."""
    return tuple(ast.walk(ast.parse(path.read_text())))


@pytest.fixture(scope="module", autouse=True)
def syntax_trees_of_these_tests_only() -> Iterator[None]:
    """A million nodes are no garbage while these tests run, and are in the way of all others afterwards."""
    gc.disable()
    yield
    nodes_of.cache_clear()
    gc.enable()


def found_in(paths: Iterable[Path], rule: Callable[[Path], Found]) -> dict[str, Found]:
    """What a rule finds, by file; files in which it finds nothing are left out."""
    found = {str(path.relative_to(ROOT)): rule(path) for path in paths}
    return {name: each for name, each in found.items() if each}


def folder_of(path: Path) -> str:
    """The folder of a file in the package; of one at the top, its own name."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports_in(path: Path) -> set[str]:
    """The folders of ours that a file imports when it runs; what only types need is no arrow."""
    names: set[str] = set()
    for_types = {
        inner
        for node in nodes_of(path)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in nodes_of(path):
        if node in for_types:
            continue
        if isinstance(node, ast.ImportFrom) and node.level:
            package = path.relative_to(PACKAGE).parts[: -node.level]
            module = (*package, *(node.module or "").split("."))[0]
            names |= {module} if module else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            first, *others = node.module.split(".")
            if first == "aktify_sandbox":
                names |= {others[0]} if others else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found = [alias.name.split(".") for alias in node.names]
            names |= {parts[1] for parts in found if parts[0] == "aktify_sandbox" and len(parts) > 1}
    return names & FOLDERS


FILES = sorted(PACKAGE.rglob("*.py"))
TEST_FILES = sorted(TESTS.rglob("*.py"))

FOLDERS = {folder_of(path) for path in FILES if path.parent != PACKAGE or path.name != "__init__.py"}
PLACES = {
    folder: (layer, part)
    for layer, parts in enumerate(LAYERS)
    for part, names in enumerate(parts)
    for folder in names.split()
}


def test_a_module_imports_only_from_layers_below_or_its_own_part() -> None:
    def elsewhere(path: Path) -> set[str]:
        folder = folder_of(path)
        layer, part = PLACES[folder]
        others = imports_in(path) - {folder}
        return {each for each in others if PLACES[each][0] <= layer and PLACES[each] != (layer, part)}

    assert found_in((path for path in FILES if path != PACKAGE / "__init__.py"), elsewhere) == {}


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


def test_the_contract_imports_nothing_of_ours_but_itself_requests_errors_and_words() -> None:
    allowed = {"contract", "exchange", "errors", "text"}
    assert found_in((PACKAGE / "contract").glob("*.py"), lambda path: imports_in(path) - allowed) == {}


def test_no_folder_leads_back_to_itself() -> None:
    """What folders import, taken together, has no circle."""
    arrows: dict[str, set[str]] = {}
    for path in FILES:
        folder = folder_of(path)
        arrows.setdefault(folder, set()).update(imports_in(path) - {folder})
    while ends := {folder for folder, imported in arrows.items() if imported.isdisjoint(arrows)}:
        arrows = {folder: imported for folder, imported in arrows.items() if folder not in ends}
    assert arrows == {}


def test_only_the_store_knows_tinydb_beyond_its_queries() -> None:
    allowed = {
        "storage/tables.py": {"TinyDB", "Storage", "Table"},
        "admin/keys.py": {"where"},
        "admin/campaigns.py": {"where"},
    }

    def of_tinydb(path: Path) -> set[str]:
        froms = (node for node in nodes_of(path) if isinstance(node, ast.ImportFrom))
        found = {alias.name for node in froms if is_tinydb(node.module or "") for alias in node.names}
        imports = (node for node in nodes_of(path) if isinstance(node, ast.Import))
        found |= {alias.name for node in imports for alias in node.names if is_tinydb(alias.name)}
        return found - allowed.get(path.relative_to(PACKAGE).as_posix(), set())

    def is_tinydb(module: str) -> bool:
        return module.partition(".")[0] == "tinydb"

    assert found_in(FILES, of_tinydb) == {}


def test_exported_names_exist() -> None:
    for path in FILES:
        if path.name == "__init__.py":
            module = ".".join(("aktify_sandbox", *path.relative_to(PACKAGE).parts[:-1]))
            names = getattr(__import__(module, fromlist=["__all__"]), "__all__", [])
            assert [name for name in names if not hasattr(sys.modules[module], name)] == []


def modules_in(path: Path) -> set[str]:
    """The modules that a file imports."""
    froms = {node.module for node in nodes_of(path) if isinstance(node, ast.ImportFrom) and node.module}
    imports = (node for node in nodes_of(path) if isinstance(node, ast.Import))
    return froms | {alias.name for node in imports for alias in node.names}


def arguments_in(path: Path) -> set[str]:
    """The names of all arguments, so of the fixtures that a test asks for."""
    return {node.arg for node in nodes_of(path) if isinstance(node, ast.arg)}


def test_no_test_is_imported() -> None:
    """What several need lies in `tests/support`."""

    def of_tests(path: Path) -> list[str]:
        parts = [name.split(".") for name in modules_in(path)]
        return [
            ".".join(each) for each in parts if each[0] in KINDS or each[-1].startswith(("test_", "conftest"))
        ]

    assert found_in(TEST_FILES, of_tests) == {}


def test_a_unit_test_starts_no_process_and_opens_no_port() -> None:
    started = {"subprocess", "socket", "multiprocessing", "support.running", "support.commands"}
    fixtures = {"serve", "sandbox", "shared_sandbox", "wheel", "pytester"}

    def starting(path: Path) -> set[str]:
        return arguments_in(path) & fixtures | modules_in(path) & started

    assert found_in((TESTS / "unit").rglob("*.py"), starting) == {}


def test_an_integration_test_starts_no_process() -> None:
    """Its sandboxes are threads, its commands calls; what takes a process lies in `tests/system`."""

    def starting(path: Path) -> set[str]:
        names = {node.id for node in nodes_of(path) if isinstance(node, ast.Name)}
        modules = modules_in(path) & {"subprocess", "multiprocessing", "pty"}
        return modules | names & {"Running", "COMMAND"} | arguments_in(path) & {"wheel", "pytester"}

    assert found_in((TESTS / "integration").rglob("*.py"), starting) == {}


def test_every_switched_off_rule_has_its_reason_on_the_line() -> None:
    bare = []
    for path in [*FILES, *TEST_FILES]:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for mark in ("# noqa", "# type: ignore", "# pragma"):
                rest = line.partition(mark)[2]
                if rest and '"' not in line.partition(mark)[0][-1:] and len(rest.split()) < 3:
                    bare.append(f"{path.name}:{number}")
    assert bare == []


FORMER_NAMES = """
    door doors VendorDoor Door room Room house House floor Floor express express_lane fast_lane
    Trouble Gathering let_go held Shelf shelf Loaded again Forcing forcing Order Step Tally dice
    for_any mention name_simply leaves_alone natural
    Beside BesideDied beside hosting foreground memory embedded Seen crossing hiding
    fold Draft proved judges learn become shrink take take_back Kept kept keep keeps
    record records Record recorder Recorder feed Feed place Place diagnosis note notes notes_on Note meant_by places
    parsing Mistake Complaint Refused NobodyThere service services sending verifying tailing running serving
    comparisons verdicts information talks written spelled known_to_all painted fit_for_header control
"""
"""What classes, functions and modules were called; each needed an explanation, or stood for two things.

Two are left out, since the table has them on its right side too: `explanation`, and `Problem` and `Notice`.
"""

FORMER_MODULES = "forced seen"
"""What only modules were called: `forced` is also a word of conditions and filters, `seen` an ordinary participle."""

PROMISED = {"sandbox/aktify_sandbox/testing/views.py": {"Record"}}
"""Former names that users import from `aktify_sandbox`."""

PAGE_FILES = sorted((PACKAGE / INSPECTOR).glob("*.js"))
NAMED_IN_JAVASCRIPT = re.compile(
    r"""
    \b(?:class|function)\b[ *]*(?P<declared>\w+)
    | \b(?:const|let)\ (?P<arrow>\w+)\ =\ (?:async\ )?(?:\([^\n]*\)|\w+)\ =>
    | \bexport\ (?:const|let)\ (?P<exported>\w+)
    | ^\ +(?:(?:static|async|get|set)\ |\*)*\#?(?P<method>\w+)\([^;\n]*\)\ \{$
    """,
    re.VERBOSE | re.MULTILINE,
)


def names_in(path: Path) -> set[str]:
    """The classes and functions that a file defines, without the sign that they are private."""
    if path.suffix == ".js":
        names = {found[found.lastgroup or 0] for found in NAMED_IN_JAVASCRIPT.finditer(path.read_text())}
    else:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        names = {node.name for node in nodes_of(path) if isinstance(node, kinds)}
    return {name.strip("_") for name in names}


def test_no_former_name_comes_back() -> None:
    former = set(FORMER_NAMES.split())

    def of_old(path: Path) -> set[str]:
        modules = set(path.relative_to(PACKAGE).with_suffix("").parts)
        found = (names_in(path) | modules) & former | modules & set(FORMER_MODULES.split())
        return found - PROMISED.get(path.relative_to(ROOT).as_posix(), set())

    assert found_in([*FILES, *PAGE_FILES], of_old) == {}


def test_names_in_javascript_are_seen() -> None:
    """Each form of a class or function that the page uses; a call is none."""
    by_file = {path.name: names_in(path) for path in PAGE_FILES}
    assert {"RequestStream", "open", "connect", "isOpen"} <= by_file["stream.js"]
    assert {"storage", "get", "set"} <= by_file["storage.js"]
    assert {"clearRequests", "exportRequests"} <= by_file["bulk-actions.js"]
    assert {"RefusedError", "masking", "config"} <= by_file["server.js"]
    assert "textOf" in by_file["filters.js"]


def test_a_public_class_name_stands_for_one_thing() -> None:
    found: dict[str, list[str]] = {}
    for path in FILES:
        for node in nodes_of(path):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(path.relative_to(PACKAGE).as_posix())
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}


def private_access(path: Path) -> Iterator[tuple[int, str]]:
    """Where a file reaches into what another object keeps to itself; some public names of Python begin like that."""
    for node in nodes_of(path):
        if isinstance(node, ast.Attribute) and re.match("_(?!_)", node.attr):
            owner = ast.unparse(node.value)
            if owner not in ("self", "cls") and node.attr not in ("_exit", "_replace", "_asdict", "_fields"):
                yield node.lineno, node.attr


def without_reason(path: Path, found: Iterable[tuple[int, str]], mark: str) -> list[str]:
    """Those of these lines on which no reason of three words or more stands behind the mark."""
    lines = path.read_text().splitlines()
    return [
        f"{path.name}:{at} {what}" for at, what in found if len(lines[at - 1].partition(mark)[2].split()) < 3
    ]


def test_a_test_reaches_into_nothing_private_without_a_reason() -> None:
    """The reason follows `# private:` and says why no public way shows it."""
    bare = found_in(TEST_FILES, lambda path: without_reason(path, private_access(path), "# private: "))
    assert bare == {}


def pauses(path: Path) -> Iterator[tuple[int, str]]:
    """Where a file sleeps; a turn of an event loop (`sleep(0)`) is no pause."""
    calls = (node for node in nodes_of(path) if isinstance(node, ast.Call))
    for call in calls:
        is_turn = ast.unparse(call) == "asyncio.sleep(0)"
        if ast.unparse(call.func).rpartition(".")[2] == "sleep" and not is_turn:
            yield call.lineno, "sleep"


def test_a_test_pauses_only_with_a_reason() -> None:
    """The reason follows `# pause:`: why neither a condition (`support.conditions`) nor an event can be awaited."""
    assert found_in(TEST_FILES, lambda path: without_reason(path, pauses(path), "# pause: ")) == {}
