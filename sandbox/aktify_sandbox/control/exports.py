"""The record for other tools: `/_sandbox/requests/export`, and one request as curl, HAR or code."""

from collections.abc import Iterable, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.control.problems import ProblemError
from aktify_sandbox.control.requests import filters_in, sendable
from aktify_sandbox.control.services import Services
from aktify_sandbox.originals import json
from aktify_sandbox.record import records
from aktify_sandbox.record.exports import FORMS, HAR_MEDIA, as_curl, as_har

_MEDIA = {
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "har": HAR_MEDIA,
    "curl": "text/plain",
}

_BATCH = 1 << 16


def routes(services: Services) -> list[Route]:
    """The routes of exports."""

    async def export(request: Request) -> Response:
        filters = filters_in(request, "format")
        form = request.query_params.get("format", "jsonl")
        if form not in _MEDIA:
            raise ProblemError(400, f"format={form} must be one of {', '.join(_MEDIA)}.")
        services.store.flush()
        found = records.all_whole(services.store, services.campaigns, filters)
        pieces = _in_batches(_in_form(form, found, services.campaigns))
        return StreamingResponse(pieces, media_type=_MEDIA[form])

    async def one(request: Request) -> Response:
        form = request.scope["path"].rpartition("/")[2]
        record = sendable(request, services)
        text = FORMS[form](record, services.campaigns.origin, _known_key(record, services.campaigns))
        return Response(text, media_type=HAR_MEDIA) if form == "har" else PlainTextResponse(text)

    return [
        Route("/requests/export", export, methods=["GET"]),
        *(Route(f"/requests/{{id}}/{form}", one, methods=["GET"]) for form in FORMS),
    ]


def _known_key(record: dict[str, Any], campaigns: Campaigns) -> str | None:
    return campaigns.known_to_all(record["key"], record["campaign"])


def _in_form(form: str, found: Iterable[dict[str, Any]], campaigns: Campaigns) -> Iterator[str]:
    match form:
        case "har":
            yield from as_har(iter(found), campaigns.origin)
        case "curl":
            for record in found:
                head = f"# {record['id']} {record['receivedAt']}\n"
                yield head + (
                    f"{as_curl(record, campaigns.origin, _known_key(record, campaigns))}\n"
                    if record["method"]
                    else ""
                )
        case "jsonl":
            for record in found:
                yield json.dumps(record, ensure_ascii=False) + "\n"
        case _:
            yield '{"requests": ['
            for number, record in enumerate(found):
                yield (",\n" if number else "\n") + json.dumps(record, ensure_ascii=False)
            yield "\n]}\n"


def _in_batches(pieces: Iterable[str]) -> Iterator[str]:
    """Each piece that is sent costs a change of threads, so that many small ones go together."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size > _BATCH:
            yield "".join(held)
            held, size = [], 0
    yield "".join(held)
