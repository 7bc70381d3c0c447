"""What may be seen: of a key, a phone number, an e-mail address, and of a text from outside in a terminal."""

import re

_SECRET = re.compile("key|token|secret|password|auth|cookie|credential", re.IGNORECASE)
_EMAIL = re.compile(r"([^@\s]?)[^@\s]*@([^@\s]+)")


def masked_key(key: str) -> str:
    """`test-key` becomes `tes…key`; a short key shows nothing."""
    return f"{key[:3]}…{key[-3:]}" if len(key) >= 8 else "…"


def masked_phone(phone: str) -> str:
    """`+15095551234` becomes `+1509***1234`."""
    return f"{phone[:5]}***{phone[-4:]}"


def masked_email(email: str) -> str:
    """`someone@example.com` becomes `s***@example.com`."""
    return _EMAIL.sub(r"\1***@\2", email)


def printable(text: str) -> str:
    """The text without anything that could move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def may_hold_key(name: str) -> bool:
    """Whether a header or query parameter of this name may hold a key: people try many names for x-api-key."""
    return _SECRET.search(name) is not None
