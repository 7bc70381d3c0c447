"""Postman imports the endpoint's document: each documented answer has an example, and the request works."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.npm import WORKSPACE, npm_environment, npm_program
from support.running import Serve, needs


@pytest.fixture
def imported(serve: Serve, tmp_path: Path) -> dict[str, Any]:
    """What Postman has after the import, and the answers to its requests, each sent twice."""
    npm_program("openapi2postmanv2")
    sandbox = serve("--in-memory")
    document = sandbox.get("/_sandbox/openapi.json")
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    program = [needs("node"), str(WORKSPACE / "postman.mjs")]
    program += ["openapi.json", "collection.json", sandbox.url, "test-key"]
    done = subprocess.run(
        program, cwd=tmp_path, env=npm_environment(), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    responses = document["paths"]["/api/v1/leads"]["post"]["responses"]
    return {**json.loads(done.stdout), "responses": responses}


def test_postman_has_an_example_of_each_answer_and_its_request_is_accepted_then_a_duplicate(
    imported: dict[str, Any],
) -> None:
    assert imported["folders"] == ["Leads"]
    [item] = imported["items"]
    assert (item["method"], item["path"]) == ("POST", "/api/v1/leads")
    assert [status for status, _ in item["answers"]] == [201, 409]
    assert json.loads(item["answers"][0][1]) == json.loads(item["body"])
    assert {str(each["code"]) for each in item["examples"]} == set(imported["responses"])
    for each in item["examples"]:
        if each["code"] != 431:
            is_created = each["code"] == 201
            content = json.loads(each["body"])
            assert content["phoneNumber"] if is_created else content["statusCode"] == each["code"]
    created = [json.loads(each["sent"]) for each in item["examples"] if each["code"] == 201]
    assert ["linkToShorten" in lead for lead in created] == [False, True]
