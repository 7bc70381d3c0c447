"""What spreadsheets and lead forms put around a value: `="…"`, an apostrophe, a prefix such as `p:`."""

import re
from typing import NamedTuple

_FORMS = (
    (re.compile(r'=\s*"([^"]*)"'), '="…"'),
    (re.compile(r'"([^"]*)"'), '"…"'),
    (re.compile(r"'(.*)"), "'"),
)
_PREFIX = re.compile(r"((?:tel|p|phone|z|zip)\s*:)\s*(.*)", re.IGNORECASE)


class Wrapped(NamedTuple):
    """A value and what stands around it."""

    inner: str
    wrapping: str
    """As it stands there: `p:`, `="…"`, `"…"` or `'`."""


def wrapped(text: str) -> Wrapped | None:
    """What is inside, or None when nothing stands around it."""
    prefix = _PREFIX.fullmatch(text)
    if prefix:
        return Wrapped(prefix[2], prefix[1])
    for form, name in _FORMS:
        found = form.fullmatch(text)
        if found:
            return Wrapped(found[1], name)
    return None
