"""A key in every shape in which it may stand in a request by mistake, and eyes that read it in all of them."""

import base64
import contextlib
import gzip
import html
import json
import re
import zlib
from collections.abc import Iterator
from urllib.parse import unquote

CANARY = "CANARY0f3a-9c77d1e2"


def written(key: str) -> dict[str, str]:
    """What a text may hold instead of the key."""
    escaped = key.replace("-", "\\u002d")
    return {
        "plain": key,
        "upper": key.upper(),
        "lower": key.lower(),
        "escaped": escaped,
        "escaped-whole": "".join(f"\\u{ord(char):04X}" for char in key),
        "escaped-twice": json.dumps(escaped)[1:-1],
        "percent": key.replace("-", "%2D"),
        "percent-whole": "".join(f"%{ord(char):02x}" for char in key),
        "percent-twice": key.replace("-", "%252D"),
        "percent-four-times": key.replace("-", "%2525252D"),
        "html": key.replace("-", "&#45;"),
        "mixed": key.replace("-", "%5Cu002d"),
        "split": f"{key[:8]}\\n{key[8:]}",
        "inside": f"before{key}behind",
        **{f"basic-{n}": base64.b64encode(f"{'u' * n}{key}:".encode()).decode() for n in range(3)},
        "base64url": base64.urlsafe_b64encode(f"??>{key}>??".encode()).decode(),
    }


def bodies(key: str) -> Iterator[bytes]:
    """Bodies that hold it; some are leads that are accepted."""
    for number, text in enumerate(written(key).values()):
        phone, other = f"(509) 555-{number:04d}", f"(509) 556-{number:04d}"
        for metadata in (f'{{"a": "{text}"}}', f'{{"{text}": "b"}}'):
            yield f'{{"phoneNumber": "{phone}", "region": "CA", "metadata": {metadata}}}'.encode()
        yield f'{{"phoneNumber": "{other}", "region": "CA", "linkToShorten": "https://a.example/?{text}"}}'.encode()
        yield f'{{"phoneNumber": "{phone}", "{text}": 1, "email": "{text}"}}'.encode()
        yield f"key={text}&region=CA".encode()
    lead = json.dumps({"phoneNumber": "(509) 555-1234", "region": "CA", "firstName": key})
    yield from (lead.encode(coding) for coding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"))
    yield b"\xff" + lead.encode()
    yield from (
        gzip.compress(lead.encode()),
        zlib.compress(lead.encode()),
        gzip.compress(lead.encode("utf-16")),
    )
    yield lead.encode() + b" " * 200_000
    yield f"{'x' * 4_090}{key}{' ' * 200_000}".encode()


def heads(key: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Address and headers, besides the right ones."""
    for text in written(key).values():
        address = text.replace("\\", "%5C")
        yield f"/api/v1/leads?a=b&c={address}", [("x-comment", text)]
        yield f"/api/v1/leads?{address}", [("referer", f"https://a.example/?{text}")]
        yield f"/api/v1/leads/{address}", [("cookie", f"a={text}")]
        yield f"/{address}/leads?x-api-key={address}", [("authorization", f"Basic {text}")]
    yield "/api/v1/leads", [(f"x-{key}", "a")]
    yield "/api/v1/leads", [("authorization", f"Bearer {key}"), ("user-agent", key), ("content-type", key)]


def shown_in(text: str, key: str = CANARY) -> bool:
    """Whether the text, read as by one who wants to know, tells more of the key than its mask does."""
    wanted, views = key[:-4].lower(), [text]
    for _ in range(5):
        unescaped = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), views[-1])
        views.append(unquote(html.unescape(re.sub(r"\\+[nrt]|[\r\n\t\0]", "", unescaped))))
    views += [view for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", views[-1]) for view in _in_base64(run)]
    return any(wanted in view.lower() for view in views)


def _in_base64(run: str) -> Iterator[str]:
    for start in range(4):
        coded = run[start:].replace("-", "+").replace("_", "/")
        octets = base64.b64decode(coded[: len(coded) // 4 * 4])
        yield octets.decode("latin-1").replace("\0", "")
        if octets.startswith((b"\x1f\x8b", b"\x78")):
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj(47).decompress(octets).decode("latin-1").replace("\0", "")
