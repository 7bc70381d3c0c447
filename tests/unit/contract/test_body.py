"""From bytes to an object: what stands between a hostile body and the rules."""

import json
from unittest.mock import Mock

import pytest

from aktify_sandbox.contract.body import parse


def nested(levels: int) -> bytes:
    """An object so many levels deep, itself counted."""
    return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@pytest.mark.parametrize("levels", [65, 66, 1_000, 100_000])
def test_a_body_deeper_than_64_levels_is_no_object_and_the_words_say_so(levels: int) -> None:
    value, problem = parse(nested(levels))
    assert value is None
    assert problem is not None
    assert "deeper than 64" in problem.message


def test_a_body_of_64_levels_or_with_many_brackets_side_by_side_is_taken() -> None:
    assert parse(nested(64))[1] is None
    assert parse(b'{"a":[' + b",".join([b"[]"] * 500) + b"]}")[1] is None


@pytest.mark.parametrize(
    ("body", "column", "bracket"),
    [
        ('{"a": 1,}', 8, 9),
        ('{"a": 1 , }', 9, 11),
        ('{"a": [1,], "b": 2}', 9, 10),
        ('{"a": {"b": 1,}}', 14, 15),
    ],
)
def test_a_needless_comma_is_named_wherever_python_sees_it(
    monkeypatch: pytest.MonkeyPatch, body: str, column: int, bracket: int
) -> None:
    """Up to 3.12 at the bracket, from 3.13 on at the comma, and each of them in this Python too."""
    found = {parse(body.encode())[1]}
    for words, place in (("Expecting value", bracket), ("Illegal trailing comma before end", column)):
        fail = Mock(side_effect=json.JSONDecodeError(words, body, place - 1))
        monkeypatch.setattr(json, "loads", fail)
        found.add(parse(body.encode())[1])
    [problem] = found
    assert problem
    assert f"line 1, column {column}" in problem.message
    assert "comma" in problem.hint
