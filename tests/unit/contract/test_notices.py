"""What is accepted but worth knowing: of which field, by which ruling, in which words."""

import json
from typing import Any

import pytest

from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.rulings import Rulings
from support.snapshots import Snapshot

LEAD = {"phoneNumber": "(509) 555-1234", "region": "CA"}


@pytest.mark.parametrize(
    ("ruling", "lead", "link", "field"),
    [
        ("empty-string=refuse", {"firstName": ""}, "optional", "firstName"),
        ("empty-string=absent", {"firstName": ""}, "optional", "firstName"),
        ("empty-string=keep", {"firstName": ""}, "optional", None),
        ("empty-string=refuse", {"zipCode": ""}, "optional", None),
        ("empty-string=absent", {"zipCode": ""}, "optional", "zipCode"),
        ("text-length=note", {"source": "x" * 1_000}, "optional", None),
        ("text-length=note", {"source": "x" * 1_001}, "optional", "source"),
        ("campaign-link=note", {}, "link", "link"),
        ("campaign-link=note", {"link": "https://a.co"}, "link", None),
        ("campaign-link=note", {"link": "https://a.co"}, "tracking", "linkToShorten"),
    ],
)
def test_a_notice_is_about_a_field_and_names_its_ruling(
    ruling: str, lead: dict[str, Any], link: str, field: str | None, snapshot: Snapshot
) -> None:
    name, _, value = ruling.partition("=")
    rules = LeadRules(Rulings.of("default", {name: value}), link)
    found = rules.notices(json.dumps({**LEAD, **lead}).encode())
    assert [(notice.field, notice.ruling) for notice in found] == ([(field, name)] if field else [])
    for notice in found:
        snapshot("notices", notice.message)


@pytest.mark.parametrize(
    ("lead", "fields"),
    [
        ({"firstName": "undefined"}, ["firstName"]),
        ({"firstName": "Hello {{first_name}}"}, ["firstName"]),
        ({"metadata": {"plan": "[object Object]", "colour": "None"}}, ["metadata.plan"]),
        ({"firstName": "Nullmann", "source": "undefined behaviour"}, []),
        ({"region": "undefined"}, []),
    ],
)
def test_a_word_of_a_program_in_place_of_a_value_is_noticed(
    lead: dict[str, Any], fields: list[str], snapshot: Snapshot
) -> None:
    found = LeadRules(Rulings.of("default"), "optional").notices(json.dumps({**LEAD, **lead}).encode())
    assert [(notice.field, notice.ruling) for notice in found] == [(field, None) for field in fields]
    for notice in found:
        snapshot("notices", notice.message)


def test_a_body_that_was_parsed_before_is_not_parsed_again() -> None:
    rules = LeadRules(Rulings.of("default"))
    sent = {**LEAD, "first": "Ann", "link": ""}
    known = rules.notices(json.dumps(sent).encode(), sent)
    assert known == rules.notices(json.dumps(sent).encode()) == rules.notices_of(sent) != []
    assert rules.notices(b"no longer looked at", sent) == known


def test_what_only_the_bytes_show_is_noticed_in_a_parsed_body_too() -> None:
    rules = LeadRules(Rulings.of("default"))
    body = b'{"phoneNumber": "(509) 555-1234", "region": "NV", "region": "CA"}'
    assert [each.ruling for each in rules.notices(body, LEAD)] == ["duplicate-json-key"]
    assert rules.notices_of(LEAD) == []
