"""The name of what forced an answer, and what it leads to."""

from typing import Any

import pytest

from aktify_sandbox.scenarios.origin import BY_HEADER, origin_of, rule_name


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        (rule_name("flaky", 2), {"kind": "scenario", "name": "flaky", "rule": 2}),
        (rule_name("one, rule 3", 4), {"kind": "scenario", "name": "one, rule 3", "rule": 4}),
        ("force 7", {"kind": "force"}),
        ("key test-429", {"kind": "key"}),
        ("number 555-0142", {"kind": "number"}),
        (BY_HEADER, {"kind": "header"}),
    ],
)
def test_a_name_is_told_in_parts(name: str, origin: dict[str, Any]) -> None:
    assert origin_of(name) == origin
