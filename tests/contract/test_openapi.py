"""What the OpenAPI document says beside the schema; `tests/bad_input/test_openapi.py` holds it against a server."""

from aktify_sandbox.contract.openapi import BEYOND_SCHEMA, openapi
from aktify_sandbox.contract.rulings import RULINGS, Rulings


def test_the_openapi_document_knows_every_answer_that_a_post_can_get() -> None:
    document = openapi(Rulings.of(), "1.0", "http://127.0.0.1:8509")
    answers = document["paths"]["/api/v1/leads"]["post"]["responses"]
    assert set(answers) == {"201", "400", "401", "409", "413", "431", "503"}
    assert {status for status in answers if "text/plain" in answers[status]["content"]} == {"400", "431"}


def test_the_openapi_document_names_the_rulings_that_its_schema_cannot_say() -> None:
    """A lead that the schema allows is refused by no other."""
    body = openapi(Rulings.of(), "1.0", "http://127.0.0.1:8509")["paths"]["/api/v1/leads"]["post"][
        "requestBody"
    ]
    assert [name for name in BEYOND_SCHEMA if name not in body["description"]] == []
    assert set(BEYOND_SCHEMA) <= set(RULINGS)
