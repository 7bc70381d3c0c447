"""What is masked: a key, a phone number, an e-mail address; and keys inside a text, in whatever encoding.

What counts for `Redaction` is what a text decodes to: escapes of JSON, of addresses and of HTML, one inside the
other; base64 of any text around the key; UTF-16; gzip; upper and lower case. Nothing else is touched: `is_telling`
says what could be any word or number and is therefore left alone.
"""

import base64
import functools
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

_SECRET_NAME = re.compile("key|token|secret|password|auth|cookie|credential", re.IGNORECASE)
_ID_OR_NUMBER = re.compile(r"\br0[0-9]{8}\b|\+?[0-9](?:(?:[^0-9\n]|[ ().\-/]{2,3})?[0-9]){6,}")
_SPARED = re.compile(r"r0[0-9]{8}|\+?5[^0-9]*5[^0-9]*5[^0-9]*0[^0-9]*1[^0-9]*[0-9][^0-9]*[0-9]")
"""An id of a request, and fiction's own numbers (555-01NN), which name a rule."""
_DIGIT = re.compile("[0-9]")
_IN_ADDRESS = r'[^@\s"(),:;<>\[\]\\]'  # the rest are not allowed in one, and end it in JSON and prose
_EMAIL = re.compile(f"({_IN_ADDRESS}?){_IN_ADDRESS}*@({_IN_ADDRESS}+)")

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
"""What the sandbox itself makes (`fresh_key`): known by its form, since each test may have one of its own."""

_ENCODED = re.compile(
    r"\\+u00(?P<json>[0-9a-f]{2})|%(?P<address>[0-9a-f]{2})|&#0{0,5}(?P<decimal>[0-9]{2,3});"
    r"|&#x0{0,5}(?P<html>[0-9a-f]{2});|\\+[nrt]|\\+|[\0\r\n\t]"
)
_GAP = r"(?:[\0\r\n\t]|\\{1,8}(?:[nrt]|u000[09ad])|%(?:25){0,3}0[09ad])*+"
_BREAK = r"(?:[\0\r\n\t]|\\{1,8}[nrt])*+"
"""What stands between two characters of base64 that is wrapped into lines, or in UTF-16."""
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


def masked_text(text: str) -> str:
    """The text with its e-mail addresses, and what may be a phone number, masked."""
    text = masked_email(text) if "@" in text else text
    return _ID_OR_NUMBER.sub(_masked_number, text) if _DIGIT.search(text) else text


def _masked_number(found: re.Match[str]) -> str:
    return found[0] if _SPARED.fullmatch(found[0]) else f"{found[0][:3]}***"


MASKING = {"email": _EMAIL.pattern, "number": _ID_OR_NUMBER.pattern, "spared": _SPARED.pattern}
"""The rules of `masked_text` for the page: regular expressions in what Python and JavaScript have in common."""


def may_hold_key(name: str) -> bool:
    """Whether a header or query parameter of this name may hold a key: people try many names for x-api-key."""
    return _SECRET_NAME.search(name) is not None


def is_telling(key: str) -> bool:
    """Whether a text that holds it shows a key: one of fewer than 8 characters, a word or a number could be anything.

    From 20 characters on, letters alone or digits alone are no word or number any more. Backslashes don't count: JSON
    in JSON adds and doubles them.
    """
    key = key.replace("\\", "")
    return len(key) >= LONG or (len(key) >= _LEAST and not _WORD_OR_NUMBER.fullmatch(key))


def shown_name(name: str) -> str:
    """A name in a file of which nothing is known: masked if it looks more like a key that stands in a wrong place."""
    return masked_key(name) if is_telling(name) and any(map(str.isdigit, name)) else name


class _Secret:
    """A key, and all that it may look like."""

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
        """The text with the key masked as far as it is found where it stands.

        Compiling the pattern that finds it in any encoding takes milliseconds for each character of the key. So it is
        asked only where the key stands there otherwise than as it is, and never for a longer one: whoever sends
        30,000 characters as a key doesn't decide how long the next request waits.
        """
        text = text.replace(self._key, self.mask)
        if len(self._key) > _LONGEST_BY_PATTERN or not any(self._is_in(view) for view in _views(text)):
            return text
        return _pattern(self._key).sub(self._mask, text)

    def _is_in(self, view: str) -> bool:
        return any(needle in view for needle in self.needles)

    def _mask(self, found: re.Match[str]) -> str:
        if "\0" in found[0]:  # two or four octets for each character, which must stay so many
            return "".join(char if char == "\0" else "*" for char in found[0])
        return self.mask


@functools.lru_cache(maxsize=256)
def _pattern(key: str) -> re.Pattern[str]:
    """What finds a key in any encoding."""
    plain = _GAP.join(map(_escapes_of, key.replace("\\", "") or "\\"))
    coded = [
        f"{before * _IN_BASE64}{_BREAK.join(map(re.escape, needle))}{after * _IN_BASE64}"
        for before, needle, after in _in_base64(key)
    ]
    return re.compile("|".join([plain, *coded]), re.IGNORECASE)


class Redaction:
    """A set of keys that nobody may see."""

    def __init__(
        self, keys: Iterable[str], behind: "Redaction | None" = None, *, fresh: bool = False
    ) -> None:
        """Those of `keys` that are telling, those of `behind`, and with `fresh` all that the sandbox may have made."""
        told = sorted({key for key in keys if is_telling(key)}, key=len, reverse=True)
        self._behind = behind
        self._secrets = [_Secret(key) for key in told]
        self._needles = tuple({needle for secret in self._secrets for needle in secret.needles})
        self._starts = {needle[:_LEAST] for needle in self._needles}
        self._fresh: bool = fresh or bool(behind and behind._fresh)
        self.seeks: bool = bool(told) or self._fresh or bool(behind and behind.seeks)
        """Whether there is any key to look for."""

    def may_find(self, *texts: bytes) -> bool:
        """Whether it is worth while to look closer at parts of a request that was understood. Quick."""
        if not self.seeks:
            return False
        text = b" ".join(texts).decode("latin-1").lower()
        return "\\" in text or "%" in text or (";" in text and "&#" in text) or self._is_in(text)

    def finds(self, text: str) -> bool:
        """Whether the text, or what it decodes to, holds a key."""
        return self.seeks and any(self._is_in(view) for view in _views(text))

    def _is_in(self, view: str) -> bool:
        if self._fresh and "key-" in view and FRESH_KEY.search(view):
            return True
        return self._holds(view) or (self._behind is not None and self._behind._holds(view))

    def _holds(self, view: str) -> bool:
        if len(self._needles) > _FEW:  # as many steps as the text is long, however many keys there are
            pieces = (view[place : place + _LEAST] for place in range(len(view) - _LEAST + 1))
            if self._starts.isdisjoint(pieces):
                return False
        for needle in self._needles:  # noqa: SIM110  twice as fast as `any`, and on the way of each request
            if needle in view:
                return True
        return False

    def masked(self, value: Any) -> Any:
        """The value, a document of JSON, with the keys masked in every text and every name."""
        return self._masked(value) if self.seeks and self.finds(" ".join(_texts_in(value))) else value

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {self._masked(name): self._masked(inner) for name, inner in value.items()}
        return [self._masked(inner) for inner in value] if isinstance(value, (list, tuple)) else value

    def _text(self, text: str) -> str:
        if "…" in text:  # our own words are cut here and there, be it in the middle of a key
            text = _CUT.sub(lambda found: "…" if self._holds_half(found[0]) else found[0], text)
        if not self.finds(text):
            return text
        masked = FRESH_KEY.sub(lambda found: masked_key(found[0]), text) if self._fresh else text
        for secret in self._secrets_in(text):
            masked = secret.masked(masked)
        return "…" if self.finds(masked) else masked  # encodings that are mixed in a way of their own

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
        """The same for what isn't text: UTF-16, what was compressed."""
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
    """The text and what it decodes to, step by step, in lower case."""
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
    """What base64 of a text around the key always holds, by what stands before it; and whether more beside it tells."""
    octets = key.encode("latin-1", "replace")
    for before in range(3):
        coded = base64.b64encode(bytes(before) + octets).decode()
        first, (last, rest) = -(-before * 4 // 3), divmod((before + len(octets)) * 8, 6)
        needle = coded[first:last]
        for each in {needle, needle.translate({43: "-", 47: "_"})}:
            yield int(before > 0), each, int(rest > 0)


def _escapes_of(char: str) -> str:
    """A pattern for one character, however it is escaped; encoded ones first, since they begin with others."""
    codes = {ord(char.lower()), ord(char.upper())} if char.isascii() else {ord(char)}
    hexadecimal = "|".join(f"{code:02x}" for code in codes)
    decimal = "|".join(map(str, codes))
    return (
        rf"(?>\\{{1,8}}u00(?:{hexadecimal})|%(?:25){{0,3}}(?:{hexadecimal})|&#0{{0,5}}(?:{decimal});"
        rf"|&#x0{{0,5}}(?:{hexadecimal});|\\{{0,8}}{re.escape(char)})"
    )


def _inflated(octets: bytes) -> tuple[bytes, int]:
    """What was compressed with gzip or zlib, not too much of it, and which of both it was; nothing if it wasn't."""
    if not octets.startswith((b"\x1f\x8b", b"\x78")):
        return b"", 0
    bits = 31 if octets.startswith(b"\x1f") else 15
    try:
        return zlib.decompressobj(bits).decompress(octets, _MOST_INFLATED), bits
    except zlib.error:
        return b"", 0
