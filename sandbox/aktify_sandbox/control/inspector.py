"""`/_sandbox/`: the page for a person's browser, its files, and what others find at the same address."""

import asyncio
import functools
import gzip
import zlib
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from aktify_sandbox import records
from aktify_sandbox.control.problems import ProblemError, wants_page, wants_text
from aktify_sandbox.control.services import Services
from aktify_sandbox.diagnosis import overview
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
"""What recorded requests say is hostile, and the page shows it."""


class File(NamedTuple):
    """A file of the page, as it goes out."""

    content: bytes
    packed: bytes
    tag: str


def routes(services: Services) -> list[Route]:
    """The routes of the page."""

    async def index(request: Request) -> Response:
        if wants_page(request):
            return _answer(request, PAGE)
        found, _ = await asyncio.to_thread(records.page, services.store, records.Filters(), 50, None)
        if wants_text(request):
            return PlainTextResponse(overview(services.campaigns.origin, found))
        return JSONResponse(
            {"version": __version__, "openapi": "/_sandbox/openapi.json", "requests": "/_sandbox/requests"}
        )

    async def file(request: Request) -> Response:
        return _answer(request, request.path_params["file"])

    async def door(_: Request) -> Response:
        return RedirectResponse("/_sandbox/")

    return [
        Route("/_sandbox", door, methods=["GET"]),
        Route("/_sandbox/", index, methods=["GET"]),
        Route("/_sandbox/inspector/{file}", file, methods=["GET"]),
    ]


def _answer(request: Request, name: str) -> Response:
    path = FOLDER / name
    if path.suffix not in _MEDIA or path.parent != FOLDER or not path.is_file():
        raise ProblemError(404, f"The page has no file {name[:64]}.")
    file = _read(path, path.stat().st_mtime_ns)
    headers = {**HEADERS, "etag": file.tag}
    if file.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    media = f"{_MEDIA[path.suffix]}; charset=utf-8"
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, headers={**headers, "content-encoding": "gzip"}, media_type=media)
    return Response(file.content, headers=headers, media_type=media)


@functools.lru_cache(maxsize=64)
def _read(path: Path, _changed: int) -> File:
    """A file once for each change, so that who edits the page only loads it again."""
    content = path.read_bytes()
    return File(content, gzip.compress(content, mtime=0), f'"{zlib.crc32(content):08x}"')
