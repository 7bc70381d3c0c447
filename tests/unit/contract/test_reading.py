"""What a body comes to: all that is wrong with it, each where it belongs."""

import json
from typing import Any

import pytest

from aktify_sandbox.contract.lead import LeadRules, Reading
from aktify_sandbox.contract.rulings import PROFILES, Rulings
from aktify_sandbox.contract.schema import accepts
from aktify_sandbox.contract.validators import FastValidator, ReferenceValidator
from support.snapshots import Snapshot, refusal

LEAD = {"phoneNumber": "(509) 555-1234", "region": "CA"}


def read(
    lead: dict[str, Any] | bytes, profile: str = "default", link: str = "optional", **changes: str
) -> Reading:
    rules = LeadRules(
        Rulings.of(profile, {name.replace("_", "-"): value for name, value in changes.items()}), link
    )
    body = lead if isinstance(lead, bytes) else json.dumps(lead, ensure_ascii=False).encode()
    return rules.read(body, b"application/json", None)


def wrong(reading: Reading) -> list[tuple[str, str | None]]:
    return [(problem.field, problem.ruling) for problem in reading.problems]


@pytest.mark.parametrize("marks", [2, 3, 500, 30_000])
def test_one_byte_order_mark_is_taken_and_no_more(marks: int, snapshot: Snapshot) -> None:
    body = json.dumps(LEAD).encode()
    assert read(b"\xef\xbb\xbf" + body).problems == ()
    [problem] = read(b"\xef\xbb\xbf" * marks + body).problems
    snapshot("refusals", refusal(problem))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("empty", ["both", "link", "linkToShorten", "none"])
def test_both_links_are_refused_even_if_equal_or_empty(profile: str, empty: str) -> None:
    links = {name: "" if empty in (name, "both") else "https://a.co" for name in ("link", "linkToShorten")}
    for ruling in ("refuse", "absent", "keep"):
        assert ("link", None) in wrong(read({**LEAD, **links}, profile, empty_string=ruling))


def test_both_links_are_reported_beside_what_is_wrong_with_each() -> None:
    assert wrong(read({**LEAD, "link": "x", "linkToShorten": ""})) == [
        ("link", "link"), ("link", None), ("linkToShorten", "empty-string"),
    ]  # fmt: skip
    assert wrong(read({**LEAD, "link": None, "linkToShorten": 5}))[:2] == [
        ("link", "null"),
        ("link", None),
    ]


def test_a_link_that_is_null_is_no_link_where_null_counts_as_absent() -> None:
    """Serializers write null for every field that isn't set."""
    assert read({**LEAD, "link": None, "linkToShorten": "https://a.co"}, "lenient").problems == ()


def test_a_repeated_name_is_reported_beside_what_is_wrong_with_its_value() -> None:
    body = b'{"phoneNumber": "5095551234", "region": "CA", "region": "ca"}'
    found = wrong(read(body, duplicate_json_key="refuse"))
    assert found == [("region", "region-case"), ("region", "duplicate-json-key")]


@pytest.mark.parametrize("name", ["metadata", "region", "link"])
def test_a_field_of_the_page_wraps_no_lead(name: str) -> None:
    problems = read({name: {"a": "b"}}).problems
    assert "phoneNumber" in [problem.field for problem in problems]
    assert not any("wrapped" in problem.message for problem in problems)


def test_a_lead_in_any_other_name_is_wrapped(snapshot: Snapshot) -> None:
    [problem] = read({"lead": LEAD}).problems
    snapshot("refusals", refusal(problem))


def test_problems_inside_metadata_come_in_the_order_of_the_body() -> None:
    metadata = dict.fromkeys(["z", "a", "m", "k.x", "b", "y"], 1)
    fields = [problem.field for problem in read({**LEAD, "metadata": metadata, "email": "x"}).problems]
    assert fields == ["email", *(f"metadata.{name}" for name in metadata)]


def noted(lead: dict[str, Any], profile: str = "lenient", **changes: str) -> set[str]:
    rulings = Rulings.of(profile, {name.replace("_", "-"): value for name, value in changes.items()})
    return {note.field for note in LeadRules(rulings).notices(json.dumps(lead).encode())}


def test_a_refused_value_gets_no_note() -> None:
    assert noted({**LEAD, "zipCode": "0000"}) == set()
    assert noted({**LEAD, "zipCode": "nowhere"}) == set()
    assert noted({**LEAD, "zipCode": "00001"}) == {"zipCode"}
    assert noted({**LEAD, "region": "XX", "zipCode": "90210"}) == set()
    assert noted({**LEAD, "externalCreated": "some time ago"}) == set()
    assert noted({**LEAD, "phoneNumber": " 5095551234"}, phone_spaces="refuse") == set()
    assert noted({**LEAD, "phone": "x"}, "strict") == set()


URLS = [
    ("https://www.aktify.com", True),
    ("HTTP://x.y/z?q=ü#f", True),
    ("http://müller.de:8080", True),
    ("http://a:65535/", True),
    ("http://a:00080/", True),
    ("http://a:/", True),
    ("http://a?b", True),
    ("http://user:secret@a.b/", True),
    ("http://[::1]/", True),
    ("http://[2001:db8::1]:8080/a[b]", True),
    ("http://[::ffff:1.2.3.4]", True),
    ("http://a/[", True),
    ("http://[", False),
    ("http://]/", False),
    ("http://[]/", False),
    ("http://a]b/", False),
    ("http://[::1/", False),
    ("http://[1]/", False),
    ("http://a:65536/", False),
    ("http://a:99999999/", False),
    ("http://a:b/", False),
    ("http://a:1:2/", False),
    ("http://:80/", False),
    ("http://@/", False),
    ("http:///a", False),
    ("http://a\n", False),
    ("http://a b", False),
]


@pytest.mark.parametrize(("url", "absolute"), URLS)
def test_only_an_absolute_url_is_a_link_and_both_engines_say_so(url: str, absolute: bool) -> None:
    rulings = Rulings.of()
    for name in ("link", "linkToShorten"):
        lead = {**LEAD, name: url}
        for engine in (FastValidator, ReferenceValidator):
            assert accepts(rulings, engine)(lead) == absolute
        assert wrong(read(lead)) == ([] if absolute else [(name, "link")])
