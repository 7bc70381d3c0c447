"""Work that ends when its client disconnects."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from aktify_sandbox.admin.components import Components
from aktify_sandbox.jobs import Runs, Work
from aktify_sandbox.originals import asyncio

T = TypeVar("T")


def runs_for(request: Request, components: Components) -> Runs:
    """How to run work for this request: directly if it is quick, otherwise as a job that ends with its client.

    Even quick work runs in a thread, since reading from disk may block. It isn't the thread of the jobs, where a step
    may take long. Only the first piece of an export is tried this way, since an export has many quick pieces.
    """
    jobs, is_first = components.jobs, True

    async def run(work: Work[T]) -> T:
        nonlocal is_first
        end = await asyncio.to_thread(jobs.at_once, work) if is_first else None
        is_first = False
        return end.result if end else await unless_disconnected(request, jobs.run(work))

    return run


async def unless_disconnected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Returns the work's result. The work ends when its client disconnects; then raises `ClientDisconnect`."""
    connection = request.scope.get("extensions", {}).get("aktify.connection", _OtherConnection())
    # while a client isn't reading, its hang-up looks like the end of its request
    connection.withheld = True
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(disconnected(request.receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        connection.withheld = False
        working.cancel()
        leaving.cancel()


class _OtherConnection:
    """A connection of another server, which reports a hang-up in its own way."""

    withheld = False


async def disconnected(receive: Receive) -> None:
    """Returns when the client has closed its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
