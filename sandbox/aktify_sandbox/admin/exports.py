"""The request journal for other tools: `/_sandbox/requests/export`, and one request as curl, HAR, HTTP file or code."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NamedTuple

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from aktify_sandbox.admin.client_jobs import runs_for
from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.problems import ProblemError
from aktify_sandbox.admin.requests import filters_in, personal_in, sendable
from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.history import query
from aktify_sandbox.history.export import (
    FORMS,
    HAR_BEGINS,
    HAR_ENDS,
    HAR_MEDIA,
    as_curl,
    har_entry,
    needs_key,
)
from aktify_sandbox.history.http_file import as_http, http_begins
from aktify_sandbox.jobs import Runs, Work
from aktify_sandbox.redaction import Personal

MEDIA = {
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "har": HAR_MEDIA,
    "curl": "text/plain",
    "http": "text/plain",
}
"""The formats of exports."""

NEEDS = "x-needs-variable"
"""The header that names the environment variable that a format needs."""

_BATCH = 1 << 20
"""Bytes per piece. Each piece is passed from the thread of the jobs to the event loop."""


def routes(components: Components) -> list[Route]:
    """The routes of exports."""

    async def export(request: Request) -> Response:
        filters, personal = filters_in(request, "format", "mask"), personal_in(request)
        form = request.query_params.get("format", "jsonl")
        if form not in MEDIA:
            raise ProblemError(400, f"format={form} must be one of {', '.join(MEDIA)}.")
        components.store.flush()
        found = query.all_whole(components.store, components.campaigns, filters)
        run = runs_for(request, components)
        return StreamingResponse(
            _pieces(found, _form(form, components.campaigns, personal), run), media_type=MEDIA[form]
        )

    async def one(request: Request) -> Response:
        form = request.scope["path"].rpartition("/")[2]
        entry = personal_in(request).entry(sendable(request, components))
        known_key = _known_key(entry, components.campaigns)
        text = FORMS[form](entry, components.campaigns.origin, known_key)
        headers = {NEEDS: "AKTIFY_API_KEY"} if needs_key(form, entry, known_key) else None
        return Response(text, media_type=HAR_MEDIA if form == "har" else "text/plain", headers=headers)

    return [
        Route("/requests/export", export, methods=["GET"]),
        *(Route(f"/requests/{{id}}/{form}", one, methods=["GET"]) for form in FORMS),
    ]


def _known_key(entry: dict[str, Any], campaigns: Campaigns) -> str | None:
    return campaigns.well_known_key(entry["key"], entry["campaign"])


class _Form(NamedTuple):
    """A format of exports."""

    shown: Callable[[dict[str, Any]], str]
    """Writes one entry."""
    begins: str = ""
    between: str = ""
    ends: str = ""


def _form(name: str, campaigns: Campaigns, personal: Personal) -> _Form:
    def har(entry: dict[str, Any]) -> str:
        return har_entry(personal.entry(entry), campaigns.origin)

    def http(entry: dict[str, Any]) -> str:
        return as_http(personal.entry(entry), _known_key(entry, campaigns))

    def json(entry: dict[str, Any]) -> str:
        return orjson.dumps(personal.entry(entry)).decode()

    match name:
        case "har":
            return _Form(har, HAR_BEGINS, ",\n", HAR_ENDS)
        case "http":
            return _Form(http, http_begins(campaigns.origin))
        case "curl":
            return _Form(lambda entry: _as_curl(personal.entry(entry), campaigns))
        case "jsonl":
            return _Form(lambda entry: json(entry) + "\n")
        case _:
            return _Form(json, '{"requests": [\n', ",\n", "\n]}\n")


def _as_curl(entry: dict[str, Any], campaigns: Campaigns) -> str:
    head = f"# {entry['id']} {entry['receivedAt']}\n"
    if not entry["method"]:
        return head
    return f"{head}{as_curl(entry, campaigns.origin, _known_key(entry, campaigns))}\n"


async def _pieces(found: Iterator[dict[str, Any] | None], form: _Form, run: Runs) -> AsyncIterator[str]:
    """Each piece is a separate job, so a slow client delays no other job."""
    yield form.begins
    before = ""
    while shown := await run(_batch(found, form.shown)):
        yield before + form.between.join(shown)
        before = form.between
    yield form.ends


def _batch(found: Iterator[dict[str, Any] | None], shown: Callable[[dict[str, Any]], str]) -> Work[list[str]]:
    """The next entries in the export's format; empty at the end."""
    batch: list[str] = []
    size = 0
    for entry in found:
        yield
        if entry is not None:
            batch.append(shown(entry))
            size += len(batch[-1])
        if size > _BATCH:
            break
    return batch
