"""What the OpenAPI document says beside the schema; `system/bad_input/test_openapi.py` holds it against a server."""

import pytest

from aktify_sandbox.contract.openapi import created_schema, openapi
from aktify_sandbox.contract.rulings import PROFILES, Rulings
from aktify_sandbox.contract.schema import CALENDAR, FIELDS, beyond


def test_the_openapi_document_knows_every_answer_that_a_post_can_get() -> None:
    document = openapi(Rulings.of(), "1.0", "http://127.0.0.1:8509")
    answers = document["paths"]["/api/v1/leads"]["post"]["responses"]
    assert set(answers) == {"201", "400", "401", "409", "413", "431", "503"}
    assert {status for status in answers if "text/plain" in answers[status]["content"]} == {"400", "431"}


@pytest.mark.parametrize("profile", PROFILES)
def test_the_openapi_document_says_what_its_schema_cannot(profile: str) -> None:
    """A lead that the schema allows is refused for nothing else."""
    rulings = Rulings.of(profile)
    body = openapi(rulings, "1.0", "http://127.0.0.1:8509")["paths"]["/api/v1/leads"]["post"]["requestBody"]
    assert body["required"] is True
    assert (CALENDAR in body["description"]) == (profile == "lenient")
    assert [name for name in beyond(rulings) if name not in body["description"]] == []


@pytest.mark.parametrize("profile", PROFILES)
def test_generators_can_read_the_lead(profile: str) -> None:
    """`anyOf` beside the properties makes it `unknown` in openapi-typescript, `Any` in openapi-python-client."""
    schemas = openapi(Rulings.of(profile), "1.0", "http://127.0.0.1:8509")["components"]["schemas"]
    lead = schemas["Lead"]
    assert not lead.keys() & {"anyOf", "oneOf", "not", "if", "$ref"}
    assert lead["type"] == "object"
    assert [*lead["properties"]] == [*FIELDS]
    assert [next(iter(each)) for each in lead["allOf"]] == ["anyOf", "not"]


def test_of_a_created_lead_the_metadata_alone_has_names_of_its_own() -> None:
    fields = created_schema(Rulings.of())["properties"]
    assert [name for name, field in fields.items() if "additionalProperties" in field] == ["metadata"]
