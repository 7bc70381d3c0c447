"""From bytes to an object: what stands between a hostile body and the rules."""

import pytest

from aktify_sandbox.contract.parsing import parse


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
