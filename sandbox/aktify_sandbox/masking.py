"""What may be seen: of a key, a phone number, an e-mail address, and of a text from outside in a terminal."""

import re

_SECRET = re.compile("key|token|secret|password|auth|cookie|credential", re.IGNORECASE)
_ID_OR_NUMBER = re.compile(r"\br0[0-9]{8}\b|\+?[0-9](?:(?:[^0-9\n]|[ ().\-/]{2,3})?[0-9]){6,}")
_DIGIT = re.compile("[0-9]")
_IN_ADDRESS = r'[^@\s"(),:;<>\[\]\\]'  # the rest are not allowed in one, and end it in JSON and prose
_EMAIL = re.compile(f"({_IN_ADDRESS}?){_IN_ADDRESS}*@({_IN_ADDRESS}+)")


def masked_key(key: str) -> str:
    """`test-key` becomes `tes…key`; a short key shows nothing."""
    return f"{key[:3]}…{key[-3:]}" if len(key) >= 8 else "…"


def masked_phone(phone: str) -> str:
    """`+15095551234` becomes `+1509***1234`."""
    return f"{phone[:5]}***{phone[-4:]}"


def masked_email(email: str) -> str:
    """`someone@example.com` becomes `s***@example.com`."""
    return _EMAIL.sub(r"\1***@\2", email)


def masked_text(text: str) -> str:
    """The text with its e-mail addresses, and what may be a phone number, masked."""
    text = masked_email(text) if "@" in text else text
    return _ID_OR_NUMBER.sub(_masked_number, text) if _DIGIT.search(text) else text


def _masked_number(found: re.Match[str]) -> str:
    if found[0].startswith("r"):  # the id of a request
        return found[0]
    digits = "".join(char for char in found[0] if char.isdecimal())
    return found[0] if len(digits) == 7 and digits.startswith("55501") else f"{found[0][:3]}***"


def printable(text: str) -> str:
    """The text without anything that could move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


_MOVES_CURSOR = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]|\\r(?!\\n)"
)
"""Control characters but for line breaks and tabs, and what turns the direction of writing."""


def moves_cursor(text: str) -> bool:
    """Whether a terminal would do more with the text than show it line by line."""
    return _MOVES_CURSOR.search(text) is not None


def escaped(text: str) -> str:
    """The text with what could move a terminal's cursor written as in JSON, where it means the same."""
    return _MOVES_CURSOR.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def may_hold_key(name: str) -> bool:
    """Whether a header or query parameter of this name may hold a key: people try many names for x-api-key."""
    return _SECRET.search(name) is not None
