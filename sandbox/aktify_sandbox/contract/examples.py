"""Example leads that the rulings in force accept: one for the curl line, and samples to send."""

import json
from itertools import product
from typing import Any

from . import dates
from .lead import LeadRules
from .phone import EXAMPLE, FICTIONAL_EXAMPLE, identity
from .problems import EXAMPLE_EMAIL, EXAMPLE_LINK

Lead = dict[str, Any]

IN_HINTS = (EXAMPLE, FICTIONAL_EXAMPLE, EXAMPLE_EMAIL, EXAMPLE_LINK, *dict.fromkeys(dates.EXAMPLES.values()))
"""Example values of hints; they belong to no person."""

_SHORT_LINK = "http://a.b"
_NEEDED = frozenset(("phoneNumber", "region", "link", "linkToShorten"))


def example(rules: LeadRules) -> Lead | None:
    """The lead that the curl line posts; None when the rulings accept no known example."""
    leads = (
        {"phoneNumber": phone, "region": "CA", "firstName": "John"} for phone in (EXAMPLE, FICTIONAL_EXAMPLE)
    )
    return next((found for lead in leads if (found := fitted(rules, lead))), None)


def fitted(rules: LeadRules, lead: Lead) -> Lead | None:
    """The lead with as few changes as make it acceptable; None when that isn't possible."""
    digits = (identity(lead["phoneNumber"]) or "")[2:]
    wanted = rules.wanted_link or "link"
    links: list[Lead] = [{wanted: EXAMPLE_LINK}, {wanted: _SHORT_LINK}]
    links.insert(len(links) if rules.wanted_link else 0, {})
    for phone, link in product((lead["phoneNumber"], digits), links):
        candidate = {**lead, "phoneNumber": phone, **link}
        wrong = _wrong(rules, candidate)
        if wrong and not wrong & _NEEDED:
            candidate = {name: value for name, value in candidate.items() if name not in wrong}
            wrong = _wrong(rules, candidate)
        if not wrong:
            return candidate
    return None


def _wrong(rules: LeadRules, lead: Lead) -> frozenset[str]:
    problems = rules.read(json.dumps(lead).encode(), b"application/json", None).problems
    return frozenset(problem.field.partition(".")[0] for problem in problems)
