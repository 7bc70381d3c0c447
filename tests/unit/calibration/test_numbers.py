"""Which fictional numbers a run takes."""

import pytest

from aktify_sandbox.calibration.numbers import ORDINARY, UNASSIGNED, Numbers, NumbersUsedError


def test_numbers_go_on_from_the_start_and_round() -> None:
    numbers = Numbers(len(ORDINARY) - 1)
    assert [numbers.next(), numbers.next()] == [ORDINARY[-1], ORDINARY[0]]


def test_used_numbers_are_left_out() -> None:
    assert Numbers(0, [ORDINARY[0], ORDINARY[1]]).next() == ORDINARY[2]


def test_a_number_of_an_earlier_run_leads_to_others() -> None:
    numbers = Numbers(0)
    before = numbers.next()
    numbers.skip()
    assert ORDINARY.index(numbers.next()) - ORDINARY.index(before) > 80


def test_no_number_comes_twice_and_the_end_is_said() -> None:
    numbers = Numbers(7)
    found = {numbers.next(unassigned=True) for _ in UNASSIGNED}
    assert found == set(UNASSIGNED)
    with pytest.raises(NumbersUsedError):
        numbers.next(unassigned=True)
    assert numbers.next() in ORDINARY
