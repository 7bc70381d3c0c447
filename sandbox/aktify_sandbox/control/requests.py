"""`/_sandbox/requests`: the record."""

import asyncio
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from aktify_sandbox import records
from aktify_sandbox.control.problems import ProblemError, wants_text
from aktify_sandbox.control.services import Services
from aktify_sandbox.diagnosis import diagnosis

_FILTERS = ("status", "key", "campaign", "phone", "since", "search", "limit", "before")


def routes(services: Services) -> list[Route]:
    """The routes of the record."""
    store, campaigns = services.store, services.campaigns

    async def list_requests(request: Request) -> Response:
        refuse_unknown(request, *_FILTERS)
        try:
            filters = records.Filters.of(request.query_params)
        except records.FilterMistake as mistake:
            raise ProblemError(400, str(mistake)) from None
        limit, before = limit_in(request), number_or_none(request.query_params.get("before"))
        found, following = await asyncio.to_thread(records.page, store, filters, limit, before)
        content: dict[str, Any] = {"requests": found, "next": following}
        return JSONResponse(content | ({"dropped": store.dropped} if store.dropped else {}))

    async def show_request(request: Request) -> Response:
        record = records.whole(store, campaigns, number_in(request.path_params["id"]))
        if record is None:
            raise ProblemError(404, f"There is no request {request.path_params['id']}{_why_gone(services)}.")
        if wants_text(request):
            return PlainTextResponse(diagnosis(record))
        return JSONResponse(record)

    async def clear_requests(_: Request) -> Response:
        return JSONResponse({"cleared": store.clear_requests()})

    return [
        Route("/_sandbox/requests", list_requests, methods=["GET"]),
        Route("/_sandbox/requests", clear_requests, methods=["DELETE"]),
        Route("/_sandbox/requests/{id}", show_request, methods=["GET"]),
    ]


def _why_gone(services: Services) -> str:
    if services.store.dropped:
        return f" (any more: --keep {services.settings.keep} has dropped {services.store.dropped} old ones)"
    return ""


def refuse_unknown(request: Request, *names: str) -> None:
    """A misspelt filter must not look like an answer. Raises `ProblemError`."""
    for name in request.query_params:
        if name not in names:
            raise ProblemError(400, f"{name} isn't a filter here; allowed: {', '.join(names)}.")


def limit_in(request: Request) -> int:
    """How many to show: 100 unless told, 1,000 at most. Raises `ProblemError`."""
    text = request.query_params.get("limit", "100")
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= 1_000:
        raise ProblemError(400, f"limit={text} must be a number from 1 to 1000.")
    return int(text)


def number_or_none(text: str | None) -> int | None:
    """The number in an id such as `r000000042`; None for none. Raises `ProblemError`."""
    return None if text is None else number_in(text)


def number_in(text: str) -> int:
    """The number in an id such as `r000000042`. Raises `ProblemError`."""
    if not re.fullmatch(r"r?[0-9]{1,15}", text):
        raise ProblemError(404, f"{text} isn't an id: it looks like r000000042.")
    return int(text.removeprefix("r"))
