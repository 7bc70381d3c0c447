"""Words for people: what is suggested, how things are counted, and what can't move a terminal's cursor."""

import pytest

from aktify_sandbox.text import are, escaped, moves_cursor, nearest, plural, printable, suggest

WORDS = ("flaky", "outage", "race")


def test_the_nearest_word_is_suggested_in_a_sentence_of_the_callers() -> None:
    assert suggest("flakey", WORDS) == "Did you mean flaky? "
    assert suggest("flakey", WORDS, " Is it {}?") == " Is it flaky?"


def test_nothing_is_suggested_when_nothing_is_near() -> None:
    assert suggest("timeout", WORDS) == ""
    assert nearest("timeout", WORDS) is None


def test_how_near_a_word_must_be_is_the_callers_choice() -> None:
    assert nearest("rate", WORDS, 0.9) is None
    assert nearest("rate", WORDS, 0.5) == "race"


@pytest.mark.parametrize(("count", "words"), [(0, "0 leads"), (1, "1 lead"), (2_000, "2,000 leads")])
def test_a_count_has_its_plural_and_separators(count: int, words: str) -> None:
    assert plural(count, "lead") == words


@pytest.mark.parametrize(("count", "words"), [(0, "0 leads are"), (1, "1 lead is"), (2, "2 leads are")])
def test_a_sentence_on_a_count_has_the_verb_that_fits(count: int, words: str) -> None:
    assert are(count, "lead") == words


@pytest.mark.parametrize("text", ["\x1b[2J", "a\rb", "\u202eabc", "\u2028"])
def test_text_that_moves_a_cursor_is_replaced_or_escaped(text: str) -> None:
    assert moves_cursor(text)
    assert printable(text).isprintable()
    assert not moves_cursor(escaped(text))


@pytest.mark.parametrize("text", ["", "é ✓", "two\nlines", "a\ttab", "a\r\nb"])
def test_text_that_moves_no_cursor_is_unchanged(text: str) -> None:
    assert escaped(text) == text
