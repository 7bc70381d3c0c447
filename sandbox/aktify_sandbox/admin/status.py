"""`/_sandbox/health` and `/_sandbox/status`: whether the sandbox works, and how much it holds."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.responses import JSONResponse
from aktify_sandbox.version import __version__


def routes(components: Components) -> list[Route]:
    """The routes of health and status."""

    async def health(_: Request) -> Response:
        failing = components.store.trouble  # anyone may ask for health, so it doesn't give the reason
        return JSONResponse(
            {"status": "failing" if failing else "ok", "version": __version__}, 503 if failing else 200
        )

    async def status(_: Request) -> Response:
        return JSONResponse(_status(components))

    return [
        Route("/health", health, methods=["GET"]),
        Route("/status", status, methods=["GET"]),
    ]


def _status(components: Components) -> dict[str, Any]:
    """The current state and counts."""
    store, forcing = components.store, components.forcing
    return {
        "version": __version__,
        "state": str(store.folder.resolve()) if store.folder else None,
        "trouble": store.trouble,
        "scenarios": list(forcing.active),
        "forced": sum(each.left for each in forcing.queue.answers),
        "leads": len(store.leads),
        "requests": store.requests,
        "refusalsNotRecorded": components.endpoint.refusals_left_out,
    }
