"""The record for other tools: `/_sandbox/requests/export`, and one request as curl, HAR or code."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NamedTuple

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from aktify_sandbox.admin.client_jobs import runs_for
from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.problems import ProblemError
from aktify_sandbox.admin.requests import filters_in, sendable
from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.history import query
from aktify_sandbox.history.export import FORMS, HAR_BEGINS, HAR_ENDS, HAR_MEDIA, as_curl, har_entry
from aktify_sandbox.jobs import Runs, Work

_MEDIA = {
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "har": HAR_MEDIA,
    "curl": "text/plain",
}

_BATCH = 1 << 20
"""Bytes of a piece: each goes from the thread of the jobs to the event loop once."""


def routes(components: Components) -> list[Route]:
    """The routes of exports."""

    async def export(request: Request) -> Response:
        filters = filters_in(request, "format")
        form = request.query_params.get("format", "jsonl")
        if form not in _MEDIA:
            raise ProblemError(400, f"format={form} must be one of {', '.join(_MEDIA)}.")
        components.store.flush()
        found = query.all_whole(components.store, components.campaigns, filters)
        run = runs_for(request, components)
        return StreamingResponse(
            _pieces(found, _form(form, components.campaigns), run), media_type=_MEDIA[form]
        )

    async def one(request: Request) -> Response:
        form = request.scope["path"].rpartition("/")[2]
        entry = sendable(request, components)
        text = FORMS[form](entry, components.campaigns.origin, _known_key(entry, components.campaigns))
        return Response(text, media_type=HAR_MEDIA) if form == "har" else PlainTextResponse(text)

    return [
        Route("/requests/export", export, methods=["GET"]),
        *(Route(f"/requests/{{id}}/{form}", one, methods=["GET"]) for form in FORMS),
    ]


def _known_key(entry: dict[str, Any], campaigns: Campaigns) -> str | None:
    return campaigns.well_known_key(entry["key"], entry["campaign"])


class _Form(NamedTuple):
    """How an export is written."""

    shown: Callable[[dict[str, Any]], str]
    """One record."""
    begins: str = ""
    between: str = ""
    ends: str = ""


def _form(name: str, campaigns: Campaigns) -> _Form:
    match name:
        case "har":
            return _Form(lambda entry: har_entry(entry, campaigns.origin), HAR_BEGINS, ",\n", HAR_ENDS)
        case "curl":
            return _Form(lambda entry: _as_curl(entry, campaigns))
        case "jsonl":
            return _Form(lambda entry: _as_json(entry) + "\n")
        case _:
            return _Form(_as_json, '{"requests": [\n', ",\n", "\n]}\n")


def _as_json(entry: dict[str, Any]) -> str:
    return orjson.dumps(entry).decode()


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
    """The next records as they go out; none when there are no more."""
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
