"""Makes `scenarios/validation-tour.yaml`: every 400 that a file in `fixtures/leads/` gets, in the contract's own words.

`python tests/support/make_validation_tour.py` writes it anew; a test proves that it is what the contract says today.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aktify_sandbox.contract.answers import detailed, invalid
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.rulings import Rulings

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "scenarios" / "validation-tour.yaml"
_HEAD = """\
# A good client parks each of these leads for a person to correct, and goes on; it never reads more than the status.
# Made by tests/support/make_validation_tour.py from fixtures/leads/; the bodies are what such leads get unforced.
description: "Each reason for a 400 in turn, for each key. Park the lead whatever the body says, and go on."
rules:
  - when: {per: key}
    answer:
"""


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """What each wrong lead is about, and the body of its 400."""
    for path in sorted((ROOT / "fixtures" / "leads").glob("*.json")):
        case = json.loads(path.read_text())
        if case["answer"]["status"] != 400:
            continue
        rules = LeadRules(Rulings.of("default", case.get("rulings", {})), case.get("link", "optional"))
        text = case["text"] if "text" in case else json.dumps(case["body"], ensure_ascii=False)
        media = case.get("headers", {}).get("content-type", "application/json")
        reading = rules.read(text.encode(), media.encode(), None)
        yield case["about"], detailed(invalid(None, None, reading.problems))


def tour() -> str:
    """The file's text."""
    lines = [_HEAD]
    for about, body in bodies():
        lines.append(f"      # {about}\n")
        lines.append(f"      - {{status: 400, body: {json.dumps(body, ensure_ascii=False)}}}\n")
    return "".join(lines)


if __name__ == "__main__":
    TARGET.write_text(tour())
