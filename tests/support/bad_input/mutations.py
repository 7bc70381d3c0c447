"""Valid leads, and what happens to them on their way: the same for the same seed."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

ODD_TEXTS = (
    "",
    " ",
    "\0",
    "\x1b[31m",
    "\u2028",
    "\ufeff",
    "\u202e",
    "\U0001f469\u200d\U0001f680",
    "e\u0301" * 50,
    "\ufffe",
    "٥٠٩٥٥٥١٢٣٤",
    "５０９５５５１２３４",
    "5095551234\n",
    "<script>",
    "${jndi:x}",
    "x" * 1_001,
    "../../etc/passwd",
    "'; --",
)
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 2**53, 10**400, [], {}, [[]], [{}], {"": ""}, ["x"], {"a": {"b": "c"}}),
    *ODD_TEXTS,
)
ODD_BYTES = (
    *(b"\\ud800", b"\\udc00\\ud800", b"\\u0000", b"\\uD83D", b"\\x41", b"\xed\xa0\x80", b"\xc0\xaf", b"\xff"),
    *(b"NaN", b"-Infinity", b"1e400", b"-0", b"01", b"9" * 5_000, b"[" * 70, b'{"a":' * 70, b"/*", b"//"),
    *(b"'", b",", b":", b'"', b"{", b"}", b"\r\n\r\n", b"\0", b"\xef\xbb\xbf"),
)
NAMES = (
    *("phoneNumber", "region", "zipCode", "email", "externalCreated", "externalLeadId", "firstName"),
    *("lastName", "source", "link", "linkToShorten", "metadata", "phone", "first_name", "__proto__", ""),
)


def lead(chance: random.Random, numbers: int) -> dict[str, Any]:
    """A valid one with one of so many phone numbers."""
    written = chance.choice(
        ("509{:07d}", "(509) {:03d}-{:04d}", "+1 509 {:03d} {:04d}", " 509-{:03d}-{:04d} ")
    )
    number = 2_000_000 + chance.randrange(numbers)
    parts = (number,) if "07d" in written else divmod(number, 10_000)
    more = {
        "zipCode": "90210",
        "email": "someone@example.com",
        "externalCreated": "2022-11-15T21:04:28-0600",
        "externalLeadId": "42",
        "firstName": "Zoë",
        "lastName": "Smith",
        "source": "web",
        chance.choice(("link", "linkToShorten")): "https://www.example.com/?a=b",
        "metadata": {"a": "b", "c": "☃"},
    }
    kept = {name: value for name, value in more.items() if chance.random() < 0.3}
    return {"phoneNumber": written.format(*parts), "region": "CA", **kept}


def encoded(chance: random.Random, value: Any) -> bytes:
    """In JSON of one style or another."""
    separators = chance.choice(((", ", ": "), (",", ":")))
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5, separators=separators)
    return text.encode("utf-8", "surrogatepass")


def flipped(chance: random.Random, body: bytes) -> bytes:
    """Some bits are the other way round."""
    changed = bytearray(body)
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        changed[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def truncated(chance: random.Random, body: bytes) -> bytes:
    """The end is missing, or the beginning."""
    place = chance.randrange(len(body))
    return chance.choice((body[:place], body[:place], body[place:]))


def doubled(chance: random.Random, body: bytes) -> bytes:
    """A part stands twice."""
    begin, end = sorted((chance.randrange(len(body)), chance.randrange(len(body) + 1)))
    return body[:end] + body[begin:end] * chance.choice((1, 1, 2, 100)) + body[end:]


def interspersed(chance: random.Random, body: bytes) -> bytes:
    """Something strange stands somewhere."""
    begin = chance.randrange(len(body) + 1)
    return body[:begin] + chance.choice(ODD_BYTES) + body[begin + chance.choice((0, 0, 1, 5)) :]


def recoded(chance: random.Random, body: bytes) -> bytes:
    """Another character set, or a mark in front of it."""
    text = body.decode(errors="replace")
    coding = chance.choice(("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-8-sig", "utf-7"))
    return text.encode(coding, "replace")


def enlarged(chance: random.Random, body: bytes) -> bytes:
    """Around the limit of 100 kB, or far above it."""
    more = chance.choice((100_000 - len(body), 100_001 - len(body), 99_000, 150_000, 400_000))
    return body + b" " * max(0, more)


def retyped(chance: random.Random, body: bytes) -> bytes:
    """A value of another type, or a strange text."""
    changed = json.loads(body)
    changed[chance.choice(NAMES)] = chance.choice(ODD_VALUES)
    return encoded(chance, changed)


def nested(chance: random.Random, body: bytes) -> bytes:
    """Deeper than it should be."""
    value: Any = json.loads(body)
    for _ in range(chance.choice((1, 1, 2, 63, 64, 65, 500))):
        value = chance.choice(([value], {"lead": value}))
    if chance.random() < 0.5:
        value = {**json.loads(body), chance.choice(NAMES): value}
    return encoded(chance, value)


def renamed(chance: random.Random, body: bytes) -> bytes:
    """A name is missing, misspelt or there twice."""
    name = chance.choice(list(json.loads(body))).encode()
    other = chance.choice((name.lower(), name.upper(), name[:-1], name + b" ", *(n.encode() for n in NAMES)))
    return body.replace(b'"%b"' % name, b'"%b"' % other, 1)


def untouched(_: random.Random, body: bytes) -> bytes:
    """As it was."""
    return body


ANY = (flipped, truncated, doubled, interspersed, recoded)
OF_JSON = (retyped, retyped, retyped, nested, renamed)
MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (*ANY, *OF_JSON, untouched, untouched)


def bodies(seed: int, count: int) -> Iterator[bytes]:
    """So many, each of them a valid lead to which something has happened, or two things, or nothing."""
    chance = random.Random(seed)
    for _ in range(count):
        body = chance.choice(MUTATIONS)(chance, encoded(chance, lead(chance, count // 3)))
        if body and chance.random() < 0.15:
            body = chance.choice(ANY)(chance, body)
        yield enlarged(chance, body) if chance.random() < 0.01 else body
