"""The vendor's door: HTTP in, a decision, its record, HTTP out.

Everything that isn't ours comes through here, so that a 404 or 405 is recorded like an answer to a lead.
"""

import sys
import traceback
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.contract import answers
from aktify_sandbox.contract.answers import Answer
from aktify_sandbox.contract.decide import Request, decide
from aktify_sandbox.endpoint.delivery import Gathering, Receive, Response, Send, Trouble, deliver
from aktify_sandbox.originals import time
from aktify_sandbox.record.recorder import Exchange, Recorder
from aktify_sandbox.scenarios.forced import forced_answer
from aktify_sandbox.scenarios.forcing import Forcing
from aktify_sandbox.scenarios.rules import Forced, Step
from aktify_sandbox.settings import Settings
from aktify_sandbox.storage.log import LogUnwritable, request_id, too_many_files
from aktify_sandbox.storage.store import Store

_IN_URLS = "!#$%&'()*+,/:;=?@[]~"


@dataclass(slots=True)
class Body:
    """What came as the body: all of it, or (too large, cut off) its beginning and how much there was."""

    content: bytes
    size: int
    whole: bool


class VendorDoor:
    """`POST /api/v1/leads`, the short links, and the 404 of everything else. An ASGI application."""

    def __init__(
        self, settings: Settings, campaigns: Campaigns, forcing: Forcing, store: Store, recorder: Recorder
    ) -> None:
        self._settings = settings
        self._campaigns = campaigns
        self._forcing = forcing
        self._store = store
        self._recorder = recorder
        self._gathering = Gathering()
        self._origin = campaigns.origin.encode()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request. Nothing escapes: an exception would break the connection's next request."""
        arrived, started = time.time(), time.perf_counter()
        body = await drain(receive, self._settings.max_body)
        answer, forced = self._answer(scope, body, started)
        if forced and forced.step.gather and answer.access and answer.phone:
            trouble, count = Trouble(scope, receive, send), forced.step.gather
            if await self._gathering.wait(answer.access.campaign, answer.phone, count, trouble):
                answer = forced_answer(forced, self._safely(scope, body))
            else:
                body.whole, forced = False, None
                answer = self._aborted(scope, body, time.perf_counter() - started)
        number = self._store.next_number()
        # From the decision to the record's line there is no await: two equal leads can't both pass.
        response = self._response(answer, number, forced) if answer.status else _refusal(scope)
        exchange = Exchange(
            number, scope, arrived, started, body.content, body.size, answer, response, forced
        )
        try:
            await self._recorder.record(exchange)
        except LogUnwritable as error:
            exchange.answer = answers.unavailable(str(error))
            exchange.response = self._response(exchange.answer, None, None) if body.whole else None
            exchange.forced = forced = None
            self._recorder.tell(exchange)
        if forced and (forced.delay or forced.step.fault):
            trouble = Trouble(scope, receive, send)
            if not await trouble.deliver(exchange.response, forced.delay, forced.step.fault):
                self._recorder.hung_up(exchange)
        elif exchange.response is not None and body.whole:
            await deliver(send, exchange.response)

    def _answer(self, scope: dict[str, Any], body: Body, started: float) -> tuple[Answer, Forced | None]:
        try:
            if not body.whole:
                return self._aborted(scope, body, time.perf_counter() - started), None
            natural = self._safely(scope, body)
            forced = self._forcing.ask(self._request(scope, body), natural)
            return (forced_answer(forced, natural), forced) if forced else (natural, None)
        except Exception:  # a defect of ours, as below
            return _defect(), None

    def _safely(self, scope: dict[str, Any], body: Body) -> Answer:
        """The natural answer. A defect of ours is answered 500, recorded, and shown to be reported."""
        try:
            if scope["path"].startswith("/s/") and scope["method"] in ("GET", "HEAD"):
                return self._open_link(scope["path"][3:])
            campaigns = self._campaigns
            answer = decide(self._request(scope, body), campaigns.rulings, campaigns.find, self._store.has)
        except Exception:
            return _defect()
        # who opens the address in a browser looks for our page; bodies of another shape were chosen, and stay so
        if scope["path"] == "/" and answer.status == 404 and self._settings.error_bodies == "detailed":
            answer.message += " The sandbox's own page is /_sandbox/."
        return answer

    def _request(self, scope: dict[str, Any], body: Body) -> Request:
        limit = self._settings.max_body
        too_large = limit if body.size > limit else None
        version = scope["http_version"]
        return Request(scope["method"], scope["path"], scope["headers"], body.content, too_large, version)

    def _aborted(self, scope: dict[str, Any], body: Body, seconds: float) -> Answer:
        key = next((value for name, value in scope["headers"] if name == b"x-api-key"), b"")
        refusal = _refusal(scope)
        if refusal:
            rule = f"{refusal.body.decode().strip()} It broke off {body.size:,} bytes into the body."
            return Answer(0, "request", rule, rule, access=self._campaigns.find(key))
        when = f"after {seconds * 1000:.0f} ms, {body.size:,} bytes into the body"
        rule = f"The client hung up {when}: nothing was answered or kept."
        return Answer(0, "aborted", rule, rule, access=self._campaigns.find(key))

    def _open_link(self, code: str) -> Answer:
        url = self._store.long_url(code)
        if url is None:
            return answers.not_found(f"/s/{code}")
        rule = "The short link of a kept lead was opened."
        return Answer(302, "link", rule, rule, headers=(("location", quote(url, safe=_IN_URLS)),))

    def _response(self, answer: Answer, number: int | None, forced: Forced | None) -> Response:
        content_type, body = self._body(answer, number or 0, forced.step if forced else None)
        headers = [(b"content-length", b"%d" % len(body))]
        if answer.status in (204, 304):  # no body, and so no length of one
            headers.clear()
        if content_type:
            headers.insert(0, (b"content-type", content_type.encode()))
        headers += [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]
        if forced:
            headers = _with(headers, forced.step.headers)
        if number is not None and self._settings.sandbox_headers:
            headers += self._own_headers(answer.status, request_id(number).encode(), forced)
        return Response(answer.status, headers, body)

    def _body(self, answer: Answer, number: int, step: Step | None) -> tuple[str | None, bytes]:
        settings, chance, access = self._settings, number + self._settings.seed, answer.access
        own_shuffle = access.shuffle if access else None
        shuffle = bool(step and step.shuffle) or (settings.shuffle if own_shuffle is None else own_shuffle)
        if step and step.body is not None:
            return step.media, step.body
        if answer.objection == "accepted":
            return "application/json", answers.render_created(answer.lead or {}, chance if shuffle else None)
        if answer.status < 400:
            return None, b""
        own_shape = access.error_bodies if access else None
        shape = "rotate" if step and step.shuffle else own_shape or settings.error_bodies
        return answers.render(answer, shape, chance)

    def _own_headers(self, status: int, name: bytes, forced: Forced | None) -> list[tuple[bytes, bytes]]:
        headers = [(b"x-aktify-sandbox-request", name)]
        if status != 201:
            headers.append((b"x-aktify-sandbox-explain", b"%b/_sandbox/requests/%b" % (self._origin, name)))
        if forced:
            headers.append((b"x-aktify-sandbox-forced", forced.by.encode("latin-1", "replace")))
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


def _with(
    headers: list[tuple[bytes, bytes]], forced: tuple[tuple[str, str], ...]
) -> list[tuple[bytes, bytes]]:
    """The headers with those of a rule, which take the place of ours of the same name."""
    more = [(name.encode(), value.encode("latin-1")) for name, value in forced]
    names = {name for name, _ in more}
    return [pair for pair in headers if pair[0] not in names] + more


def _refusal(scope: dict[str, Any]) -> Response | None:
    """What the protocol itself has said to this request, of which it could read no more."""
    refusal: Response | None = getattr(scope.get("aktify.connection"), "refusal", None)
    return refusal


def _defect() -> Answer:
    words = too_many_files(sys.exc_info()[1])
    if words:
        return answers.unavailable(words)
    traceback.print_exc(file=sys.stderr)
    return answers.internal_error()
