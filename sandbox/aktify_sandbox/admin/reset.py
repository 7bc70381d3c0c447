"""`POST /_sandbox/reset`: forgets leads, requests and forced answers."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aktify_sandbox.admin.components import Components


def routes(components: Components) -> list[Route]:
    """The route of a reset."""

    async def reset(_: Request) -> Response:
        components.store.forget_all()
        components.forcing.reset()
        return Response(status_code=204)

    return [Route("/reset", reset, methods=["POST"])]
