"""`POST /_sandbox/requests/{id}/resend`: a recorded request once more, as it was or with another body."""

import functools
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.problems import ProblemError, json_object, text_or_none
from aktify_sandbox.admin.requests import sendable
from aktify_sandbox.admin.responses import JSONResponse
from aktify_sandbox.endpoint import Endpoint
from aktify_sandbox.exchange import Exchange, Headers
from aktify_sandbox.exchange import Request as LeadRequest
from aktify_sandbox.journal.entry import body_of
from aktify_sandbox.originals import asyncio, time
from aktify_sandbox.redaction import may_hold_key
from aktify_sandbox.scenarios.faults import Cut, End, Head, Pause, Piece, Reset, actions
from aktify_sandbox.storage.log import request_id

_LONGEST = 10
"""Seconds that an answer is waited for."""
_FRAMING = ("transfer-encoding", "expect", "trailer", "upgrade", "connection")


def routes(components: Components) -> list[Route]:
    """The route of sending again."""

    async def resend(request: Request) -> Response:
        entry = sendable(request, components)
        content = await json_object(request, "body", "apiKey")
        body = _body(entry, text_or_none(content, "body"))
        headers = _headers(entry, _key(entry, text_or_none(content, "apiKey"), components), body)
        now = time.time(), time.perf_counter()
        limit = components.endpoint.max_body
        again = LeadRequest(
            entry["method"],
            entry["path"],
            headers,
            body[:limit],
            entry["query"].encode("latin-1", "replace"),
            entry["httpVersion"],
            max(0, len(body) - limit),
            _client(request),
            *now,
        )
        name, outcome = await _answered(components.endpoint, again)
        return JSONResponse({"request": name, **outcome})

    return [Route("/requests/{id}/resend", resend, methods=["POST"])]


def _client(request: Request) -> str | None:
    return f"{request.client.host}:{request.client.port}" if request.client else None


async def _answered(endpoint: Endpoint, request: LeadRequest) -> tuple[str | None, dict[str, Any]]:
    """The record's id, and what a client would have seen within ten seconds."""
    written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    exchange = endpoint.handle(request, functools.partial(_settle, written))
    status, body, outcome = None, b"", "no answer"
    try:
        async with asyncio.timeout(_LONGEST):
            await written
            for action in actions(exchange):
                match action:
                    case Pause(seconds):
                        await asyncio.sleep(seconds)
                    case Head(response):
                        status, outcome = response.status, "cut off"
                    case Piece(content):
                        body += content
                    case End():
                        outcome = "answered"
                    case Cut(last):
                        body, outcome = body + last, "cut off" if status else "empty"
                    case Reset():
                        outcome = "reset"
    except TimeoutError:
        endpoint.hang_up(exchange)
    name = request_id(exchange.number) if exchange.number else None
    shown = b"" if request.method == "HEAD" else body
    return name, {"status": status, "body": shown.decode(errors="replace"), "outcome": outcome}


def _settle(written: "asyncio.Future[None]", _: Exchange) -> None:
    if not written.done():  # it has taken too long
        written.set_result(None)


def _body(entry: dict[str, Any], given: str | None) -> bytes:
    if given is not None:
        return given.encode("utf-8", "replace")
    if entry.get("truncated") or entry.get("bodyOmitted"):
        raise ProblemError(409, "The record doesn't hold its whole body: give one.")
    return body_of(entry)


def _key(entry: dict[str, Any], given: str | None, components: Components) -> bytes | None:
    """The key to send; None when none was sent. The record has it masked, so the server must know it."""
    if given is not None:
        if not given.isascii() or not given.isprintable():
            raise ProblemError(400, "apiKey must be visible ASCII characters.")
        return given.encode()
    if entry["key"] is None:
        return None
    known = components.campaigns.full_key(entry["key"], entry["campaign"])
    if known is None:
        about = "isn't known" if entry["campaign"] else "opens no campaign, so it was never remembered"
        raise ProblemError(409, f"The key {entry['key']} {about}: give apiKey.")
    return known


def _headers(entry: dict[str, Any], key: bytes | None, body: bytes) -> Headers:
    """The headers as they were sent; what the record hides is left out, and what depends on the body is set anew."""
    headers: Headers = []
    length = b"%d" % len(body)
    for name, value in entry["headers"]:
        if name.lower() == "x-api-key":
            if key is not None:
                headers.append((name.encode("latin-1"), key))
                key = None
        elif name.lower() == "content-length":
            headers.append((name.encode("latin-1"), length))
            length = b""
        elif name.lower() not in _FRAMING and not may_hold_key(name):
            headers.append((name.encode("latin-1"), value.encode("latin-1")))
    if key is not None:
        headers.append((b"x-api-key", key))
    return [*headers, *([(b"content-length", length)] if length else [])]
