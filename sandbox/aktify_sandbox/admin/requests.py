"""`/_sandbox/requests`: the request journal."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from aktify_sandbox.admin.client_jobs import runs_for
from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.problems import ProblemError, wants_page, wants_text
from aktify_sandbox.admin.responses import JSONResponse, StoredJSONResponse
from aktify_sandbox.contract.examples import IN_HINTS
from aktify_sandbox.errors import FilterError
from aktify_sandbox.history import query
from aktify_sandbox.history.explanation import explanation
from aktify_sandbox.history.export import FORMS, HAR_MEDIA
from aktify_sandbox.history.filters import Filters
from aktify_sandbox.matching.words import FILTERS
from aktify_sandbox.redaction import Personal
from aktify_sandbox.storage.log import number_of
from aktify_sandbox.text import plural

_MOST_COUNTED = 10_000
"""The most requests that totals count, so that they cost the same however many there are."""
_NO_ID = "isn't an id: it looks like r000000042."


def routes(components: Components) -> list[Route]:
    """The routes of the request journal."""
    store = components.store

    async def list_requests(request: Request) -> Response:
        filters = filters_in(request, "limit", "before")
        limit, before = limit_in(request), before_in(request)
        run = runs_for(request, components)
        found, following = await run(query.page(store, filters, limit, before))
        content: dict[str, Any] = {"requests": found, "next": following}
        return StoredJSONResponse(content | ({"dropped": store.dropped} if store.dropped else {}))

    async def count_requests(request: Request) -> Response:
        filters_in(request)
        given, where = request.query_params, request.query_params.getlist("where")
        but_status, but_reason = (Filters.without(name, given, where) for name in ("status", "reason"))
        run = runs_for(request, components)
        return JSONResponse(await run(query.totals(store, but_status, but_reason, _MOST_COUNTED)))

    async def show_request(request: Request) -> Response:
        if wants_page(request):
            return RedirectResponse(f"/_sandbox/?{urlencode({'request': request.path_params['id']})}", 303)
        entry = personal_in(request).entry(recorded(request, components))
        if HAR_MEDIA in request.headers.get("accept", ""):
            return Response(FORMS["har"](entry, components.campaigns.origin, None), media_type=HAR_MEDIA)
        if wants_text(request):
            return PlainTextResponse(explanation(entry))
        return JSONResponse(entry)

    async def clear_requests(request: Request) -> Response:
        _refuse_empty(request)
        filters = filters_in(request)
        matches = None if filters.admit_all else filters.admits
        return JSONResponse({"cleared": await store.clear_requests(matches)})

    return [
        Route("/requests", list_requests, methods=["GET"]),
        Route("/requests", clear_requests, methods=["DELETE"]),
        Route("/requests/totals", count_requests, methods=["GET"]),
        Route("/requests/{id}", show_request, methods=["GET"]),
    ]


def recorded(request: Request, components: Components) -> dict[str, Any]:
    """The whole entry with the id in the path. Raises `ProblemError`."""
    name = request.path_params["id"]
    number = number_of(name)
    entry = None if number is None else query.whole(components.store, components.campaigns, number)
    if entry is None:
        raise ProblemError(404, _no_such_request(name, components))
    return entry


def sendable(request: Request, components: Components) -> dict[str, Any]:
    """The entry with the id in the path. Raises `ProblemError` if it can't be sent again."""
    entry = recorded(request, components)
    if not entry["method"]:
        raise ProblemError(409, f"{entry['id']} wasn't an HTTP request, so it can't be sent again.")
    return entry


def _no_such_request(name: str, components: Components) -> str:
    if number_of(name) is None:
        return f"{name} {_NO_ID}"
    if components.store.dropped:
        dropped = f"--keep {components.settings.keep} has dropped {plural(components.store.dropped, 'older request')}"
        return f"There is no request {name}: {dropped}."
    return f"There is no request {name}."


def refuse_unknown(request: Request, *names: str) -> None:
    """Refuse unknown parameters: ignoring a misspelt one would give a wrong answer. Raises `ProblemError`."""
    for name in request.query_params:
        if name not in names:
            raise ProblemError(400, f"Unknown filter “{name}”. Choose from: {', '.join(names)}.")


def _refuse_empty(request: Request) -> None:
    """Refuse a filter without value, which would select every request. Raises `ProblemError`."""
    for name, text in request.query_params.multi_items():
        if not text:
            raise ProblemError(400, f"{name} is empty, and without filters every request would be deleted.")


def filters_in(request: Request, *more: str, among: Iterable[str] = FILTERS) -> Filters:
    """The query's filters; `more` names other parameters that it may have. Raises `ProblemError`."""
    refuse_unknown(request, *among, *more)
    try:
        return Filters.of(request.query_params, request.query_params.getlist("where"))
    except FilterError as error:
        raise ProblemError(400, str(error)) from None


def personal_in(request: Request) -> Personal:
    """How personal data is shown: whole, unless the query has `mask=yes`. Raises `ProblemError`."""
    return Personal(not masks(request), IN_HINTS)


def masks(request: Request, default: str = "no") -> bool:
    """Whether the query asks for masked personal data. Raises `ProblemError`."""
    text = request.query_params.get("mask", default)
    if text not in ("yes", "no"):
        raise ProblemError(400, f"mask={text} must be yes or no.")
    return text == "yes"


def limit_in(request: Request) -> int:
    """How many to show: 100 by default, at most 1,000. Raises `ProblemError`."""
    text = request.query_params.get("limit", "100")
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= 1_000:
        raise ProblemError(400, f"limit={text} must be a number from 1 to 1,000.")
    return int(text)


def before_in(request: Request, name: str = "before") -> int | None:
    """The number of the id from which a list continues; None for the newest. Raises `ProblemError`."""
    text = request.query_params.get(name)
    return None if text is None else number_given(text, f"{name}={text}")


def number_given(text: str, said: str) -> int:
    """The number in an id. `said` is the id as given. Raises `ProblemError`."""
    number = number_of(text)
    if number is None:
        raise ProblemError(400, f"{said} {_NO_ID}")
    return number
