"""Waits for another thread from any kind of code: blocking, asyncio or trio."""

import contextlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from aktify_sandbox.errors import hide_traceback
from aktify_sandbox.originals import asyncio

if TYPE_CHECKING:
    from concurrent.futures import Future

__tracebackhide__ = hide_traceback

T = TypeVar("T")


def event_loop() -> str | None:
    """The name of the event loop that runs in this thread, if any: asyncio or trio."""
    trio = _trio()
    if trio is not None:
        with contextlib.suppress(RuntimeError):  # older versions have no `in_trio_run`
            trio.lowlevel.current_trio_token()
            return "trio"
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return None
    return "asyncio"


async def await_future(future: "Future[T]") -> T:
    """The future's result. Cancelling the caller cancels the future."""
    if event_loop() != "trio":
        return await asyncio.wrap_future(future)
    trio = _trio()
    done, token = trio.Event(), trio.lowlevel.current_trio_token()

    def wake(_: "Future[T]") -> None:
        with contextlib.suppress(trio.RunFinishedError):  # the caller no longer waits
            token.run_sync_soon(done.set)

    future.add_done_callback(wake)
    try:
        await done.wait()
    except trio.Cancelled:
        future.cancel()
        raise
    return future.result()


async def in_thread(work: Callable[[], T]) -> T:
    """Runs blocking work in another thread and returns its result."""
    if event_loop() == "trio":
        found: T = await _trio().to_thread.run_sync(work)
        return found
    return await asyncio.to_thread(work)


def _trio() -> Any:
    """Trio, if this process has imported it."""
    return sys.modules.get("trio")
