"""What forced an answer: its name in headers and the journal, and the parts of that name."""

import re
from typing import Any

BY_HEADER = "header Prefer"

_OF_RULE = re.compile("scenario (.+), rule ([0-9]+)")


def rule_name(scenario: str, number: int) -> str:
    """The name of answers that the rule forces."""
    return f"scenario {scenario}, rule {number}"


def origin_of(name: str) -> dict[str, Any]:
    """The name in parts: `kind` (scenario, force, key, number or header), and of a scenario `name` and `rule`."""
    of_rule = _OF_RULE.fullmatch(name)
    if of_rule:
        return {"kind": "scenario", "name": of_rule[1], "rule": int(of_rule[2])}
    return {"kind": name.partition(" ")[0]}
