"""`/_sandbox/requests`: the record."""

import re
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from aktify_sandbox.admin.client_jobs import runs_for
from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.problems import ProblemError, wants_page, wants_text
from aktify_sandbox.admin.responses import JSONResponse, StoredJSONResponse
from aktify_sandbox.errors import FilterError
from aktify_sandbox.history import query
from aktify_sandbox.history.explanation import explanation
from aktify_sandbox.history.export import FORMS, HAR_MEDIA
from aktify_sandbox.history.filters import NAMES, Filters
from aktify_sandbox.storage.log import number_of


def routes(components: Components) -> list[Route]:
    """The routes of the record."""
    store = components.store

    async def list_requests(request: Request) -> Response:
        filters = filters_in(request, "limit", "before")
        limit, before = limit_in(request), before_in(request)
        run = runs_for(request, components)
        found, following = await run(query.page(store, filters, limit, before))
        content: dict[str, Any] = {"requests": found, "next": following}
        return StoredJSONResponse(content | ({"dropped": store.dropped} if store.dropped else {}))

    async def show_request(request: Request) -> Response:
        if wants_page(request):
            return RedirectResponse(f"/_sandbox/?{urlencode({'request': request.path_params['id']})}", 303)
        entry = recorded(request, components)
        if HAR_MEDIA in request.headers.get("accept", ""):
            return Response(FORMS["har"](entry, components.campaigns.origin, None), media_type=HAR_MEDIA)
        if wants_text(request):
            return PlainTextResponse(explanation(entry))
        return JSONResponse(entry)

    async def clear_requests(_: Request) -> Response:
        return JSONResponse({"cleared": await store.clear_requests()})

    return [
        Route("/requests", list_requests, methods=["GET"]),
        Route("/requests", clear_requests, methods=["DELETE"]),
        Route("/requests/{id}", show_request, methods=["GET"]),
    ]


def recorded(request: Request, components: Components) -> dict[str, Any]:
    """The record that the path names, whole. Raises `ProblemError`."""
    name = request.path_params["id"]
    number = number_of(name)
    entry = None if number is None else query.whole(components.store, components.campaigns, number)
    if entry is None:
        raise ProblemError(404, _no_such_request(name, components))
    return entry


def sendable(request: Request, components: Components) -> dict[str, Any]:
    """The same for one that can be sent again. Raises `ProblemError` for what was no request of HTTP."""
    entry = recorded(request, components)
    if not entry["method"]:
        raise ProblemError(
            409, f"What came as {entry['id']} was no request of HTTP, so there is nothing to send again."
        )
    return entry


def _no_such_request(name: str, components: Components) -> str:
    if number_of(name) is None:
        return f"{name} isn't an id: it looks like r000000042."
    if components.store.dropped:
        dropped = f"--keep {components.settings.keep} has dropped {components.store.dropped} old ones"
        return f"There is no request {name} (any more: {dropped})."
    return f"There is no request {name}."


def refuse_unknown(request: Request, *names: str) -> None:
    """A misspelt parameter must not look like an answer. Raises `ProblemError`."""
    for name in request.query_params:
        if name not in names:
            raise ProblemError(400, f"{name} isn't known here; allowed: {', '.join(names)}.")


def filters_in(request: Request, *more: str) -> Filters:
    """The filters of the query, which may have these names besides. Raises `ProblemError`."""
    refuse_unknown(request, *NAMES, *more)
    try:
        return Filters.of(request.query_params, request.query_params.getlist("where"))
    except FilterError as error:
        raise ProblemError(400, str(error)) from None


def limit_in(request: Request) -> int:
    """How many to show: 100 unless told, 1,000 at most. Raises `ProblemError`."""
    text = request.query_params.get("limit", "100")
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= 1_000:
        raise ProblemError(400, f"limit={text} must be a number from 1 to 1000.")
    return int(text)


def before_in(request: Request, name: str = "before") -> int | None:
    """The number of the id from which a list goes on; None for the newest. Raises `ProblemError`."""
    text = request.query_params.get(name)
    if text is None:
        return None
    number = number_of(text)
    if number is None:
        raise ProblemError(400, f"{name}={text} isn't an id: it looks like r000000042.")
    return number
