"""What spreadsheets and lead forms add around a value: `="…"`, an apostrophe, a prefix such as `p:`."""

import re
from typing import NamedTuple

_FORMS = (
    (re.compile(r'=\s*"([^"]*)"'), '="…"'),
    (re.compile(r'"([^"]*)"'), '"…"'),
    (re.compile(r"'(.*)"), "'"),
)
_PREFIX = re.compile(r"((?:tel|p|phone|z|zip)\s*:)\s*(.*)", re.IGNORECASE)


class Wrapped(NamedTuple):
    """A value and what is around it."""

    inner: str
    wrapping: str
    """As it is written: `p:`, `="…"`, `"…"` or `'`."""


def wrapped(text: str) -> Wrapped | None:
    """The inner value, or None when there is nothing around it."""
    prefix = _PREFIX.fullmatch(text)
    if prefix:
        return Wrapped(prefix[2], prefix[1])
    for form, name in _FORMS:
        found = form.fullmatch(text)
        if found:
            return Wrapped(found[1], name)
    return None
