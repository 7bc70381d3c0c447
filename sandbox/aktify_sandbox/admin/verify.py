"""`POST /_sandbox/requests/verify`: compares the recorded requests with expectations."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aktify_sandbox.admin.client_jobs import runs_for
from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.keys import names_of
from aktify_sandbox.admin.problems import ProblemError, json_body, problem_response
from aktify_sandbox.admin.responses import JSONResponse
from aktify_sandbox.campaigns import Campaigns
from aktify_sandbox.errors import DocumentError, FilterError
from aktify_sandbox.history.verification import verify
from aktify_sandbox.matching.expectation import Result
from aktify_sandbox.matching.expectation_file import expectations_in, words_of

_LONGEST_WAIT = 600


def routes(components: Components) -> list[Route]:
    """The route of verification."""

    async def verify_requests(request: Request) -> Response:
        content = await json_body(request)
        seconds = _seconds_in(content)
        try:
            expectations, run = expectations_in(content), runs_for(request, components)
            results = await verify(components.store, components.stream, expectations, seconds, run)
        except DocumentError as error:
            raise ProblemError(400, words_of(error)) from None
        except FilterError as error:
            raise ProblemError(400, str(error)) from None
        _refuse_nowhere(components.campaigns, results)
        redaction = components.campaigns.redaction()
        shown = redaction.masked([result.shown() for result in results])
        if all(result.ok for result in results):
            return JSONResponse({"ok": True, "results": shown})
        status = 422 if any(result.ok is False for result in results) else 409
        detail = redaction.masked("\n".join(result.words for result in results if not result.ok))
        waited = f"Waited {seconds:g} s. " if seconds else ""
        return problem_response(status, f"{waited}{detail}", ok=False, results=shown)

    return [Route("/requests/verify", verify_requests, methods=["POST"])]


def _refuse_nowhere(campaigns: Campaigns, results: list[Result]) -> None:
    """Refuse an unknown campaign: having no requests, it would give a wrong answer. Raises `ProblemError`."""
    for result in results:
        name = result.expectation.scope.campaign
        if name and not result.looked_at and campaigns.campaign(name) is None:
            raise ProblemError(404, f"There is no campaign {name}. Choose from: {names_of(campaigns)}.")


def _seconds_in(content: Any) -> float:
    """How long to wait for the expectations to be met; not part of the expectations. Raises `ProblemError`."""
    seconds = content.pop("timeout", 0) if isinstance(content, dict) else 0
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if not is_number or not 0 <= seconds <= _LONGEST_WAIT:
        raise ProblemError(400, f"timeout must be a number of seconds from 0 to {_LONGEST_WAIT}.")
    return float(seconds)
