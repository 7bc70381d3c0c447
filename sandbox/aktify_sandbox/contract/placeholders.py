"""What a program or a template leaves in a text where it has no value: `undefined`, `{{first_name}}`."""

import re

WORDS = (
    "undefined", "null", "NULL", "None", "nil", "NaN", "nan", "(null)", "<nil>", "[object Object]", "#N/A", "#REF!",
    "#VALUE!", "#NAME?",
)  # fmt: skip
"""Words that are no values."""
_NOTHING = frozenset(WORDS)
_IN_METADATA = _NOTHING - {"None", "nil", "nan"}
"""In free text these may be words."""
_TEMPLATE = re.compile(
    r"\{\{[^{}]*\}\}|\$\{[^{}]*\}|\{%(?:(?!\{%).)*?%\}|<%(?:(?!<%).)*?%>|%%[A-Za-z_]+%%|\[object Object\]"
)


def is_placeholder(field: str, text: str) -> bool:
    """Whether the text of a field is such a word, or contains an unfilled template."""
    words = _IN_METADATA if field.startswith("metadata.") else _NOTHING
    return text.strip() in words or _TEMPLATE.search(text) is not None
