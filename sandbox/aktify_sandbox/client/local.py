"""The client of a sandbox in this process."""

from typing import TYPE_CHECKING, Any

from aktify_sandbox.await_future import await_future
from aktify_sandbox.client.messages import AdminRequest, AdminResponse
from aktify_sandbox.errors import NoSandbox, hide_traceback
from aktify_sandbox.exchange import Request
from aktify_sandbox.originals import asyncio

if TYPE_CHECKING:
    from concurrent.futures import Future

    from aktify_sandbox.server.thread import ServerThread

__tracebackhide__ = hide_traceback

_LOOK_SECONDS = 1


class LocalClient:
    """Asks a sandbox in this process, without socket or HTTP."""

    def __init__(self, thread: "ServerThread") -> None:
        self.thread = thread
        self.url = thread.url

    def ask(self, request: AdminRequest) -> AdminResponse:
        """Send a request and return its answer. Raises `SandboxDied`."""
        future = self._ask(request)
        while True:
            try:
                return future.result(_LOOK_SECONDS)
            except TimeoutError:
                self.thread.check()
            except BaseException:
                future.cancel()
                raise

    async def ask_async(self, request: AdminRequest) -> AdminResponse:
        """Like `ask`, without blocking an event loop."""
        return await await_future(self._ask(request))

    def close(self) -> None:
        """Do nothing: no connection is open."""

    def _ask(self, request: AdminRequest) -> "Future[AdminResponse]":
        self.thread.check()
        asked = _call(self.thread, request)
        try:
            assert self.thread.loop is not None  # noqa: S101  it has run
            return asyncio.run_coroutine_threadsafe(asked, self.thread.loop)
        except RuntimeError:  # its loop is closed
            asked.close()
            raise NoSandbox("The sandbox has stopped.") from None


async def _call(thread: "ServerThread", request: AdminRequest) -> AdminResponse:
    """One ASGI request. Waits for the answer as long as the request allows."""
    path, _, query = request.target.partition("?")
    headers = request.head(b"localhost", thread.settings.token)
    asked = Request(request.method, path, headers, request.body, query.encode())
    status, body, gone = 500, bytearray(), asyncio.Event()

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)
        body.extend(message.get("body", b""))

    asking = asyncio.ensure_future(thread.ask(asked, gone, send))
    try:
        await asyncio.wait([asking], timeout=request.patience)
    except asyncio.CancelledError:
        asking.cancel()
        raise
    gone.set()
    await asking
    return AdminResponse(status, bytes(body))
