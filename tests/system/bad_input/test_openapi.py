"""Schemathesis holds the served OpenAPI document against the server: what it says is what happens."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import BaseSchema

from support.bad_input.wire import newest, recorded_after, status_of
from support.running import Running

FEW, MANY = 150, 2_800


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A sandbox in which no number is magic: any may be made up here."""
    running = Running(tmp_path_factory.mktemp("openapi"), "--in-memory", "--no-magic")
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.output()


@pytest.fixture(scope="module")
def document(served: Running) -> BaseSchema:
    """The document as it is served."""
    return schemathesis.openapi.from_url(f"{served.url}/_sandbox/openapi.json")


def validated(case: Case[Any]) -> tuple[str, int]:
    """Send it and check the answer against the document. The answer's id and status."""
    answer = case.call()
    case.validate_response(answer)
    return answer.headers["x-aktify-sandbox-request"][0], answer.status_code


@pytest.mark.parametrize(
    ("mode", "statuses"),
    [(GenerationMode.POSITIVE, {201, 409}), (GenerationMode.NEGATIVE, {400, 401})],
    ids=["what the document allows", "what it does not"],
)
def test_leads_made_from_the_document_are_answered_as_it_says_and_recorded_once(
    served: Running,
    document: BaseSchema,
    mode: GenerationMode,
    statuses: set[int],
    whole: bool,
) -> None:
    operation, before = document["/api/v1/leads"]["POST"], newest(served)
    found: list[tuple[str, int]] = []

    @settings(
        max_examples=MANY if whole else FEW,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Case[Any]) -> None:
        case.headers["x-api-key"] = served.api_key
        found.append(validated(case))

    send()
    assert {status for _, status in found} == statuses
    recorded = [(record["id"], status_of(record)) for record in recorded_after(served, before)]
    assert len(found) == len(set(found))
    assert len(recorded) == len(set(recorded))
    more = set(recorded) - set(found)  # a check sends some of them again, without a right key
    assert len(recorded) == len(found) + len(more)
    assert {status for _, status in more} <= {401}


def test_the_edges_of_the_document_are_answered_as_it_says(served: Running, tmp_path: Path) -> None:
    """Missing headers, methods that aren't there, values just inside and just outside of what is allowed."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{served.url}/_sandbox/openapi.json"]
    options = [
        "-H",
        f"x-api-key: {served.api_key}",
        "--phases",
        "examples,coverage",
        "--seed",
        "1",
        "--no-color",
    ]
    run = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    tested = re.search(r"([0-9]+) generated, ([0-9]+) passed", run.stdout)
    assert tested, run.stdout
    assert tested[1] == tested[2]
    assert int(tested[1]) > 100


def test_a_document_that_promises_too_much_is_found_out(served: Running, document: BaseSchema) -> None:
    """The checks bite: a 400 in a document that knows none is a failure."""
    raw: dict[str, Any] = served.get("/_sandbox/openapi.json")
    del raw["paths"]["/api/v1/leads"]["post"]["responses"]["400"]
    poorer = schemathesis.openapi.from_dict(raw)
    case = poorer["/api/v1/leads"]["POST"].Case(body={"region": "CA"}, media_type="application/json")
    case.headers["x-api-key"] = served.api_key
    with pytest.raises(FailureGroup):
        case.validate_response(case.call(base_url=served.url))
