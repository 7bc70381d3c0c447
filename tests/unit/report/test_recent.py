"""Of very many values the newest are remembered."""

from typing import NamedTuple

from aktify_sandbox.report.recent import Recent


class Word(NamedTuple):
    """A value."""

    text: str


def test_the_oldest_is_forgotten() -> None:
    recent = Recent(32, Word)
    for number in range(1_000):
        recent.add(number, Word(f"r{number:03}"))
    assert (recent.pop(967), recent.pop(999), recent.pop(999)) == (None, Word("r999"), None)
    assert list(recent.emptied()) == [Word(f"r{number}") for number in range(968, 999)]
    assert list(recent.emptied()) == []


def test_a_value_is_one_of_its_class_again() -> None:
    recent = Recent(32, Word)
    recent.add(1, Word("a"))
    assert [each.text for each in recent.emptied()] == ["a"]
