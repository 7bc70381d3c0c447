"""Every exchange with the vendor's door, and the reason for its answer, as one line of the log."""

import asyncio
import base64
import contextlib
import functools
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

import orjson

from aktify_sandbox.contract.answers import ENDPOINT, Answer
from aktify_sandbox.contract.phone import is_fictional
from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.endpoint.delivery import Response
from aktify_sandbox.masking import masked_key, may_hold_key
from aktify_sandbox.scenarios.rules import Forced
from aktify_sandbox.settings import WELL_KNOWN_KEYS
from aktify_sandbox.storage.log import LogUnwritable, request_id
from aktify_sandbox.storage.store import Kept, Store

Headers = list[tuple[bytes, bytes]]

_TOLD_BY_CLIENT = ("path", "query", "headers", "body", "response", "problems", "reason", "lead", "short")
_BODY_HELD = 4_096


@dataclass(slots=True)
class Exchange:
    """One request and its answer. `arrived` is seconds since the epoch, `started` the monotonic clock."""

    number: int
    scope: dict[str, Any]
    arrived: float
    started: float
    body: bytes
    body_bytes: int
    answer: Answer
    response: Response | None
    forced: Forced | None = None
    duration_ms: float = 0.0


class Recorder:
    """Writes exchanges down before their answers leave, then tells whoever listens."""

    def __init__(
        self,
        store: Store,
        rulings: Rulings,
        listener: Callable[[Exchange], None],
        secrets: Iterable[str] = (),
    ) -> None:
        """`rulings` hold where no key says which campaign's do; `secrets` are keys that nobody may ever see."""
        self._store = store
        self._rulings = rulings
        self._secrets = tuple(secrets)
        self._listener = listener

    async def record(self, exchange: Exchange) -> None:
        """Keep the exchange and its lead; nothing is awaited before the lead's number is taken.

        Raises `LogUnwritable` when the disk refused; then nothing was kept.
        """
        exchange.duration_ms = round((time.perf_counter() - exchange.started) * 1000, 3)
        answer = exchange.answer
        kept = None
        if answer.keeps and answer.access and answer.identity:
            code = answer.short.code if answer.short else None
            kept = Kept(answer.access.campaign, answer.identity, code)
        written = asyncio.get_running_loop().create_future()
        self._store.add(exchange.number, self._line(exchange), kept, functools.partial(_settle, written))
        await written
        self.tell(exchange)

    def hung_up(self, exchange: Exchange) -> None:
        """The client went before it had its answer: that is how long its patience lasts."""
        waited = round((time.perf_counter() - exchange.started) * 1000, 3)
        with contextlib.suppress(LogUnwritable):  # the disk is full: the record stays, without this
            self._store.amend(exchange.number, {"hungUpAfterMs": waited})

    def shows_key(self, keys: tuple[str, ...], *texts: bytes) -> bool:
        """Whether a key stands in one of these texts, parts of a record in JSON: then `_line` must hide it."""
        secrets = (*self._secrets, *own_secrets(keys))
        return any(as_in_json(secret) in text for secret in secrets for text in texts)

    def _line(self, exchange: Exchange) -> bytes:
        """The record without any key, wherever in the request one was put by mistake."""
        content = self._content(exchange)
        line = orjson.dumps(content)
        access = exchange.answer.access
        for secret in (*self._secrets, *(own_secrets(access.keys) if access else ())):
            if as_in_json(secret) in line:
                told = {name: _without(secret, content[name]) for name in _TOLD_BY_CLIENT if name in content}
                content = {**content, **told}
                line = orjson.dumps(content)
                exchange.scope["path"], exchange.answer.rule = content["path"], content["reason"]["rule"]
        return line

    def _content(self, exchange: Exchange) -> dict[str, Any]:
        access, content = exchange.answer.access, content_of(exchange)
        rulings = access.rules.rulings if access else self._rulings
        if rulings["fictional-only"] == "on" and not _is_made_up(exchange.answer):
            if exchange.answer.objection != "forced":  # which says nothing of the lead
                exchange.answer.rule = _UNTOLD
            exchange.scope["path"] = content["path"] = _ordinary_path(content["path"])
            return _without_person(content)
        return content

    def tell(self, exchange: Exchange) -> None:
        """Show the exchange in the terminal."""
        self._listener(exchange)


@functools.lru_cache(maxsize=10_000)
def own_secrets(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Of the keys that a request may be called by, those that not everybody knows; a short one could be any word."""
    return tuple(key for key in keys if len(key) >= 8 and key.partition(".")[0] not in WELL_KNOWN_KEYS)


@functools.lru_cache(maxsize=10_000)
def as_in_json(text: str) -> bytes:
    """The text as it stands inside a JSON string."""
    return orjson.dumps(text)[1:-1]


def _settle(written: "asyncio.Future[None]", error: LogUnwritable | None) -> None:
    if written.done():  # whoever waited has been cancelled
        return
    if error:
        written.set_exception(error)
    else:
        written.set_result(None)


def content_of(exchange: Exchange) -> dict[str, Any]:
    """The record of an exchange: `interface.md` lists its fields."""
    scope, answer, access = exchange.scope, exchange.answer, exchange.answer.access
    client = scope.get("client")
    content = {
        "id": request_id(exchange.number),
        "kind": "request",
        "receivedAt": timestamp(exchange.arrived),
        "durationMs": exchange.duration_ms,
        "client": f"{client[0]}:{client[1]}" if client else None,
        **request_part(scope),
        "bodyBytes": exchange.body_bytes,
        "campaign": access.campaign if access else None,
        "key": access.key if access else _key_in(scope["headers"]),
        "phone": answer.phone,
        "response": _shown_response(exchange.response, exchange),
        "reason": {
            "rule": answer.rule,
            "objection": answer.objection,
            "ruling": answer.ruling,
            "scenario": exchange.forced.by if exchange.forced else None,
        },
        "problems": [problem._asdict() for problem in answer.problems],
        **_shown_body(exchange.body, exchange.body_bytes),
    }
    if access and access.rules.rulings.changes:
        content["rulings"] = access.rules.rulings.changes
    if access and access.rules.link != "optional":
        content["link"] = access.rules.link
    if answer.identity != answer.phone and answer.identity:
        content["identity"] = answer.identity
    if exchange.forced and exchange.forced.delay:
        content["delayMs"] = round(exchange.forced.delay * 1000)
    if exchange.forced and exchange.forced.step.fault:
        content["fault"] = exchange.forced.step.fault
    if answer.keeps:
        content["lead"] = answer.lead
        if answer.short:
            content["short"] = answer.short._asdict()
    return content


def request_part(scope: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says of the request's head."""
    return {
        "method": scope["method"],
        "path": scope["path"],
        "query": _shown_query(scope["query_string"]),
        "httpVersion": scope["http_version"],
        "headers": _shown_headers(scope.get("aktify.headers") or scope["headers"]),
    }


def timestamp(seconds: float) -> str:
    """RFC 3339 in UTC with milliseconds."""
    whole, thousandths = divmod(int(seconds * 1000), 1000)
    return f"{_second(whole)}.{thousandths:03d}Z"


@functools.lru_cache(maxsize=16)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00")


def _shown_headers(headers: Headers) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), _shown_value(name.lower(), value)) for name, value in headers]


def _shown_value(name: bytes, value: bytes) -> str:
    if name == b"x-api-key":
        return masked_key(value.decode("latin-1"))
    return "…" if _is_secret(name) else value.decode("latin-1")


@functools.lru_cache(maxsize=1_000)
def _is_secret(name: bytes) -> bool:
    return may_hold_key(name.decode("latin-1"))


def _shown_query(query: bytes) -> str:
    return "&".join(map(_shown_parameter, query.decode("latin-1").split("&"))) if query else ""


def _shown_parameter(parameter: str) -> str:
    name, equals, _ = parameter.partition("=")
    return f"{name}=…" if equals and may_hold_key(unquote_plus(name)) else parameter


def _key_in(headers: Headers) -> str | None:
    return next(
        (masked_key(value.decode("latin-1")) for name, value in headers if name == b"x-api-key"), None
    )


def _shown_response(response: Response | None, exchange: Exchange) -> dict[str, Any] | None:
    if response is None:
        return None
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers]
    shown = {"status": response.status, "headers": headers}
    if exchange.answer.keeps and response.body == orjson.dumps(exchange.answer.lead):
        return shown  # the line says it already, as its lead; `restored` puts it back
    return {**shown, "body": response.body.decode(errors="replace")}


def restored(content: dict[str, Any]) -> dict[str, Any]:
    """A record as it is read, with the body that its line doesn't say twice."""
    response = content["response"]
    if response is None or "body" in response:
        return content
    return {**content, "response": {**response, "body": orjson.dumps(content["lead"]).decode()}}


def _shown_body(body: bytes, body_bytes: int) -> dict[str, Any]:
    held = body if len(body) == body_bytes else body[:_BODY_HELD]
    cut = {"truncated": True} if len(held) < body_bytes else {}
    try:
        return {"body": held.decode(), **cut}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(held).decode(), "bodyEncoding": "base64", **cut}


def _without(secret: str, value: Any) -> Any:
    """The value with the key masked in every text."""
    if isinstance(value, str):
        return value.replace(secret, masked_key(secret))
    if isinstance(value, dict):
        return {name: _without(secret, inner) for name, inner in value.items()}
    return [_without(secret, inner) for inner in value] if isinstance(value, (list, tuple)) else value


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
