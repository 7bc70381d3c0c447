"""Health, configuration, explain, reset, stop."""

from dataclasses import fields
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from aktify_sandbox.admin.dependencies import Services
from aktify_sandbox.admin.openapi import admin_openapi
from aktify_sandbox.admin.problems import ProblemError, json_object, text_or_none, wants_text
from aktify_sandbox.admin.responses import JSONResponse
from aktify_sandbox.contract import answers
from aktify_sandbox.contract.answers import ENDPOINT, Answer
from aktify_sandbox.contract.openapi import openapi
from aktify_sandbox.contract.rulings import RULINGS
from aktify_sandbox.exchange import Request as LeadRequest
from aktify_sandbox.first_request import line_to_paste
from aktify_sandbox.history import query
from aktify_sandbox.history.explanation import diagnosis
from aktify_sandbox.journal.writer import presented_keys, timestamp
from aktify_sandbox.originals import json, time
from aktify_sandbox.scenarios.answers import does, forced_answer
from aktify_sandbox.scenarios.engine import Forcing
from aktify_sandbox.settings import WELL_KNOWN_KEYS, first_key
from aktify_sandbox.storage.log import request_id
from aktify_sandbox.version import __version__

_NOT_SHOWN = ("campaigns", "rulings", "token")


def routes(services: Services) -> list[Route]:
    """The routes of the service itself."""

    async def health(_: Request) -> Response:
        failing = services.store.trouble  # told to anybody, so without its words
        return JSONResponse(
            {"status": "failing" if failing else "ok", "version": __version__}, 503 if failing else 200
        )

    async def status(_: Request) -> Response:
        return JSONResponse(_status(services))

    async def config(_: Request) -> Response:
        return JSONResponse(_config(services))

    async def document(_: Request) -> Response:
        return JSONResponse(openapi(services.campaigns.rulings, __version__, services.campaigns.origin))

    async def admin_document(_: Request) -> Response:
        return JSONResponse(admin_openapi(__version__, services.campaigns.origin))

    async def explain(request: Request) -> Response:
        content = await json_object(request, "body", "apiKey", "contentType", required=("body",))
        record = _explained(services, content)
        return PlainTextResponse(diagnosis(record)) if wants_text(request) else JSONResponse(_short(record))

    async def reset(_: Request) -> Response:
        services.store.forget_all()
        services.forcing.reset()
        return Response(status_code=204)

    async def stop(_: Request) -> Response:
        if services.stop is None:
            raise ProblemError(501, "The sandbox runs under a server that isn't its own: stop that.")
        services.stop()
        return JSONResponse({"status": "stopping"}, 202)

    return [
        Route("/health", health, methods=["GET"]),
        Route("/status", status, methods=["GET"]),
        Route("/config", config, methods=["GET"]),
        Route("/openapi.json", document, methods=["GET"]),
        Route("/openapi-admin.json", admin_document, methods=["GET"]),
        Route("/explain", explain, methods=["POST"]),
        Route("/reset", reset, methods=["POST"]),
        Route("/stop", stop, methods=["POST"]),
    ]


def _status(services: Services) -> dict[str, Any]:
    """What there is, in numbers."""
    store, forcing = services.store, services.forcing
    return {
        "version": __version__,
        "state": str(store.folder.resolve()) if store.folder else None,
        "trouble": store.trouble,
        "scenarios": list(forcing.active),
        "forced": sum(order.left for order in forcing.orders),
        "leads": len(store.leads),
        "requests": store.requests,
        "refusalsNotRecorded": services.endpoint.refusals_left_out,
    }


def _config(services: Services) -> dict[str, Any]:
    settings, campaigns = services.settings, services.campaigns
    shown = {
        field.name: getattr(settings, field.name)
        for field in fields(settings)
        if field.name not in _NOT_SHOWN
    }
    origin, key = campaigns.origin, first_key(settings.campaigns)
    known = key if key in WELL_KNOWN_KEYS else None
    return {
        "version": __version__,
        "run": services.feed.run,
        "newest": request_id(services.store.newest),
        "endpoint": f"{origin}{ENDPOINT}",
        "apiKey": known,
        "curl": line_to_paste(settings, campaigns, known),
        "magic": _magic(services.forcing),
        "settings": {name.replace("_", "-"): _plain(value) for name, value in shown.items()},
        "rulings": [
            {
                "name": ruling.name,
                "value": campaigns.rulings[ruling.name],
                "default": ruling.default,
                "values": list(ruling.values),
                "free": ruling.free,
                "reason": ruling.reason,
            }
            for ruling in RULINGS.values()
        ],
        "campaigns": [
            {
                "campaign": campaign.name,
                "link": campaign.link,
                "rulings": campaigns.rulings_of(campaign).changes,
                "scenarios": services.forcing.scenarios_in(campaign.name),
                "keys": [
                    key.shown
                    for key in campaigns.keys().values()
                    if key.campaign == campaign.name and not key.revoked
                ],
            }
            for campaign in campaigns.campaigns()
        ],
    }


def _magic(forcing: Forcing) -> dict[str, list[dict[str, str]]]:
    """What forces an answer everywhere: keys, and phone numbers in any area code."""
    rows: dict[str, list[dict[str, str]]] = {"keys": [], "numbers": []}
    for rule in forcing.built_in_rules:
        words = does(rule["answer"])
        if "key" in rule["when"]:
            rows["keys"].append({"key": rule["when"]["key"], "does": words})
        else:
            rows["numbers"].append({"phoneNumber": rule["when"]["phoneNumber"], "does": words})
    rows["keys"].insert(0, {"key": "test-401", "does": "401: a key that was revoked"})
    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    return str(value).encode(errors="replace").decode()  # a path may hold what isn't text


def _explained(services: Services, content: dict[str, Any]) -> dict[str, Any]:
    """What the endpoint would answer, as a record that isn't kept. Raises `ProblemError`."""
    campaigns, store, body = services.campaigns, services.store, content["body"]
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    key = text_or_none(content, "apiKey") or campaigns.default_key
    media = text_or_none(content, "contentType") or "application/json"
    try:
        headers = [
            (b"host", b"sandbox"),
            (b"x-api-key", key.encode("latin-1")),
            (b"content-type", media.encode("latin-1")),
        ]
        raw = text.encode()
    except UnicodeEncodeError:
        raise ProblemError(400, "apiKey, contentType and body can't hold such characters.") from None
    limit = services.settings.max_body
    left_out = max(0, len(raw) - limit)
    request = LeadRequest("POST", ENDPOINT, headers, raw[:limit], left_out=left_out)
    natural = services.endpoint.decide(request)
    forced = services.forcing.rehearse(request, natural)
    answer = forced_answer(forced, natural) if forced else natural
    access = answer.access
    record: dict[str, Any] = {
        "status": answer.status,
        "message": answer.message,
        "receivedAt": timestamp(time.time()),
        "body": text,
        "campaign": access.campaign if access else None,
        "key": access.key if access else None,
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
    if access:
        record["notes"] = [note._asdict() for note in access.rules.notes(raw)]
    if answer.objection == "duplicate" and access and answer.identity:
        sent = natural.sent or {}
        record["firstPost"] = query.first_post(store, access.campaign, answer.identity, 1 << 62, sent)
    redacted: dict[str, Any] = campaigns.redaction(presented_keys(headers, b"")).masked(record)
    return redacted


def _said(answer: Answer) -> Any:
    if answer.objection == "accepted":
        return answer.lead
    return json.loads(answers.render(answer, "detailed", 0)[1]) if answer.status else None


def _short(record: dict[str, Any]) -> dict[str, Any]:
    first = record.get("firstPost")
    duplicate_of = first and {name: first[name] for name in ("id", "receivedAt", "phoneNumber")}
    names = ("status", "message", "reason", "problems", "phone", "campaign", "key", "answer")
    return {
        **{name: record[name] for name in names},
        "notes": record.get("notes", []),
        "duplicateOf": duplicate_of,
    }
