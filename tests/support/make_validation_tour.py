"""Makes `scenarios/validation-tour.yaml`: every 400 that a file in `fixtures/leads/` gets, in the contract's own words.

`scripts/tables` writes it.
"""

import json
from collections.abc import Iterator
from typing import Any

from aktify_sandbox.contract.answers import detailed, invalid
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.rulings import Rulings
from support.lead_fixtures import CASES
from support.paths import ROOT

TARGET = ROOT / "scenarios" / "validation-tour.yaml"
_HEAD = """\
# A good client parks each of these leads for a person to correct, and goes on; it never reads more than the status.
# Made by scripts/tables from fixtures/leads/; the bodies are what such leads get unforced.
description: "Each reason for a 400 in turn, for each key. Park the lead whatever the body says, and go on."
rules:
  - when: {per: key}
    answer:
"""


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """What each wrong lead is about, and the body of its 400."""
    rules = LeadRules(Rulings.of())
    for case in CASES.values():
        if case.status == 400:
            reading = rules.read(case.content, case.content_type.encode(), None)
            yield case.about, detailed(invalid(None, None, reading.problems))


def tour() -> str:
    """The file's text."""
    lines = [_HEAD]
    for about, body in bodies():
        lines.append(f"      # {about}\n")
        lines.append(f"      - {{status: 400, body: {json.dumps(body, ensure_ascii=False)}}}\n")
    return "".join(lines)
