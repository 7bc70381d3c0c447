"""Every exchange with the endpoint, and the reason for its answer, as one line of the log."""

import base64
import contextlib
import functools
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import orjson

from aktify_sandbox.campaigns import Campaigns, is_secret
from aktify_sandbox.contract.answers import ENDPOINT, Answer
from aktify_sandbox.contract.decide import OTHER_KEY_HEADERS
from aktify_sandbox.contract.phone import is_fictional
from aktify_sandbox.exchange import Exchange, Headers, Request
from aktify_sandbox.originals import time
from aktify_sandbox.redaction import LONG, Redaction, masked_key, may_hold_key
from aktify_sandbox.storage.index import Kept
from aktify_sandbox.storage.log import LogUnwritable, request_id
from aktify_sandbox.storage.store import Done, Store

_TOLD_BY_CLIENT = (
    "method",
    "path",
    "query",
    "headers",
    "body",
    "response",
    "problems",
    "reason",
    "lead",
    "short",
)
_BODY_HELD = 4_096
_MAY_BE_KEYS = frozenset((b"x-api-key", *OTHER_KEY_HEADERS))
_DIGIT = re.compile("[0-9]")


class Recorder:
    """Writes exchanges down before their answers leave, then tells whoever listens."""

    def __init__(self, store: Store, campaigns: Campaigns, listener: Callable[[Exchange], None]) -> None:
        """`campaigns` know which keys nobody may ever see, and the rulings where no key says which hold."""
        self._store = store
        self._campaigns = campaigns
        self._listener = listener

    def append(self, exchange: Exchange, written: Done) -> None:
        """Keep the exchange and its lead. `written` is called when its line is, with why it couldn't be if so.

        Then nothing was kept.
        """
        exchange.duration_ms = round((time.perf_counter() - exchange.request.started) * 1000, 3)
        answer, kept = exchange.answer, None
        if answer.keeps and answer.access and answer.identity:
            code = answer.short.code if answer.short else None
            kept = Kept(answer.access.campaign, answer.identity, code)
        self._store.add(exchange.number, self._line(exchange), kept, written)

    def hung_up(self, exchange: Exchange) -> None:
        """The client went before it had its answer: that is how long its patience lasts."""
        waited = round((time.perf_counter() - exchange.request.started) * 1000, 3)
        with contextlib.suppress(LogUnwritable):  # the disk is full: the record stays, without this
            self._store.amend(exchange.number, {"hungUpAfterMs": waited})

    def tell(self, exchange: Exchange) -> None:
        """Show the exchange in the terminal."""
        self._listener(exchange)

    def _line(self, exchange: Exchange) -> bytes:
        """The record without any key, wherever in the request one was put by mistake."""
        content, request = self._content(exchange), exchange.request
        redaction = self._campaigns.redaction(_presented(request))
        if redaction.seeks and _may_show_key(exchange, content, redaction):
            self._mask(exchange, content, redaction)
        return orjson.dumps(content)

    def _mask(self, exchange: Exchange, content: dict[str, Any], redaction: Redaction) -> None:
        told = {name: content[name] for name in _TOLD_BY_CLIENT if name in content}
        masked = redaction.masked(told)
        if content["body"] and ("bodyEncoding" in content or "truncated" in content):
            content.pop("bodyEncoding", None)
            masked = {**masked, **_shown_octets(exchange.request, redaction)}
        if masked != told:
            content |= masked
            exchange.request.path, exchange.request.method = content["path"], content["method"]
            exchange.answer.rule = content["reason"]["rule"]
            if exchange.forced:
                exchange.forced = exchange.forced._replace(by=content["reason"]["scenario"])

    def _content(self, exchange: Exchange) -> dict[str, Any]:
        access, content = exchange.answer.access, content_of(exchange)
        rulings = access.rules.rulings if access else self._campaigns.rulings
        if rulings["fictional-only"] == "on" and not _is_made_up(exchange.answer):
            if exchange.answer.objection != "forced":  # which says nothing of the lead
                exchange.answer.rule = _UNTOLD
            exchange.request.path = content["path"] = _ordinary_path(content["path"])
            return _without_person(content)
        return content


def _presented(request: Request) -> tuple[str, ...]:
    """`presented_keys`, which for nearly all requests is what the one header says."""
    if not request.query and len(request.named) == len(request.written):
        values = [request.named[name] for name in _MAY_BE_KEYS if name in request.named]
        if len(values) <= 1:
            return _keys_in(values[0].decode("latin-1"))[:_MOST_PRESENTED] if values else ()
    return presented_keys(request.headers, request.query)


def presented_keys(headers: Headers, query: bytes) -> tuple[str, ...]:
    """What a request presents as a key: it may be one of the vendor's, whether or not it is known here.

    It is looked for elsewhere in the request if it has a digit or 20 characters: else it is rather a placeholder.
    """
    values = [value.decode("latin-1") for name, value in headers if name in _MAY_BE_KEYS]
    if query:
        pairs = parse_qsl(query.decode("latin-1"), encoding="latin-1")
        values += [value for name, value in pairs if may_hold_key(name)]
    if len(values) == 1:
        return _keys_in(values[0])[:_MOST_PRESENTED]
    return tuple(dict.fromkeys(key for value in values for key in _keys_in(value)))[:_MOST_PRESENTED]


@functools.lru_cache(maxsize=1_000)
def _keys_in(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in _words_in(value) if _may_be_real(each)))


_MOST_PRESENTED = 20
"""A request presents one key, or some by mistake; each is looked for in all of its texts."""
_MOST_NAMES = 3
"""Of so many dots in a key, each may be the one before a namespace's name; of 30,000 dots, each would be a key."""


def _words_in(value: str) -> Iterator[str]:
    """The value without what people put around a key: quotes, a scheme, a name of a namespace."""
    for written in value.split():
        word = written.strip("\"'<>[](){},;")
        yield word
        before, *names = word.split(".", _MOST_NAMES)
        for name in names:
            yield before
            before = f"{before}.{name}"
    if value[:6].lower() == "basic ":
        with contextlib.suppress(ValueError):
            yield from base64.b64decode(value[6:].strip(), validate=True).decode("latin-1").split(":")


def _may_be_real(word: str) -> bool:
    return is_secret(word) and (len(word) >= LONG or _DIGIT.search(word) is not None)


def content_of(exchange: Exchange) -> dict[str, Any]:
    """The record of an exchange: `interface.md` lists its fields."""
    request, answer, forced = exchange.request, exchange.answer, exchange.forced
    access = answer.access
    content = {
        "id": request_id(exchange.number),
        "kind": "request",
        "receivedAt": timestamp(request.arrived),
        "durationMs": exchange.duration_ms,
        "client": request.client,
        "method": request.method,
        "path": request.path,
        "query": _shown_query(request.query) if request.query else "",
        "httpVersion": request.version,
        "headers": _shown_headers(request.written),
        "bodyBytes": request.body_bytes,
        "campaign": access.campaign if access else None,
        "key": access.key if access else _key_in(request),
        "phone": answer.phone,
        "response": _shown_response(exchange),
        "reason": {
            "rule": answer.rule,
            "objection": answer.objection,
            "ruling": answer.ruling,
            "scenario": forced.by if forced else None,
        },
        "problems": [problem._asdict() for problem in answer.problems] if answer.problems else [],
    }
    _add_body(content, request.body, cut=request.left_out > 0)
    if access and access.rules.rulings.changes:
        content["rulings"] = access.rules.rulings.changes
    if access and access.rules.link != "optional":
        content["link"] = access.rules.link
    if answer.identity != answer.phone and answer.identity:
        content["identity"] = answer.identity
    if forced and forced.delay:
        content["delayMs"] = round(forced.delay * 1000)
    if forced and forced.step.fault:
        content["fault"] = forced.step.fault
    if answer.keeps:
        content["lead"] = answer.lead
        if answer.short:
            content["short"] = answer.short._asdict()
    return content


_BREAKS = re.compile(rb"[\0\r\n\t]")
"""What may part a key: in UTF-16, or in base64 of many lines. In JSON that could be read it parts nothing."""


def _may_show_key(exchange: Exchange, content: dict[str, Any], redaction: Redaction) -> bool:
    """A quick look at all that the client decides, before the whole record is searched."""
    body, response = exchange.request.body, exchange.response
    if "bodyEncoding" in content or "truncated" in content:
        return True
    if exchange.answer.sent is None and _BREAKS.search(body):
        return True
    head = orjson.dumps([content[name] for name in ("method", "path", "query", "headers")])
    return redaction.may_find(body, response.body if response else b"", head)


def timestamp(seconds: float) -> str:
    """RFC 3339 in UTC with milliseconds."""
    whole, thousandths = divmod(int(seconds * 1000), 1000)
    return f"{_second(whole)}.{thousandths:03d}Z"


@functools.lru_cache(maxsize=16)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00")


def _shown_headers(headers: Headers) -> list[tuple[str, str]]:
    shown = []
    for name, value in headers:
        text, is_secret = _shown_name(name)
        shown.append((text, _hidden(name, value) if is_secret else value.decode("latin-1")))
    return shown


@functools.lru_cache(maxsize=1_000)
def _shown_name(name: bytes) -> tuple[str, bool]:
    """The name as a text, and whether a value under it may be a key."""
    text = name.decode("latin-1")
    return text, may_hold_key(text)


def _hidden(name: bytes, value: bytes) -> str:
    return masked_key(value.decode("latin-1")) if name.lower() == b"x-api-key" else "…"


def _shown_query(query: bytes) -> str:
    return "&".join(map(_shown_parameter, query.decode("latin-1").split("&")))


def _shown_parameter(parameter: str) -> str:
    name, equals, _ = parameter.partition("=")
    return f"{name}=…" if equals and may_hold_key(unquote_plus(name)) else parameter


def _key_in(request: Request) -> str | None:
    key = next((value for name, value in request.headers if name == b"x-api-key"), None)
    return None if key is None else masked_key(key.decode("latin-1"))


def _shown_response(exchange: Exchange) -> dict[str, Any] | None:
    response, answer = exchange.response, exchange.answer
    if response is None:
        return None
    shown = {"status": response.status, "headers": response.headers}
    if answer.keeps and response.is_lead:
        return shown  # the line says it already, as its lead; `restored` puts it back
    return {**shown, "body": response.body.decode(errors="replace")}


def _add_body(content: dict[str, Any], body: bytes, *, cut: bool) -> None:
    held = body[:_BODY_HELD] if cut else body
    try:
        content["body"] = held.decode()
    except UnicodeDecodeError:
        content["body"] = base64.b64encode(held).decode()
        content["bodyEncoding"] = "base64"
    if cut:
        content["truncated"] = True


def _shown_octets(request: Request, redaction: Redaction) -> dict[str, Any]:
    """A body that is no text, or only its beginning; it is masked before it is cut: no half of a key is left."""
    shown: dict[str, Any] = {}
    cut = request.left_out > 0
    body = request.body[: 2 * _BODY_HELD] if cut else request.body
    _add_body(shown, redaction.masked_octets(body), cut=cut)
    return shown


def _is_made_up(answer: Answer) -> bool:
    """Whether the lead can't be a real person: its number is known and nobody has it."""
    return answer.phone is not None and is_fictional(answer.phone)


_UNTOLD = "Only fictional numbers may be kept here, so nothing of this request is."


def _ordinary_path(path: str) -> str:
    return path if path.rstrip("/") == ENDPOINT else "…"


def _without_person(content: dict[str, Any]) -> dict[str, Any]:
    response = content["response"] and {**content["response"], "body": None}
    problems = [{**problem, "message": "…", "hint": "…"} for problem in content["problems"]]
    hidden: dict[str, Any] = {
        "body": None,
        "bodyOmitted": "fictional-only",
        "phone": None,
        "query": "",
        "problems": problems,
    }
    if content["reason"]["objection"] != "forced":
        hidden["reason"] = {**content["reason"], "rule": _UNTOLD}
    return {**content, **hidden, "response": response}
