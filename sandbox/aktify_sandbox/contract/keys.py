"""Why a key is unknown: common mistakes, recognised by their form. The sentences never repeat the key."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

Find = Callable[[bytes], Any]
"""What a key opens, or None."""

_LONGEST = 1_000
_NOTHING = re.compile(r"(?i)undefined|null|none|nil|nan|true|false|\[object object\]|\(null\)|<nil>")
_PLACEHOLDERS = {
    "a shell variable": r"\$[A-Za-z_][A-Za-z0-9_]*|\$\{[^{}]*\}|\$\([^()]*\)|\$env:\w+|\$\{\{.*\}\}",
    "a Windows environment variable": r"%[A-Za-z_][A-Za-z0-9_]*%",
    "a template field": r"\{\{.*\}\}|\{%.*%\}|<%.*%>|#\{.*\}|\{[A-Za-z_][A-Za-z0-9_.]*\}|:[A-Za-z_][A-Za-z0-9_]*",
    "a variable name from code": r"(?:process\.env|os\.environ|ENV|env)\b.*|AKTIFY_API_KEY|API_KEY|apiKey",
    "a placeholder": (
        r"(?i)<.*>|\[.*\]|x{3,}|\*{3,}|\.{3,}|todo|tbd|"
        r"(?:your|my|insert|enter|paste|put|replace|change)[-_ ]?.*key.*"
    ),
}
_SCHEMES = re.compile(r"(?i)(bearer|basic|token|apikey|api-key|key|digest)[ :=]+(\S.*)?")
_HEADER = re.compile(r"(?i)x-api-key *[:=] *(.*)")
_QUOTES = "\"'`“”‘’«»„"
_ESCAPES = re.compile(r"(?:\\[rnt]|%0[ad9]|&#1[03];)+$", re.IGNORECASE)


MISTAKES = (
    "none", "several", "other-header", "blank", "too-long", "nothing", "placeholder", "quotes", "header-name",
    "scheme", "token", "masked", "extra-character", "white-space", "case", "percent-encoded", "base64",
)  # fmt: skip
"""The codes of mistakes with a key."""


class KeyMistake(NamedTuple):
    """Why a key is unknown."""

    code: str | None
    """One of `MISTAKES`; None if its form tells nothing."""
    sentence: str
    """For a person. An uncertain reason is worded as a guess or left out."""


def why_unknown(key: bytes, find: Find) -> KeyMistake:
    """What is wrong with an unknown key in `x-api-key`."""
    text = _decoded(key)
    if len(text) > _LONGEST:
        many = f"{len(text):,} characters, too many for a key"
        return KeyMistake("too-long", f"The x-api-key has {many}. A whole file may have been sent.")
    if not text.strip():
        sentence = "The x-api-key header is blank. Check that the variable for the key is set."
        return KeyMistake("blank", sentence)
    return next(_forms(text, find), _UNKNOWN)


def why_missing(count: int, elsewhere: Sequence[tuple[bytes, bytes]], find: Find) -> KeyMistake:
    """What is wrong if there isn't exactly one `x-api-key` header.

    `count` is how many there are; `elsewhere` are other headers, with their values, that may hold the key.
    """
    if count:
        sentence = (
            f"There are {count} x-api-key headers; send exactly one. HTTP joins repeated headers with commas."
        )
        return KeyMistake("several", sentence)
    if elsewhere:
        name, value = elsewhere[-1]
        sentence = _why_elsewhere(name.decode("latin-1"), value, find)
        return KeyMistake("other-header", f"There is no x-api-key header. {sentence}")
    return KeyMistake("none", "There is no x-api-key header.")


_UNKNOWN = KeyMistake(None, "Unknown x-api-key. `aktify-sandbox keys list` shows the known keys.")


def _why_elsewhere(header: str, key: bytes, find: Find) -> str:
    text = _decoded(key)
    scheme = _SCHEMES.fullmatch(text)
    if _opens(text, find):
        return f"The key was sent in {header}, which the API doesn't read: in x-api-key the key is valid."
    if scheme and _opens(scheme[2] or "", find):
        return (
            f"The key was sent in {header}, which the API doesn't read: "
            f"in x-api-key and without the word {scheme[1]} the key is valid."
        )
    return f"The key may have been sent in {header}, which the API doesn't read."


def _decoded(key: bytes) -> str:
    try:
        return key.decode()
    except UnicodeDecodeError:
        return key.decode("latin-1")


def _forms(text: str, find: Find) -> Iterator[KeyMistake]:
    if _NOTHING.fullmatch(text):
        sentence = f"The x-api-key is the word {text}. The variable for the key has no value."
        yield KeyMistake("nothing", sentence)
    for what, form in _PLACEHOLDERS.items():
        if re.fullmatch(form, text):
            yield KeyMistake("placeholder", f"The x-api-key looks like {what} that was never filled in.")
    if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
        advice = _alone("them", text.strip(_QUOTES), find)
        yield KeyMistake("quotes", f"The x-api-key is in quotes: {advice}.")
    header = _HEADER.fullmatch(text)
    if header:
        advice = _alone("it", header[1], find)
        yield KeyMistake("header-name", f"The x-api-key repeats the header's name: {advice}.")
    scheme = _SCHEMES.fullmatch(text)
    if scheme:
        advice = _alone("that word", scheme[2] or "", find)
        yield KeyMistake("scheme", f"The x-api-key begins with the word {scheme[1]}: {advice}.")
    if re.fullmatch(r"eyJ[\w-]+\.[\w-]+\.[\w-]*", text):
        yield KeyMistake("token", "The x-api-key looks like a JSON Web Token; send an API key.")
    if re.search(r"…|\*{3}", text):
        yield KeyMistake("masked", "The x-api-key is masked, as in lists; send the whole key.")
    yield from _almost(text, find)
    if re.search(r"\s", text):
        sentence = "Unknown x-api-key. It contains white space; something else may have been pasted with it."
        yield KeyMistake("white-space", sentence)


def _almost(text: str, find: Find) -> Iterator[KeyMistake]:
    """The change that makes it a known key."""
    repaired = (
        ("extra-character", "ends in an escaped line break or tab", _ESCAPES.sub("", text)),
        ("extra-character", "ends in an extra character", text.rstrip(",;:.=")),
        ("quotes", "has a quote on one side", text.strip(_QUOTES)),
        ("white-space", "contains white space", "".join(text.split())),
    )
    for code, what, key in repaired:
        if key != text and _opens(key, find):
            yield KeyMistake(code, f"The x-api-key {what}: without it the key is valid.")
    for case, key in {"lower": text.lower(), "upper": text.upper()}.items():
        if key != text and _opens(key, find):
            sentence = f"Upper and lower case differ in an x-api-key: in {case} case the key is valid."
            yield KeyMistake("case", sentence)
    if "%" in text and _opens(unquote(text), find):
        yield KeyMistake("percent-encoded", "The x-api-key is percent-encoded; send it as it is.")
    if _opens(_from_base64(text), find):
        yield KeyMistake("base64", "The x-api-key is Base64-encoded; send it as it is.")


def _alone(what: str, key: str, find: Find) -> str:
    """What to leave out, or, where that makes a known key of it, that it does."""
    return f"without {what} the key is valid" if _opens(key, find) else f"send the key without {what}"


def _opens(key: str, find: Find) -> bool:
    key = key.strip()
    return bool(key) and find(key.encode("utf-8", "surrogateescape")) is not None


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode().strip().strip(":")
    except (binascii.Error, ValueError):
        return ""
