"""Tables as TinyDB changes them: an updater sees a dictionary, and only its differences are written."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.storage.tables import Changes

STEPS = st.lists(st.tuples(st.sampled_from(["look", "put", "delete"]), st.integers(1, 4), st.integers(0, 2)))


def done(table: Any, what: str, key: int, value: int) -> Any:
    """What a step comes to: a document, nothing, or that there is none."""
    try:
        match what:
            case "look":
                return dict(table[key])
            case "put":
                table[key] = {"n": value}
            case "delete":
                del table[key]
    except KeyError:
        return KeyError
    return None


@given(STEPS)
def test_to_an_updater_a_table_is_a_dictionary(steps: list[tuple[str, int, int]]) -> None:
    before = {1: {"n": 0}, 2: {"n": 1}}
    changes, expected = Changes({str(key): row for key, row in before.items()}), dict(before)
    for step in steps:
        assert done(changes, *step) == done(expected, *step)
    assert (dict(changes), len(changes)) == (expected, len(expected))
    assert changes.put() == {key: row for key, row in expected.items() if before.get(key) != row}
    assert sorted(changes.dropped()) == sorted(before.keys() - expected.keys())
