"""Requests to `/_sandbox`, handled by uvicorn's request cycle and Starlette."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.protocols.utils import get_local_addr, get_remote_addr
from uvicorn.server import ServerState

from aktify_sandbox.exchange import Request
from aktify_sandbox.originals import asyncio

if TYPE_CHECKING:
    from aktify_sandbox.server.protocol import SandboxProtocol

_SILENT = logging.Logger("aktify_sandbox", logging.CRITICAL + 1)
"""For uvicorn's messages: the sandbox reports errors itself, and the real loggers belong to the user of a test."""


def cycle_for(
    request: Request,
    connection: "SandboxProtocol",
    flow: FlowControl,
    state: ServerState,
    *,
    keeps_alive: bool,
    expects: bool,
    done: Callable[[], None],
) -> RequestResponseCycle:
    """One request and its answer, not started yet. The application finds the connection in the scope's extensions."""
    transport = connection.transport
    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": request.version,
        "server": get_local_addr(transport),
        "client": get_remote_addr(transport),
        "scheme": "http",
        "root_path": "",
        "method": request.method,
        "path": request.path,
        "query_string": request.query,
        "headers": request.headers,
        "state": {},
        "extensions": {"aktify.connection": connection},
    }
    return RequestResponseCycle(
        scope=scope,
        transport=transport,
        flow=flow,
        logger=_SILENT,
        access_logger=_SILENT,
        access_log=False,
        default_headers=state.default_headers,
        message_event=asyncio.Event(),
        expect_100_continue=expects,
        keep_alive=keeps_alive,
        on_response=done,
    )


def disconnect(cycle: RequestResponseCycle) -> None:
    """Tell its application that the client has disconnected."""
    if not cycle.response_complete:
        cycle.disconnected = True
    cycle.message_event.set()
