"""From bytes to an object: what stands between a hostile body and the rules."""

import json
from unittest.mock import Mock

import pytest

from aktify_sandbox.contract.body import parse, syntax_error_in
from support.snapshots import Snapshot, refusal


def nested(levels: int) -> bytes:
    """An object so many levels deep, itself counted."""
    return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@pytest.mark.parametrize("levels", [65, 66, 1_000, 100_000])
def test_a_body_deeper_than_64_levels_is_no_object_and_the_words_say_so(
    levels: int, snapshot: Snapshot
) -> None:
    value, problem = parse(nested(levels))
    assert value is None
    assert problem is not None
    snapshot("refusals", refusal(problem))


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"{'a': 1}", (1, 2)),
        (b'{"a": 1,\n "b": }', (2, 7)),
        (b'{"a": 1,\n}', (1, 8)),
        (b"", None),
        (b"[]", None),
        (b'{"a": 1}', None),
        (b"\xff{", None),
        (nested(1_000), None),
    ],
)
def test_a_body_that_is_no_json_has_a_place_where_it_stops_being_some(
    body: bytes, place: tuple[int, int] | None
) -> None:
    assert syntax_error_in(body) == place


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[object Object]", id="object as text"),
        pytest.param(b'"{\\"region\\": \\"CA\\"}"', id="encoded twice"),
        pytest.param(b"<lead/>", id="XML"),
        pytest.param(b"\n<html></html>", id="HTML"),
        pytest.param(b"phoneNumber=5095551234&region=CA", id="form"),
        pytest.param(b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--', id="multipart"),
    ],
)
def test_a_body_of_another_format_is_called_by_its_name(body: bytes, snapshot: Snapshot) -> None:
    value, problem = parse(body)
    assert value is None
    assert problem is not None
    snapshot("refusals", refusal(problem))


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
    monkeypatch: pytest.MonkeyPatch, body: str, column: int, bracket: int, snapshot: Snapshot
) -> None:
    """Up to 3.12 at the bracket, from 3.13 on at the comma, and each of them in this Python too."""
    found = {parse(body.encode())[1]}
    for words, place in (("Expecting value", bracket), ("Illegal trailing comma before end", column)):
        fail = Mock(side_effect=json.JSONDecodeError(words, body, place - 1))
        monkeypatch.setattr(json, "loads", fail)
        found.add(parse(body.encode())[1])
    [problem] = found
    assert problem
    snapshot("refusals", refusal(problem), body)
