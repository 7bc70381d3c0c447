"""The laws of the house: who may import whom, what the contract may know, what a room exports."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from running import Serve, unmeasured

PACKAGE = Path(__file__).parent.parent / "sandbox" / "aktify_sandbox"

FLOORS = [
    {"__main__"},
    {"cli", "pytest_plugin"},
    {"embedded.sandbox"},
    {"embedded.arguments", "embedded.transports"},
    {"embedded.doors"},
    {"embedded.call"},
    {"serving.beside", "serving.foreground"},
    {"serving.hosting"},
    {"app", "serving.protocol"},
    {"control", "serving.cycles", "serving.reading", "serving.writing"},
    {"endpoint", "serving.banner", "serving.refusals"},
    {"expectations.verification"},
    {"record.feed", "faults", "storage.proof"},
    {
        "record.diagnosis",
        "record.exports",
        "record.records",
        "serving.terminal",
        "storage.reader",
    },
    {"record.notes", "record.recorder"},
    {"scenarios.forced", "scenarios.forcing", "storage.states", "storage.store"},
    {"storage.checkpoint", "storage.compaction", "storage.folder", "storage.tables"},
    {"storage.index"},
    {"initial", "storage.log", "storage.server_file", "storage.shards"},
    {"first_request"},
    {"campaigns", "expectations.files", "scenarios.shelf"},
    {"scenarios.files"},
    {"scenarios.schema", "settings"},
    {"documents.document"},
    {"documents.json_nodes", "documents.yaml_nodes"},
    {"expectations.judging"},
    {"documents.nodes", "record.text", "redaction", "scenarios.rules"},
    {
        "bundled",
        "leadfiles",
        "embedded.connection",
        "embedded.crossing",
        "masking",
        "embedded.seen",
        "proxies",
    },
    {"addresses", "replacing", "serving.output"},
    {"contract"},
    {"barrier", "jobs"},
    {"embedded.hiding", "errors", "exchange", "greenlets", "originals", "version"},
]
"""From the roof to the ground; each may import only what is below it."""

WHOLE = {"cli", "contract", "control", "leadfiles"}
"""Folders that are one room; of the others each file is one."""

DIVIDED = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - WHOLE


def room_of(path: Path) -> str:
    """The room of a file: `store`, or in a folder `storage.store`."""
    return room_named(path.relative_to(PACKAGE).with_suffix("").parts)


def room_named(parts: Sequence[str]) -> str:
    return ".".join(parts[:2]) if parts[0] in DIVIDED else parts[0]


def imports_in(path: Path) -> set[str]:
    """The rooms of ours that a file imports when it runs; what only types need is no arrow."""
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
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            parts = node.module.split(".")
            if parts[0] == "aktify_sandbox":
                names |= {room_named([*parts[1:], alias.name]) for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {
                room_named(alias.name.split(".")[1:])
                for alias in node.names
                if alias.name.startswith("aktify_sandbox.")
            }
    return names


FILES = sorted(PACKAGE.rglob("*.py"))


def floor_of(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_point_down(path: Path) -> None:
    room = room_of(path)
    if room.endswith("__init__"):
        return
    for imported in imports_in(path) - {room, "__version__"}:
        assert floor_of(imported) > floor_of(room), f"{room} imports {imported}"


def test_every_room_has_a_floor() -> None:
    rooms = {room for room in map(room_of, FILES) if not room.endswith("__init__")}
    assert rooms == set().union(*FLOORS)


@pytest.mark.parametrize("path", sorted((PACKAGE / "contract").glob("*.py")), ids=lambda path: path.name)
def test_the_contract_imports_nothing_of_ours_but_itself_and_what_a_request_is(path: Path) -> None:
    assert imports_in(path) <= {"contract", "exchange"}


def test_no_folder_leads_back_to_itself() -> None:
    """What folders import, taken together, has no circle."""
    arrows: dict[str, set[str]] = {}
    for path in FILES:
        folder = path.relative_to(PACKAGE).with_suffix("").parts[0]
        imported = {room.partition(".")[0] for room in imports_in(path)}
        arrows.setdefault(folder, set()).update(imported - {folder})
    while ends := {folder for folder, imported in arrows.items() if imported.isdisjoint(arrows)}:
        arrows = {folder: imported for folder, imported in arrows.items() if folder not in ends}
    assert arrows == {}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_store_knows_tinydb_beyond_its_queries(path: Path) -> None:
    allowed = {
        "storage/tables.py": {"TinyDB", "Storage", "Table"},
        "control/keys.py": {"where"},
        "control/campaigns.py": {"where"},
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


def test_help_imports_nothing_heavy() -> None:
    """`--help` must answer at once: what only a server or a refused lead needs isn't loaded."""
    code = "import sys, json, aktify_sandbox.cli; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], env=unmeasured(), capture_output=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"starlette", "uvicorn", "tinydb", "jsonschema", "httpx", "yaml", "orjson", "asyncio"}
    assert not loaded & {"phonenumbers", "email_validator", "html", "aktify_sandbox.cli.junit"}


def test_a_start_loads_nothing_that_the_first_answer_does_not_need(serve: Serve) -> None:
    """So it takes less memory and time; what only a refusal, a file or a browser needs is loaded then."""
    sandbox = serve("--in-memory", program=[sys.executable, "-X", "importtime", "-m", "aktify_sandbox"])
    assert sandbox.post().status_code == 201
    loaded = set(re.findall(r"^import time: .*\| +(\S+)$", sandbox.output(), re.MULTILINE))
    assert {"aktify_sandbox.storage.store", "yaml", "uvloop"} <= loaded
    assert not loaded & {"jsonschema", "httpx", "phonenumbers", "email_validator", "aktify_sandbox.embedded"}
    assert not loaded & {"urllib.request", "xml.sax", "importlib.resources", "zipfile", "webbrowser"}


def test_every_switched_off_rule_has_its_reason_on_the_line() -> None:
    bare = []
    for path in [*FILES, *Path(__file__).parent.rglob("*.py")]:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for mark in ("# noqa", "# type: ignore", "# pragma"):
                rest = line.partition(mark)[2]
                if rest and '"' not in line.partition(mark)[0][-1:] and len(rest.split()) < 3:
                    bare.append(f"{path.name}:{number}")
    assert bare == []
