"""`POST /_sandbox/explain`: what the endpoint would answer to a body, and why. Keeps nothing."""

from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.problems import ProblemError, json_object, text_or_none, wants_text
from aktify_sandbox.admin.requests import personal_in
from aktify_sandbox.admin.responses import JSONResponse
from aktify_sandbox.contract import answers
from aktify_sandbox.contract.answers import ENDPOINT, Answer
from aktify_sandbox.exchange import Request as LeadRequest
from aktify_sandbox.history import query
from aktify_sandbox.history.explanation import explanation
from aktify_sandbox.journal.entry import timestamp
from aktify_sandbox.journal.presented_keys import presented_keys
from aktify_sandbox.originals import json, time
from aktify_sandbox.redaction import masked_key
from aktify_sandbox.scenarios.answers import forced_answer


def routes(components: Components) -> list[Route]:
    """The route of explanations."""

    async def explain(request: Request) -> Response:
        content = await json_object(request, "body", "apiKey", "contentType", required=("body",))
        entry = personal_in(request).entry(_explained(components, content))
        return PlainTextResponse(explanation(entry)) if wants_text(request) else JSONResponse(_short(entry))

    return [Route("/explain", explain, methods=["POST"])]


def _explained(components: Components, content: dict[str, Any]) -> dict[str, Any]:
    """What the endpoint would answer, as an entry that isn't recorded. Raises `ProblemError`."""
    campaigns, store, body = components.campaigns, components.store, content["body"]
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    key = text_or_none(content, "apiKey") or campaigns.default_key or ""
    media = text_or_none(content, "contentType") or "application/json"
    try:
        headers = [
            (b"host", b"sandbox"),
            (b"x-api-key", key.encode("latin-1")),
            (b"content-type", media.encode("latin-1")),
        ]
        raw = text.encode()
    except UnicodeEncodeError:
        raise ProblemError(
            400, "apiKey, contentType or body contains characters that can't be sent."
        ) from None
    limit = components.settings.max_body
    left_out = max(0, len(raw) - limit)
    request = LeadRequest("POST", ENDPOINT, headers, raw[:limit], left_out=left_out)
    default = components.endpoint.decide(request)
    forced = components.forcing.rehearse(request, default)
    answer = forced_answer(forced, default) if forced else default
    access = answer.access
    entry: dict[str, Any] = {
        "status": answer.status,
        "message": answer.message,
        "receivedAt": timestamp(time.time()),
        "body": text,
        "campaign": access.campaign if access else None,
        "key": access.key if access else masked_key(key),
        "phone": answer.phone,
        "reason": {
            "rule": answer.rule,
            "objection": answer.objection,
            "ruling": answer.ruling,
            "scenario": forced.by if forced else None,
        },
        "problems": [problem._asdict() for problem in answer.problems],
        "answer": _said(answer),
    }
    if answer.key_mistake:
        entry["reason"]["keyMistake"] = answer.key_mistake
    if access:
        entry["notes"] = [notice._asdict() for notice in access.rules.notices(raw)]
    if answer.objection == "duplicate" and access and answer.identity:
        sent = default.sent or {}
        entry["firstPost"] = query.first_post(store, access.campaign, answer.identity, 1 << 62, sent)
    redacted: dict[str, Any] = campaigns.redaction(presented_keys(headers, b"")).masked(entry)
    return redacted


def _said(answer: Answer) -> Any:
    if answer.objection == "accepted":
        return answer.lead
    return json.loads(answers.render(answer, "detailed", 0)[1]) if answer.status else None


def _short(entry: dict[str, Any]) -> dict[str, Any]:
    first = entry.get("firstPost")
    duplicate_of = first and {name: first[name] for name in ("id", "receivedAt", "phoneNumber")}
    names = ("status", "message", "reason", "problems", "phone", "campaign", "key", "answer")
    return {
        **{name: entry[name] for name in names},
        "notes": entry.get("notes", []),
        "duplicateOf": duplicate_of,
        **({"masked": True} if entry.get("masked") else {}),
    }
