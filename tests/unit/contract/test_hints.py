"""Hints that can be followed: whoever does what a hint says hears no more of that field."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.contract.lead import LeadRules, Problem
from aktify_sandbox.contract.rulings import PROFILES, Rulings
from support.examples import examples
from support.snapshots import Snapshot, refusal

LEAD = {"phoneNumber": "(212) 555-0123", "region": "CA"}

NAMED = re.compile(
    r'.*(?:as in|such as|[Ww]rite(?: it as)?|Quote it:|(?:Send one|time|offset|before it|space):) "?'
    r'(\{.*\}|\S.*?)"?(?:(?:;| if) a leading zero was lost| or \S+, whichever is meant)?\.'
    r"(?: Or send (?:region|zipCode) instead\.)?"
)
"""The value that a hint names, if it names one."""

WORDS = re.compile(r"(?:a |one |ten |five |two |the )[a-z]|it,? |https?://127|555-01|%20|\\n")
"""What follows “write” when no value does."""

DAMAGED: dict[str, list[Any]] = {
    "phoneNumber": [
        None, "", " ", 5095551234, 5095550123, 5095550123.5, 5095551234.0, -5, True, [], {}, 0,
        " 5095551234 ", "5095551234.0", "1234567890.0", "555-1234 x12", "509-555-1234 x12",
        "509-555-0123 x12", "123 456 7890 x1", "5.095551234E+09", "1.234567890E+09",
        "509\u00a0555\u00a01234", "５０９５５５０１２３", "509-555-1234, 509-555-0123", "5095551234 or 5095551235",
        "372-555-1234\t", "x" * 2_000, "555-1234", "+44 20 7946 0958",
        "p:+15095550123", '="5095551234"', "'5095551234", "tel: 5095550123", 'p:="5095551234"',
    ],
    "region": [
        None, "", 5, True, [], "ca", "pr", "Ca", "CA ", " pr", "US-CA", "us-pr", "California",
        "Puerto Rico", "puerto rico.", "District of Columbia", "dc", "DC", "PR", "Cal", "...", "ZZ",
        "Kalifornien",
    ],
    "zipCode": [
        None, "", 2138, 2138.0, 90210, 1, 2, 123456789, 5.5, -5, True, [], "2138", "001", "000",
        "z:10001", '="02138"', "zip:2138",
        "902101234", "000001234", "2138.0", "90210.00", "001.0", "90210-1234", " 90210", "90210-1234 ",
        " 00001", "00001", "00601", "K1A 0B1", "x",
    ],
    "email": [
        None, "", 5, True, [], "a b ", "a@b.co ", " x", "a@b", "a@b.co, c@d.co", "A <a@b.co>", "a..b@b.co ",
        "x" * 300,
    ],
    "externalCreated": [
        None, "", 1668546268, 1668546268123, 5, True, [], "1668546268", "11/15/2022", "02/30/2022",
        "4/5/2022", "4/5/2022 9:04 PM", "25-Nov-2022", "Nov 31, 2022", "44880", "44880.5", "44880,25", 44880, 44880.5,
        "2/29/2024 9:04 PM", "2022-11-15 21:04:28", "2022-11-15 21:04:28 -0600", "2022-02-30 21:04:28",
        "2022-11-15 9:04 PM", "2022-02-30", "2022-11-15T21:04:28-0600", "2022-11-15T21:04-06",
        "2022-11-15T21:04Z", "2022-11-15", "2022-02-30T21:04-06", "soon",
    ],
    "externalLeadId": [
        None, 5, 1.5, True, [], {}, 10**17, "x" * 2_000,
    ],
    "link": [
        None, "", 5, True, [], "www.aktify.com", "aktify.com/a b", "aktify.com/" + "x" * 100,
        "a.b:99999999/x", "localhost:80", "http://a b", "http://[", "http://a:99999999/", "http://",
        "ftp://a.b",
    ],
    "metadata": [
        None, "", 5, [], {"a": 1}, {"a": True}, {"a": None}, {"a": 1.5}, {"a": []}, {"a": 10**17},
    ],
}  # fmt: skip
RULINGS_TRIED = [
    *(Rulings.of(profile) for profile in PROFILES),
    Rulings.of("strict", {"fictional-only": "on", "external-created": "rfc3339", "regions": "usps"}),
    Rulings.of("lenient", {"fictional-only": "on", "phone-spaces": "refuse", "regions": "states"}),
    Rulings.of("default", {"text-length": "40", "zip-unknown": "accept", "zip-format": "five"}),
    Rulings.of("default", {"empty-string": "keep", "null": "absent", "phone-number-type": "coerce"}),
]


def problems_of(rules: LeadRules, lead: dict[str, Any]) -> tuple[Problem, ...]:
    return rules.read(json.dumps(lead).encode(), b"application/json", None).problems


def named_in(hint: str) -> str | None:
    found = NAMED.fullmatch(hint)
    return found[1] if found and not WORDS.match(found[1]) else None


def followed(lead: dict[str, Any], problem: Problem) -> dict[str, Any] | None:
    """The lead after the hint was followed, or None if the hint says neither what to write nor what to leave out."""
    field, _, inner = problem.field.partition(".")
    named = named_in(problem.hint)
    if problem.hint.startswith("Leave the field out"):
        return {name: value for name, value in lead.items() if name != field}
    if named is None or problem.hint.startswith("Send one of them"):
        return None
    value = json.loads(named) if named.startswith("{") else named
    return {**lead, field: {**lead[field], inner: value} if inner else value}


def check(rules: LeadRules, lead: dict[str, Any], field: str) -> str | None:
    """Follow the hint on a field, if there is one; return what was written, if anything."""
    for problem in problems_of(rules, lead):
        mended = followed(lead, problem) if problem.field.partition(".")[0] == field else None
        if mended is not None:
            again = [each for each in problems_of(rules, mended) if each.field == problem.field]
            assert again == [], f"{lead}: {problem.hint}"
            return str(mended.get(field))
    return None


@pytest.mark.parametrize("field", DAMAGED)
def test_a_hint_that_is_followed_ends_the_complaint(field: str) -> None:
    tried = 0
    for rulings in RULINGS_TRIED:
        for link in ("optional", "link"):
            rules = LeadRules(rulings, link)
            for value in DAMAGED[field]:
                alone = {"phoneNumber": LEAD["phoneNumber"], field: value}
                for lead in (
                    {**LEAD, field: value},
                    alone,
                    {**alone, "region": ""},
                    {**alone, "zipCode": None},
                ):
                    tried += check(rules, lead, field) is not None
    assert tried > 30


ANY = st.text(max_size=20) | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()


@given(
    st.sampled_from(sorted(DAMAGED)),
    ANY | st.from_regex(r"\A[ 0-9.()eE+x-]{0,14}\Z"),
    st.sampled_from(RULINGS_TRIED),
)
@examples(400)
def test_the_hint_for_any_value_can_be_followed(field: str, value: Any, rulings: Rulings) -> None:
    check(LeadRules(rulings), {**LEAD, field: value}, field)


@pytest.mark.parametrize(
    ("lead", "field", "ruling"),
    [
        ({**LEAD, "phoneNumber": None}, "phoneNumber", None),
        ({**LEAD, "phoneNumber": ""}, "phoneNumber", "empty-string"),
        ({**LEAD, "phoneNumber": -5}, "phoneNumber", None),
        ({**LEAD, "phoneNumber": 5095550123.5}, "phoneNumber", None),
        ({**LEAD, "phoneNumber": True}, "phoneNumber", None),
        ({**LEAD, "region": ""}, "region", "empty-string"),
        ({**LEAD, "region": None, "zipCode": ""}, "zipCode", "empty-string"),
        ({**LEAD, "region": "", "zipCode": "90210"}, "region", "empty-string"),
        ({**LEAD, "region": "Puerto Rico"}, "region", "regions"),
        ({**LEAD, "region": "pr"}, "region", "regions"),
        ({**LEAD, "region": 5}, "region", None),
        ({**LEAD, "externalCreated": 1668546268}, "externalCreated", None),
        ({**LEAD, "metadata": {"c": None}}, "metadata.c", None),
    ],
)  # fmt: skip
def test_a_hint_says_what_would_be_right(
    lead: dict[str, Any], field: str, ruling: str | None, snapshot: Snapshot
) -> None:
    [problem] = [each for each in problems_of(LeadRules(Rulings.of()), lead) if each.field == field]
    snapshot("refusals", refusal(problem))
    assert problem.ruling == ruling


@pytest.mark.parametrize(
    ("name", "value", "lead", "field"),
    [
        ("null", "absent", {**LEAD, "metadata": {"c": None}}, "metadata.c"),
        ("phone-number-type", "coerce", {**LEAD, "phoneNumber": 5095550123.5}, "phoneNumber"),
    ],
)
def test_no_refusal_names_a_ruling_that_would_let_it_pass(
    name: str, value: str, lead: dict[str, Any], field: str
) -> None:
    [problem] = problems_of(LeadRules(Rulings.of("default", {name: value})), lead)
    assert (problem.field, problem.ruling == name) == (field, False)


def test_where_only_fiction_is_taken_the_examples_are_fictional() -> None:
    rules = LeadRules(Rulings.of("default", {"fictional-only": "on"}))
    for value in DAMAGED["phoneNumber"]:
        for problem in problems_of(rules, {**LEAD, "phoneNumber": value}):
            assert "555-1234" not in problem.hint


def test_a_campaigns_link_is_asked_for_instead_of_the_other_one(snapshot: Snapshot) -> None:
    rules = LeadRules(Rulings.of("default", {"campaign-link": "refuse"}), "tracking")
    [problem] = problems_of(rules, {**LEAD, "link": "https://a.co"})
    assert problem.field == "linkToShorten"
    snapshot("refusals", refusal(problem))
