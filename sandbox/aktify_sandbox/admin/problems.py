"""Errors of the admin API as problem documents (RFC 9457), and how handlers read a request."""

import re
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from aktify_sandbox.contract.body import parse
from aktify_sandbox.errors import UserError
from aktify_sandbox.originals import json

MAX_BODY = 64_000_000
"""The most bytes that a body may have."""
_BOM = b"\xef\xbb\xbf"
_MANY_DIGITS = re.compile(rb"[0-9]{19}")


class ProblemError(UserError):
    """An error answer that says what was wrong with the request."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.more = more


def problem_response(status: int, detail: str, **more: Any) -> Response:
    """`application/problem+json`."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    text = json.dumps(content, ensure_ascii=False).encode(errors="replace")
    return Response(text, status, media_type="application/problem+json")


async def json_body(request: Request) -> Any:
    """The request's body as JSON that can be stored and shown; None if there is none. Raises `ProblemError`."""
    content = await json_bytes(request)
    return json_value(content) if content else None


async def json_bytes(request: Request) -> bytearray:
    """The request's body without its byte order mark, not parsed yet. Raises `ProblemError`."""
    content = await bounded_body(request)
    if content.startswith(_BOM):
        del content[: len(_BOM)]
    return content


def json_value(content: bytearray) -> Any:
    """The body's JSON value, which can be stored and shown. Raises `ProblemError`."""
    try:
        value = orjson.loads(content)
        orjson.dumps(value)
    except orjson.JSONDecodeError:
        _, problem = parse(bytes(content))
        raise ProblemError(400, problem.message if problem else "The body isn't JSON.") from None
    except orjson.JSONEncodeError:  # it can be parsed but not written
        raise ProblemError(400, "The body is nested too deeply.") from None
    _refuse_long_integers(content)
    return value


def _refuse_long_integers(content: bytearray) -> None:
    """Refuse integers of more than 64 bits, which orjson would change. Raises `ProblemError`."""

    def integer(digits: str) -> int:
        if len(digits) > 20 or not -(2**63) <= int(digits) < 2**64:
            raise ProblemError(400, f"The integer {digits[:20]}… has more than 64 bits: send it as a string.")
        return int(digits)

    if _MANY_DIGITS.search(content):  # digits inside a string are fine, and only a parser can tell
        json.loads(content, parse_int=integer)


async def bounded_body(request: Request) -> bytearray:
    """The request's body, if it isn't too large. Raises `ProblemError`."""
    held = bytearray()
    async for chunk in request.stream():
        held += chunk
        if len(held) > MAX_BODY:
            raise ProblemError(413, f"The body is larger than {MAX_BODY:,} bytes: send it in parts.")
    return held


async def json_object(request: Request, *names: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    """A JSON object with these members and no others; without a body, an empty object. Raises `ProblemError`."""
    content = await json_body(request)
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise ProblemError(400, "The body must be a JSON object.")
    for name in content:
        if name not in names:
            raise ProblemError(400, f"Unknown name “{name}”. {_choices(names)}")
    missing = [name for name in required if name not in content]
    if missing:
        raise ProblemError(400, f"{missing[0]} is missing.")
    return content


def _choices(names: Collection[str]) -> str:
    return f"Choose from: {', '.join(names)}." if names else "The body takes no names."


def text_or_none(content: dict[str, Any], name: str) -> str | None:
    """A member that is a string or missing. Raises `ProblemError`."""
    value = content.get(name)
    if value is not None and not isinstance(value, str):
        raise ProblemError(400, f"{name} must be a string.")
    return value


def names_in(content: dict[str, Any], name: str) -> list[str]:
    """A member that is a list of strings; empty when missing. Raises `ProblemError`."""
    value = content.get(name, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ProblemError(400, f"{name} must be a list of strings.")
    return value


def wants_text(request: Request) -> bool:
    """Whether a person asks: `Accept` prefers text or HTML to JSON. `*/*` (curl, libraries) means JSON."""
    accept = request.headers.get("accept", "*/*")
    for kind in accept.split(","):
        media = kind.split(";")[0].strip()
        if media in ("text/plain", "text/html", "text/*"):
            return True
        if media in ("application/json", "*/*", "application/*"):
            return False
    return False


def wants_page(request: Request) -> bool:
    """Whether a browser asks: `Accept` prefers HTML to text and JSON."""
    media = [kind.split(";")[0].strip() for kind in request.headers.get("accept", "").split(",")]
    return next((kind == "text/html" for kind in media if kind in _PAGE_OR_NOT), False)


_PAGE_OR_NOT = ("text/html", "text/plain", "text/*", "application/json", "application/*", "*/*")
