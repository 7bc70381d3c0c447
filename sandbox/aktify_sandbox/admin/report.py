"""`/_sandbox/report`: whether the client that posted is ready."""

import math

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aktify_sandbox.addresses import DEFAULT_URL
from aktify_sandbox.admin.client_jobs import runs_for
from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.problems import ProblemError, wants_text
from aktify_sandbox.admin.requests import filters_in, masks
from aktify_sandbox.contract.examples import IN_HINTS
from aktify_sandbox.history import query
from aktify_sandbox.matching.words import OF_REPORTS
from aktify_sandbox.originals import time
from aktify_sandbox.redaction import Personal
from aktify_sandbox.report.formats import FORMATS
from aktify_sandbox.report.report import report_work

_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
    "x-content-type-options": "nosniff",
}
"""The HTML page shows what was recorded, and that is hostile: nothing in it may run, whatever it contains."""


def routes(components: Components) -> list[Route]:
    """The route of the report."""
    store, switched_off = components.store, components.settings.report_off

    async def report(request: Request) -> Response:
        filters = filters_in(request, "ended", "format", "mask", among=OF_REPORTS)
        form = request.query_params.get("format", "text" if wants_text(request) else "json")
        if form not in FORMATS:
            raise ProblemError(400, f"format={form} must be one of {', '.join(FORMATS)}.")
        personal = Personal(not masks(request, default="yes"), IN_HINTS)
        store.flush()
        entries = query.all_recorded(store, filters)
        has_ended, address = _has_ended(request), components.campaigns.origin
        work = report_work(
            entries,
            switched_off,
            evicted=store.dropped,
            until=math.inf if has_ended else time.time(),
            origin=None if has_ended or address == DEFAULT_URL else address,
            personal=personal,
        )
        found = await runs_for(request, components)(work)
        return Response(FORMATS[form].write(found), media_type=FORMATS[form].media, headers=_HEADERS)

    return [Route("/report", report, methods=["GET"])]


def _has_ended(request: Request) -> bool:
    """Whether the client has ended, so that what it left open stays open."""
    text = request.query_params.get("ended", "no")
    if text not in ("yes", "no"):
        raise ProblemError(400, f"ended={text} must be yes or no.")
    return text == "yes"
