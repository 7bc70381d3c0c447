"""Journal entries: one JSON object per exchange, with the request, the answer and the reason."""

import base64
import functools
from datetime import UTC, datetime
from typing import Any, NotRequired, TypeAlias, TypedDict
from urllib.parse import unquote_plus

from aktify_sandbox.exchange import Exchange, Headers, Request
from aktify_sandbox.redaction import masked_key, may_hold_key
from aktify_sandbox.storage.log import request_id

BODY_HELD = 4_096
"""Bytes that are recorded of a body that was too large."""

Entry: TypeAlias = dict[str, Any]
"""An entry as it is read from its line: see `Fields`. Read whole, it also has those of `WorkedOut`."""


class Body(TypedDict):
    """The body of a request."""

    body: str | None
    """As text; null where it isn't recorded (see `bodyOmitted`)."""
    bodyEncoding: NotRequired[str]
    """`base64` for a body that isn't UTF-8."""
    bodyOmitted: NotRequired[str]
    """Why the body isn't recorded: `fictional-only` takes only numbers reserved for fiction."""
    truncated: NotRequired[bool]
    """True if only the first 4,096 bytes are recorded, since the body was larger than `--max-body`."""


class Reason(TypedDict):
    """Why a request got its answer."""

    rule: str
    """The reason in words."""
    objection: str
    """What decided: `request`, `route`, `key`, `body`, `duplicate`, `accepted`; of the sandbox's own `forced`, `link`,
    `aborted`, `defect`, `disk`.
    """
    ruling: str | None
    """The ruling that decided; null where none did."""
    keyMistake: NotRequired[str]
    """For a 401, what is wrong with the key: `none` (no `x-api-key` header), `several`, `other-header`, `blank`,
    `too-long`, `nothing` (such as `undefined`), `placeholder`, `quotes`, `header-name`, `scheme` (such as `Bearer`),
    `token`, `masked`, `extra-character`, `white-space`, `case`, `percent-encoded`, `base64`. Missing if its form tells
    nothing.
    """
    scenario: str | None
    """What forced the answer, in whole or in part, such as `header Prefer`; null where nothing did."""


class Fields(Body):
    """The fields of an entry. Its line begins with `id`, `kind` and `receivedAt`."""

    id: str
    """`r000000042`: its number in the log. No id is used twice."""
    kind: str
    """`request`; other lines of the log are of other kinds. It isn't shown."""
    receivedAt: str
    """When it arrived: RFC 3339, UTC, with milliseconds."""
    durationMs: float
    """Milliseconds from the request to the decision, without a forced delay."""
    client: str | None
    """The client's address and port."""
    method: str
    """As sent, such as `POST`."""
    path: str
    """The path, with its escapes decoded."""
    query: str
    """As sent, but for the values of parameters that may be keys."""
    httpVersion: str
    """`1.1` or `1.0`."""
    headers: list[tuple[str, str]]
    """Name and value, as sent, in order; values that may be keys are masked."""
    bodyBytes: int
    """The length of the body in bytes."""
    campaign: str | None
    """The campaign that the key opens; null for an unknown key."""
    key: str | None
    """The key, masked, or its name."""
    phone: str | None
    """The lead's number in E.164; null where none is known."""
    response: dict[str, Any] | None
    """The answer: `status`, `headers` and `body`; null if there was none."""
    reason: Reason
    """Why the request got this answer."""
    problems: list[dict[str, Any]]
    """What was wrong with the body."""
    rulings: NotRequired[dict[str, str]]
    """The campaign's rulings that aren't the defaults."""
    link: NotRequired[str]
    """Which link the campaign needs, if any: `link` or `tracking`."""
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
    """After how many milliseconds the client disconnected without an answer: its timeout."""


class WorkedOut(TypedDict):
    """Fields that are computed when a whole entry is read, so that requests don't pay for them."""

    notes: list[dict[str, Any]]
    """What was accepted although it may be a mistake."""
    firstPost: NotRequired[dict[str, Any]]
    """For a 409, the request that brought the lead: its `id`, `receivedAt`, `phoneNumber`, and the `differences`."""
    masked: NotRequired[bool]
    """True if it was asked for with `mask=yes`: phone numbers, e-mail addresses and last names are masked."""
    forcedBy: NotRequired[dict[str, Any]]
    """What forced the answer: `kind` (scenario, force, key, number or header), and of a scenario `name` and `rule`."""
    syntaxError: NotRequired[dict[str, int]]
    """The `line` and `column` where the body stops being JSON."""


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
    elif answer.key_mistake:
        entry["reason"]["keyMistake"] = answer.key_mistake
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
    """The name as text, and whether its value may be a key."""
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
        return shown  # the line has it already, as its lead; `restored` puts it back
    return {**shown, "body": response.body.decode(errors="replace")}


def body_of(entry: Entry) -> bytes:
    """The body as received, as far as the entry has it."""
    text: str = entry["body"] or ""
    return base64.b64decode(text) if "bodyEncoding" in entry else text.encode()


def add_body(entry: Body, body: bytes, *, cut: bool) -> None:
    """Add a body to an entry, whole or, if it was cut, its beginning."""
    held = body[:BODY_HELD] if cut else body
    try:
        entry["body"] = held.decode()
    except UnicodeDecodeError:
        entry["body"] = base64.b64encode(held).decode()
        entry["bodyEncoding"] = "base64"
    if cut:
        entry["truncated"] = True
