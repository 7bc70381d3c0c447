"""`/_sandbox/openapi.json` and `openapi-admin.json`: OpenAPI 3.1 documents of the endpoint and the admin API."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.exports import MEDIA, NEEDS
from aktify_sandbox.admin.guard import FILE_MEDIA, STATE_MEDIA
from aktify_sandbox.admin.responses import JSONResponse
from aktify_sandbox.admin.schemas import (
    COUNT,
    ID,
    MAYBE,
    OBJECT,
    SCHEMAS,
    TEXT,
    Schema,
    body_of,
    many,
    object_of,
    one_of,
    ref,
)
from aktify_sandbox.contract.openapi import LICENSE, openapi
from aktify_sandbox.history.export import FORMS, HAR_MEDIA
from aktify_sandbox.matching.words import FILTERS, OF_REPORTS
from aktify_sandbox.report.formats import FORMATS
from aktify_sandbox.scenarios.schema import force_schema
from aktify_sandbox.version import __version__

_FILTERS = {name: each.description for name, each in FILTERS.items()}
_MASK = {"mask": "yes masks phone numbers, e-mail addresses and last names"}
_MASK_REPORT = {"mask": "no shows phone numbers, e-mail addresses and last names in examples; default: yes"}
_ENDED = {"ended": "yes: the client has ended, so a lead that it left unsent counts as given up"}
_PAGE = {"limit": "page size, 1 to 1,000", "before": "only older ones than this id"}
_OF_CHECKS = {
    "name": "the file's name; its ending says whether it is a table, JSON or JSONL",
    "campaign": "whose rulings hold; default: the first campaign's",
    "encoding": "default: guessed",
    "delimiter": "default: guessed",
    "map": "COLUMN=FIELD, what a column is; repeatable",
    "rows": "no leaves out what grows with the file: problems, duplicateRows, repairs",
}
_OF_REPORTS = {name: _FILTERS[name] for name in OF_REPORTS}
_OF_LEADS = {name: _FILTERS[name] for name in ("campaign", "phone")}

_YES_OR_NO = one_of("yes", "no")
_VALUES: Schema = {
    "mask": _YES_OR_NO,
    "ended": _YES_OR_NO,
    "rows": _YES_OR_NO,
    "limit": {"type": "integer", "minimum": 1, "maximum": 1_000},
    "count": {"type": "integer", "minimum": 1, "maximum": 1_000},
    "timeout": {"type": "number", "minimum": 0, "maximum": 600},
    "where": many(TEXT),
    "map": many(TEXT),
    "before": ID,
    "after": ID,
}
"""The schemas of parameters that aren't any text."""

FORM_WORDS = {
    "curl": "a curl line",
    "python": "a Python script with httpx",
    "node": "a Node module with fetch",
    "pytest": "a test with the fixture",
    "http": "an HTTP file for VS Code, JetBrains or httpYac",
    "har": "HAR 1.2",
}
"""The formats in which a request can be copied."""

_DETAILS = {
    "health": "503 with `failing` once the log isn't as the sandbox left it. Answers under any `Host`.",
    "status": "`state` is null in memory.",
    "config": (
        "`choices` lists faults, statuses, encodings and other values with labels, and what the inspector masks."
    ),
    "explain": "Sends and keeps nothing. Text for `Accept: text/plain`.",
    "checkFile": "At most 64 MB. Keeps nothing; see below.",
    "loadState": "Each line is proved first; a damaged file changes nothing.",
    "sendRequest": "With `apiKey`, or with `key` as lists show it and its `campaign`. Waits 10 s at most.",
    "clearRequests": "Takes their bodies off the disk; leads stay.",
    "awaitRequests": "Earlier requests count. 422 with those that did arrive when the time is over.",
    "streamRequests": "Resumes after `Last-Event-ID` or `after`.",
    "verify": (
        "Takes `where` and `count`, or `order`, or several as `expectations`; waits for `timeout` seconds."
        " 422 with the nearest misses."
    ),
    "report": "Reads the whole journal unless filters say less. Text for `Accept: text/plain`.",
    "showRequest": "Text for `Accept: text/plain`, HAR for `Accept: application/har+json`.",
    "requestAsCurl": "The key stands in `$AKTIFY_API_KEY`, unless it is one that every sandbox has.",
    "requestAsHttp": "What the format can't express is left out, and a comment says so.",
    "requestAsPytest": "The test brings about the same answer.",
    "resend": "As it was, or with another `body` or `apiKey`. The sandbox knows the key.",
    "listLeads": "With `after`, oldest first. `format=csv` returns all as a table.",
    "importLeads": "Leads that are there already are counted only.",
    "revokeKey": "By the key or its name, in the query or the body.",
    "listCampaigns": "`scenarios` is null where the sandbox's are active.",
    "addCampaign": (
        "All of its requests come after the id in `after`. `scenarios`, also an empty list, take the place of the"
        " sandbox's."
    ),
    "useScenariosInCampaign": "They take the place of the sandbox's.",
    "force": "Without `campaign` and `key`, for requests of every campaign.",
}
"""Notes for callers, by operation."""


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
    """The document of the admin API; `contract.openapi` makes that of Aktify's endpoint."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Admin API of aktify-sandbox",
            "version": version,
            "description": "The commands, the pytest fixture and the inspector use it; so can you.",
            "license": LICENSE,
        },
        "tags": [{"name": name, "description": about} for name, (about, _) in _PARTS.items()],
        "servers": [{"url": server_url}],
        "security": [{}, {"token": []}],
        "paths": _paths(),
        "components": {
            "schemas": SCHEMAS | {"Order": _force()},
            "responses": {
                "Problem": {
                    "description": "What was wrong with the request, in the form of RFC 9457.",
                    "content": {"application/problem+json": {"schema": ref("Problem")}},
                }
            },
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of --token, if one was given.",
                }
            },
        },
    }


def _force() -> Schema:
    schema = force_schema()
    definitions = schema.pop("$defs")
    del schema["$schema"], schema["title"]  # generators would name the type after the title
    whole: Schema = _with_definitions(schema, definitions)
    return whole


def _with_definitions(part: Any, definitions: Schema) -> Any:
    """The schema with its references resolved; JSON of any depth stays open."""
    if isinstance(part, list):
        return [_with_definitions(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        name = part["$ref"].removeprefix("#/$defs/")
        return {} if name == "json" else _with_definitions(definitions[name], definitions)
    return {name: _with_definitions(each, definitions) for name, each in part.items()}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _of(*media: str) -> Schema:
    return {each: {"schema": _OF_MEDIA.get(each, TEXT)} for each in media}


_BYTES = {"type": "string", "format": "binary"}
_OF_MEDIA = {HAR_MEDIA: OBJECT, FILE_MEDIA: _BYTES, STATE_MEDIA: _BYTES}
"""The schemas of contents that aren't text."""


_Told = str | tuple[str, Schema]
"""What a parameter is, with its schema if its name doesn't say it."""


def _operation(
    name: str,
    summary: str,
    answers: Schema,
    *,
    query: Mapping[str, _Told] | None = None,
    headers: Mapping[str, _Told] | None = None,
    answer_headers: dict[str, str] | None = None,
    body: Schema | None = None,
    needed: bool = True,
    refusals: Iterable[int] = (),
) -> Schema:
    """An operation whose `answers` are contents by status. Each may also be refused by 400, 401, 403 and 503."""
    told = {each: {"description": about, "schema": TEXT} for each, about in (answer_headers or {}).items()}
    described = {
        status: {
            "description": summary,
            **({"headers": told} if told else {}),
            **({"content": content} if content else {}),
        }
        for status, content in answers.items()
    }
    usual = (400, 401, 403, 503, *refusals, *((413, 415) if body else ()))
    problems = {
        f"{status}": {"$ref": "#/components/responses/Problem"}
        for status in sorted(set(usual))
        if f"{status}" not in described
    }
    parameters = [
        _parameter(each, place, about)
        for place, found in (("query", query), ("header", headers))
        for each, about in (found or {}).items()
    ]
    return {
        "operationId": name,
        "summary": summary,
        **({"description": _DETAILS[name]} if name in _DETAILS else {}),
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": {"required": needed, "content": body}} if body else {}),
        "responses": described | problems,
    }


def _parameter(name: str, place: str, told: _Told) -> Schema:
    about, schema = told if isinstance(told, tuple) else (told, _VALUES.get(name, TEXT))
    return {"name": name, "in": place, "description": about, "schema": schema}


def _paths() -> Schema:
    paths: Schema = {}
    for tag, (_, part) in _PARTS.items():
        for path, item in part().items():
            paths[path] = {method: {**operation, "tags": [tag]} for method, operation in item.items()}
    for path, item in paths.items():
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        if names:
            item["parameters"] = [
                {"name": name, "in": "path", "required": True, "schema": TEXT} for name in names
            ]
    _link(
        paths["/_sandbox/requests"]["post"]["responses"]["200"], "request", paths, "/_sandbox/requests/{id}"
    )
    _link(
        paths["/_sandbox/campaigns"]["post"]["responses"]["201"],
        "campaign",
        paths,
        "/_sandbox/campaigns/{id}",
    )
    return paths


def _link(response: Schema, member: str, paths: Schema, beginning: str) -> None:
    """Say which operations take the id in that member of the answer."""
    operations = [
        operation
        for path, item in paths.items()
        if path.startswith(beginning)
        for method, operation in item.items()
        if method != "parameters"
    ]
    response["links"] = {
        each["operationId"]: {
            "operationId": each["operationId"],
            "parameters": {"id": f"$response.body#/{member}"},
        }
        for each in operations
    }


def _of_the_service() -> Schema:
    page = _of("text/html", "text/plain") | _json(OBJECT)
    lead = {"anyOf": [TEXT, OBJECT]}
    explained = body_of({"body": lead, "apiKey": MAYBE, "contentType": MAYBE}, ["body"])
    return {
        "/_sandbox": {"get": _operation("openPage", "Redirects to the inspector.", {"307": {}})},
        "/_sandbox/": {
            "get": _operation(
                "showPage",
                "Returns the inspector to a browser, and an overview to others.",
                {"200": page, "304": {}},
            )
        },
        "/_sandbox/inspector/{file}": {
            "get": _operation(
                "showPageFile",
                "Returns a file of the inspector.",
                {"200": _of("text/css", "text/javascript", "image/svg+xml", "text/html"), "304": {}},
                refusals=[404],
            )
        },
        "/_sandbox/health": {
            "get": _operation(
                "health",
                "Returns whether the sandbox answers, and its version.",
                {code: _json(object_of({"status": TEXT, "version": TEXT})) for code in ("200", "503")},
            )
        },
        "/_sandbox/status": {
            "get": _operation(
                "status",
                "Returns version, state folder, active scenarios, and counts.",
                {"200": _json(ref("Status"))},
            ),
        },
        "/_sandbox/config": {
            "get": _operation(
                "config",
                "Returns the effective settings and rulings, keys masked.",
                {"200": _json(ref("Config"))},
            )
        },
        "/_sandbox/openapi.json": {
            "get": _operation(
                "openapi", "Returns the OpenAPI document of the lead endpoint.", {"200": _json(OBJECT)}
            )
        },
        "/_sandbox/openapi-admin.json": {
            "get": _operation(
                "adminOpenapi", "Returns the OpenAPI document of the admin API.", {"200": _json(OBJECT)}
            )
        },
        "/_sandbox/explain": {
            "post": _operation(
                "explain",
                "Returns the answer that a lead would get, and why.",
                {"200": _json(OBJECT) | _of("text/plain")},
                query=_MASK,
                body=_json(explained),
            )
        },
        "/_sandbox/check": {
            "post": _operation(
                "checkFile",
                "Checks a file of leads.",
                {"200": _json(ref("Findings"))},
                query=_OF_CHECKS,
                body=_of(FILE_MEDIA),
                refusals=[404, 422, 500],
            )
        },
        "/_sandbox/state": {
            "get": _operation(
                "saveState", "Returns the whole state as lines of JSON.", {"200": _of(STATE_MEDIA)}
            ),
            "put": _operation(
                "loadState",
                "Replaces the state with a saved one.",
                {"200": _json(object_of({"leads": COUNT, "requests": COUNT, "notices": many(TEXT)}))},
                body=_of(STATE_MEDIA),
            ),
        },
        "/_sandbox/reset": {
            "post": _operation("reset", "Deletes leads, requests, forced answers and counters.", {"204": {}})
        },
        "/_sandbox/stop": {
            "post": _operation("stop", "Stops the sandbox.", {"202": _json(object_of({"status": TEXT}))})
        },
    }


def _of_requests() -> Schema:
    several = object_of({"count": COUNT, "requests": many(ref("Request"))})
    media = {name: HAR_MEDIA if name == "har" else "text/plain" for name in FORMS}
    export = _json(object_of({"requests": many(ref("RecordedRequest"))})) | _of(
        "application/x-ndjson", HAR_MEDIA, "text/plain"
    )
    return {
        "/_sandbox/requests": {
            "get": _operation(
                "listRequests",
                "Returns recorded requests, newest first.",
                {"200": _json(ref("RequestPage"))},
                query=_FILTERS | _PAGE,
            ),
            "post": _operation(
                "sendRequest",
                "Sends a lead to the endpoint, as a client would.",
                {"200": _json(ref("Resent"))},
                body=_json(
                    body_of({"body": TEXT, "apiKey": MAYBE, "key": MAYBE, "campaign": MAYBE}, ["body"])
                ),
                refusals=[404],
            ),
            "delete": _operation(
                "clearRequests",
                "Deletes the recorded requests, or those that match the filters.",
                {"200": _json(object_of({"cleared": COUNT}))},
                query=_FILTERS,
            ),
        },
        "/_sandbox/requests/totals": {
            "get": _operation(
                "countRequests",
                "Counts the newest 10,000 requests by status and by reason.",
                {"200": _json(ref("Totals"))},
                query=_FILTERS,
            )
        },
        "/_sandbox/requests/wait": {
            "get": _operation(
                "awaitRequests",
                "Returns once enough requests arrived.",
                {"200": _json(several)},
                query={**_FILTERS, "count": "how many; default: 1", "timeout": "seconds; default: 5"},
                refusals=[422],
            )
        },
        "/_sandbox/requests/stream": {
            "get": _operation(
                "streamRequests",
                "Streams requests as server-sent events.",
                {"200": _of("text/event-stream")},
                query=_FILTERS,
                headers={"Last-Event-ID": "an id: continue after it"},
            )
        },
        "/_sandbox/requests/verify": {
            "post": _operation(
                "verify",
                "Compares the recorded requests with expectations.",
                {"200": _json(ref("Verification"))},
                body=_json(ref("ToVerify")),
                refusals=[404, 409, 422],
            )
        },
        "/_sandbox/requests/export": {
            "get": _operation(
                "exportRequests",
                "Returns all requests whole, oldest first.",
                {"200": export},
                query={**_FILTERS, "format": ("default: jsonl", one_of(*MEDIA)), **_MASK},
            )
        },
        "/_sandbox/requests/{id}": {
            "get": _operation(
                "showRequest",
                "Returns one request whole.",
                {"200": _json(ref("RecordedRequest")) | _of("text/plain", HAR_MEDIA), "303": {}},
                query=_MASK,
                refusals=[404],
            )
        },
        **{
            f"/_sandbox/requests/{{id}}/{name}": {
                "get": _operation(
                    f"requestAs{name.capitalize()}",
                    f"Returns one request as {FORM_WORDS[name]}.",
                    {"200": _of(kind)},
                    query=_MASK,
                    answer_headers={NEEDS: "the environment variable to set first, if any"},
                    refusals=[404, 409],
                )
            }
            for name, kind in media.items()
        },
        "/_sandbox/requests/{id}/resend": {
            "post": _operation(
                "resend",
                "Sends a request again.",
                {"200": _json(ref("Resent"))},
                body=_json(body_of({"body": MAYBE, "apiKey": MAYBE})),
                needed=False,
                refusals=[404, 409],
            )
        },
    }


def _of_leads() -> Schema:
    imported = object_of({"imported": COUNT, "already": COUNT, "refused": many(OBJECT)})
    leads = body_of({"leads": many(OBJECT), "campaign": MAYBE}, ["leads"])
    return {
        "/_sandbox/leads": {
            "get": _operation(
                "listLeads",
                "Returns leads, newest first.",
                {"200": _json(ref("LeadPage")) | _of("text/csv")},
                query={
                    **_OF_LEADS,
                    "search": _FILTERS["search"],
                    "after": "an id: only newer ones, oldest first",
                    "format": ("json (one page, the default) or csv (all leads)", one_of("json", "csv")),
                    **_PAGE,
                },
            ),
            "post": _operation(
                "importLeads",
                "Imports leads; posting one of them then returns 409.",
                {"201": _json(imported)},
                body=_json({"anyOf": [leads, many(OBJECT)]}),
                refusals=[404],
            ),
            "delete": _operation(
                "deleteLeads",
                "Deletes leads, so that their numbers are accepted again.",
                {"200": _json(object_of({"removed": COUNT}))},
                query=_OF_LEADS,
            ),
        },
    }


def _of_campaigns() -> Schema:
    made = object_of({"campaign": TEXT, "apiKey": TEXT, "after": TEXT})
    return {
        "/_sandbox/keys": {
            "get": _operation(
                "listKeys",
                "Returns the keys, masked, with the answer that each forces.",
                {"200": _json(object_of({"keys": many(ref("Key"))}))},
            ),
            "post": _operation(
                "addKey",
                "Adds a key, and returns it this once.",
                {"201": _json(object_of({"apiKey": TEXT, "campaign": TEXT, "name": TEXT}))},
                body=_json(body_of({"campaign": MAYBE, "key": MAYBE, "name": MAYBE})),
                needed=False,
                refusals=[404, 409],
            ),
            "delete": _operation(
                "revokeKey",
                "Revokes a key: it gets 401 from now on.",
                {"200": _json(object_of({"revoked": TEXT, "campaign": TEXT}))},
                query={"key": "the key or its name"},
                body=_json(body_of({"key": MAYBE})),
                needed=False,
                refusals=[404],
            ),
        },
        "/_sandbox/campaigns": {
            "get": _operation(
                "listCampaigns",
                "Returns the campaigns.",
                {"200": _json(object_of({"campaigns": many(ref("Campaign"))}))},
            ),
            "post": _operation(
                "addCampaign",
                "Adds a campaign with a key of its own.",
                {"201": _json(made)},
                body=_json(ref("NewCampaign")),
                needed=False,
                refusals=[409],
            ),
        },
        "/_sandbox/campaigns/{id}": {
            "delete": _operation(
                "deleteCampaign",
                "Deletes a campaign with its leads and keys.",
                {"204": {}},
                refusals=[404, 409],
            )
        },
        "/_sandbox/campaigns/{id}/scenarios": {
            "put": _operation(
                "useScenariosInCampaign",
                "Activates scenarios for this campaign only.",
                {"200": _json(object_of({"campaign": TEXT, "active": many(TEXT)}))},
                body=_json(ref("ActiveScenarios")),
                refusals=[404],
            )
        },
        "/_sandbox/campaigns/{id}/reset": {
            "post": _operation(
                "resetCampaign",
                "Deletes the leads, forced answers and counters of a campaign.",
                {"204": {}},
                refusals=[404],
            )
        },
    }


def _of_what_is_forced() -> Schema:
    return {
        "/_sandbox/scenarios": {
            "get": _operation(
                "listScenarios",
                "Returns the scenarios with their rules and mistakes.",
                {"200": _json(object_of({"scenarios": many(ref("Scenario"))}))},
            )
        },
        "/_sandbox/scenarios/active": {
            "put": _operation(
                "useScenarios",
                "Activates scenarios, in this order, in place of those that are active.",
                {"200": _json(object_of({"active": many(TEXT)}))},
                body=_json(ref("ActiveScenarios")),
            )
        },
        "/_sandbox/force": {
            "get": _operation(
                "listForced",
                "Returns the forced answers that are still waiting.",
                {"200": _json(object_of({"forced": many(ref("Forced"))}))},
            ),
            "post": _operation(
                "force",
                "Forces the next answers to be a status or a fault.",
                {"201": _json(ref("Forced"))},
                body=_json(ref("Order")),
                refusals=[404, 409],
            ),
            "delete": _operation(
                "clearForced",
                "Deletes the forced answers that are still waiting.",
                {"200": _json(object_of({"cleared": COUNT}))},
                query={"campaign": "only those for this campaign"},
            ),
        },
    }


def _of_reports() -> Schema:
    return {
        "/_sandbox/report": {
            "get": _operation(
                "report",
                "Returns which clauses of the contract the client met, and what it does wrong.",
                {"200": _json(ref("Report")) | _of("text/plain", "text/html", "application/xml")},
                query={
                    **_OF_REPORTS,
                    "format": ("default: json", one_of(*FORMATS)),
                    **_ENDED,
                    **_MASK_REPORT,
                },
            )
        },
    }


_PARTS: dict[str, tuple[str, Callable[[], Schema]]] = {
    "Sandbox": ("The sandbox itself: its page, settings and state.", _of_the_service),
    "Requests": ("The record of requests.", _of_requests),
    "Report": ("The record judged as a client's conduct.", _of_reports),
    "Leads": ("The accepted leads.", _of_leads),
    "Campaigns": ("Campaigns and their keys.", _of_campaigns),
    "Forced answers": ("Scenarios, and answers forced by hand.", _of_what_is_forced),
}
"""The tags of the document, and the paths that have each."""
