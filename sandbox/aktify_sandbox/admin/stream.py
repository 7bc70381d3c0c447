"""`/_sandbox/requests/wait` and `/stream`: requests as they arrive."""

import contextlib
import re
from collections.abc import AsyncGenerator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from aktify_sandbox.admin.client_jobs import disconnected, runs_for
from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.problems import ProblemError, problem_response
from aktify_sandbox.admin.requests import filters_in, number_given
from aktify_sandbox.admin.responses import JSONResponse
from aktify_sandbox.originals import asyncio
from aktify_sandbox.storage.log import too_many_files
from aktify_sandbox.text import plural

_LONGEST_WAIT = 600
_MOST_AWAITED = 1_000
_UNREAD_SECONDS = 10


def routes(components: Components) -> list[Route]:
    """The routes of waiting and streaming."""
    store = components.store

    async def wait(request: Request) -> Response:
        filters = filters_in(request, "count", "timeout")
        count = int(_number_in(request, "count", 1, _MOST_AWAITED))
        seconds = _number_in(request, "timeout", 5, _LONGEST_WAIT)
        found = await components.stream.wait(filters, count, seconds, runs_for(request, components))
        if len(found) >= count:
            return JSONResponse({"count": len(found), "requests": found})
        dropped = f" --keep dropped {plural(store.dropped, 'older request')}." if store.dropped else ""
        detail = f"{len(found):,} of {plural(count, 'request')} arrived within {seconds:g} s.{dropped}"
        return problem_response(422, detail, count=len(found), requests=found)

    async def stream(request: Request) -> Response:
        filters = filters_in(request)
        last = request.headers.get("last-event-id")
        number = number_given(last, f"Last-Event-ID {last}") if last else filters.after
        return EventStream(components.stream.events(filters, number))

    return [
        Route("/requests/wait", wait, methods=["GET"]),
        Route("/requests/stream", stream, methods=["GET"]),
    ]


def _number_in(request: Request, name: str, default: float, most: float) -> float:
    """A number from 0 (a count: from 1) to `most`. Raises `ProblemError`."""
    text = request.query_params.get(name)
    if text is None:
        return default
    least = 1 if name == "count" else 0
    pattern = r"[0-9]{1,6}" if name == "count" else r"[0-9]{1,6}(?:\.[0-9]{1,6})?"
    if not re.fullmatch(pattern, text) or not least <= float(text) <= most:
        raise ProblemError(400, f"{name}={text} must be a number from {least} to {most}.")
    return float(text)


class EventStream(Response):
    """Server-sent events for one viewer. A client that stops reading is disconnected."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the viewer disconnects or the sandbox stops."""
        sending = asyncio.ensure_future(self._send(scope, send))
        leaving = asyncio.ensure_future(disconnected(receive))
        try:
            await asyncio.wait([sending, leaving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            await self._events.aclose()

    async def _send(self, scope: Scope, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            async for piece in self._events:
                message: dict[str, Any] = {"type": "http.response.body", "body": piece, "more_body": True}
                await asyncio.wait_for(send(message), _UNREAD_SECONDS)
        except OSError as error:  # the viewer reconnects from where it was
            if not (isinstance(error, TimeoutError) or too_many_files(error)):
                raise
            connection = scope.get("extensions", {}).get("aktify.connection")
            if connection is not None:  # another server ends the connection in its own way
                connection.reset()
        else:
            await send({"type": "http.response.body", "body": b""})
