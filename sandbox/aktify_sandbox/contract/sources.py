"""Whose word a problem is: the vendor's page, a ruling of the sandbox, HTTP, or a limit of the sandbox."""

from typing import NamedTuple


class Source(NamedTuple):
    """Whose word it is, and where it stands."""

    source: str
    """`documented`, `ruling`, `http`, `limit`; `forced` where the problem was asked for."""
    quote: str | None
    """Of the page the sentence, of HTTP the section."""
    ruling: str | None
    """The ruling's name."""


def documented(sentence: str) -> Source:
    """The vendor's page decides, with this sentence."""
    return Source("documented", sentence, None)


def ruling(name: str) -> Source:
    """The page is silent; this ruling decides."""
    return Source("ruling", None, name)


def http(section: str) -> Source:
    """HTTP decides, in this section."""
    return Source("http", section, None)


LIMIT = Source("limit", None, None)
"""Neither forbids it; the sandbox doesn't take it."""

FORCED = Source("forced", None, None)
"""Nothing is wrong: the answer was asked for."""
