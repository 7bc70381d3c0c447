"""The order of checks, on one screen. The first failure decides; a lead that passes all is accepted."""

from collections.abc import Callable
from functools import partial

from aktify_sandbox.exchange import Request

from . import answers
from .answers import ENDPOINT, Access, Answer
from .keys import KeyMistake, why_missing, why_unknown
from .lead import Reading
from .rulings import Rulings

OTHER_KEY_HEADERS = frozenset(
    (b"authorization", b"api-key", b"x-api-token", b"x-apikey", b"apikey", b"x_api_key")
)
"""Other headers in which the key is sent by mistake."""


def decide(
    request: Request,
    rulings: Rulings,
    find: Callable[[bytes], Access | None],
    is_duplicate: Callable[[str, str], bool],
    why: Callable[[bytes], KeyMistake] | None = None,
) -> Answer:
    """Answer a request: HTTP (400), route (404, 405), key (401), size (413), body (400), duplicate (409), else 201.

    `find` looks up a key. `is_duplicate` says whether a campaign already has a lead with an identity. `why` says why a
    key is unknown; a caller may cache it.
    """
    objection = _malformed(request) or _misrouted(request, rulings)
    if objection:
        return objection
    headers = request.by_name
    key = headers.get(b"x-api-key", b"")
    access = find(key) if key and request.count(b"x-api-key") == 1 else None
    if access is None or access.revoked:
        if access is not None:
            return answers.unauthorized(answers.REVOKED, access)
        mistake = _key_mistake(request, find, why or partial(why_unknown, find=find))
        return answers.unauthorized(mistake.sentence, key_mistake=mistake.code)
    if request.left_out:
        return answers.too_large(len(request.body), access)
    reading = access.rules.read(request.body, headers.get(b"content-type"), headers.get(b"content-encoding"))
    answer = _decide_lead(access, reading, is_duplicate)
    answer.sent, answer.identity = reading.sent, reading.identity
    return answer


def _decide_lead(access: Access, reading: Reading, is_duplicate: Callable[[str, str], bool]) -> Answer:
    if reading.lead is None or reading.phone is None or reading.identity is None:
        return answers.invalid(access, reading.phone, reading.problems)
    if is_duplicate(access.campaign, reading.identity):
        return answers.duplicate(access, reading.phone)
    return answers.created(access, reading.phone, reading.lead, reading.long_url)


def _malformed(request: Request) -> Answer | None:
    hosts = request.count(b"host")
    if hosts == 1 or (hosts == 0 and request.version == "1.0"):
        return None
    found = "no Host header" if not hosts else f"{hosts} Host headers"
    hint = f"Send {'at most' if request.version == '1.0' else 'exactly'} one Host header."
    return answers.malformed(f"The request has {found}.", hint, "RFC 9112, 3.2")


def _misrouted(request: Request, rulings: Rulings) -> Answer | None:
    if request.path != ENDPOINT and not (
        request.path == f"{ENDPOINT}/" and rulings["trailing-slash"] == "accept"
    ):
        return answers.not_found(request.path)
    if request.method == "POST":
        return None
    is_preflight = request.method == "OPTIONS" and b"access-control-request-method" in request.by_name
    return answers.method_not_allowed(request.method, preflight=is_preflight)


def _key_mistake(
    request: Request, find: Callable[[bytes], Access | None], why: Callable[[bytes], KeyMistake]
) -> KeyMistake:
    count = request.count(b"x-api-key")
    if count == 1:
        return why(request.by_name[b"x-api-key"])
    elsewhere = [header for header in request.headers if header[0] in OTHER_KEY_HEADERS]
    return why_missing(count, elsewhere, find)
