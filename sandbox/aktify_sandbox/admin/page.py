"""`/_sandbox/`: the page in the browser and its files; other clients get a text at the same address."""

import functools
import gzip
import zlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from aktify_sandbox.admin.client_jobs import runs_for
from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.problems import ProblemError, wants_page, wants_text
from aktify_sandbox.admin.responses import JSONResponse
from aktify_sandbox.history import query
from aktify_sandbox.history.explanation import overview
from aktify_sandbox.history.filters import Filters
from aktify_sandbox.version import __version__

FOLDER = Path(__file__).parent.parent / "inspector"
PAGE = "index.html"
_MEDIA = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HEADERS = {
    "content-security-policy": "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "img-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",  # no text becomes markup or code, even by mistake
            "trusted-types 'none'",
        ]
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
    "vary": "accept, accept-encoding",
}
"""Recorded requests are hostile, and the page shows their content."""


class File:
    """A file of the page, as it is sent."""

    def __init__(self, path: Path) -> None:
        self.content = path.read_bytes()
        self.media = f"{_MEDIA[path.suffix]}; charset=utf-8"
        self.tag = f'"{zlib.crc32(self.content):08x}"'

    @functools.cached_property
    def packed(self) -> bytes:
        """Compressed on first use, since few sandboxes are opened in a browser."""
        return gzip.compress(self.content, mtime=0)


def routes(components: Components) -> list[Route]:
    """The routes of the page.

    Its files are read into memory here: reinstalling the package while a sandbox runs replaces them on disk.
    """
    files = {path.name: File(path) for path in FOLDER.iterdir() if path.suffix in _MEDIA}

    async def index(request: Request) -> Response:
        if wants_page(request):
            return _answer(request, files[PAGE])
        found, _ = await runs_for(request, components)(query.page(components.store, Filters(), 50, None))
        if wants_text(request):
            return PlainTextResponse(overview(components.campaigns.origin, found))
        return JSONResponse(
            {"version": __version__, "openapi": "/_sandbox/openapi.json", "requests": "/_sandbox/requests"}
        )

    async def file(request: Request) -> Response:
        name = request.path_params["file"]
        if name not in files:
            raise ProblemError(404, f"The page has no file {name[:64]}.")
        return _answer(request, files[name])

    return [
        Route("/", index, methods=["GET"], include_in_schema=False),
        Route("/inspector/{file}", file, methods=["GET"], include_in_schema=False),
    ]


def _answer(request: Request, file: File) -> Response:
    headers = {**HEADERS, "etag": file.tag}
    if file.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, headers={**headers, "content-encoding": "gzip"}, media_type=file.media)
    return Response(file.content, headers=headers, media_type=file.media)
