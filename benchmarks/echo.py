"""The server that the sandbox is compared with, the smallest mock: `python -m benchmarks.echo --port N`."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from benchmarks.leads import HOST, PATH


async def echo(request: Request) -> JSONResponse:
    """Give the JSON back."""
    return JSONResponse(await request.json(), 201)


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=[Route(PATH, echo, methods=["POST"])]),
        host=HOST,
        port=int(sys.argv[-1]),
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
