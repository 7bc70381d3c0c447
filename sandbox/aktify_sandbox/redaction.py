"""Masks keys, phone numbers and e-mail addresses; keys also inside a text, in any encoding.

`Redaction` looks at what a text decodes to: escapes of JSON, of addresses and of HTML, also nested; base64 of a text
with the key; UTF-16; gzip; upper and lower case. Nothing else is changed: `is_telling` says which keys could be any
word or number and are therefore left alone.
"""

import base64
import functools
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

_SECRET_NAME = re.compile("key|token|secret|password|auth|cookie|credential", re.IGNORECASE)
_APART = r"(?:[^0-9\n]|[ ().\-/]{2,3})?"
_NUMBER = rf"(?:\((?=[0-9]{{3}}\)))?\+?(?:1{_APART})?[0-9](?:{_APART}[0-9]){{6,9}}[0-9]*"
"""Digits behind the tenth belong to it only if nothing stands between: a status often follows."""
_REQUEST_ID = r"\br0[0-9]{8}\b"
_MOMENT = (
    r"\b(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9](?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?"
    r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?(?![0-9])"
)
_HOST = r"\b(?:127|10|172|192)(?:\.[0-9]{1,3}){3}(?::[0-9]{1,5})?(?![0-9])"
"""Addresses of this machine or its network: none of these numbers is an area code."""
_STATUS = "(?:20[0-4]|40[0-9]|413|422|429|50[0-4])"
_STATUSES = rf"\b{_STATUS}(?:,? {_STATUS})+(?![0-9]|[^0-9\n][0-9])"
_NOT_OF_A_PERSON = f"{_REQUEST_ID}|{_MOMENT}|{_HOST}|{_STATUSES}"
_ID_OR_NUMBER = re.compile(f"{_NOT_OF_A_PERSON}|{_NUMBER}")
_SPARED = re.compile(rf"{_NOT_OF_A_PERSON}|\+?5[^0-9]*5[^0-9]*5[^0-9]*0[^0-9]*1[^0-9]*[0-9][^0-9]*[0-9]")
"""Texts that look like phone numbers but aren't personal; fictional numbers (555-01NN) name a rule."""
_DIGIT = re.compile("[0-9]")
_E164 = re.compile(r"\+1[0-9]{10}")
_BEFORE_AREA = re.compile(r"^(?:\+1[ .\-/]*|1[ .\-/]+|1(?=[0-9]{10}$))?\(?")
"""What people write in front of an area code."""
_IN_ADDRESS = r'[^@\s"(),:;<>\[\]\\]'  # other characters end an address in JSON and prose
_EMAIL = re.compile(f"(?<!{_IN_ADDRESS})({_IN_ADDRESS}?){_IN_ADDRESS}*@({_IN_ADDRESS}+)")
_LAST_NAME = re.compile(
    r"""("(?:lastName|last_name)"\s*:\s*"(?:\\u[0-9a-fA-F]{4}|[^"\\]))(?:[^"\\]|\\.)*"""
    r"""|\b((?:lastName|last_name)=[^\s&])[^\s&]*"""
)
IMPERSONAL_FIELDS = ("externalCreated",)
"""Fields whose values look like phone numbers but aren't personal."""

_LEAST = 8
LONG = 20
_WORD_OR_NUMBER = re.compile(r"[A-Za-z]*|[0-9+() .:\-]*")
_ROUNDS = 4
_FEW = 400
_LONGEST_BY_PATTERN = 80
_MOST_INFLATED = 1 << 20
_HALF = 6
_CUT = re.compile(r'[^\s"…]{6,2000}…')
FRESH_KEY = re.compile(r"key-[0-9a-f]{16}", re.IGNORECASE)
"""Keys that the sandbox makes (`fresh_key`), recognised by their form, since each test may have its own."""

_ENCODED = re.compile(
    r"\\+u00(?P<json>[0-9a-f]{2})|%(?P<address>[0-9a-f]{2})|&#0{0,5}(?P<decimal>[0-9]{2,3});"
    r"|&#x0{0,5}(?P<html>[0-9a-f]{2});|\\+[nrt]|\\+|[\0\r\n\t]"
)
_GAP = r"(?:[\0\r\n\t]|\\{1,8}(?:[nrt]|u000[09ad])|%(?:25){0,3}0[09ad])*+"
_BREAK = r"(?:[\0\r\n\t]|\\{1,8}[nrt])*+"
"""What separates two characters of base64 that is wrapped into lines, or of UTF-16."""
_IN_BASE64 = "[A-Za-z0-9+/_-]?"


def masked_key(key: str) -> str:
    """`test-key` becomes `tes…key`; a short key shows nothing."""
    return f"{key[:3]}…{key[-3:]}" if len(key) >= 8 else "…"


def masked_phone(phone: str) -> str:
    """`+15095551234` becomes `+1509***1234`."""
    return f"{phone[:5]}***{phone[-4:]}"


def masked_email(email: str) -> str:
    """`someone@example.com` becomes `s***@example.com`."""
    return _EMAIL.sub(r"\1***@\2", email)


def masked_name(name: str) -> str:
    """`Doe` becomes `D***`."""
    return name and f"{name[0]}***"


def masked_text(text: str) -> str:
    """The text with its e-mail addresses, last names in JSON, and what may be a phone number, masked."""
    text = masked_email(text) if "@" in text else text
    text = _LAST_NAME.sub(r"\1\2***", text) if "last" in text else text
    return _ID_OR_NUMBER.sub(_masked_number, text) if _DIGIT.search(text) else text


def _masked_number(found: re.Match[str]) -> str:
    number = found[0]
    if _SPARED.fullmatch(number):
        return number
    return masked_phone(number) if _E164.fullmatch(number) else f"{_BEFORE_AREA.sub('', number)[:3]}***"


MASKING = {
    "email": _EMAIL.pattern,
    "lastName": _LAST_NAME.pattern,
    "number": _ID_OR_NUMBER.pattern,
    "spared": _SPARED.pattern,
    "e164": _E164.pattern,
    "beforeArea": _BEFORE_AREA.pattern,
    "impersonalFields": IMPERSONAL_FIELDS,
}
"""The rules of `masked_text` for the page, as regular expressions that Python and JavaScript share."""


class Personal(NamedTuple):
    """How a surface shows personal data: masked or `whole`. It doesn't concern keys; see `Redaction`."""

    whole: bool = False
    examples: tuple[str, ...] = ()
    """Values in hints that belong to no person."""

    def phone(self, phone: str) -> str:
        """A number in E.164."""
        return phone if self.whole else masked_phone(phone)

    def name(self, name: str) -> str:
        """A last name."""
        return name if self.whole else masked_name(name)

    def text(self, text: str, field: str = "") -> str:
        """Any text; a text about certain fields isn't personal."""
        return text if self.whole or field in IMPERSONAL_FIELDS else masked_text(text)

    def hint(self, text: str, field: str = "") -> str:
        """A hint, without its examples."""
        if not self.examples:
            return self.text(text, field)
        parts = re.split(f"({'|'.join(map(re.escape, self.examples))})", text)
        return "".join(each if place % 2 else self.text(each, field) for place, each in enumerate(parts))

    def entry(self, entry: dict[str, Any]) -> dict[str, Any]:
        """An entry, whole or as in lists, with a mark that it is masked."""
        return entry if self.whole else {**self.document(entry), "masked": True}

    def document(self, value: Any) -> Any:
        """A JSON document: entries, leads, findings. JSON or base64 inside a text stays valid."""
        return value if self.whole else self._document(value, "", "")

    def value(self, value: Any, field: str) -> Any:
        """The value of a field."""
        return value if self.whole else self._document(value, field, field)

    def _document(self, value: Any, name: str, field: str) -> Any:
        match value:
            case dict():
                return self._object(value)
            case list() | tuple():
                if _is_plain_header(value):
                    return value
                return [self._document(each, name, field) for each in value]
            case str():
                return self._value(value, name, field)
            case int() | float() if name in _PHONES:
                text = str(value)
                masked = masked_text(text)
                return value if masked == text else masked
        return value

    def _object(self, value: dict[str, Any]) -> dict[str, Any]:
        if value.get("bodyEncoding"):
            value = {name: each for name, each in value.items() if name != "bodyEncoding"}
            value["body"] = _NOT_TEXT
        about = value.get("field")  # a problem or a difference is about this field's values
        field = about.rpartition(".")[2] if isinstance(about, str) else ""
        return {self.text(name): self._document(each, name, field) for name, each in value.items()}

    def _value(self, text: str, name: str, field: str) -> str:
        if name in _KEPT or name in IMPERSONAL_FIELDS:
            return text
        if name == "phone" and _E164.fullmatch(text):
            return masked_phone(text)
        if name in _LAST_NAMES or (field in _LAST_NAMES and name in _OF_VALUES):
            return masked_name(text)
        if name == "body":
            return _masked_body(text)
        return self.hint(text, field) if name in ("hint", "fix") else self.text(text, field)


_KEPT = frozenset(("id", "receivedAt", "client", "version"))
_PHONES = frozenset(("phone", "phoneNumber"))
_LAST_NAMES = frozenset(("lastName", "last_name"))
_OF_VALUES = frozenset(("first", "this", "found", "before", "after"))
_NOT_TEXT = "(not text: left out, since personal data is masked)"
_PLAIN_HEADERS = frozenset(
    ("content-length", "content-type", "date", "host", "retry-after", "user-agent", "x-api-key")
)


def _is_plain_header(value: Sequence[Any]) -> bool:
    """Whether a header, given as name and value, contains nothing of a lead."""
    if len(value) != 2 or not all(isinstance(each, str) for each in value):
        return False
    name = value[0].lower()
    return name in _PLAIN_HEADERS or name.startswith("x-aktify-sandbox-")


def _masked_body(text: str) -> str:
    masked = masked_text(text)
    if masked == text or not _is_json(text) or _is_json(masked):
        return masked
    return json.dumps(
        Personal().document(json.loads(text)), ensure_ascii=False
    )  # a masked number is no longer a number


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def may_hold_key(name: str) -> bool:
    """Whether a header or query parameter of this name may hold a key: people try many names for x-api-key."""
    return _SECRET_NAME.search(name) is not None


def is_telling(key: str) -> bool:
    """Whether a key is distinctive. One of fewer than 8 characters, a word or a number could mean anything.

    From 20 characters on, letters alone or digits alone are distinctive. Backslashes don't count: JSON in JSON adds and
    doubles them.
    """
    key = key.replace("\\", "")
    return len(key) >= LONG or (len(key) >= _LEAST and not _WORD_OR_NUMBER.fullmatch(key))


def shown_name(name: str) -> str:
    """A name in an unknown file: masked if it looks like a key in a wrong place."""
    return masked_key(name) if is_telling(name) and any(map(str.isdigit, name)) else name


class _Secret:
    """A key and everything that it may look like."""

    def __init__(self, key: str) -> None:
        *_, plain = _views(key)
        self.mask = masked_key(key)
        written = json.dumps(key)[1:-1]  # for a key that is too short to be found without its backslashes
        again = json.dumps(written)[1:-1]
        self.needles = {key.lower(), written.lower(), again.lower()}
        self.needles.update(needle.lower() for _, needle, _ in _in_base64(key))
        if len(plain) >= _LEAST:
            self.needles.add(plain)
        self._key = key

    def masked(self, text: str) -> str:
        """The text with the key masked wherever it is found.

        Compiling the pattern for all encodings takes milliseconds per character of the key. So it is used only if the
        key occurs in another form than its own, and never for a long one: a client that sends 30,000 characters as a
        key must not delay the next request.
        """
        text = text.replace(self._key, self.mask)
        if len(self._key) > _LONGEST_BY_PATTERN or not any(self._is_in(view) for view in _views(text)):
            return text
        return _pattern(self._key).sub(self._mask, text)

    def _is_in(self, view: str) -> bool:
        return any(needle in view for needle in self.needles)

    def _mask(self, found: re.Match[str]) -> str:
        if "\0" in found[0]:  # two or four bytes for each character, whose number must not change
            return "".join(char if char == "\0" else "*" for char in found[0])
        return self.mask


@functools.lru_cache(maxsize=256)
def _pattern(key: str) -> re.Pattern[str]:
    """A pattern that finds a key in any encoding."""
    plain = _GAP.join(map(_escapes_of, key.replace("\\", "") or "\\"))
    coded = [
        f"{before * _IN_BASE64}{_BREAK.join(map(re.escape, needle))}{after * _IN_BASE64}"
        for before, needle, after in _in_base64(key)
    ]
    return re.compile("|".join([plain, *coded]), re.IGNORECASE)


class Redaction:
    """A set of secret keys."""

    def __init__(
        self, keys: Iterable[str], behind: "Redaction | None" = None, *, fresh: bool = False
    ) -> None:
        """The distinctive ones of `keys`, those of `behind`, and with `fresh` all keys made by the sandbox."""
        told = sorted({key for key in keys if is_telling(key)}, key=len, reverse=True)
        self._behind = behind
        self._secrets = [_Secret(key) for key in told]
        self._needles = tuple({needle for secret in self._secrets for needle in secret.needles})
        self._starts = {needle[:_LEAST] for needle in self._needles}
        self._fresh: bool = fresh or bool(behind and behind._fresh)
        self.seeks: bool = bool(told) or self._fresh or bool(behind and behind.seeks)
        """Whether there are any keys."""

    def may_find(self, *texts: bytes) -> bool:
        """A quick test whether parts of a parsed request need a closer look."""
        if not self.seeks:
            return False
        text = b" ".join(texts).decode("latin-1").lower()
        return "\\" in text or "%" in text or (";" in text and "&#" in text) or self._is_in(text)

    def finds(self, text: str) -> bool:
        """Whether the text, or what it decodes to, contains a key."""
        return self.seeks and any(self._is_in(view) for view in _views(text))

    def _is_in(self, view: str) -> bool:
        if self._fresh and "key-" in view and FRESH_KEY.search(view):
            return True
        return self._holds(view) or (self._behind is not None and self._behind._holds(view))

    def _holds(self, view: str) -> bool:
        if len(self._needles) > _FEW:  # takes as many steps as the text is long, however many keys there are
            pieces = (view[place : place + _LEAST] for place in range(len(view) - _LEAST + 1))
            if self._starts.isdisjoint(pieces):
                return False
        for needle in self._needles:  # noqa: SIM110  twice as fast as `any`, and on the way of each request
            if needle in view:
                return True
        return False

    def masked(self, value: Any) -> Any:
        """A JSON document with the keys masked in every text and every name."""
        return self._masked(value) if self.seeks and self.finds(" ".join(_texts_in(value))) else value

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {self._masked(name): self._masked(inner) for name, inner in value.items()}
        return [self._masked(inner) for inner in value] if isinstance(value, (list, tuple)) else value

    def _text(self, text: str) -> str:
        if "…" in text:  # our own messages are cut in places, possibly in the middle of a key
            text = _CUT.sub(lambda found: "…" if self._holds_half(found[0]) else found[0], text)
        if not self.finds(text):
            return text
        masked = FRESH_KEY.sub(lambda found: masked_key(found[0]), text) if self._fresh else text
        for secret in self._secrets_in(text):
            masked = secret.masked(masked)
        return "…" if self.finds(masked) else masked  # encodings that are mixed in an unusual way

    def _holds_half(self, text: str) -> bool:
        views = list(_views(text))
        needles = [*self._needles, *(self._behind._needles if self._behind else ())]
        return any(needle[:_HALF] in view for needle in needles for view in views)

    def _secrets_in(self, text: str) -> Iterator[_Secret]:
        views = list(_views(text))
        for secret in [*self._secrets, *(self._behind._secrets if self._behind else ())]:
            if any(needle in view for needle in secret.needles for view in views):
                yield secret

    def masked_octets(self, octets: bytes) -> bytes:
        """The same for bytes that aren't text: UTF-16 or compressed."""
        if not self.seeks:
            return octets
        text = octets.decode("latin-1")
        if self.finds(text):
            return self._text(text).encode("latin-1", "backslashreplace").replace(rb"\u2026", "…".encode())
        inner, bits = _inflated(octets)
        if not inner or not self.finds(inner.decode("latin-1")):
            return octets
        packing = zlib.compressobj(wbits=bits)
        return packing.compress(self.masked_octets(inner)) + packing.flush()


def _views(text: str) -> Iterator[str]:
    """The text and everything that it decodes to, in lower case."""
    view = text.lower()
    yield view
    for _ in range(_ROUNDS):
        decoded = _ENCODED.sub(_decoded, view)
        if decoded == view:
            return
        view = decoded
        yield view


def _decoded(found: re.Match[str]) -> str:
    code = found["json"] or found["address"] or found["html"]
    number = int(code, 16) if code else int(found["decimal"] or 0)
    return chr(number).lower() if number else ""


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _texts_in(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts_in(inner)


def _in_base64(key: str) -> Iterator[tuple[int, str, int]]:
    """What base64 of a text with the key always contains, for each offset; and whether more of it is distinctive."""
    octets = key.encode("latin-1", "replace")
    for before in range(3):
        coded = base64.b64encode(bytes(before) + octets).decode()
        first, (last, rest) = -(-before * 4 // 3), divmod((before + len(octets)) * 8, 6)
        needle = coded[first:last]
        for each in {needle, needle.translate({43: "-", 47: "_"})}:
            yield int(before > 0), each, int(rest > 0)


def _escapes_of(char: str) -> str:
    """A pattern for one character in every escape; encoded ones first, since they begin with others."""
    codes = {ord(char.lower()), ord(char.upper())} if char.isascii() else {ord(char)}
    hexadecimal = "|".join(f"{code:02x}" for code in codes)
    decimal = "|".join(map(str, codes))
    return (
        rf"(?>\\{{1,8}}u00(?:{hexadecimal})|%(?:25){{0,3}}(?:{hexadecimal})|&#0{{0,5}}(?:{decimal});"
        rf"|&#x0{{0,5}}(?:{hexadecimal});|\\{{0,8}}{re.escape(char)})"
    )


def _inflated(octets: bytes) -> tuple[bytes, int]:
    """Content compressed with gzip or zlib, up to a limit, and its kind; empty if it isn't compressed."""
    if not octets.startswith((b"\x1f\x8b", b"\x78")):
        return b"", 0
    bits = 31 if octets.startswith(b"\x1f") else 15
    try:
        return zlib.decompressobj(bits).decompress(octets, _MOST_INFLATED), bits
    except zlib.error:
        return b"", 0
