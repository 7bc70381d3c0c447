"""Bytes that clients, proxies, scanners and mistakes send, and what they get: one row each."""

import itertools
import json
from typing import Literal, NamedTuple


class Row(NamedTuple):
    """What is sent on a connection of its own, and what must come of it."""

    name: str
    pieces: tuple[bytes, ...]
    """Each is sent by itself, a moment after the one before."""
    answers: tuple[int, ...]
    """All that come back, in order."""
    records: tuple[int | None, ...]
    """What is recorded, in order; None for a client that went away before it was answered."""
    then: Literal["goes on", "is ended", "finish", "hang up"]
    """The connection serves a next request; the server ends it; or the client ends its side, or all of it, at once."""


_numbers = itertools.count(1)
KEY = b"test-key"
POST = b"POST /api/v1/leads HTTP/1.1\r\n"
HEAD = b"Host: a\r\nx-api-key: %b\r\nContent-Type: application/json\r\n" % KEY
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LARGE = b"y" * 70_000


def lead() -> bytes:
    """One that nobody has sent yet. All are equally long."""
    return json.dumps({"phoneNumber": f"509{next(_numbers) + 3_000_000:07d}", "region": "CA"}).encode()


def post(more: bytes = b"", *, start: bytes = POST, head: bytes = HEAD, body: bytes | None = None) -> bytes:
    """A whole request."""
    body = lead() if body is None else body
    return start + head + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


def announced(length: bytes, body: bytes = b"") -> bytes:
    """A request with this content length."""
    return POST + HEAD + b"Content-Length: " + length + b"\r\n\r\n" + body


def to(target: bytes) -> bytes:
    """A post to somewhere else."""
    return post(start=b"POST " + target + b" HTTP/1.1\r\n")


def by(method: bytes) -> bytes:
    """The lead by another method."""
    return post(start=method + b" /api/v1/leads HTTP/1.1\r\n")


def as_version(version: bytes, more: bytes = b"") -> bytes:
    """The lead in another protocol version."""
    return post(more, start=b"POST /api/v1/leads " + version + b"\r\n")


def chunked(
    *,
    size: bytes = b"%x" % len(lead()),
    extension: bytes = b"",
    last: bytes = b"0\r\n\r\n",
    coding: bytes = CHUNKED,
    more: bytes = b"",
) -> bytes:
    """A request of one chunk."""
    return POST + HEAD + more + coding + b"\r\n" + size + extension + b"\r\n" + lead() + b"\r\n" + last


def chunks(content: bytes) -> bytes:
    """A request whose chunks are these bytes."""
    return POST + HEAD + CHUNKED + b"\r\n" + content


def cut(data: bytes, size: int) -> tuple[bytes, ...]:
    """Pieces of that size."""
    return tuple(data[place : place + size] for place in range(0, len(data), size))


def bytewise(data: bytes) -> tuple[bytes, ...]:
    """A byte at a time."""
    return cut(data, 1)


def served(name: str, *pieces: bytes, status: int = 201) -> Row:
    """It is read like any other, and answered so."""
    return Row(name, pieces, (status,), (status,), "goes on")


def unread(name: str, *pieces: bytes, status: int = 400) -> Row:
    """It can't be read as a request: refused, and recorded as refused."""
    return Row(name, pieces, (status,), (status,), "is ended")


def broken(name: str, *pieces: bytes, status: int = 400) -> Row:
    """Its head can be read, its body can't: the same."""
    return Row(name, pieces, (status,), (status,), "is ended")


HEALTH = b"GET /_sandbox/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
NONSENSE = b"nonsense\r\n\r\n"
UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
EXPECT = b"Expect: 100-continue\r\n"

FRAMING = (
    *(
        unread(f"content length {length!r}", announced(length, lead()))
        for length in (b"-1", b"+5", b"5 5", b"5,5", b"0x28", b"abc", b"", b"4" * 30, "٥".encode())
    ),
    unread("content length twice, the same", POST + HEAD + b"Content-Length: 2\r\n" * 2 + b"\r\n{}"),
    unread("content length twice", post(b"Content-Length: 3\r\n")),
    Row(
        "content length 18446744073709551615",
        (announced(b"18446744073709551615", lead()),),
        (),
        (None,),
        "finish",
    ),
    Row("content length too small", (announced(b"10", lead()),), (400, 400), (400, 400), "is ended"),
    Row("no length at all", (POST + HEAD + b"\r\n" + lead(),), (400, 400), (400, 400), "is ended"),
    Row("a request in a body", (post(body=b"{}" + post()),), (400,), (400,), "goes on"),
    Row("a request behind a body", (post(body=b"{}") + post(),), (400, 201), (400, 201), "goes on"),
    unread("content length before chunks", chunked(more=b"Content-Length: 5\r\n")),
    unread("content length behind chunks", chunked(coding=CHUNKED + b"Content-Length: 5\r\n")),
    served("chunks", chunked()),
    served(
        "chunks of one byte", chunks(b"".join(b"1\r\n%b\r\n" % c for c in bytewise(lead())) + b"0\r\n\r\n")
    ),
    broken("coding chunked twice", chunked(coding=CHUNKED * 2)),
    broken("coding chunked, then gzip", chunked(coding=b"Transfer-Encoding: chunked, gzip\r\n")),
    served("coding gzip, then chunked", chunked(coding=b"Transfer-Encoding: gzip,\tchunked\r\n")),
    broken("coding identity", chunked(coding=b"Transfer-Encoding: identity\r\n")),
    broken("coding xchunked", chunked(coding=b"Transfer-Encoding: xchunked\r\n")),
    *(
        broken(f"chunk size {size!r}", chunked(size=size))
        for size in (b"zz", b"-1", b"0x28", b"f" * 17, b"28 ", b" 28", b"1")
    ),
    Row("chunk larger than what comes", (chunked(size=b"ff"),), (), (None,), "finish"),
    broken("chunk without its end", chunks(b"2\r\n{}0\r\n\r\n")),
    broken("chunk lines that end in LF", chunks(b"2\n{}\n0\n\n")),
    served("chunk extension", chunked(extension=b';a=b;c="d;e"')),
    broken("chunk extension with NUL", chunked(extension=b";a=\0")),
    served("chunk extension of 60 kB", chunked(extension=b";a=" + b"x" * 60_000)),
    broken("chunk extensions of 1.5 MB", chunks((b"1;" + b"x" * 500 + b"\r\n \r\n") * 3_000), status=431),
    served("trailer", chunked(last=b"0\r\nx-a: b\r\n\r\n")),
    broken("trailer that is no header", chunked(last=b"0\r\nx a: b\r\n\r\n")),
    broken("trailer of 1 MB", chunked(last=b"0\r\nx-a: " + b"b" * 1_000_000 + b"\r\n\r\n"), status=431),
    broken("30,000 trailers", chunked(last=b"0\r\n" + b"x-a: b\r\n" * 30_000 + b"\r\n"), status=431),
)

HEADERS = (
    served("header of 60 kB", post(b"X: " + b"y" * 60_000 + b"\r\n")),
    unread("header of 70 kB", post(b"X: " + LARGE + b"\r\n"), status=431),
    unread("header of 1 MB", post(b"X: " + b"y" * 1_000_000 + b"\r\n"), status=431),
    unread("header without an end", POST + b"X: " + LARGE, status=431),
    unread("headers in pieces", POST, *[b"X: " + b"y" * 10_000 + b"\r\n"] * 7, status=431),
    served("1,000 headers", post(b"".join(b"X%d: y\r\n" % n for n in range(1_000)))),
    unread("10,000 headers", post(b"".join(b"X%d: y\r\n" % n for n in range(10_000))), status=431),
    served("no host", post(head=HEAD.replace(b"Host: a\r\n", b"")), status=400),
    served("two hosts", post(b"Host: b\r\n"), status=400),
    served("a host without a name", post(head=HEAD.replace(b"Host: a", b"Host:"))),
    served("two keys", post(b"x-api-key: b\r\n"), status=401),
    served("the key twice", post(b"x-api-key: %b\r\n" % KEY), status=401),
    served("two content types", post(b"Content-Type: text/plain\r\n"), status=400),
    *(
        unread(f"header {line!r}", post(line + b"\r\n"))
        for line in (
            b"X\0: a",
            b"X: a\0b",
            b"X: a\x01b",
            b"X: a\rb",
            b"X: a\r\n b",
            b"X : a",
            b"X",
            b": a",
            b"\xc3\xa9: a",
        )
    ),
    unread("the key on a line of its own", post(head=HEAD.replace(b"x-api-key:", b"x-api-key:\r\n\t"))),
    unread("the first header is folded", post(head=b" X: y\r\n" + HEAD)),
    unread("NUL in the key", post(head=HEAD.replace(KEY, b"test\0key"))),
    served("Latin-1 in a header", post(b"X: a\xff\xe9b\r\n")),
    served("Latin-1 in the key", post(head=HEAD.replace(KEY, b"test\xffkey")), status=401),
    served(
        "Latin-1 as the content type", post(head=HEAD.replace(b"application/json", b"\xff\xfe")), status=400
    ),
    served("Latin-1 as the content coding", post(b"Content-Encoding: \xff\xfe\r\n"), status=400),
    served("no content type", post(head=HEAD.replace(b"application/json", b"")), status=400),
    served("a key with a long name", post(head=HEAD.replace(KEY, KEY + b"." + b"a" * 8_000)), status=401),
    served("a key of dots", post(head=HEAD.replace(KEY, b"." * 30_000)), status=401),
    unread("bare LF", post().replace(b"\r\n", b"\n")),
    unread("bare LF behind one header", post().replace(b"Host: a\r\n", b"Host: a\n")),
    unread("bare LF before the body", post().replace(b"\r\n\r\n", b"\r\n\n")),
    unread("bare CR", post().replace(b"\r\n", b"\r")),
    served("CRLFs before it", b"\r\n\r\n" + post()),
    served("a CRLF before it, by itself", b"\r\n", post()),
    unread("80 kB of CRLF", b"\r\n" * 40_000, status=431),
    unread("a space before it", b" " + post()),
)

START_LINES = (
    unread("HTTP/0.9 as it was", b"GET /api/v1/leads\r\n\r\n"),
    *(
        unread(f"version {version!r}", as_version(version))
        for version in (
            b"HTTP/0.9",
            b"HTTP/1.2",
            b"HTTP/2.0",
            b"HTTP/3",
            b"HTTP/11",
            b"http/1.1",
            b"HTTPS/1.1",
        )
    ),
    unread("the beginning of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"),
    Row(
        "HTTP/1.0 without a host",
        (post(start=POST.replace(b"1.1", b"1.0"), head=HEAD[9:]),),
        (201,),
        (201,),
        "is ended",
    ),
    Row("HTTP/1.0 with two", (as_version(b"HTTP/1.0", b"Host: b\r\n"),), (400,), (400,), "is ended"),
    Row("health in HTTP/1.0", (b"GET /_sandbox/health HTTP/1.0\r\n\r\n",), (200,), (), "is ended"),
    Row("HTTP/1.0", (as_version(b"HTTP/1.0"),), (201,), (201,), "is ended"),
    Row(
        "HTTP/1.0, kept alive",
        (as_version(b"HTTP/1.0", b"Connection: keep-alive\r\n"),),
        (201,),
        (201,),
        "is ended",
    ),
    Row("HTTP/1.0 that expects", (as_version(b"HTTP/1.0", EXPECT),), (201,), (201,), "is ended"),
    Row("HTTP/1.0 that upgrades", (as_version(b"HTTP/1.0", UPGRADE),), (201,), (201,), "is ended"),
    Row("HTTP/1.0 in chunks", (chunked().replace(b"1.1", b"1.0", 1),), (201,), (201,), "is ended"),
    unread("TLS", bytes.fromhex("16030100a5010000a10303") + bytes(160)),
    unread("SSH", b"SSH-2.0-OpenSSH_9.6\r\n"),
    *(
        unread(f"target {target[:20]!r}", to(target))
        for target in (
            b"/api\0/v1/leads",
            b"http://a",
            b"a:80",
            b"api/v1/leads",
            b"?",
            b"/a b",
            b"/\xc3\xa9",
            b"/api/v1/leads?\xff",
        )
    ),
    served("target in absolute form", to(b"http://a/api/v1/leads?b=c")),
    served("target in absolute form, of the vendor", to(b"https://api.aktify.io:443/api/v1/leads")),
    served("target with escapes", to(b"/api/v1/lead%73")),
    *(
        served(f"target {target[:20]!r}", to(target), status=404)
        for target in (
            b"*",
            b"//api/v1/leads",
            b"/api/v1/../v1/leads",
            b"/api/v1/leads%00",
            b"/%",
            b"/%ff%fe",
            b"/%ed%a0%80",
            b"/%1b[31m",
            b"/%0d%0aX:%20y",
            b"/s/%ff",
            b"/s/%ed%a0%80",
            b"/" + b"a" * 60_000,
        )
    ),
    unread("target of 70 kB", to(b"/api/v1/leads?" + LARGE), status=431),
    served("OPTIONS *", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", status=404),
    served("OPTIONS", b"OPTIONS /api/v1/leads HTTP/1.1\r\nHost: a\r\n\r\n", status=405),
    *(
        unread(f"method {method[:10]!r}", by(method))
        for method in (b"BREW", b"get", b"", b"PO ST", b"POST\t", b"\xff", b"A" * 60_000)
    ),
    *(
        served(f"method {method!r}", by(method), status=405)
        for method in (
            b"GET",
            b"PUT",
            b"PATCH",
            b"DELETE",
            b"TRACE",
            b"PROPFIND",
            b"M-SEARCH",
            b"PURGE",
            b"QUERY",
        )
    ),
    unread("CONNECT", b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", status=405),
)


def _parted(request: bytes) -> tuple[bytes, bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", body


BLANKS = (b" ", b"\t", b" \t", b"\t  ", b"\t\t")
"""What may stand around a header's value, and is no part of it."""


def blank(line: bytes, around: bytes) -> bytes:
    """The header with blanks on both sides of its value."""
    name, _, value = line.partition(b": ")
    return name + b":" + around + value + around + b"\r\n"


AROUND_VALUES = tuple(
    row
    for around in BLANKS
    for row in (
        served(
            f"{around!r} around all", post(head=b"".join(blank(line, around) for line in HEAD.splitlines()))
        ),
        served(f"{around!r} around the length", announced(b"%b%d%b" % (around, len(lead()), around), lead())),
        served(f"{around!r} around chunked", chunked(coding=blank(b"Transfer-Encoding: chunked", around))),
        served(
            f"{around!r} around gzip, chunked",
            chunked(coding=blank(b"Transfer-Encoding: gzip, chunked", around)),
        ),
        served(
            f"{around!r} around chunked, in bytes", *bytewise(chunked(coding=blank(CHUNKED.strip(), around)))
        ),
        broken(f"{around!r} around gzip", chunked(coding=blank(b"Transfer-Encoding: gzip", around))),
        broken(
            f"{around!r} around chunked, whose size is none",
            chunked(size=b"zz", coding=blank(CHUNKED.strip(), around)),
        ),
        unread(
            f"{around!r} around chunked, with a length",
            chunked(more=b"Content-Length: 5\r\n", coding=blank(CHUNKED.strip(), around)),
        ),
        Row(
            f"{around!r} around chunked, and another behind it",
            (chunked(coding=blank(CHUNKED.strip(), around)) + post(body=b"{}"),),
            (201, 400),
            (201, 400),
            "goes on",
        ),
        Row(
            f"{around!r} around chunked, behind another",
            (post(body=b'"\r\n\r\n"') + chunked(coding=blank(CHUNKED.strip(), around)),),
            (400, 201),
            (400, 201),
            "goes on",
        ),
        Row(
            f"{around!r} around the end",
            (post(blank(b"Connection: close", around)),),
            (201,),
            (201,),
            "is ended",
        ),
        Row(
            f"{around!r} around what it expects",
            _parted(post(blank(b"Expect: 100-continue", around))),
            (100, 201),
            (201,),
            "goes on",
        ),
        served(
            f"{around!r} around an upgrade",
            chunked(
                more=blank(b"Connection: Upgrade", around) + blank(b"Upgrade: h2c", around),
                coding=blank(CHUNKED.strip(), around),
            ),
        ),
        served(f"{around!r} around a preference", post(blank(b"Prefer: code=503", around)), status=503),
    )
)


WISHES = (
    Row("it expects", (post(EXPECT),), (100, 201), (201,), "goes on"),
    Row("it expects, and waits", _parted(post(EXPECT)), (100, 201), (201,), "goes on"),
    Row("it expects, and is gone", _parted(post(EXPECT))[:1], (), (None,), "hang up"),
    Row(
        "it expects to send too much",
        _parted(post(EXPECT, body=b"x" * 200_000)),
        (100, 413),
        (413,),
        "goes on",
    ),
    served("it expects something else", post(b"Expect: 200-ok\r\n")),
    served(
        "a web socket",
        b"GET /api/v1/leads HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: AAAA\r\nSec-WebSocket-Version: 13\r\n\r\n",
        status=405,
    ),
    served("an upgrade", post(UPGRADE)),
    served("an upgrade in chunks", chunked(more=UPGRADE)),
    served("an upgrade that isn't wished for", post(b"Upgrade: h2c\r\n")),
    broken("an upgrade in broken chunks", chunked(more=UPGRADE, size=b"zz")),
    unread("an upgrade with two lengths", chunked(more=UPGRADE + b"Content-Length: 3\r\n")),
    Row(
        "an upgrade and an end",
        (post(b"Connection: Upgrade, close\r\nUpgrade: h2c\r\n"),),
        (201,),
        (201,),
        "is ended",
    ),
    Row("an end", (post(b"Connection: close\r\n"),), (201,), (201,), "is ended"),
    Row("more behind an end", (post(b"Connection: close\r\n") + post(),), (201,), (201,), "is ended"),
)

PIPELINES = (
    Row("fifty at once", (b"".join(post() for _ in range(50)),), (201,) * 50, (201,) * 50, "goes on"),
    Row(
        "fifty at once, and no more",
        (b"".join(post() for _ in range(50)),),
        (201,) * 50,
        (201,) * 50,
        "finish",
    ),
    Row("fifty, one by one", tuple(post() for _ in range(50)), (201,) * 50, (201,) * 50, "goes on"),
    Row(
        "fifty cut at odd places",
        cut(b"".join(post() for _ in range(50)), 97),
        (201,) * 50,
        (201,) * 50,
        "goes on",
    ),
    Row("nonsense behind a lead", (post() + NONSENSE,), (201, 400), (201, 400), "is ended"),
    Row(
        "nonsense behind an answered one",
        (post(), post(), NONSENSE),
        (201, 201, 400),
        (201, 201, 400),
        "is ended",
    ),
    Row(
        "nonsense behind two leads at once",
        (post(), post() + post() + NONSENSE),
        (201, 201, 201, 400),
        (201, 201, 201, 400),
        "is ended",
    ),
    Row("HTTP/0.9 behind a lead", (post() + as_version(b"HTTP/0.9"),), (201, 400), (201, 400), "is ended"),
    Row("a lead behind HTTP/0.9", (as_version(b"HTTP/0.9") + post(),), (400,), (400,), "is ended"),
    Row(
        "a lead behind large headers", (post(b"X: " + LARGE + b"\r\n") + post(),), (431,), (431,), "is ended"
    ),
    Row(
        "large headers behind leads",
        (post() + post() + post(b"X: " + LARGE + b"\r\n"),),
        (201, 201, 431),
        (201, 201, 431),
        "is ended",
    ),
    Row(
        "CONNECT behind a lead",
        (post() + b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",),
        (201, 405),
        (201, 405),
        "is ended",
    ),
    Row("broken chunks behind a lead", (post() + chunked(size=b"zz"),), (201, 400), (201, 400), "is ended"),
    Row(
        "broken chunks behind an answered one",
        (post(), post() + chunked(size=b"zz"), post()),
        (201, 201, 400),
        (201, 201, 400),
        "is ended",
    ),
    Row(
        "broken chunks to the admin API",
        (
            chunked(size=b"zz")
            .replace(b"Host: a", b"Host: 127.0.0.1")
            .replace(b"/api/v1/leads", b"/_sandbox/explain"),
        ),
        (400,),
        (),
        "is ended",
    ),
    Row("half a lead behind a lead", (post() + post()[:-5],), (201,), (201, None), "finish"),
    Row(
        "the endpoint and the admin API in turn",
        (post() + HEALTH + post() + HEALTH,),
        (201, 200, 201, 200),
        (201, 201),
        "goes on",
    ),
)

MANNERS = (
    served("a byte at a time", *bytewise(post())),
    Row(
        "a byte at a time behind an answered one",
        (post(), post(), *bytewise(post())),
        (201,) * 3,
        (201,) * 3,
        "goes on",
    ),
    served("chunks, a byte at a time", *bytewise(chunked(extension=b";a=b", last=b"0\r\nx: y\r\n\r\n"))),
    unread(
        "large headers to nobody, a kB at a time", b"GET / HTTP/1.1\r\nX: ", *[b"y" * 1_000] * 66, status=431
    ),
    Row("nothing", (), (), (), "finish"),
    Row("half a head", (post()[:60],), (), (), "finish"),
    Row("half a head, and gone", (post()[:60],), (), (), "hang up"),
    Row("half a body", (post()[:-5],), (), (None,), "finish"),
    Row("half a body, and gone", (post()[:-5],), (), (None,), "hang up"),
    Row("half a chunk", (chunked()[:-15],), (), (None,), "finish"),
    Row("no last chunk, and gone", (chunked(last=b""),), (), (None,), "hang up"),
    Row("a whole lead, and no more", (post(),), (201,), (201,), "finish"),
    Row("behind an answered one, and no more", (post(), post()), (201, 201), (201, 201), "finish"),
    unread("3 MB behind nonsense", NONSENSE + b"x" * 3_000_000),
    unread("3 MB behind a bad length", announced(b"x", b"x" * 3_000_000)),
    Row("3 MB without a key", (post(head=b"Host: a\r\n", body=b"x" * 3_000_000),), (401,), (401,), "goes on"),
    Row("3 MB", (post(body=b"x" * 3_000_000),), (413,), (413,), "goes on"),
)

ROWS = (*FRAMING, *HEADERS, *AROUND_VALUES, *START_LINES, *WISHES, *PIPELINES, *MANNERS)
