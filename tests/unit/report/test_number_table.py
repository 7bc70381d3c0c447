"""A table of numbers behaves as a dictionary that only grows."""

from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.report.number_table import NumberTable

NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1)
VALUES = st.integers(1, (1 << 64) - 1)


@given(st.lists(st.tuples(NUMBERS, VALUES)))
def test_the_first_value_under_a_number_stays(pairs: list[tuple[int, int]]) -> None:
    table, known = NumberTable(), dict[int, int]()
    for key, value in pairs:
        assert table.set_default(key, value) == known.setdefault(key, value)


def test_it_holds_many_numbers_of_one_shard() -> None:
    table = NumberTable()
    assert [table.set_default(64 * n, n + 1) for n in range(5_000)] == list(range(1, 5_001))
    assert [table.set_default(64 * n, 9) for n in range(5_000)] == list(range(1, 5_001))
