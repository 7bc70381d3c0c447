"""Why a key isn't known: the usual wrong ones, recognised by their form. Nothing of the key itself is repeated."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

Find = Callable[[bytes], Any]
"""What a key opens, or None."""

_LONGEST = 1_000
_NOTHING = re.compile(r"(?i)undefined|null|none|nil|nan|true|false|\[object object\]|\(null\)|<nil>")
_PLACEHOLDERS = {
    "a shell's variable": r"\$[A-Za-z_][A-Za-z0-9_]*|\$\{[^{}]*\}|\$\([^()]*\)|\$env:\w+|\$\{\{.*\}\}",
    "a variable of Windows' command line": r"%[A-Za-z_][A-Za-z0-9_]*%",
    "a template's field": r"\{\{.*\}\}|\{%.*%\}|<%.*%>|#\{.*\}|\{[A-Za-z_][A-Za-z0-9_.]*\}|:[A-Za-z_][A-Za-z0-9_]*",
    "a variable's name in code": r"(?:process\.env|os\.environ|ENV|env)\b.*|AKTIFY_API_KEY|API_KEY|apiKey",
    "a placeholder": (
        r"(?i)<.*>|\[.*\]|x{3,}|\*{3,}|\.{3,}|todo|tbd|"
        r"(?:your|my|insert|enter|paste|put|replace|change)[-_ ]?.*key.*"
    ),
}
_SCHEMES = re.compile(r"(?i)(bearer|basic|token|apikey|api-key|key|digest)[ :=]+(\S.*)?")
_HEADER = re.compile(r"(?i)x-api-key *[:=] *(.*)")
_QUOTES = "\"'`“”‘’«»„"
_ESCAPES = re.compile(r"(?:\\[rnt]|%0[ad9]|&#1[03];)+$", re.IGNORECASE)


def why_unknown(key: bytes, find: Find) -> str:
    """The reason in words for a key that opens nothing; what isn't certain is said as a guess, or not at all."""
    try:
        text = key.decode()
    except UnicodeDecodeError:
        text = key.decode("latin-1")
    if len(text) > _LONGEST:
        return f"The x-api-key has {len(text):,} characters, far more than a key: was a whole file sent?"
    if not text.strip():
        return "The x-api-key header is blank: is the variable that should hold the key set?"
    return next(
        _forms(text, find), "This x-api-key isn't known: `aktify-sandbox keys list` shows those that are."
    )


def _forms(text: str, find: Find) -> Iterator[str]:
    if _NOTHING.fullmatch(text):
        yield f"The x-api-key is the word {text}: the variable that should hold the key has no value."
    for what, form in _PLACEHOLDERS.items():
        if re.fullmatch(form, text):
            yield f"The x-api-key looks like {what}, not like a key: it was sent without being filled in."
    if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
        yield f"The x-api-key is in quotes: send it without them{_is_known(text.strip(_QUOTES), find)}."
    header = _HEADER.fullmatch(text)
    if header:
        yield f"The value repeats the header's name: send the key alone{_is_known(header[1], find)}."
    scheme = _SCHEMES.fullmatch(text)
    if scheme:
        yield (
            f"The x-api-key begins with the word {scheme[1]}: "
            f"send the key alone{_is_known(scheme[2] or '', find)}."
        )
    if re.fullmatch(r"eyJ[\w-]+\.[\w-]+\.[\w-]*", text):
        yield "The x-api-key looks like a JSON Web Token; the API takes a key."
    if re.search(r"…|\*{3}", text):
        yield "The x-api-key is masked, as lists show it: send the whole key."
    yield from _almost(text, find)
    if re.search(r"\s", text):
        yield "The x-api-key isn't known, and it has a blank in it: was something else pasted along?"


def _almost(text: str, find: Find) -> Iterator[str]:
    """What makes a known key of it."""
    repaired = {
        "an escaped line end or tab at its end": _ESCAPES.sub("", text),
        "one sign too many at its end": text.rstrip(",;:.="),
        "a quote on one side": text.strip(_QUOTES),
        "blanks in it": "".join(text.split()),
    }
    for what, key in repaired.items():
        if key != text and _opens(key, find):
            yield f"The x-api-key has {what}: without it, the key is known."
    for case, key in {"lower": text.lower(), "upper": text.upper()}.items():
        if key != text and _opens(key, find):
            yield f"The x-api-key is known in {case} case: keys are compared letter by letter."
    if "%" in text and _opens(unquote(text), find):
        yield "The x-api-key is percent-encoded, which headers aren't: send it as it is."
    if _opens(_from_base64(text), find):
        yield "The x-api-key is in Base64: send it as it is."


def _is_known(key: str, find: Find) -> str:
    return "; so it is known" if _opens(key.strip(), find) else ""


def _opens(key: str, find: Find) -> bool:
    return bool(key) and find(key.encode("utf-8", "surrogateescape")) is not None


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode().strip().strip(":")
    except (binascii.Error, ValueError):
        return ""
