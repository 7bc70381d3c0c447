"""Requests that the sandbox sends to its own endpoint, for the page.

`POST /_sandbox/requests/{id}/resend` sends a recorded request again, as it was or with another body;
`POST /_sandbox/requests` sends a new lead.
"""

import functools
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.problems import ProblemError, json_object, text_or_none
from aktify_sandbox.admin.requests import sendable
from aktify_sandbox.admin.responses import JSONResponse
from aktify_sandbox.contract.answers import ENDPOINT
from aktify_sandbox.endpoint import Endpoint
from aktify_sandbox.exchange import Exchange, Headers
from aktify_sandbox.exchange import Request as LeadRequest
from aktify_sandbox.journal.entry import body_of
from aktify_sandbox.originals import asyncio, time
from aktify_sandbox.redaction import may_hold_key
from aktify_sandbox.scenarios.faults import Cut, End, Head, Pause, Piece, Reset, actions
from aktify_sandbox.storage.log import request_id
from aktify_sandbox.version import __version__

_LONGEST = 10
"""Seconds to wait for an answer."""
_FRAMING = ("transfer-encoding", "expect", "trailer", "upgrade", "connection")


def routes(components: Components) -> list[Route]:
    """The routes of sending."""

    async def resend(request: Request) -> Response:
        entry = sendable(request, components)
        content = await json_object(request, "body", "apiKey")
        body = _body(entry, text_or_none(content, "body"))
        headers = _headers(entry, _key(entry, text_or_none(content, "apiKey"), components), body)
        query = entry["query"].encode("latin-1", "replace")
        sent = _Sent(entry["method"], entry["path"], headers, body, query, entry["httpVersion"])
        return await _response_to(request, sent, components)

    async def send(request: Request) -> Response:
        content = await json_object(request, "body", "apiKey", "key", "campaign", required=("body",))
        body = (text_or_none(content, "body") or "").encode("utf-8", "replace")
        key = _chosen_key(content, components)
        headers: Headers = [
            (b"host", request.headers["host"].encode("latin-1")),
            (b"user-agent", f"aktify-sandbox/{__version__} (page)".encode()),
            (b"content-type", b"application/json"),
            *([] if key is None else [(b"x-api-key", key)]),
            (b"content-length", b"%d" % len(body)),
        ]
        return await _response_to(request, _Sent("POST", ENDPOINT, headers, body), components)

    return [
        Route("/requests", send, methods=["POST"]),
        Route("/requests/{id}/resend", resend, methods=["POST"]),
    ]


class _Sent(NamedTuple):
    """The request to send."""

    method: str
    path: str
    headers: Headers
    body: bytes
    query: bytes = b""
    version: str = "1.1"


async def _response_to(request: Request, sent: _Sent, components: Components) -> Response:
    now = time.time(), time.perf_counter()
    limit = components.endpoint.max_body
    lead_request = LeadRequest(
        sent.method,
        sent.path,
        sent.headers,
        sent.body[:limit],
        sent.query,
        sent.version,
        max(0, len(sent.body) - limit),
        _client(request),
        *now,
    )
    name, outcome = await _answered(components.endpoint, lead_request)
    return JSONResponse({"request": name, **outcome})


def _chosen_key(content: dict[str, Any], components: Components) -> bytes | None:
    """The chosen key in full: given in full, or as lists show it with its campaign. None sends no key. Raises
    `ProblemError`.
    """
    given, shown = text_or_none(content, "apiKey"), text_or_none(content, "key")
    if given is not None:
        return _checked(given)
    if shown is None:
        return None
    known = components.campaigns.full_key(shown, text_or_none(content, "campaign"))
    if known is None:
        raise ProblemError(404, f"The key {shown} isn't known in full. Give apiKey.")
    return known


def _checked(key: str) -> bytes:
    if not key.isascii() or not key.isprintable():
        raise ProblemError(400, "apiKey must be visible ASCII characters.")
    return key.encode()


def _client(request: Request) -> str | None:
    return f"{request.client.host}:{request.client.port}" if request.client else None


async def _answered(endpoint: Endpoint, request: LeadRequest) -> tuple[str | None, dict[str, Any]]:
    """The entry's id, and what a client would have seen within ten seconds."""
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
    if not written.done():  # the answer took too long
        written.set_result(None)


def _body(entry: dict[str, Any], given: str | None) -> bytes:
    if given is not None:
        return given.encode("utf-8", "replace")
    if entry.get("truncated") or entry.get("bodyOmitted"):
        raise ProblemError(409, "The record doesn't hold the whole body: send one as body.")
    return body_of(entry)


def _key(entry: dict[str, Any], given: str | None, components: Components) -> bytes | None:
    """The key to send; None when none was sent. The entry has it masked, so the server must know it. Raises
    `ProblemError`.
    """
    if given is not None:
        return _checked(given)
    if entry["key"] is None:
        return None
    known = components.campaigns.full_key(entry["key"], entry["campaign"])
    if known is None:
        about = "is unknown" if entry["campaign"] else "opens no campaign, so it wasn't stored"
        raise ProblemError(409, f"The key {entry['key']} {about}: send one as apiKey.")
    return known


def _headers(entry: dict[str, Any], key: bytes | None, body: bytes) -> Headers:
    """The headers as they were sent, without those that are masked; those that depend on the body are set again."""
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
