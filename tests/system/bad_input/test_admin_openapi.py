"""Schemathesis holds the admin API to its own document: no 5xx, no answer that the document doesn't have."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.running import Running, unmeasured

CANNOT_BE_RUN = {
    "stop": "it ends the server",
    "streamRequests": "its answer has no end",
}
"""The operations that are left out, and why."""
WAITING = """
import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    return str(value).encode("utf-8", "replace")


@schemathesis.hook
def before_call(context, case, **kwargs):
    "No answer waits for requests that nobody sends."
    if case.operation.definition.raw["operationId"] == "awaitRequests":
        case.query = {**(case.query or {}), "timeout": "0"}
    if isinstance(case.body, dict) and isinstance(case.body.get("timeout"), (int, float)):
        case.body["timeout"] = 0
"""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
EXAMPLES, MANY = 10, 100


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("admin"), "--in-memory", "--no-magic", "--max-body", "10000")
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.output()


def schemathesis(document: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "hooks.py").write_text(WAITING)
    command = [sys.executable, "-m", "schemathesis.cli", "run", document, "--seed", "1", "--no-color"]
    excluded = [f"--exclude-operation-id={name}" for name in CANNOT_BE_RUN]
    return subprocess.run(
        [*command, f"--checks={','.join(CHECKS)}", "--request-timeout=30", *excluded, *options],
        cwd=folder,
        env=unmeasured(SCHEMATHESIS_HOOKS="hooks", PYTHONPATH=str(folder)),
        capture_output=True,
        text=True,
        timeout=560,
    )


def test_the_admin_api_does_what_its_document_says(served: Running, tmp_path: Path, whole: bool) -> None:
    for _ in range(2):
        served.post()
    examples = f"--max-examples={MANY if whole else EXAMPLES}"
    run = schemathesis(f"{served.url}/_sandbox/openapi-admin.json", tmp_path, examples)
    assert run.returncode == 0, run.stdout + run.stderr
    tested = re.search(r"([0-9]+) generated, ([0-9]+) passed", run.stdout)
    assert tested, run.stdout
    assert tested[1] == tested[2]
    assert int(tested[1]) > 1_000
    operations = re.search(r"Selected: ([0-9]+)/([0-9]+)\s+Tested: ([0-9]+)", run.stdout)
    assert operations, run.stdout
    assert int(operations[1]) == int(operations[3]) == int(operations[2]) - len(CANNOT_BE_RUN)


def test_a_document_that_leaves_out_an_answer_is_found_out(served: Running, tmp_path: Path) -> None:
    """The checks bite: a 404 in a document that knows none is a failure."""
    document = served.get("/_sandbox/openapi-admin.json")
    path = "/_sandbox/requests/{id}"
    del document["paths"][path]["get"]["responses"]["404"]
    document["paths"] = {path: document["paths"][path]}
    (tmp_path / "poorer.json").write_text(json.dumps(document))
    run = schemathesis("poorer.json", tmp_path, f"--url={served.url}", "--max-examples=5")
    assert run.returncode == 1, run.stdout + run.stderr
    assert "Received: 404" in run.stdout, run.stdout
