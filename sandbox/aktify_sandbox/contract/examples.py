"""Leads that are accepted by the rulings in force: the one to paste, and made-up ones to send."""

import json
from itertools import product
from typing import Any

from .lead import LeadRules
from .phone import EXAMPLE, FICTIONAL_EXAMPLE, identity
from .problems import EXAMPLE_LINK

Lead = dict[str, Any]

_SHORT_LINK = "http://a.b"
_NEEDED = frozenset(("phoneNumber", "region", "link", "linkToShorten"))


def example(rules: LeadRules) -> Lead | None:
    """The lead that a line to paste posts; None when no lead that is known here would be accepted."""
    leads = (
        {"phoneNumber": phone, "region": "CA", "firstName": "John"} for phone in (EXAMPLE, FICTIONAL_EXAMPLE)
    )
    return next((found for lead in leads if (found := fitted(rules, lead))), None)


def fitted(rules: LeadRules, lead: Lead) -> Lead | None:
    """The lead so that it is accepted, changed as little as that takes; None when that can't be done."""
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
