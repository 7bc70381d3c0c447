"""The routes of the admin API, protected by its guard."""

import re
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import Message, Receive, Scope, Send

from aktify_sandbox.admin import (
    campaigns,
    check,
    config,
    explain,
    exports,
    keys,
    leads,
    openapi,
    page,
    report,
    requests,
    resend,
    reset,
    scenarios,
    state,
    status,
    stop,
    stream,
    verify,
)
from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.guard import Guard
from aktify_sandbox.admin.problems import ProblemError, problem_response
from aktify_sandbox.contract.answers import internal_error
from aktify_sandbox.errors import LogError, StoppingError
from aktify_sandbox.storage.log import too_many_files

_RESOURCES = (
    campaigns,
    page,
    status,
    config,
    openapi,
    explain,
    reset,
    stop,
    stream,
    verify,
    exports,
    requests,
    resend,
    report,
    leads,
    keys,
    scenarios,
    state,
    check,
)
"""The routes are tried in this order, so that `requests/wait` isn't taken for a request with the id `wait`.

Campaigns come first, since each test that uses the fixture creates and removes one.
"""

_NO_GUESSING = (b"x-content-type-options", b"nosniff")
"""Recorded content is hostile, and some is sent as it was received: no browser may guess that it is a page."""

Handler = Callable[[Request, Exception], Awaitable[Response]]


def admin_routes(components: Components) -> list[BaseRoute]:
    """The routes for every path under `/_sandbox`, and for `/_sandbox` itself, which redirects to the page."""
    settings = components.settings
    app = Starlette(
        routes=[
            Route("/_sandbox", _redirect_to_page, methods=["GET"], include_in_schema=False),
            *(route for resource in _RESOURCES for route in resource.routes(components)),
        ],
        exception_handlers={
            ProblemError: _problem(components),
            HTTPException: _http_problem(components),
            LogError: _unavailable,
            OSError: _system_problem,
            ClientDisconnect: _disconnected,
            StoppingError: _unavailable,
            Exception: _internal_error,
        },
        middleware=[Middleware(Guard, allowed_hosts=settings.allow_host, token=settings.token)],
    )
    app.router.redirect_slashes = False  # Starlette would build the redirect from the Host header
    admin = _AdminApp(app)
    mount = Mount("/_sandbox", app=admin)
    mount.path_regex = re.compile("^/_sandbox/(?P<path>.*)$", re.DOTALL)  # Starlette's matches no line breaks
    return [Route("/_sandbox", admin), mount]


async def _redirect_to_page(request: Request) -> Response:
    """`/_sandbox` itself, which no mount matches."""
    if request.scope["path"] != "/_sandbox":
        raise HTTPException(404)
    return RedirectResponse("/_sandbox/")


class _AdminApp:
    """Stops exceptions here: Starlette re-raises those that `_internal_error` answers, and uvicorn logs nothing."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self.routes = app.routes  # a mount lists the routes of its application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_as_said(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [header for header in message["headers"] if header[0] != _NO_GUESSING[0]]
                message = {**message, "headers": [*headers, _NO_GUESSING]}
            await send(message)

        try:
            await self._app(scope, receive, send_as_said)
        except Exception as error:
            if isinstance(error.__cause__, LogError):  # in the middle of an answer, which ends here
                sys.stderr.write(f"aktify-sandbox: {error.__cause__}\n")
            else:
                traceback.print_exc(file=sys.stderr)


def _problem(components: Components) -> Handler:
    async def problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)  # noqa: S101  Starlette's type says Exception
        return problem_response(
            error.status, components.campaigns.redaction().masked(error.detail), **error.more
        )

    return problem


def _resource_names(routes: Iterable[Route]) -> str:
    """The first path segments after `/_sandbox/` of the API's routes."""
    paths = [route.path for route in routes if route.include_in_schema]
    return ", ".join(sorted({path.strip("/").partition("/")[0] for path in paths}))


def _methods_of(request: Request, routes: Sequence[Route]) -> str:
    """All methods of the request's path; each has a route of its own."""
    path = next(route.path for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    return ", ".join(
        sorted({method for route in routes if route.path == path for method in route.methods or ()})
    )


def _http_problem(components: Components) -> Handler:
    async def problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101  Starlette's type says Exception
        where = components.campaigns.redaction().masked(f"{request.method} {request.scope['path']}")
        routes = [route for route in request.app.routes if isinstance(route, Route)]
        if error.status_code == 405:
            methods = _methods_of(request, routes)
            response = problem_response(
                405, f"{where} isn't part of the admin API. This path takes {methods}."
            )
            response.headers["allow"] = methods
            return response
        names = _resource_names(routes)
        detail = f"{where} isn't part of the admin API. Choose from {names} under /_sandbox/."
        return problem_response(error.status_code, detail)

    return problem


async def _internal_error(_: Request, __: Exception) -> Response:
    return problem_response(500, internal_error().message)


async def _disconnected(_: Request, __: Exception) -> Response:
    return problem_response(400, "The client hung up before sending its whole body.")


async def _system_problem(_: Request, error: Exception) -> Response:
    words = too_many_files(error)
    if words is None:
        raise error
    return problem_response(503, words)


async def _unavailable(_: Request, error: Exception) -> Response:
    return problem_response(503, str(error))
