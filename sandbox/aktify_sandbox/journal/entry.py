"""An exchange as one entry of the journal: a JSON object that says what came, what was answered, and why."""

import base64
import functools
from datetime import UTC, datetime
from typing import Any, NotRequired, TypeAlias, TypedDict
from urllib.parse import unquote_plus

from aktify_sandbox.exchange import Exchange, Headers, Request
from aktify_sandbox.redaction import masked_key, may_hold_key
from aktify_sandbox.storage.log import request_id

BODY_HELD = 4_096
"""Bytes of a body that stay when it was larger than a sandbox takes."""

Entry: TypeAlias = dict[str, Any]
"""An entry as it is read from its line: see `Fields`. Read whole, it also has `notes`, and for a 409 `firstPost`."""


class Body(TypedDict):
    """The body of a request."""

    body: str | None
    """As text; None where it isn't recorded, since only fictional numbers may be kept (`bodyOmitted`)."""
    bodyEncoding: NotRequired[str]
    """`base64` for what isn't UTF-8."""
    bodyOmitted: NotRequired[str]
    """Why the body isn't recorded: `fictional-only`."""
    truncated: NotRequired[bool]
    """True where only the beginning of the body is held."""


class Reason(TypedDict):
    """Why a request got its answer."""

    rule: str
    """In words."""
    objection: str
    """What decided: see `Answer.objection`."""
    ruling: str | None
    """The ruling that decided where the vendor's page is silent."""
    scenario: str | None
    """What forced the answer, in whole or in part, such as `header Prefer`."""


class Fields(Body):
    """The fields of an entry. Its line begins with `id`, `kind` and `receivedAt`."""

    id: str
    """`r000000042`: its number in the log, never used twice."""
    kind: str
    """`request`; other lines of the log are of other kinds. It isn't shown."""
    receivedAt: str
    """RFC 3339, in UTC, with milliseconds."""
    durationMs: float
    """From the request to the decision; a forced delay isn't part of it."""
    client: str | None
    """Address and port."""
    method: str
    path: str
    """With its escapes decoded."""
    query: str
    """As sent, without the values of parameters that may be keys."""
    httpVersion: str
    headers: list[tuple[str, str]]
    """As sent, in order; values that may be keys are masked."""
    bodyBytes: int
    """How long the body was."""
    campaign: str | None
    """The campaign that the key opens; None for an unknown key."""
    key: str | None
    """Masked."""
    phone: str | None
    """In E.164, where it is known."""
    response: dict[str, Any] | None
    """`status`, `headers` and `body`; None when nothing was answered. The line of a kept lead has no `body` in it."""
    reason: Reason
    problems: list[dict[str, Any]]
    """What was wrong with the body: field, message, hint, source, quote, ruling."""
    rulings: NotRequired[dict[str, str]]
    """Those of the campaign that aren't the defaults."""
    link: NotRequired[str]
    """Which link the campaign wants, if any: `link` or `tracking`."""
    identity: NotRequired[str]
    """By what the lead is compared, if not by `phone`. It isn't shown."""
    delayMs: NotRequired[int]
    """The forced delay, in milliseconds."""
    fault: NotRequired[str]
    """The forced fault."""
    lead: NotRequired[dict[str, Any] | None]
    """The lead that was kept. It isn't shown: `response` has it as its body then."""
    short: NotRequired[dict[str, Any]]
    """Its short link. It isn't shown."""
    hungUpAfterMs: NotRequired[float]
    """How long the client waited before it hung up, in milliseconds; written by a later line."""


def entry_of(exchange: Exchange) -> Entry:
    """The entry of an exchange."""
    request, answer, forced = exchange.request, exchange.answer, exchange.forced
    access = answer.access
    entry: Fields = {
        "id": request_id(exchange.number),
        "kind": "request",
        "receivedAt": timestamp(request.arrived),
        "durationMs": exchange.duration_ms,
        "client": request.client,
        "method": request.method,
        "path": request.path,
        "query": _shown_query(request.query) if request.query else "",
        "httpVersion": request.version,
        "headers": _shown_headers(request.raw_headers),
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
        "body": None,
    }
    add_body(entry, request.body, cut=request.left_out > 0)
    if access and access.rules.rulings.changes:
        entry["rulings"] = access.rules.rulings.changes
    if access and access.rules.link != "optional":
        entry["link"] = access.rules.link
    if answer.identity != answer.phone and answer.identity:
        entry["identity"] = answer.identity
    if forced and forced.delay:
        entry["delayMs"] = round(forced.delay * 1000)
    if forced and forced.spec.fault:
        entry["fault"] = forced.spec.fault
    if answer.stores_lead:
        entry["lead"] = answer.lead
        if answer.short:
            entry["short"] = answer.short._asdict()
    return entry  # type: ignore[return-value]  # a TypedDict is a dict; nothing is copied for the type's sake


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
    if answer.stores_lead and response.is_lead:
        return shown  # the line says it already, as its lead; `restored` puts it back
    return {**shown, "body": response.body.decode(errors="replace")}


def body_of(entry: Entry) -> bytes:
    """The body as it came, as far as the entry holds it."""
    text: str = entry["body"] or ""
    return base64.b64decode(text) if "bodyEncoding" in entry else text.encode()


def add_body(entry: Body, body: bytes, *, cut: bool) -> None:
    """Put a body into an entry, as it came or, where it was cut, its beginning."""
    held = body[:BODY_HELD] if cut else body
    try:
        entry["body"] = held.decode()
    except UnicodeDecodeError:
        entry["body"] = base64.b64encode(held).decode()
        entry["bodyEncoding"] = "base64"
    if cut:
        entry["truncated"] = True
