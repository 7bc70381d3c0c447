"""Both OpenAPI documents, as they are served, keep the rules of Redocly and Spectral."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from support.npm import WORKSPACE, npm_environment, npm_program
from support.running import Running

DOCUMENTS = ("openapi.json", "openapi-admin.json")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The documents by name."""
    sandbox = Running(tmp_path_factory.mktemp("documents"), "--in-memory")
    yield {name: sandbox.get(f"/_sandbox/{name}") for name in DOCUMENTS}
    sandbox.stop()


def run(*command: str | Path) -> str:
    """What a linter prints. It ends with 0 or 1."""
    done = subprocess.run(command, env=npm_environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def redocly(path: Path) -> list[str]:
    """The rules of Redocly that a document breaks."""
    config = f"--config={WORKSPACE / 'redocly.yaml'}"
    said = json.loads(run(npm_program("redocly"), "lint", config, "--format=json", path))
    return [each["ruleId"] for each in said["problems"]]


def spectral(path: Path) -> list[str]:
    """The rules of Spectral that a document breaks."""
    ruleset = f"--ruleset={WORKSPACE / 'spectral.yaml'}"
    said = json.loads(run(npm_program("spectral"), "lint", "--quiet", ruleset, "--format=json", path))
    return [each["code"] for each in said]


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("linter", [redocly, spectral])
def test_a_document_keeps_every_rule(
    served: dict[str, Any], tmp_path: Path, name: str, linter: Callable[[Path], list[str]]
) -> None:
    path = tmp_path / name
    path.write_text(json.dumps(served[name]))
    assert linter(path) == []
    validate(served[name])


@pytest.mark.parametrize(
    ("linter", "expected"),
    [
        (redocly, {"operation-operationId", "no-invalid-media-type-examples"}),
        (spectral, {"operation-operationId", "oas3-valid-media-example"}),
    ],
)
def test_a_document_with_mistakes_is_found_out(
    served: dict[str, Any], tmp_path: Path, linter: Callable[[Path], list[str]], expected: set[str]
) -> None:
    """The linters bite: a wrong example, and an operation without a name."""
    document = json.loads(json.dumps(served["openapi.json"]))
    operation = document["paths"]["/api/v1/leads"]["post"]
    del operation["operationId"]
    operation["responses"]["201"]["content"]["application/json"]["examples"]["lead"]["value"] = {"region": 5}
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    assert set(linter(path)) == expected
