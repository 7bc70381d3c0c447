"""Parses a body into a JSON object, or returns the problem. No body raises an exception."""

import json
import re
from typing import Any, NamedTuple

import orjson

from aktify_sandbox.text import plural

from . import page
from .sources import LIMIT, Source, documented

_DEEPEST = 64
_BOM = b"\xef\xbb\xbf"
_BINARY = {
    "gzip": rb"\x1f\x8b",
    "zlib": rb"[\x08\x18\x28\x38\x48\x58\x68\x78][\x01\x5e\x9c\xda]",
    "bzip2": rb"BZh[1-9]",
    "zstd": rb"\x28\xb5\x2f\xfd",
    "xz": rb"\xfd7zXZ",
    "a ZIP archive or workbook": rb"PK\x03\x04",
    "PDF": rb"%PDF-",
    "an image": rb"\x89PNG|\xff\xd8\xff|GIF8",
    "MessagePack": rb"(?:[\x80-\x8f]|\xde..|\xdf....)(?:[\xa1-\xbf]|\xd9.)[ -~]",
    "CBOR": rb"(?:[\xa1-\xb7\xbf])[\x61-\x77][ -~]",
}
"""How some formats that aren't text begin."""
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


class Problem(NamedTuple):
    """One thing that is wrong with a request."""

    field: str
    """The field's name on Aktify's page, `metadata.NAME` for a metadata value, or empty for the body as a whole."""
    message: str
    hint: str
    """What to send instead."""
    source: str
    """Who decided: `documented`, `ruling`, `http`, `limit`, `forced`."""
    quote: str | None
    """The deciding sentence of Aktify's page, or the section of HTTP."""
    ruling: str | None
    """The deciding ruling's name."""


def parse(body: bytes) -> tuple[dict[str, Any] | None, Problem | None]:
    """The JSON object in the body, or what is wrong with it."""
    try:
        value = orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError):
        return _parse_again(body)
    if type(value) is not dict:
        return None, _not_an_object(value)
    if body.count(b"{") + body.count(b"[") > _DEEPEST and _depth(value) > _DEEPEST:
        return None, _whole(
            f"The body is nested deeper than {_DEEPEST} levels.",
            "Send a flat lead; only metadata is an object.",
            LIMIT,
        )
    return value, None


def has_bom(body: bytes) -> bool:
    """Whether the body begins with a UTF-8 byte order mark."""
    return body.startswith(_BOM)


def repeated_names(body: bytes) -> list[str]:
    """Names that appear more than once in the same object. The body must be valid JSON."""
    repeated: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for name, value in pairs:
            if name in seen and name not in repeated:
                repeated.append(name)
            seen[name] = value
        return seen

    try:
        json.loads(body.removeprefix(_BOM), object_pairs_hook=look)
    except (ValueError, RecursionError):
        return []
    return repeated


_NO_JSON = documented(page.CONTENT_TYPE)


def _whole(message: str, hint: str, source: Source = _NO_JSON) -> Problem:
    return Problem("", message, hint, *source)


def _parse_again(body: bytes) -> tuple[dict[str, Any] | None, Problem | None]:
    if body.startswith(_BOM + _BOM):
        return None, _whole(
            "The body begins with more than one byte order mark.", "Send the body without a byte order mark."
        )
    if has_bom(body):
        return parse(body.removeprefix(_BOM))
    for look in (_empty, _encoding, _form, _numbers, _deep, _syntax):
        problem = look(body)
        if problem:
            return None, problem
    return None, _whole("The body isn't JSON.", "Send one JSON object.")


def _empty(body: bytes) -> Problem | None:
    if body.strip():
        return None
    return _whole("The body is empty.", "Send one lead as a JSON object.", documented(page.INVALID))


def _encoding(body: bytes) -> Problem | None:
    wide = _wide(body)
    if wide:
        return _whole(f"The body is {wide}, not UTF-8.", "Encode the body in UTF-8.", LIMIT)
    try:
        body.decode()
    except UnicodeDecodeError as error:
        kind = next((kind for kind, form in _BINARY.items() if re.match(form, body, re.DOTALL)), None)
        if kind or _CONTROL.search(body):
            shown = f" ({kind})" if kind else ""
            return _whole(f"The body is not text{shown}.", "Send one JSON object, uncompressed, in UTF-8.")
        hint = "Encode the body in UTF-8." + _single_byte(body)
        if error.end == len(body) and error.reason == "unexpected end of data":
            hint = "Send the whole body: it may have been cut off inside its last character."
        strange = f"byte 0x{body[error.start]:02X} at position {error.start}"
        return _whole(f"The body isn't UTF-8: {strange}.", hint, LIMIT)
    return None


def _wide(body: bytes) -> str | None:
    """The encoding with two or four bytes per character in which the body begins like JSON."""
    for codec in ("utf-32", "utf-32-le", "utf-32-be", "utf-16", "utf-16-le", "utf-16-be"):
        text = body[:64].decode(codec, "ignore").lstrip("\ufeff \t\r\n")
        if text[:1] in ("{", "[", '"') and not body.startswith(text[:2].encode()):
            return codec[:6].upper()
    return None


def _single_byte(body: bytes) -> str:
    """A single-byte encoding, only if the whole body is JSON in it, with letters where UTF-8 has none."""
    try:
        text = body.decode("cp1252")
        json.loads(text)
    except (ValueError, RecursionError):
        return ""
    letters = all(char.isalpha() for char in text if char > "~")
    return " It may be in Windows-1252." if letters else ""


def _form(body: bytes) -> Problem | None:
    if re.match(rb"--[^\r\n]+\r?\n(?i:content-disposition):", body):
        return _whole("The body is a multipart form, not JSON.", "Send one JSON object as application/json.")
    if re.match(rb"[A-Za-z_.]+=[^&=]*(?:&|$)", body):
        return _whole(
            "The body is a form (name=value&…), not JSON.", "Send one JSON object as application/json."
        )
    if body.lstrip()[:1] == b"<":
        return _whole("The body is XML or HTML, not JSON.", "Send one JSON object as application/json.")
    return None


def _numbers(body: bytes) -> Problem | None:
    found = re.search(rb"(?<![A-Za-z\"'])(?:NaN|-?Infinity)(?![A-Za-z\"'])", body)
    if found:
        return _whole(f"{found[0].decode()} isn't JSON.", "Values are strings; put them in quotes.")
    if re.search(rb"[0-9]{309}|[0-9][eE]\+?[0-9]{3}", body) and _syntax_error(body) is None:
        return _whole(
            "A number in the body is too large for JSON parsers.",
            "Values are strings; put them in quotes.",
            LIMIT,
        )
    return None


def _deep(body: bytes) -> Problem | None:
    if max(body.count(b"["), body.count(b"{")) < _DEEPEST or _syntax_error(body) not in (
        None,
        RecursionError,
    ):
        return None
    return _whole(
        f"The body is nested deeper than {_DEEPEST} levels.",
        "Send a flat lead; only metadata is an object.",
        LIMIT,
    )


def _syntax(body: bytes) -> Problem | None:
    error = _syntax_error(body)
    text = body.decode()
    if isinstance(error, json.JSONDecodeError):
        where = f"line {error.lineno}, column {error.colno}"
        return _whole(
            f"The body isn't JSON: {error.msg.lower().removesuffix(' at')} at {where}.",
            _syntax_hint(text, error),
        )
    lone = re.search(r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|\\u[dD][c-fC-F][0-9a-fA-F]{2}", text)
    if lone:
        hint = "A surrogate pair was cut in half; cut text between characters."
        return _whole(f"{lone[0]} is a lone surrogate, half of a character.", hint, LIMIT)
    return None


def syntax_error_in(body: bytes) -> tuple[int, int] | None:
    """Line and column, from 1, of the JSON syntax error; None if there is none."""
    error = _syntax_error(body)
    if not isinstance(error, json.JSONDecodeError) or parse(body)[1] != _syntax(body):
        return None
    return error.lineno, error.colno


def _syntax_error(body: bytes) -> json.JSONDecodeError | type[RecursionError] | None:
    try:
        json.loads(body, parse_int=len, parse_float=len)
    except json.JSONDecodeError as error:
        return _at_its_comma(error)
    except RecursionError:
        return RecursionError
    except ValueError:
        return None
    return None


def _at_its_comma(error: json.JSONDecodeError) -> json.JSONDecodeError:
    """Python reports the bracket after a trailing comma; from 3.13 on it reports the comma, in other words."""
    text, place = error.doc, error.pos
    if text[place : place + 1] != ",":
        place = len(text[:place].rstrip()) - 1
    if place >= 0 and re.match(r",\s*[}\]]", text[place:]):
        return json.JSONDecodeError("Trailing comma", text, place)
    return error


_SLIPS = {
    r"(?:None|True|False)\b": "This is Python syntax; JSON has null, true and false. Use json.dumps.",
    r"undefined\b": "JSON has no undefined; leave the field out, as JSON.stringify does.",
    r"object Object\]": "An object was turned into text; use JSON.stringify.",
    r"//|/\*|#": "Remove the comment: JSON has none.",
    r"[A-Za-z_]\w*\s*:": 'Put names in double quotes: "name": "value".',
    r"[“”‘’]": "These are typographic quotes; use straight ones.",
    r"'": 'Use double quotes: "name": "value".',
}
"""The parser's messages, and a hint for each."""


def _syntax_hint(text: str, error: json.JSONDecodeError) -> str:
    rest = text[error.pos : error.pos + 100]
    slip = next((hint for form, hint in _SLIPS.items() if re.match(form, rest)), None)
    if slip or text.lstrip()[:2] == "{'":
        return slip or _SLIPS["'"]
    if error.msg == "Trailing comma":
        return "Remove the comma before the closing bracket."
    if error.msg.startswith("Extra data"):
        return "Send one lead per request and nothing after it."
    if error.pos >= len(text.rstrip()):
        return "Send the whole body: it ends too early and may have been cut off."
    if error.msg.startswith("Invalid control"):
        return r"Write a line break in a string as \n."
    return "Write the body with a JSON library."


def _not_an_object(value: Any) -> Problem:
    if isinstance(value, list):
        many = f"an array of {plural(len(value), 'element')}" if value else "an empty array"
        return _whole(
            f"The body is {many}.",
            "Send one flat lead per request.",
            documented(page.ONE_LEAD),
        )
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        return _whole(
            "The body is a string with a JSON object in it.",
            "It was encoded as JSON twice; encode it once.",
            documented(page.INVALID),
        )
    kind = "null" if value is None else "a string" if isinstance(value, str) else "a number or boolean"
    return _whole(f"The body is {kind}.", "Send one lead as a JSON object.", documented(page.INVALID))


def _depth(value: Any) -> int:
    """The depth of nested objects and arrays, counting empty ones."""
    deepest, layer = 0, [value]
    while layer:
        deepest += 1
        inside = (inner for outer in layer for inner in (outer.values() if type(outer) is dict else outer))
        layer = [inner for inner in inside if isinstance(inner, (dict, list))]
    return deepest
