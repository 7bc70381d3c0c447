"""The endpoint's answers as values, and their bytes.

The page documents only the status codes of 400, 401 and 409, not their bodies. The bodies therefore come in several
formats, which reveal a client that relies on one.
"""

import hashlib
import html
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import orjson

from aktify_sandbox.text import plural

from .lead import LeadRules, Problem
from .schema import RESPONSE_ORDER
from .sources import LIMIT, http

ENDPOINT = "/api/v1/leads"

REVOKED = "This x-api-key is revoked."

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CODE_LENGTH = 8


class Access(NamedTuple):
    """What a key opens."""

    campaign: str
    key: str
    """The key as it may be shown: masked, or by its name."""
    revoked: bool
    rules: LeadRules
    short_base: str
    """The part of a short link before its code: `http://127.0.0.1:8509/s`."""
    keys: tuple[str, ...] = ()
    """The key as it was sent, and the keys of which it is a namespace. Never shown."""
    error_bodies: str | None = None
    """The format of the campaign's 4xx bodies. None, also for the next field: the general one."""
    shuffle: bool | None = None


class ShortLink(NamedTuple):
    """A short link's code and where it leads."""

    code: str
    url: str


@dataclass(slots=True)
class Answer:
    """A decision: the answer, its reason, and what to keep."""

    status: int
    objection: str
    """What decided: request, route, key, body, duplicate or accepted; from the sandbox: forced, link, aborted, defect
    or disk.
    """
    rule: str
    """The reason in words, on one line."""
    message: str
    """The content of the body."""
    problems: tuple[Problem, ...] = ()
    phone: str | None = None
    lead: dict[str, Any] | None = None
    """The content of a 201."""
    short: ShortLink | None = None
    headers: tuple[tuple[str, str], ...] = ()
    access: Access | None = None
    sent: dict[str, Any] | None = None
    """The parsed body as it was sent, if it could be parsed."""
    stores_lead: bool = False
    """Whether to keep the lead. A 201 keeps it; a forced answer may differ from its status."""
    identity: str | None = None
    """What makes another lead its duplicate: the number, or by the ruling `duplicate-by` also its spelling."""
    ends: bool = False
    """Whether to stop reading from the connection."""
    key_mistake: str | None = None
    """For a 401, what is wrong with the key: one of `keys.MISTAKES`, or None."""

    @property
    def ruling(self) -> str | None:
        """The ruling that decided, if any."""
        return self.problems[0].ruling if self.problems else None


def created(access: Access, phone: str, lead: dict[str, Any], long_url: str | None) -> Answer:
    """201: the lead is accepted."""
    short = None
    if long_url is not None:
        short = ShortLink(short_code(access.campaign, phone, long_url), long_url)
        with_link = {**lead, "link": f"{access.short_base}/{short.code}"}
        lead = {name: with_link[name] for name in RESPONSE_ORDER if name in with_link}
    return Answer(
        201, "accepted", "Accepted.", "Created", (), phone, lead, short, (), access, stores_lead=True
    )


def invalid(access: Access | None, phone: str | None, problems: tuple[Problem, ...]) -> Answer:
    """400: something is wrong with the body."""
    first = problems[0]
    more = f" (+{len(problems) - 1} more)" if len(problems) > 1 else ""
    message = "The lead is invalid." if first.field else "The body is invalid."
    return Answer(
        400, "body", f"{in_words(first.field, first.message)}{more}", message, problems, phone, access=access
    )


def in_words(field: str, message: str) -> str:
    """What is wrong and in which field, said once."""
    return message if not field or message.startswith(f"{field} ") else f"{field}: {message}"


def malformed(message: str, hint: str, section: str) -> Answer:
    """400: the request isn't valid HTTP, according to a section of RFC 9110 or 9112."""
    return Answer(400, "request", message, message, (Problem("", message, hint, *http(section)),))


def refused(status: int, words: str, left_out: int = 0, access: Access | None = None) -> Answer:
    """400, 405, 431: bytes that aren't an HTTP request, or one that a server may refuse. 500: a defect of the
    sandbox.
    """
    before = f" (Before it, {plural(left_out, 'request')} like it went unrecorded.)" if left_out else ""
    headers = (("connection", "close"),)
    objection = "request" if status < 500 else "defect"
    return Answer(status, objection, words + before, words, headers=headers, access=access, ends=True)


def unauthorized(message: str, access: Access | None = None, *, key_mistake: str | None = None) -> Answer:
    """401: no key, an unknown one, or a revoked one."""
    return Answer(401, "key", message, message, access=access, key_mistake=key_mistake)


def duplicate(access: Access | None, phone: str | None) -> Answer:
    """409: the number was already submitted to the campaign. The answer reveals nothing about the earlier lead."""
    message = "The phone number was already submitted to this campaign."
    return Answer(409, "duplicate", message, message, phone=phone, access=access)


def too_large(limit: int, access: Access | None) -> Answer:
    """413: the body is larger than the sandbox accepts."""
    problem = larger_than(limit)
    return Answer(413, "body", problem.message, problem.message, (problem,), access=access)


def larger_than(limit: int) -> Problem:
    """What is wrong with a body of more than `limit` bytes."""
    hint = "Send one lead per request, or raise the limit with --max-body."
    return Problem("", f"The body is larger than {limit:,} bytes.", hint, *LIMIT)


def not_found(path: str) -> Answer:
    """404: Aktify has no such path."""
    shown = path if len(path) <= 100 else f"{path[:100]}…"
    near = SequenceMatcher(None, path.lower().rstrip("/"), ENDPOINT).ratio() > 0.6
    hint = f"Did you mean POST {ENDPOINT}?" if near else f"The only endpoint is POST {ENDPOINT}."
    base, endpoint, _ = path.rstrip("/").rpartition(ENDPOINT)
    if base and endpoint and ENDPOINT.startswith(base):
        hint = f"The base URL contains {base} already. {hint}"
    message = f"{'Nothing is served at /' if path == '/' else f'There is no {shown}'}. {hint}"
    return Answer(404, "route", message, message)


def method_not_allowed(method: str, *, preflight: bool = False) -> Answer:
    """405: the endpoint accepts only POST."""
    message = f"{ENDPOINT} accepts POST, not {method}."
    if preflight:
        message += " This is a CORS preflight: Aktify documents no CORS, so web pages can't post leads."
    return Answer(405, "route", message, message, headers=(("allow", "POST"),))


def internal_error() -> Answer:
    """500: a defect of the sandbox."""
    message = "Internal error in the sandbox. Its terminal shows the traceback; please report it."
    return Answer(500, "defect", message, message)


def unavailable(reason: str) -> Answer:
    """503: the sandbox can't record anything, so it accepts nothing."""
    message = f"The sandbox can't store anything: {reason}"
    return Answer(503, "disk", message, message)


def short_code(campaign: str, phone: str, url: str) -> str:
    """Eight characters that depend only on campaign, phone and URL."""
    digest = hashlib.blake2b(
        "\n".join((campaign, phone, url)).encode("utf-8", "surrogatepass"), digest_size=6
    ).digest()
    number, code = int.from_bytes(digest), ""
    for _ in range(_CODE_LENGTH):
        number, rest = divmod(number, len(_DIGITS))
        code += _DIGITS[rest]
    return code


def number_of_code(code: str) -> int:
    """The code of a short link as a number of 48 bits. Raises `ValueError` for an invalid code."""
    if not 1 <= len(code) <= _CODE_LENGTH:
        raise ValueError(code)
    number = 0
    for digit in reversed(code):
        number = number * len(_DIGITS) + _DIGITS.index(digit)
    return number


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


def render_created(lead: dict[str, Any], shuffle: int | None = None) -> bytes:
    """The body of a 201. With `shuffle` (a seed) the order changes and an unknown property is added."""
    if shuffle is None:
        return orjson.dumps(lead)
    names = sorted([*lead, f"x{shuffle % 1_000}"], key=lambda name: _hash(f"{shuffle} {name}"))
    return orjson.dumps({name: lead.get(name, "not in the contract") for name in names})


def render(answer: Answer, shape: str, number: int = 0) -> tuple[str | None, bytes]:
    """Content type and body of an error in a format: detailed, empty, text, html, or rotate (chosen by number)."""
    if shape == "rotate":
        shape = ("detailed", "empty", "text", "html", "other", "list")[number % 6]
    match shape:
        case "empty":
            return None, b""
        case "text":
            return "text/plain; charset=utf-8", f"{answer.message}\n".encode()
        case "html":
            return "text/html; charset=utf-8", _page(answer).encode()
        case "other":
            return "application/json", orjson.dumps(
                {"error": {"code": answer.status, "text": answer.message}}
            )
        case "list":
            return "application/json", orjson.dumps([answer.message])
        case _:
            return "application/json", orjson.dumps(detailed(answer))


def detailed(answer: Answer) -> dict[str, Any]:
    """The default body of an error."""
    problems = [problem._asdict() for problem in answer.problems]
    return {"statusCode": answer.status, "message": answer.message, "problems": problems}


def _page(answer: Answer) -> str:
    text = html.escape(answer.message)
    return f"<!doctype html>\n<html><head><title>{answer.status}</title></head><body><h1>{text}</h1></body></html>\n"
