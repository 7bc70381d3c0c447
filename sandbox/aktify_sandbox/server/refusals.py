"""Answers to bytes that aren't an HTTP request: which mistake it was, as far as the bytes tell. Pure."""

import re
from typing import NamedTuple

from aktify_sandbox.exchange import Headers


class Refusal(NamedTuple):
    """Why a connection isn't read any further."""

    status: int
    words: str


DEFECT = Refusal(500, "Internal error in the sandbox. Its terminal shows the traceback; please report it.")
HEAD_TOO_LARGE = Refusal(431, "The request's headers are larger than 64 kB.")
CHUNKS_TOO_LARGE = Refusal(431, "The chunks' extensions or trailers are larger than 64 kB.")
TRAILERS_TOO_LARGE = Refusal(431, "The trailers are larger than 64 kB.")
NO_PROXY = Refusal(
    405, "CONNECT isn't possible: this is no proxy. Fix: don't set HTTPS_PROXY to the sandbox's address."
)
NO_END = Refusal(
    400,
    "The transfer coding must end in chunked, once; otherwise the end of the body is unknown (RFC 9112, 6.3).",
)

_LINE = re.compile(rb"([!-~]+) ([^\r\n]*) HTTP/([0-9]\.[0-9])\r?\n")
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NAME = rb"\n([!-9;-~]+)"
_MOST_HEADERS = 100
_LONGEST = 1_000

_OPENINGS = (
    (rb"\x16\x03", "This is TLS: use http://, not https://. The sandbox speaks HTTP without encryption."),
    (rb"PRI \* HTTP/2", "This is HTTP/2. Fix: have the client use HTTP/1.1."),
    (
        rb"PROXY (?:TCP|UNKNOWN)|\r\n\r\n\0\r\nQUIT\n",
        "This begins with the PROXY protocol. Fix: switch it off in the load balancer.",
    ),
    (rb"SSH-", "This is SSH, not HTTP."),
    (
        rb"\x04\x01|\x05[\x01-\x03][\x00-\x02]",
        "This is SOCKS, and this is no proxy. Fix: set no proxy for this address.",
    ),
    (rb"\s*[{\[]", "This begins with a body. Fix: send a request line and headers first."),
)


def head_refusal(came: bytes, error: str) -> Refusal:
    """What is wrong with an invalid head. `came` is empty if its beginning isn't known.

    `error` is the parser's error code.
    """
    if not came:
        return Refusal(
            400,
            "What follows the request before on this connection isn't one. "
            f"Fix: send as many bytes as its content-length says. (The parser says: {error}.)",
        )
    for opening, words in _OPENINGS:
        if re.match(opening, came):
            return Refusal(400, words)
    head = came.lstrip(b"\r\n").partition(b"\r\n\r\n")[0] + b"\r\n"
    for look in (
        _request_line,
        _carriage_return,
        _blank,
        _folded,
        _framing,
        _line_end,
        _character,
        _no_header,
    ):
        found = look(head)
        if found:
            return Refusal(400, found)
    return Refusal(400, f"This isn't a request of HTTP/1.1. (The parser says: {error}.)")


def body_refusal(error: str) -> Refusal:
    """What is wrong with a body whose framing is invalid."""
    return Refusal(400, f"The chunks of the body are malformed (RFC 9112, 7.1). (The parser says: {error}.)")


def wrong_version(version: str) -> Refusal:
    """A protocol other than HTTP/1.1 and 1.0."""
    return Refusal(400, f"This server speaks HTTP/1.1, not {version}.")


def wrong_target(target: bytes) -> Refusal:
    """A request target that isn't a path."""
    shown = target[:100].decode("latin-1")
    return Refusal(400, f"The request's target {shown} has no path. Fix: begin it with a slash.")


def make_out(came: bytes) -> tuple[str, bytes, str, Headers]:
    """Method, target, version and headers, as far as they can be seen in an invalid head."""
    came = came.lstrip(b"\r\n")
    line = _LINE.match(came)
    method, target, version = (line[1], line[2], line[3]) if line else (b"", b"", b"")
    headers: Headers = []
    for each in came.partition(b"\r\n\r\n")[0].split(b"\n")[1 : _MOST_HEADERS + 1]:
        name, colon, value = each.partition(b":")
        if headers and each[:1] in (b" ", b"\t"):
            before, first = headers[-1]
            headers[-1] = (before, (first + b" " + each.strip())[:_LONGEST])
        elif colon and _TOKEN.fullmatch(name.strip()):
            headers.append((name.strip()[:_LONGEST], value.strip()[:_LONGEST]))
    return method[:_LONGEST].decode("latin-1"), target[:_LONGEST], version.decode(), headers


# possible mistakes: each function checks a head for one, and names it


def _request_line(head: bytes) -> str | None:
    if b"\r" in head.rstrip(b"\r\n") and b"\n" not in head.rstrip(b"\r\n"):
        return "The lines end in CR alone: lines of HTTP end in CR and LF (RFC 9112, 2.2)."
    line = head.partition(b"\n")[0].rstrip(b"\r")
    method, _, rest = line.partition(b" ")
    target, _, version = rest.rpartition(b" ")
    if not _TOKEN.fullmatch(method):
        return "This isn't HTTP: the first line has no method."
    if not re.fullmatch(rb"HTTP/[0-9.]+", version):
        return "The request line must end in HTTP/1.1."
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        return wrong_version(version.decode()).words
    if b" " in target:
        return "The request's target holds a blank. Fix: write it as %20."
    if not re.fullmatch(rb"[!-~]+", target):
        return "The request's target holds a character that isn't visible ASCII. Fix: percent-encode it."
    if not target.startswith((b"/", b"http://", b"https://", b"*")):
        return wrong_target(target).words
    if method.upper() in _METHODS and not method.isupper():
        return f"Methods are written in capitals: {method.upper().decode()}, not {method.decode()}."
    if method not in _METHODS:
        return f"{method[:40].decode('latin-1')} isn't a method that this server knows. Leads are sent with POST."
    return None


_METHODS = frozenset(b"GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT".split())


def _carriage_return(head: bytes) -> str | None:
    found = re.search(_NAME + rb"[ \t]*:[^\r\n]*\r+(?!\n)(.?)", head, re.DOTALL)
    if not found:
        return None
    name = found[1].decode()
    if found[2] in (b"\r", b"") or head[found.end(1) :].partition(b"\n")[0].endswith(b"\r\r"):
        return f"The {name} header ends in a carriage return. Fix: save the .env file with LF line ends."
    return f"The {name} header holds a carriage return."


def _blank(head: bytes) -> str | None:
    found = re.search(_NAME + rb"[ \t]+:", head)
    return (
        f"A blank stands before the colon of the {found[1].decode()} header (RFC 9112, 5.1)."
        if found
        else None
    )


def _folded(head: bytes) -> str | None:
    if re.search(rb"\n[ \t]+[^\s]", head):
        return "The value of a header goes on in the next line (RFC 9112, 5.2). Fix: write it on one line."
    return None


def _framing(head: bytes) -> str | None:
    lengths = [value.strip() for value in re.findall(rb"(?i)\ncontent-length:([^\r\n]*)", head)]
    if lengths and re.search(rb"(?i)\ntransfer-encoding:", head):
        return "Content-Length and Transfer-Encoding stand together (RFC 9112, 6.3). Fix: send one of them."
    if len(lengths) > 1:
        return f"Content-Length stands there {len(lengths)} times (RFC 9112, 6.3)."
    if lengths and not (lengths[0].isdigit() and len(lengths[0]) < 20):
        return f"The Content-Length “{lengths[0][:40].decode('latin-1')}” isn't a number of bytes."
    return None


def _line_end(head: bytes) -> str | None:
    if re.search(rb"(?<!\r)\n", head):
        return "A line ends in LF alone: lines of HTTP end in CR and LF (RFC 9112, 2.2)."
    return None


def _character(head: bytes) -> str | None:
    found = re.search(_NAME + rb":[^\r\n]*?([\x00-\x08\x0b\x0c\x0e-\x1f\x7f])", head)
    return (
        f"The {found[1].decode()} header holds the control character 0x{found[2].hex()}." if found else None
    )


def _no_header(head: bytes) -> str | None:
    for line in head.split(b"\r\n")[1:]:
        name, colon, _ = line.partition(b":")
        if line and not colon:
            return "A header has no colon."
        if line and not _TOKEN.fullmatch(name):
            return "The name of a header holds a character that isn't allowed there (RFC 9110, 5.1)."
    return None
