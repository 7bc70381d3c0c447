"""What the sandbox is measured against, on the same stack and with the same options of uvicorn.

`python -m benchmarks.peers echo PORT` serves one of them.
"""

import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from benchmarks.leads import HOST, PATH

_ANSWER = {"message": "hello, world"}
_BODY = b'{"message":"hello, world"}'
_HEADERS = [(b"content-length", b"%d" % len(_BODY)), (b"content-type", b"application/json")]


async def echo(request: Request) -> JSONResponse:
    """The smallest mock that one writes by hand."""
    return JSONResponse(await request.json(), 201)


async def hello(_: Request) -> JSONResponse:
    """Starlette's hello world."""
    return JSONResponse(_ANSWER, 201)


async def raw(_scope: dict[str, Any], _receive: Any, send: Any) -> None:
    """The floor of the stack: no framework, a constant answer."""
    await send({"type": "http.response.start", "status": 201, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})


PEERS: dict[str, Any] = {
    "echo": Starlette(routes=[Route(PATH, echo, methods=["POST"])]),
    "hello": Starlette(routes=[Route(PATH, hello, methods=["POST"])]),
    "raw": raw,
}


def serve(name: str, port: int) -> None:
    """Serve with the options that `aktify-sandbox serve` gives uvicorn."""
    uvicorn.run(
        PEERS[name],
        host=HOST,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
