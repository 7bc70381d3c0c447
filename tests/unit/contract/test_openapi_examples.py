"""The examples of the OpenAPI document are what the endpoint answers."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from aktify_sandbox.contract.answers import Access, detailed
from aktify_sandbox.contract.decide import decide
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.openapi import openapi
from aktify_sandbox.contract.rulings import PROFILES, Rulings
from aktify_sandbox.exchange import Request
from aktify_sandbox.settings import Settings


def responses(profile: str) -> dict[str, Any]:
    document = openapi(Rulings.of(profile), "1.0", "http://127.0.0.1:8509")
    found: dict[str, Any] = document["paths"]["/api/v1/leads"]["post"]["responses"]
    return found


def answered(profile: str, body: str, key: bool = True) -> Any:
    rulings = Rulings.of(profile)
    access = Access("demo", "…", False, LeadRules(rulings), "http://here/s")
    headers = [
        (b"host", b"a"),
        (b"content-type", b"application/json"),
        *([(b"x-api-key", b"k")] if key else []),
    ]
    request = Request("POST", "/api/v1/leads", headers, body.encode())
    return decide(request, rulings, lambda _: access, lambda *_: False)


@pytest.mark.parametrize("profile", PROFILES)
def test_each_lead_gets_the_answer_of_the_same_name(profile: str) -> None:
    document = openapi(Rulings.of(profile), "1.0", "http://127.0.0.1:8509")
    operation = document["paths"]["/api/v1/leads"]["post"]
    leads = operation["requestBody"]["content"]["application/json"]["examples"]
    created = operation["responses"]["201"]["content"]["application/json"]["examples"]
    assert list(leads) == list(created) == ["lead", "shortLink"]
    for name, lead in leads.items():
        answer = answered(profile, json.dumps(lead["value"]))
        assert answer.status == 201
        assert {**answer.lead, "link": None} == {**created[name]["value"], "link": None}


@pytest.mark.parametrize("profile", PROFILES)
def test_each_refused_body_gets_the_answer_beside_it(profile: str) -> None:
    examples = responses(profile)["400"]["content"]["application/json"]["examples"]
    assert len(examples) > 10
    for name, each in examples.items():
        body = each["description"].partition("`")[2].removesuffix("`")
        assert detailed(answered(profile, body)) == each["value"], name


def test_what_a_profile_accepts_is_no_example_of_a_refusal() -> None:
    examples = {
        profile: responses(profile)["400"]["content"]["application/json"]["examples"] for profile in PROFILES
    }
    assert "regionCase" in examples["default"]
    assert "regionCase" not in examples["lenient"]


def test_each_answer_has_an_example_that_its_schema_allows() -> None:
    document = openapi(Rulings.of(), "1.0", "http://127.0.0.1:8509")
    for status, response in document["paths"]["/api/v1/leads"]["post"]["responses"].items():
        for media, content in response["content"].items():
            values = [each["value"] for each in content.get("examples", {}).values()] or [content["example"]]
            schema = {**content["schema"], "components": document["components"]}
            for value in values:
                Draft202012Validator(schema).validate(value)
                assert media == "text/plain" or status == "201" or value["statusCode"] == int(status)


def test_the_limit_in_the_example_is_the_default() -> None:
    value = responses("default")["413"]["content"]["application/json"]["examples"]["tooLarge"]["value"]
    assert f"{Settings().max_body:,} bytes" in value["message"]
