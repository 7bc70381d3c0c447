"""The document of `/_sandbox` and its route table are held against each other, and the answers against the document."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from aktify_sandbox.admin.openapi import admin_openapi
from support.running import LEAD, Sandboxed, admin_routes

DOCUMENT = admin_openapi("1.0", "http://127.0.0.1:8509")
OPERATIONS = {
    (path, method): operation
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}


def test_each_route_is_in_the_document_and_nothing_else_is() -> None:
    served = {(path, method.lower()) for path, method in admin_routes() if method != "HEAD"}
    assert set(OPERATIONS) == served


def test_the_document_is_valid_and_no_two_operations_share_a_name() -> None:
    validate(DOCUMENT)
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("place", OPERATIONS, ids=" ".join)
def test_each_operation_may_be_refused_with_a_problem(place: tuple[str, str]) -> None:
    responses = OPERATIONS[place]["responses"]
    assert {"400", "401", "403"} <= set(responses)
    assert responses["400"] == {"$ref": "#/components/responses/Problem"}
    assert [*DOCUMENT["components"]["responses"]["Problem"]["content"]] == ["application/problem+json"]


def schema_of(path: str, method: str, status: int, media: str = "application/json") -> Any:
    response = OPERATIONS[path, method]["responses"][f"{status}"]
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"]["Problem"]
    schema = response["content"][media]["schema"]
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]})


READ = [
    path
    for (path, method), operation in OPERATIONS.items()
    if method == "get"
    and "{" not in path
    and "application/json" in operation["responses"].get("200", {}).get("content", {})
]


@pytest.mark.parametrize("path", READ)
def test_answers_to_reads_match_the_document(sandbox: Sandboxed, path: str) -> None:
    sandbox.post()
    sandbox.http.post("/_sandbox/force", json={"status": 503, "key": sandbox.api_key})
    answer = sandbox.http.get(path, params={"format": "json"} if path.endswith("export") else None)
    assert answer.status_code == 200
    schema_of(path, "get", 200).validate(answer.json())


CHANGES: list[tuple[str, str, Any, int]] = [
    ("post", "/_sandbox/campaigns", {"link": "tracking", "scenarios": ["flaky"], "shuffle": True}, 201),
    ("post", "/_sandbox/campaigns", {"nmae": "x"}, 400),
    ("post", "/_sandbox/keys", {}, 201),
    ("delete", "/_sandbox/keys", {"key": "nobody"}, 404),
    (
        "post",
        "/_sandbox/force",
        {"status": 503, "delay": {"from": "1ms", "to": "2ms"}, "key": "test-key.openapi"},
        201,
    ),
    ("post", "/_sandbox/force", {"status": 5}, 400),
    ("post", "/_sandbox/leads", {"leads": [LEAD]}, 201),
    ("post", "/_sandbox/explain", {"body": LEAD}, 200),
    ("post", "/_sandbox/requests/verify", {"where": {"status": 418}, "count": {"exactly": 0}}, 200),
    ("post", "/_sandbox/requests/verify", {"where": {"status": 418}}, 422),
    ("put", "/_sandbox/scenarios/active", {"active": ["nobody"]}, 400),
    ("put", "/_sandbox/scenarios/active", {"active": []}, 200),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), CHANGES)
def test_answers_to_changes_match_the_document(
    sandbox: Sandboxed, method: str, path: str, body: Any, status: int
) -> None:
    """A body that is taken is allowed by the document, and one that isn't is a problem."""
    answer = sandbox.http.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    media = answer.headers["content-type"].partition(";")[0]
    schema_of(path, method, status, media).validate(answer.json())
    wanted = OPERATIONS[path, method]["requestBody"]["content"]["application/json"]["schema"]
    allowed = Draft202012Validator({**wanted, "components": DOCUMENT["components"]}).is_valid(body)
    assert allowed or status == 400
