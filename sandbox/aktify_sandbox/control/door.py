"""The routes of our door behind its guard."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from aktify_sandbox.control import keys, leads, requests, scenarios, service
from aktify_sandbox.control.guard import Guard
from aktify_sandbox.control.problems import ProblemError, problem_response
from aktify_sandbox.control.services import Services
from aktify_sandbox.log import LogUnwritable

Handler = Callable[[Request, Exception], Awaitable[Response]]


def control_app(services: Services) -> ASGIApp:
    """An ASGI application for every path under `/_sandbox`."""
    rooms = (service, requests, leads, keys, scenarios)
    app = Starlette(
        routes=[route for room in rooms for route in room.routes(services)],
        exception_handlers={
            ProblemError: _problem,
            HTTPException: _http_problem,
            LogUnwritable: _disk_problem,
        },
    )
    app.router.redirect_slashes = False  # a redirect would be built from the Host header
    return Guard(app, allowed_hosts=services.settings.allow_host, token=services.settings.token)


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101  Starlette's type says Exception
    return problem_response(error.status, error.detail, **error.more)


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  Starlette's type says Exception
    detail = f"{request.method} {request.scope['path']} isn't served here: the README lists what is."
    response = problem_response(error.status_code, detail)
    response.headers.update(error.headers or {})
    return response


async def _disk_problem(_: Request, error: Exception) -> Response:
    return problem_response(503, str(error))
