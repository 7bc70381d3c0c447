"""Whose word each problem is, and that what is quoted stands on the page."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.contract import answers, body, page, schema
from aktify_sandbox.contract.answers import Access
from aktify_sandbox.contract.decide import decide
from aktify_sandbox.contract.lead import LeadRules, Problem
from aktify_sandbox.contract.rulings import PROFILES, RULINGS, Rulings
from aktify_sandbox.contract.schema import FIELDS, lead_schema, row, source_of
from aktify_sandbox.contract.sources import Source, documented, ruling
from aktify_sandbox.exchange import Request
from support.lead_fixtures import CASES

PACKAGE = Path(body.__file__).parent.parent
PAGE = Path(__file__).with_name("create-lead.md").read_text()
"""The vendor's page, as it was when this was written."""
LEAD = {"phoneNumber": "(509) 555-1234", "region": "CA"}
RULES = LeadRules(Rulings.of())


def test_every_sentence_stands_on_the_page_word_for_word() -> None:
    sentences = [value for name, value in vars(page).items() if name.isupper()]
    assert sentences
    assert [each for each in [*sentences, *map(row, FIELDS)] if each not in PAGE] == []


def test_quotations_in_rulings_and_schema_are_on_the_page() -> None:
    reasons = [quoted for ruling in RULINGS.values() for quoted in re.findall(r'"([^"]+)"', ruling.reason)]
    comments = re.findall(r"“([^”]+)”", json.dumps(lead_schema(Rulings.of()), ensure_ascii=False))
    assert len(reasons) > 5
    assert [each for each in [*reasons, *comments] if each not in PAGE] == []


@pytest.mark.parametrize(
    ("field", "source"),
    [
        ("region", documented("Restricted to US state codes.")),
        ("email", ruling("email")),
        ("source", documented(row("source"))),
    ],
)
def test_a_field_is_restricted_by_whom_its_comment_names(field: str, source: Source) -> None:
    assert source_of(field) == source


@pytest.mark.parametrize("text_length", ["note", "1000"])
@pytest.mark.parametrize(
    ("comment", "source"),
    [
        ("Page: “The source of the lead.” ruling: text-length.", documented("The source of the lead.")),
        ("Page: string. ruling: link, text-length.", ruling("link")),
        ("Page: string, at most 5 characters. ruling: text-length.", documented(row("source"))),
    ],
)
def test_a_field_that_is_added_with_a_form_and_a_limit_needs_no_more_than_its_schema(
    comment: str, source: Source, text_length: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("lead_schema", "_prepared_schema", "_validator"):
        monkeypatch.setattr(schema, name, getattr(schema, name).__wrapped__)  # without what is cached
    for word, value in {
        "examples": ["CA"],
        "pattern": "^[A-Z]+$",
        "maxLength": 5,
        "$comment": comment,
    }.items():
        monkeypatch.setitem(schema.declared("source"), word, value)
    rules = LeadRules(Rulings.of("default", {"text-length": text_length}))
    for text, words in (("abc", "“abc”"), ("ABCDEF", "6 characters")):
        body = json.dumps({**LEAD, "source": text}).encode()
        [problem] = rules.read(body, b"application/json", None).problems
        assert (problem.field, Source(problem.source, problem.quote, problem.ruling)) == ("source", source)
        assert words in problem.message
    assert rules.read(json.dumps({**LEAD, "source": "CA"}).encode(), b"application/json", None).problems == ()


def check(problem: Problem) -> None:
    """One source, and what belongs to it."""
    match problem.source:
        case "documented":
            assert problem.quote
            assert problem.quote in PAGE
            assert problem.ruling is None
        case "ruling":
            assert problem.ruling in RULINGS
            assert problem.quote is None
        case "http":
            assert re.fullmatch(r"RFC 9[0-9]{3}, [0-9.]+", problem.quote or "")
            assert problem.ruling is None
        case _:
            assert (problem.source, problem.quote, problem.ruling) == ("limit", None, None)


def test_every_problem_that_is_made_is_given_its_source() -> None:
    """`Problem(field, message, hint, *source)`, so that none can be forgotten."""
    made = [
        (path.name, node.lineno, ast.unparse(node.args[-1]))
        for path in PACKAGE.rglob("*.py")
        if "body import Problem" in path.read_text() or path.name == "body.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Problem"
    ]
    assert len(made) > 20
    assert [each for each in made if not each[2].startswith("*")] == []


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("profile", PROFILES)
def test_each_problem_of_the_fixtures_has_one_source(name: str, profile: str) -> None:
    rules = LeadRules(Rulings.of(profile))
    for problem in rules.read(CASES[name].content, b"application/json", None).problems:
        check(problem)


VALUE: st.SearchStrategy[Any] = (
    st.sampled_from([None, 5, True, [], {}, {"a": 1}, "", " ", "x", "5", "\u00a0", "ca", "PR", "2022", "a@b"])
    | st.text()
)


@given(
    st.dictionaries(st.sampled_from([*FIELDS, "x"]), VALUE),
    st.sampled_from(PROFILES),
    st.sampled_from(list(RULINGS.values())),
)
def test_each_problem_of_any_lead_has_one_source(lead: dict[str, Any], profile: str, ruling: Any) -> None:
    for value in ruling.values:
        rules = LeadRules(Rulings.of(profile, {ruling.name: value}), "tracking")
        for problem in rules.read(json.dumps(lead).encode(), b"application/json", None).problems:
            check(problem)


@given(st.binary() | st.text().map(str.encode), st.none() | st.binary(), st.none() | st.binary())
def test_each_problem_of_any_bytes_has_one_source(
    body: bytes, media: bytes | None, coding: bytes | None
) -> None:
    for problem in RULES.read(body, media, coding).problems:
        check(problem)


def test_what_is_refused_before_the_body_has_its_source_too() -> None:
    access = Access("demo", "…", False, RULES, "http://here/s")
    for hosts in (0, 2):
        request = Request("POST", "/api/v1/leads", [(b"host", b"x")] * hosts, b"{}")
        [problem] = decide(request, Rulings.of(), lambda _: access, lambda *_: False).problems
        check(problem)
        assert problem.source == "http"
    [problem] = answers.too_large(100, access).problems
    check(problem)
    assert problem.source == "limit"


def one(body: bytes) -> Problem:
    [problem] = RULES.read(body, b"application/json", None).problems
    return problem


@pytest.mark.parametrize(
    ("field", "lead", "quote"),
    [
        ("link", {**LEAD, "link": "https://a.co", "linkToShorten": "https://a.co"}, "but not both"),
        ("region", {"phoneNumber": "(509) 555-1234"}, "Required if zipCode is not provided."),
        ("phoneNumber", {"region": "CA"}, "`phoneNumber` | string | yes"),
        ("metadata.a", {**LEAD, "metadata": {"a": 1}}, "all values are strings"),
        ("metadata", {**LEAD, "metadata": ["a"]}, "key-value object"),
        ("region", {**LEAD, "region": "California"}, "Restricted to US state codes."),
        ("region", {**LEAD, "region": "XX"}, "Restricted to US state codes."),
        ("phoneNumber", {**LEAD, "phoneNumber": "abc"}, "The phone number of the lead"),
        ("phoneNumber", {**LEAD, "phoneNumber": "  "}, "The phone number of the lead"),
        ("phoneNumber", {**LEAD, "phoneNumber": 5095551234}, "`phoneNumber` | string | yes"),
        ("firstName", {**LEAD, "firstName": 5}, "`firstName` | string | no"),
        ("zipCode", {**LEAD, "zipCode": "abc"}, "The zip code of the lead."),
        ("email", {**LEAD, "email": "abc"}, "The email of the lead"),
        ("externalCreated", {**LEAD, "externalCreated": "yesterday"}, "in ISO8601 format"),
        ("externalCreated", {**LEAD, "externalCreated": "2022-13-01"}, "in ISO8601 format"),
        ("externalCreated", {**LEAD, "externalCreated": "2022-02-30"}, "in ISO8601 format"),
        ("", [LEAD], "Adds a lead to the campaign"),
        ("", "x", "required fields are missing"),
    ],
)
def test_the_page_decides(field: str, lead: Any, quote: str) -> None:
    problem = one(json.dumps(lead).encode())
    assert (problem.field, problem.source) == (field, "documented")
    assert quote in (problem.quote or "")


@pytest.mark.parametrize(
    "body", [b"{", b"a=b&c=d", b"<a/>", b'{"a": NaN}', b"\xef\xbb\xbf\xef\xbb\xbf{}", b"{} {}"]
)
def test_the_page_decides_about_invalid_json(body: bytes) -> None:
    assert one(body).quote == page.CONTENT_TYPE


@pytest.mark.parametrize(
    ("changes", "by"),
    [
        ({"region": "ca"}, "region-case"),
        ({"region": "PR"}, "regions"),
        ({"phoneNumber": "5095551234 x1"}, "phone-extension"),
        ({"phoneNumber": "555-1234"}, "phone-format"),
        ({"phoneNumber": "509\u00a0555 1234"}, "phone-spaces"),
        ({"phoneNumber": ""}, "empty-string"),
        ({"zipCode": "9021"}, "zip-format"),
        ({"zipCode": "00001"}, "zip-unknown"),
        ({"email": "a@b"}, "email"),
        ({"email": None}, "null"),
        ({"externalCreated": "20221115"}, "external-created"),
        ({"link": "x"}, "link"),
    ],
)
def test_where_the_page_is_silent_a_ruling_decides(changes: dict[str, Any], by: str) -> None:
    problem = one(json.dumps({**LEAD, **changes}).encode())
    assert (problem.source, problem.ruling) == ("ruling", by)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(LEAD).encode("utf-16"),
        b'{"a":' * 80 + b"1" + b"}" * 80,
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 400 + b"}",
        rb'{"firstName": "\ud83d"}',
        '{"firstName": "é"}'.encode("latin-1"),
    ],
)
def test_a_refusal_by_the_sandbox_alone_is_a_limit(body: bytes) -> None:
    assert one(body).source == "limit"
