"""Who decided a problem: Aktify's page, a ruling of the sandbox, HTTP, or a limit of the sandbox."""

from typing import NamedTuple


class Source(NamedTuple):
    """The source of a refusal: who decided, and where it is written."""

    source: str
    """`documented`, `ruling`, `http`, `limit`; `forced` for a forced problem."""
    quote: str | None
    """The sentence of the page, or the section of HTTP."""
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
"""Neither the page nor HTTP forbids it; the sandbox doesn't accept it."""

FORCED = Source("forced", None, None)
"""Nothing is wrong: the answer was forced."""
