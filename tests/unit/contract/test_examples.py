"""Leads to paste and to send are accepted, whatever is ruled."""

from typing import Any

import pytest

from aktify_sandbox.contract.examples import example, fitted
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.phone import FICTIONAL_EXAMPLE
from aktify_sandbox.contract.problems import EXAMPLE_LINK
from aktify_sandbox.contract.rulings import Rulings

PLAIN = {"phoneNumber": "(509) 555-1234", "region": "CA"}
LEAD = {**PLAIN, "firstName": "John Jacob Jingleheimer"}


@pytest.mark.parametrize(
    ("changes", "link", "expected"),
    [
        ({}, "optional", LEAD),
        ({"text-length": "22"}, "optional", PLAIN),
        ({"text-length": "12"}, "optional", {**PLAIN, "phoneNumber": "5095551234"}),
        ({"campaign-link": "refuse"}, "tracking", {**LEAD, "linkToShorten": EXAMPLE_LINK}),
        ({"links": "exactly-one"}, "optional", {**LEAD, "link": EXAMPLE_LINK}),
        ({"text-length": "9"}, "optional", None),
        ({"fictional-only": "on"}, "optional", None),
    ],
)
def test_a_lead_is_changed_as_little_as_it_takes(
    changes: dict[str, str], link: str, expected: dict[str, Any] | None
) -> None:
    assert fitted(LeadRules(Rulings.of("default", changes), link), LEAD) == expected


def test_where_only_fiction_is_taken_the_example_is_fictional() -> None:
    found = example(LeadRules(Rulings.of("default", {"fictional-only": "on"})))
    assert found
    assert found["phoneNumber"] == FICTIONAL_EXAMPLE
