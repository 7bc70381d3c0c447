"""What the OpenAPI document says beside the schema; `system/bad_input/test_openapi.py` holds it against a server."""

import json

import pytest

from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.openapi import openapi
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


@pytest.mark.parametrize("profile", PROFILES)
def test_the_example_of_the_body_is_accepted(profile: str) -> None:
    """Postman makes its request of it."""
    rulings = Rulings.of(profile)
    content = openapi(rulings, "1.0", "http://127.0.0.1:8509")["paths"]["/api/v1/leads"]["post"][
        "requestBody"
    ]["content"]
    lead = content["application/json"]["example"]
    assert LeadRules(rulings).read(json.dumps(lead).encode(), b"application/json", None).problems == ()
