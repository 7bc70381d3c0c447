"""`/_sandbox/openapi.json` and `openapi-admin.json`: the endpoint and the admin API, described in OpenAPI 3.1."""

from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.guard import FILE_MEDIA, STATE_MEDIA
from aktify_sandbox.admin.responses import JSONResponse
from aktify_sandbox.contract.openapi import openapi
from aktify_sandbox.contract.rulings import PROFILES, RULINGS
from aktify_sandbox.history.export import FORMS, HAR_MEDIA
from aktify_sandbox.scenarios.schema import force_schema
from aktify_sandbox.settings import ERROR_BODIES
from aktify_sandbox.version import __version__

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_MAYBE: Schema = {"type": ["string", "null"]}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_YES: Schema = {"type": "boolean"}
_OBJECT: Schema = {"type": "object"}
_ID: Schema = {"type": "string", "pattern": "^r[0-9]{9,}$", "examples": ["r000000042"]}
_MAYBE_ID: Schema = {"type": ["string", "null"]}

_FILTERS = {
    "status": "409, 4xx, several by comma, or none for requests that weren't answered",
    "key": "the key that sent it, whole or as it is shown",
    "campaign": "its campaign",
    "phone": "a number in any spelling, or its last digits",
    "since": "a moment, or how long ago (10m)",
    "after": "an id: only newer ones",
    "search": "a text anywhere in request or answer",
    "forced": "yes, no, or a part of what forced the answer",
    "where": "FIELD=VALUE, a condition as in expectations (region=CA, header.x-batch=7); repeatable",
}
_PAGE = {"limit": "how many, 1 to 1,000", "before": "an id: only older ones"}
_OF_CHECKS = {
    "name": "the file's name, whose ending may say what it is",
    "campaign": "by whose rulings; the first one's unless told",
    "encoding": "if not the one that is guessed",
    "delimiter": "if not the one that is guessed",
    "map": "COLUMN=FIELD; repeatable",
}
_OF_LEADS = {name: _FILTERS[name] for name in ("campaign", "phone")}


def routes(components: Components) -> list[Route]:
    """The routes of both descriptions."""

    async def endpoint(_: Request) -> Response:
        campaigns = components.campaigns
        return JSONResponse(openapi(campaigns.rulings, __version__, campaigns.origin))

    async def admin(_: Request) -> Response:
        return JSONResponse(admin_openapi(__version__, components.campaigns.origin))

    return [
        Route("/openapi.json", endpoint, methods=["GET"]),
        Route("/openapi-admin.json", admin, methods=["GET"]),
    ]


def admin_openapi(version: str, server_url: str) -> Schema:
    """The document of our own routes; `contract.openapi` makes that of the vendor's endpoint."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "The admin API of aktify-sandbox",
            "version": version,
            "description": "What the commands, the pytest fixture and the page do, they do by this.",
        },
        "servers": [{"url": server_url}],
        "security": [{}, {"token": []}],
        "paths": _paths(),
        "components": {
            "schemas": _SCHEMAS | {"Order": _force()},
            "responses": {
                "Problem": {
                    "description": "What was wrong with the request, as RFC 9457 says it.",
                    "content": {"application/problem+json": {"schema": _ref("Problem")}},
                }
            },
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "Where --token was given."}
            },
        },
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Schema, required: Iterable[str] | None = None) -> Schema:
    """What is answered: all members are there unless told otherwise."""
    return {
        "type": "object",
        "required": list(properties if required is None else required),
        "properties": properties,
    }


def _body(properties: Schema, required: Iterable[str] = ()) -> Schema:
    """What is sent: no other members."""
    return {**_object(properties, required), "additionalProperties": False}


def _many(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _force() -> Schema:
    schema = force_schema()
    definitions = schema.pop("$defs")
    del schema["$schema"]
    whole: Schema = _with_definitions(schema, definitions)
    return whole


def _with_definitions(part: Any, definitions: Schema) -> Any:
    """The schema with what it refers to put in its place; JSON of any depth is left open."""
    if isinstance(part, list):
        return [_with_definitions(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        name = part["$ref"].removeprefix("#/$defs/")
        return {} if name == "json" else _with_definitions(definitions[name], definitions)
    return {name: _with_definitions(each, definitions) for name, each in part.items()}


_REQUEST = _object(
    {
        "id": _ID,
        "receivedAt": {"type": "string", "format": "date-time"},
        "method": _TEXT,
        "path": _TEXT,
        "campaign": _MAYBE,
        "key": _MAYBE,
        "phone": _MAYBE,
    },
    ["id", "receivedAt", "method", "path"],
)
_SCHEMAS: Schema = {
    "Problem": _object(
        {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT},
    ),
    "Request": _REQUEST,
    "Requests": _object(
        {"requests": _many(_ref("Request")), "next": _MAYBE_ID, "dropped": _COUNT}, ["requests", "next"]
    ),
    "Lead": _object(
        {
            "campaign": _TEXT,
            "phone": _TEXT,
            "receivedAt": {"type": "string", "format": "date-time"},
            "request": _MAYBE_ID,
            "lead": _OBJECT,
        },
    ),
    "Leads": _object({"leads": _many(_ref("Lead")), "next": _MAYBE_ID}),
    "Key": _object({"key": _TEXT, "campaign": _TEXT, "revoked": _YES, "answer": _TEXT, "source": _TEXT}),
    "Campaign": _object(
        {
            "campaign": _TEXT,
            "link": _MAYBE,
            "scenarios": {"type": ["array", "null"], "items": _TEXT},
            "leads": _COUNT,
        }
    ),
    "Scenario": _object(
        {
            "name": _TEXT,
            "description": _TEXT,
            "active": _YES,
            "rules": _many(_OBJECT),
            "hits": _many(_COUNT),
            "file": _TEXT,
            "mistake": _MAYBE,
        }
    ),
    "Forced": _object({"id": {"type": "integer"}, "times": _COUNT, "left": _COUNT}),
    "Active": _body({"active": _many(_TEXT)}, ["active"]),
    "NewCampaign": _body(
        {
            "name": {"type": ["string", "null"]},
            "profile": {"type": ["string", "null"], "enum": [*PROFILES, None]},
            "rulings": {
                "type": ["object", "null"],
                "properties": dict.fromkeys(RULINGS, _TEXT),
                "additionalProperties": _TEXT,
            },
            "link": {"type": ["string", "null"], "enum": ["optional", "link", "tracking", None]},
            "scenarios": {"type": ["array", "null"], "items": _TEXT},
            "errorBodies": {"type": ["string", "null"], "enum": [*ERROR_BODIES, None]},
            "shuffle": {"type": ["boolean", "null"]},
        }
    ),
    "Verification": _object({"ok": _YES, "results": _many(_OBJECT)}),
}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _of(*media: str) -> Schema:
    return {each: {"schema": _TEXT} for each in media}


def _operation(
    name: str,
    summary: str,
    answers: Schema,
    *,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    body: Schema | None = None,
    needed: bool = True,
    refusals: Iterable[int] = (),
) -> Schema:
    """An operation whose `answers` are contents by status; each may be refused by 400, 401, 403 and 503 besides."""
    described = {
        status: {"description": summary, **({"content": content} if content else {})}
        for status, content in answers.items()
    }
    usual = (400, 401, 403, 503, *refusals, *((413, 415) if body else ()))
    problems = {
        f"{status}": {"$ref": "#/components/responses/Problem"}
        for status in sorted(set(usual))
        if f"{status}" not in described
    }
    parameters = [
        {"name": each, "in": place, "description": about, "schema": _TEXT}
        for place, found in (("query", query), ("header", headers))
        for each, about in (found or {}).items()
    ]
    return {
        "operationId": name,
        "summary": summary,
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": {"required": needed, "content": body}} if body else {}),
        "responses": described | problems,
    }


def _paths() -> Schema:
    paths = {**_of_the_service(), **_of_requests(), **_of_what_is_kept(), **_of_what_is_forced()}
    for path, item in paths.items():
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        if names:
            item["parameters"] = [
                {"name": name, "in": "path", "required": True, "schema": _TEXT} for name in names
            ]
    return paths


def _of_the_service() -> Schema:
    page = _of("text/html", "text/plain") | _json(_OBJECT)
    lead = {"anyOf": [_TEXT, _OBJECT]}
    explained = _body({"body": lead, "apiKey": _MAYBE, "contentType": _MAYBE}, ["body"])
    return {
        "/_sandbox": {"get": _operation("openPage", "Leads to the page.", {"307": {}})},
        "/_sandbox/": {"get": _operation("showPage", "The page, or an overview.", {"200": page, "304": {}})},
        "/_sandbox/inspector/{file}": {
            "get": _operation(
                "showPageFile",
                "A file of the page.",
                {"200": _of("text/css", "text/javascript", "image/svg+xml", "text/html"), "304": {}},
                refusals=[404],
            )
        },
        "/_sandbox/health": {
            "get": _operation(
                "health",
                "Whether requests are answered, and whether leads can be kept (503 if not).",
                {code: _json(_object({"status": _TEXT, "version": _TEXT})) for code in ("200", "503")},
            )
        },
        "/_sandbox/status": {
            "get": _operation("status", "What there is, in numbers.", {"200": _json(_STATUS)}),
        },
        "/_sandbox/config": {
            "get": _operation("config", "Settings and rulings in force.", {"200": _json(_CONFIG)})
        },
        "/_sandbox/openapi.json": {
            "get": _operation("openapi", "The document of the vendor's endpoint.", {"200": _json(_OBJECT)})
        },
        "/_sandbox/openapi-admin.json": {
            "get": _operation("adminOpenapi", "This document.", {"200": _json(_OBJECT)})
        },
        "/_sandbox/explain": {
            "post": _operation(
                "explain",
                "What a lead would be answered, and why.",
                {"200": _json(_OBJECT) | _of("text/plain")},
                body=_json(explained),
            )
        },
        "/_sandbox/check": {
            "post": _operation(
                "checkFile",
                "What each lead of a file would be answered.",
                {"200": _json(_OBJECT)},
                query=_OF_CHECKS,
                body=_of(FILE_MEDIA),
                refusals=[404, 422, 500],
            )
        },
        "/_sandbox/state": {
            "get": _operation("saveState", "The whole state, in lines.", {"200": _of(STATE_MEDIA)}),
            "put": _operation(
                "loadState",
                "Puts a state in place of what is remembered.",
                {"200": _json(_object({"leads": _COUNT, "requests": _COUNT, "notices": _many(_TEXT)}))},
                body=_of(STATE_MEDIA),
            ),
        },
        "/_sandbox/reset": {
            "post": _operation("reset", "Forgets leads, requests, forced answers, counters.", {"204": {}})
        },
        "/_sandbox/stop": {
            "post": _operation("stop", "Ends the sandbox.", {"202": _json(_object({"status": _TEXT}))})
        },
    }


_STATUS = _object(
    {
        "version": _TEXT,
        "state": _MAYBE,
        "trouble": _MAYBE,
        "scenarios": _many(_TEXT),
        "forced": _COUNT,
        "leads": _COUNT,
        "requests": _COUNT,
        "refusalsNotRecorded": _COUNT,
    }
)
_CONFIG = _object(
    {
        "version": _TEXT,
        "run": _TEXT,
        "newest": _TEXT,
        "endpoint": _TEXT,
        "apiKey": _MAYBE,
        "curl": _MAYBE,
        "magic": _OBJECT,
        "choices": _OBJECT,
        "settings": _OBJECT,
        "rulings": _many(_OBJECT),
        "campaigns": _many(_OBJECT),
    }
)


def _of_requests() -> Schema:
    several = _object({"count": _COUNT, "requests": _many(_ref("Request"))})
    media = {name: HAR_MEDIA if name == "har" else "text/plain" for name in FORMS}
    resent = _object({"request": _MAYBE_ID, "status": _COUNT, "body": _TEXT, "outcome": _TEXT})
    export = _json(_object({"requests": _many(_ref("Request"))})) | _of(
        "application/x-ndjson", HAR_MEDIA, "text/plain"
    )
    return {
        "/_sandbox/requests": {
            "get": _operation(
                "listRequests",
                "Requests, newest first.",
                {"200": _json(_ref("Requests"))},
                query=_FILTERS | _PAGE,
            ),
            "delete": _operation(
                "clearRequests", "Forgets them.", {"200": _json(_object({"cleared": _COUNT}))}
            ),
        },
        "/_sandbox/requests/wait": {
            "get": _operation(
                "awaitRequests",
                "Returns when so many have come.",
                {"200": _json(several)},
                query={**_FILTERS, "count": "how many, 1 unless told", "timeout": "seconds, 5 unless told"},
                refusals=[422],
            )
        },
        "/_sandbox/requests/stream": {
            "get": _operation(
                "streamRequests",
                "Server-sent events, one for each request.",
                {"200": _of("text/event-stream")},
                query=_FILTERS,
                headers={"Last-Event-ID": "an id: from behind it"},
            )
        },
        "/_sandbox/requests/verify": {
            "post": _operation(
                "verify",
                "Whether what came is what was expected.",
                {"200": _json(_ref("Verification"))},
                body=_json(_OBJECT),
                refusals=[404, 409, 422],
            )
        },
        "/_sandbox/requests/export": {
            "get": _operation(
                "exportRequests",
                "All whole, oldest first.",
                {"200": export},
                query={**_FILTERS, "format": "json, jsonl, har or curl"},
            )
        },
        "/_sandbox/requests/{id}": {
            "get": _operation(
                "showRequest",
                "One request whole.",
                {"200": _json(_ref("Request")) | _of("text/plain", HAR_MEDIA), "303": {}},
                refusals=[404],
            )
        },
        **{
            f"/_sandbox/requests/{{id}}/{name}": {
                "get": _operation(
                    f"requestAs{name.capitalize()}",
                    f"One request as {name}.",
                    {"200": _of(kind)},
                    refusals=[404, 409],
                )
            }
            for name, kind in media.items()
        },
        "/_sandbox/requests/{id}/resend": {
            "post": _operation(
                "resend",
                "Sends it once more.",
                {"200": _json(resent)},
                body=_json(_body({"body": _MAYBE, "apiKey": _MAYBE})),
                needed=False,
                refusals=[404, 409],
            )
        },
    }


def _of_what_is_kept() -> Schema:
    imported = _object({"imported": _COUNT, "already": _COUNT, "refused": _many(_OBJECT)})
    leads = _body({"leads": _many(_OBJECT), "campaign": _MAYBE}, ["leads"])
    made = _object({"campaign": _TEXT, "apiKey": _TEXT, "after": _TEXT})
    return {
        "/_sandbox/leads": {
            "get": _operation(
                "listLeads",
                "Leads, newest first.",
                {"200": _json(_ref("Leads")) | _of("text/csv")},
                query={
                    **_OF_LEADS,
                    "search": _FILTERS["search"],
                    "after": "an id: from behind it",
                    "format": "json (a page) or csv (all)",
                    **_PAGE,
                },
            ),
            "post": _operation(
                "importLeads",
                "Keeps leads that then answer 409.",
                {"201": _json(imported)},
                body=_json({"anyOf": [leads, _many(_OBJECT)]}),
                refusals=[404],
            ),
            "delete": _operation(
                "deleteLeads",
                "Forgets them.",
                {"200": _json(_object({"removed": _COUNT}))},
                query=_OF_LEADS,
            ),
        },
        "/_sandbox/keys": {
            "get": _operation(
                "listKeys", "The keys, masked.", {"200": _json(_object({"keys": _many(_ref("Key"))}))}
            ),
            "post": _operation(
                "addKey",
                "Adds a key.",
                {"201": _json(_object({"apiKey": _TEXT, "campaign": _TEXT, "name": _TEXT}))},
                body=_json(_body({"campaign": _MAYBE, "key": _MAYBE, "name": _MAYBE})),
                needed=False,
                refusals=[404, 409],
            ),
            "delete": _operation(
                "revokeKey",
                "Makes a key a 401.",
                {"200": _json(_object({"revoked": _TEXT, "campaign": _TEXT}))},
                query={"key": "the key or its name"},
                body=_json(_body({"key": _MAYBE})),
                needed=False,
                refusals=[404],
            ),
        },
        "/_sandbox/campaigns": {
            "get": _operation(
                "listCampaigns",
                "The campaigns.",
                {"200": _json(_object({"campaigns": _many(_ref("Campaign"))}))},
            ),
            "post": _operation(
                "addCampaign",
                "A fresh campaign with a fresh key.",
                {"201": _json(made)},
                body=_json(_ref("NewCampaign")),
                needed=False,
                refusals=[409],
            ),
        },
        "/_sandbox/campaigns/{id}": {
            "delete": _operation(
                "deleteCampaign", "With its leads and keys.", {"204": {}}, refusals=[404, 409]
            )
        },
        "/_sandbox/campaigns/{id}/scenarios": {
            "put": _operation(
                "useScenariosInCampaign",
                "Scenarios in force in this campaign alone.",
                {"200": _json(_object({"campaign": _TEXT, "active": _many(_TEXT)}))},
                body=_json(_ref("Active")),
                refusals=[404],
            )
        },
        "/_sandbox/campaigns/{id}/reset": {
            "post": _operation(
                "resetCampaign", "Forgets its leads, forced answers, counters.", {"204": {}}, refusals=[404]
            )
        },
    }


def _of_what_is_forced() -> Schema:
    return {
        "/_sandbox/scenarios": {
            "get": _operation(
                "listScenarios",
                "The scenarios that can be named.",
                {"200": _json(_object({"scenarios": _many(_ref("Scenario"))}))},
            )
        },
        "/_sandbox/scenarios/active": {
            "put": _operation(
                "useScenarios",
                "Puts scenarios into force.",
                {"200": _json(_object({"active": _many(_TEXT)}))},
                body=_json(_ref("Active")),
            )
        },
        "/_sandbox/force": {
            "get": _operation(
                "listForced",
                "The forced answers that wait.",
                {"200": _json(_object({"forced": _many(_ref("Forced"))}))},
            ),
            "post": _operation(
                "force",
                "Forces the next answers.",
                {"201": _json(_ref("Forced"))},
                body=_json(_ref("Order")),
                refusals=[404, 409],
            ),
            "delete": _operation(
                "clearForced",
                "Forgets them.",
                {"200": _json(_object({"cleared": _COUNT}))},
                query={"campaign": "those for it alone"},
            ),
        },
    }
