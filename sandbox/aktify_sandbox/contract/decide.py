"""The order of objections, on one screen. The first one wins; only a lead without any is accepted."""

from collections.abc import Callable

from aktify_sandbox.exchange import Request

from . import answers
from .answers import ENDPOINT, Access, Answer
from .keys import Find, why_unknown
from .lead import Reading
from .rulings import Rulings

OTHER_KEY_HEADERS = frozenset(
    (b"authorization", b"api-key", b"x-api-token", b"x-apikey", b"apikey", b"x_api_key")
)
"""Where the key is sent by mistake."""


class Headers:
    """What the contract looks at, gathered in one pass."""

    __slots__ = ("content_encoding", "content_type", "elsewhere", "hosts", "key", "keys", "wishes")

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        self.hosts = self.keys = 0
        self.key = b""
        self.content_type: bytes | None = None
        self.content_encoding: bytes | None = None
        self.elsewhere: bytes | None = None
        self.wishes = False
        """Whether a browser asks if a page may send another request (CORS)."""
        for name, value in headers:
            if name == b"host":
                self.hosts += 1
            elif name == b"x-api-key":
                self.keys += 1
                self.key = value
            elif name == b"content-type":
                self.content_type = value
            elif name == b"content-encoding":
                self.content_encoding = value
            elif name == b"access-control-request-method":
                self.wishes = True
            elif name in OTHER_KEY_HEADERS:
                self.elsewhere = name


def decide(
    request: Request,
    rulings: Rulings,
    find: Callable[[bytes], Access | None],
    kept: Callable[[str, str], bool],
) -> Answer:
    """Answer a request: HTTP (400), route (404, 405), key (401), size (413), body (400), duplicate (409), else 201.

    `find` looks up a key; `kept` says whether a campaign has a lead of an identity already.
    """
    headers = Headers(request.headers)
    objection = _malformed(headers, request.version) or _misrouted(request, headers, rulings)
    if objection:
        return objection
    access = find(headers.key) if headers.key and headers.keys == 1 else None
    if access is None or access.revoked:
        return answers.unauthorized(_why_unauthorized(headers, access, find), access)
    if request.left_out:
        return answers.too_large(len(request.body), access)
    reading = access.rules.read(request.body, headers.content_type, headers.content_encoding)
    answer = _judged(access, reading, kept)
    answer.sent, answer.identity = reading.sent, reading.identity
    return answer


def _judged(access: Access, reading: Reading, kept: Callable[[str, str], bool]) -> Answer:
    if reading.lead is None or reading.phone is None or reading.identity is None:
        return answers.invalid(access, reading.phone, reading.problems)
    if kept(access.campaign, reading.identity):
        return answers.duplicate(access, reading.phone)
    return answers.created(access, reading.phone, reading.lead, reading.long_url)


def _malformed(headers: Headers, version: str) -> Answer | None:
    if headers.hosts == 1 or (headers.hosts == 0 and version == "1.0"):
        return None
    found = "no Host header" if not headers.hosts else f"{headers.hosts} Host headers"
    hint = "HTTP/1.1 wants exactly one." if version != "1.0" else "HTTP wants at most one."
    return answers.malformed(f"The request has {found}.", hint, "RFC 9112, 3.2")


def _misrouted(request: Request, headers: Headers, rulings: Rulings) -> Answer | None:
    if request.path != ENDPOINT and not (
        request.path == f"{ENDPOINT}/" and rulings["trailing-slash"] == "accept"
    ):
        return answers.not_found(request.path)
    if request.method == "POST":
        return None
    return answers.method_not_allowed(
        request.method, preflight=headers.wishes and request.method == "OPTIONS"
    )


def _why_unauthorized(headers: Headers, access: Access | None, find: Find) -> str:
    if access is not None:
        return "This x-api-key is revoked."
    if headers.keys > 1:
        count = f"There are {headers.keys} x-api-key headers"
        return f"{count}. HTTP joins them to one value with commas, which is no key: send exactly one."
    if headers.keys:
        return why_unknown(headers.key, find)
    if headers.elsewhere:
        name = headers.elsewhere.decode("latin-1")
        return (
            f"There is no x-api-key header; the key was perhaps sent as {name}, which the API doesn't read."
        )
    return "There is no x-api-key header."
