"""`POST /_sandbox/stop`: ends the server."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.problems import ProblemError
from aktify_sandbox.admin.responses import JSONResponse


def routes(components: Components) -> list[Route]:
    """The route of a stop."""

    async def stop(_: Request) -> Response:
        if components.stop is None:
            raise ProblemError(501, "The sandbox runs inside another server: stop that server.")
        components.stop()
        return JSONResponse({"status": "stopping"}, 202)

    return [Route("/stop", stop, methods=["POST"])]
