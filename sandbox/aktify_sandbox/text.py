"""Words for people: the nearest word, a count, and text that can't move a terminal's cursor."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType


def nearest(word: str, allowed: Iterable[str], likeness: float = 0.6) -> str | None:
    """The most similar allowed word; None if none is similar enough (`likeness`, 0 to 1)."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(allowed), 1, likeness)), None)


def suggest(
    word: str,
    allowed: Iterable[str],
    sentence: str = "Did you mean {}? ",
    likeness: float = 0.6,
    also: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """A sentence that suggests the nearest allowed word; empty if none is near.

    `also` has other names of allowed words, in lower case.
    """
    close = also.get(word.lower()) or nearest(word, allowed, likeness)
    return sentence.format(close) if close is not None else ""


def plural(count: int, what: str) -> str:
    """A count and what is counted: `1 lead`, `2,000 leads`."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def are(count: int, what: str) -> str:
    """The start of a sentence about them: `1 lead is`, `2,000 leads are`."""
    return f"{plural(count, what)} {'is' if count == 1 else 'are'}"


def printable(text: str) -> str:
    """The text without anything that could move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


_MOVES_CURSOR = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]|\\r(?!\\n)"
)
"""Control characters except line breaks and tabs, and characters that change the writing direction."""


def moves_cursor(text: str) -> bool:
    """Whether the text would move a terminal's cursor other than line by line."""
    return _MOVES_CURSOR.search(text) is not None


def escaped(text: str) -> str:
    """The text with everything that could move a terminal's cursor escaped as in JSON, which keeps its meaning."""
    return _MOVES_CURSOR.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
