"""The vendor's door: HTTP in, a decision, its record, HTTP out.

Everything that isn't ours comes through here, so that a 404 or 405 is recorded like an answer to a lead.
"""

import sys
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.contract import answers
from aktify_sandbox.contract.answers import Answer
from aktify_sandbox.contract.decide import Request, decide
from aktify_sandbox.log import LogUnwritable, request_id
from aktify_sandbox.recorder import Exchange, Recorder, Response
from aktify_sandbox.settings import Settings
from aktify_sandbox.store import Store

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(slots=True)
class Body:
    """What came as the body: all of it, or (too large, cut off) its beginning and how much there was."""

    content: bytes
    size: int
    whole: bool


class VendorDoor:
    """`POST /api/v1/leads`, the short links, and the 404 of everything else. An ASGI application."""

    def __init__(self, settings: Settings, campaigns: Campaigns, store: Store, recorder: Recorder) -> None:
        self._settings = settings
        self._campaigns = campaigns
        self._store = store
        self._recorder = recorder
        self._origin = campaigns.origin.encode()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request. Nothing escapes: an exception would break the connection's next request."""
        arrived, started = time.time(), time.perf_counter()
        body = await drain(receive, self._settings.max_body)
        number = self._store.next_number()
        # From here to the record's line there is no await: two equal leads can't both pass.
        answer, response = self._answer(scope, body, started, number)
        exchange = Exchange(number, scope, arrived, started, body.content, body.size, answer, response)
        try:
            await self._recorder.record(exchange)
        except LogUnwritable as error:
            exchange.answer = answers.unavailable(str(error))
            exchange.response = self._response(exchange.answer, None) if body.whole else None
            self._recorder.tell(exchange)
        if exchange.response is not None:
            await _send(send, exchange.response)

    def _answer(
        self, scope: dict[str, Any], body: Body, started: float, number: int
    ) -> tuple[Answer, Response | None]:
        if not body.whole:
            return _aborted(body, time.perf_counter() - started, scope, self._campaigns), None
        try:
            answer = self._decide(scope, body)
            return answer, self._response(answer, number)
        except Exception:  # a defect of ours: it is answered 500, recorded, and shown to be reported
            traceback.print_exc(file=sys.stderr)
            answer = answers.internal_error()
            return answer, self._response(answer, number)

    def _decide(self, scope: dict[str, Any], body: Body) -> Answer:
        if scope["path"].startswith("/s/") and scope["method"] in ("GET", "HEAD"):
            return self._open_link(scope["path"][3:])
        limit = self._settings.max_body
        too_large = limit if body.size > limit else None
        request = Request(scope["method"], scope["path"], scope["headers"], body.content, too_large)
        return decide(request, self._campaigns.rulings, self._campaigns.find, self._store.has)

    def _open_link(self, code: str) -> Answer:
        url = self._store.long_url(code)
        if url is None:
            return answers.not_found(f"/s/{code}")
        rule = "The short link of a kept lead was opened."
        return Answer(302, "link", rule, rule, headers=(("location", url),))

    def _response(self, answer: Answer, number: int | None) -> Response:
        settings = self._settings
        chance = (number or 0) + settings.seed
        if answer.lead is not None:
            content_type: str | None = "application/json"
            body = answers.render_created(answer.lead, chance if settings.shuffle else None)
        elif answer.status < 400:
            content_type, body = None, b""
        else:
            content_type, body = answers.render(answer, settings.error_bodies, chance)
        headers = [(b"content-length", b"%d" % len(body))]
        if content_type:
            headers.insert(0, (b"content-type", content_type.encode()))
        headers += [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]
        if number is not None and settings.sandbox_headers:
            headers += self._own_headers(answer.status, request_id(number).encode())
        return Response(answer.status, headers, body)

    def _own_headers(self, status: int, name: bytes) -> list[tuple[bytes, bytes]]:
        headers = [(b"x-aktify-sandbox-request", name)]
        if status != 201:
            headers.append((b"x-aktify-sandbox-explain", b"%b/_sandbox/requests/%b" % (self._origin, name)))
        return headers


async def drain(receive: Receive, limit: int) -> Body:
    """Take in the whole body but hold no more than `limit` bytes of it."""
    held, size = b"", 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return Body(held, size, whole=False)
        chunk = message.get("body", b"")
        size += len(chunk)
        held += chunk[: limit - len(held)]
        if not message.get("more_body"):
            return Body(held, size, whole=True)


async def _send(send: Send, response: Response) -> None:
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
    await send({"type": "http.response.body", "body": response.body})


def _aborted(body: Body, seconds: float, scope: dict[str, Any], campaigns: Campaigns) -> Answer:
    key = next((value for name, value in scope["headers"] if name == b"x-api-key"), b"")
    when = f"after {seconds * 1000:.0f} ms, {body.size:,} bytes into the body"
    rule = f"The client hung up {when}: nothing was answered or kept."
    return Answer(0, "aborted", rule, rule, access=campaigns.find(key))
