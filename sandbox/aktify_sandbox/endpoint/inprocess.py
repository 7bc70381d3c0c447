"""One request through an ASGI application without a socket: what a client would have seen of it, as a value."""

from dataclasses import dataclass, field
from typing import Any

from aktify_sandbox.endpoint.delivery import Message
from aktify_sandbox.originals import asyncio

Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Reply:
    """What came back."""

    status: int | None = None
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    outcome: str = "answered"
    """Or `reset`, `empty` (closed without an answer), `cut off` (in the middle of one), `no answer` in time."""


class _Line:
    """What stands for the connection: a fault on it is noted."""

    def __init__(self, reply: Reply) -> None:
        self.held = self.let_go = False
        self.gone = asyncio.Event()
        self._reply = reply

    def reset(self) -> None:
        """It was reset."""
        self._reply.outcome = "reset"
        self.gone.set()

    def end(self, last: bytes = b"") -> None:
        """It was closed before the answer was whole."""
        self._reply.body += last
        self._reply.outcome = "cut off" if self._reply.status else "empty"
        self.gone.set()


async def call(
    app: Any, scope: dict[str, Any], headers: Headers, body: bytes, *, seconds: float = 10
) -> Reply:
    """Send it and return what came back within so many seconds.

    `scope` says method, path, query_string, http_version and client; `headers` stand as they would be written.
    """
    reply = Reply()
    line, sent = _Line(reply), False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            await line.gone.wait()
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            reply.status, reply.headers = message["status"], list(message["headers"])
        else:
            reply.body += message.get("body", b"")

    whole = {
        "type": "http",
        "scheme": "http",
        "headers": [(name.lower(), value.strip(b" \t")) for name, value in headers],  # RFC 9110, 5.5
        "aktify.headers": headers,
        "aktify.connection": line,
        **scope,
    }
    asking = asyncio.ensure_future(app(whole, receive, send))
    try:
        done, _ = await asyncio.wait([asking], timeout=seconds)
    except asyncio.CancelledError:
        asking.cancel()
        raise
    if not done:
        reply.outcome = "no answer" if reply.status is None else "cut off"
        line.gone.set()  # as a client that gives up
    await asking
    return reply
