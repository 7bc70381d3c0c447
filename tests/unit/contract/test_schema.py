"""One schema, two engines: they never disagree, and whatever comes is answered."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.openapi import openapi
from aktify_sandbox.contract.rulings import PROFILES, Rulings
from aktify_sandbox.contract.schema import (
    FIELDS,
    FREE_TEXT,
    RESPONSE_ORDER,
    accepts,
    errors_in,
    lead_schema,
)
from aktify_sandbox.contract.validators import Engine, FastValidator, ReferenceValidator, portable
from support.examples import examples

ENGINES: tuple[Engine, Engine] = (FastValidator, ReferenceValidator)

GOOD: dict[str, list[Any]] = {
    "phoneNumber": ["(509) 555-1234", "+15095551234", " 5095551234", "509\u00a0555\u20131234"],
    "region": ["CA", "DC", "PR", "ca"],
    "zipCode": ["90210", "90210-1234", "00601"],
    "email": ["someone@example.com", "a+b@x.co"],
    "externalCreated": [
        "2022-11-15T21:04:28-0600",
        "2022-11-15",
        "2022-02-30",
        "20221115T210428Z",
        "2022-W46-2",
        "2022-366",
    ],
    "link": ["https://www.aktify.com", "HTTP://x.y/z?q=ü#f"],
    "linkToShorten": ["https://www.aktify.com"],
    "metadata": [{}, {"a": "b"}, {"a": 1}],
    **{name: ["text", "", "é" * 3] for name in FREE_TEXT},
}
STRANGE = [
    "",
    " ",
    "\n",
    "x\n",
    "90210\n",
    "CA\n",
    "someone@example.com\n",
    "2022-11-15\n",
    "https://a.b\n",
    "http://[",
    "http://a:99999999/",
    "http://[::1]:65535/x",
    "٥٠٩٥٥٥١٢٣٤",
    "x" * 1_001,
]
ANY = (
    st.sampled_from(STRANGE)
    | st.text()
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = {name: st.sampled_from(values) | st.sampled_from(values) | ANY for name, values in GOOD.items()}
OTHERS = {name: values for name, values in VALUES.items() if name not in ("phoneNumber", "region")}
MOSTLY_RIGHT = {"phoneNumber": st.sampled_from(GOOD["phoneNumber"]), "region": st.just("CA")}
LEADS = st.fixed_dictionaries({}, optional={**VALUES, "unknown": ANY}) | st.fixed_dictionaries(
    MOSTLY_RIGHT, optional=OTHERS
)
RULINGS = st.sampled_from(
    [Rulings.of(profile) for profile in PROFILES]
    + [
        Rulings.of("default", {"zip-format": "five", "text-length": "5"}),
        Rulings.of("lenient", {"links": "exactly-one"}),
    ]
)


@given(LEADS, RULINGS)
@examples(400)
def test_both_engines_say_the_same_of_each_field_in_the_same_order(
    lead: dict[str, Any], rulings: Rulings
) -> None:
    fast, reference = (errors_in(rulings, lead, engine) for engine in ENGINES)
    assert [accepts(rulings, engine)(lead) for engine in ENGINES] == [not fast, not reference]
    whole = [sorted(error.keyword for error in errors if not error.field) for errors in (fast, reference)]
    assert whole[0] == whole[1]  # of the lead as a whole the order says nothing
    for field in {error.field for error in (*fast, *reference)} - {""}:
        said = [[error for error in errors if error.field == field] for errors in (fast, reference)]
        assert said[0] == said[1]


@pytest.mark.parametrize("link", ["optional", "link", "tracking"])
@pytest.mark.parametrize("profile", PROFILES)
@given(lead=LEADS)
@examples(100)
def test_both_engines_read_the_same_of_a_lead_problem_by_problem(
    profile: str, link: str, lead: dict[str, Any]
) -> None:
    assert_both_read_the_same(Rulings.of(profile), link, json.dumps(lead).encode())


@given(lead=LEADS, rulings=RULINGS)
@examples(400)
def test_both_engines_read_the_same_under_rulings_of_ones_own(lead: dict[str, Any], rulings: Rulings) -> None:
    assert_both_read_the_same(rulings, "optional", json.dumps(lead).encode())


@pytest.mark.parametrize("profile", PROFILES)
@given(lead=LEADS, junk=st.binary(min_size=1, max_size=3), data=st.data())
@examples(100)
def test_both_engines_read_the_same_of_a_damaged_body(
    profile: str, lead: dict[str, Any], junk: bytes, data: st.DataObject
) -> None:
    body = json.dumps(lead).encode()
    place, cut = data.draw(st.integers(0, len(body))), data.draw(st.integers(0, 3))
    assert_both_read_the_same(Rulings.of(profile), "optional", body[:place] + junk + body[place + cut :])


def assert_both_read_the_same(rulings: Rulings, link: str, body: bytes) -> None:
    fast, reference = (LeadRules(rulings, link, engine) for engine in ENGINES)
    assert fast.read(body, b"application/json", None) == reference.read(body, b"application/json", None)
    assert fast.notices(body) == reference.notices(body)


@given(LEADS, RULINGS)
@examples(400)
def test_a_lead_is_accepted_or_every_problem_has_words(lead: dict[str, Any], rulings: Rulings) -> None:
    reading = LeadRules(rulings).read(json.dumps(lead).encode(), b"application/json", None)
    assert (reading.lead is None) == bool(reading.problems)
    for problem in reading.problems:
        assert problem.message.strip()
        assert problem.hint.strip()


@given(LEADS)
@examples(400)
def test_all_problems_are_reported_at_once(lead: dict[str, Any]) -> None:
    """Whoever mends just the fields that were named gets a 201."""
    rules = LeadRules(Rulings.of())
    mended = dict(lead)
    for problem in rules.read(json.dumps(lead).encode(), b"application/json", None).problems:
        name = problem.field.partition(".")[0]
        mended.pop(name, None)
        mended |= {"phoneNumber": "5095551234"} if name == "phoneNumber" else {}
        mended |= {"region": "CA"} if name in ("region", "zipCode") else {}
    if "phoneNumber" in lead:
        assert rules.read(json.dumps(mended).encode(), b"application/json", None).problems == ()


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.recursive(ANY, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)).map(
        lambda v: json.dumps(v).encode()
    )
)
@examples(600)
def test_no_bytes_raise_an_exception(body: bytes) -> None:
    rules = LeadRules(Rulings.of())
    reading = rules.read(body, b"application/json", None)
    assert (reading.lead is None) == bool(reading.problems)
    rules.notices(body)


@given(st.binary(min_size=1, max_size=3), st.data())
@examples(600)
def test_a_mutated_lead_is_answered_in_words(junk: bytes, data: st.DataObject) -> None:
    rules = LeadRules(Rulings.of("lenient"))
    body = json.dumps({name: values[0] for name, values in GOOD.items()}).encode()
    place = data.draw(st.integers(0, len(body)))
    cut = data.draw(st.integers(0, 3))
    mutated = body[:place] + junk + body[place + cut :]
    reading = rules.read(mutated, b"application/json", None)
    assert (reading.lead is None) == bool(reading.problems)
    rules.notices(mutated)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_schema_is_a_schema_and_cites_the_page(profile: str) -> None:
    schema = lead_schema(Rulings.of(profile))
    Draft202012Validator.check_schema(schema)
    assert tuple(schema["properties"]) == FIELDS
    for field in schema["properties"].values():
        assert "Page:" in field["$comment"] or "ruling:" in field["$comment"]
    assert "set from the rulings" not in json.dumps(schema)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_openapi_document_is_valid_and_made_from_the_schema(profile: str) -> None:
    document = openapi(Rulings.of(profile), "1.0", "http://127.0.0.1:8509")
    validate(document)
    schemas = document["components"]["schemas"]
    assert schemas["Lead"]["properties"] == lead_schema(Rulings.of(profile))["properties"]
    assert tuple(schemas["CreatedLead"]["properties"]) == RESPONSE_ORDER


@pytest.mark.parametrize("name", ["link", "linkToShorten"])
def test_where_any_text_may_be_a_link_an_empty_one_is_none(name: str) -> None:
    is_accepted = accepts(Rulings.of("default", {"link": "any", "empty-string": "keep"}))
    lead = {"phoneNumber": "(509) 555-1234", "region": "CA"}
    assert [is_accepted({**lead, name: text}) for text in ("x", "")] == [True, False]


def test_patterns_alone_are_made_portable() -> None:
    text = r"^a$(?!\n)"
    schema = {"description": text, "properties": {"pattern": {"pattern": text}}}
    assert portable(schema) == {"description": text, "properties": {"pattern": {"pattern": "^a$"}}}
