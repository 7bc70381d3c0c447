"""What is done for a request as long as its client is there."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from aktify_sandbox.admin.components import Components
from aktify_sandbox.jobs import Runs, Work
from aktify_sandbox.originals import asyncio

T = TypeVar("T")


def runs_for(request: Request, components: Components) -> Runs:
    """How work for this request is run: at once if that is quick, else as a job that ends with its client.

    At once is in a thread, too, since a disk may let a reader wait. It isn't the one of the jobs, where a step may take
    long. Only the first piece is tried so: an export is many, each of them quick.
    """
    jobs, is_first = components.jobs, True

    async def run(work: Work[T]) -> T:
        nonlocal is_first
        end = await asyncio.to_thread(jobs.at_once, work) if is_first else None
        is_first = False
        return end.result if end else await unless_disconnected(request, jobs.run(work))

    return run


async def unless_disconnected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The work's result; the work ends with its client. Raises `ClientDisconnect`."""
    connection = request.scope.get("extensions", {}).get("aktify.connection", _OtherConnection())
    # from a client that doesn't read yet, a hang-up looks like the end of its request
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
    """A connection of another server's, which tells of a hang-up in its own way."""

    withheld = False


async def disconnected(receive: Receive) -> None:
    """Returns when the client has closed its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
