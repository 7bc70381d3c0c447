"""`POST /_sandbox/check`: checks a file of leads like the command `check`. Keeps nothing."""

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from aktify_sandbox.admin.client_jobs import unless_disconnected
from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.guard import FILE_MEDIA
from aktify_sandbox.admin.keys import names_of
from aktify_sandbox.admin.problems import ProblemError, bounded_body
from aktify_sandbox.admin.requests import refuse_unknown
from aktify_sandbox.errors import LeadFileError
from aktify_sandbox.leadfiles.columns import assignment
from aktify_sandbox.leadfiles.worker import CODE, Options, question

_CHUNK = 1 << 18
_Answer = tuple[int, memoryview]
"""Status and JSON."""


def routes(components: Components) -> list[Route]:
    """The route of checks, which run one at a time."""
    turn = asyncio.Lock()

    async def check(request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith(FILE_MEDIA):
            raise ProblemError(415, f"Send the file as content-type: {FILE_MEDIA}.")
        options = _options(request, components)
        content = await bounded_body(request)
        status, answer = await unless_disconnected(request, _checked(turn, options, content))
        if status == 200:
            headers = {"content-length": str(len(answer))}
            return StreamingResponse(_pieces(answer), headers=headers, media_type="application/json")
        raise ProblemError(status, **json.loads(bytes(answer)))

    return [Route("/check", check, methods=["POST"])]


def _options(request: Request, components: Components) -> Options:
    refuse_unknown(request, "name", "campaign", "encoding", "delimiter", "map", "rows")
    query, campaigns = request.query_params, components.campaigns
    name = query.get("campaign") or campaigns.campaigns()[0].name
    if campaigns.campaign(name) is None:
        raise ProblemError(404, f"There is no campaign {name}. Choose from: {names_of(campaigns)}.")
    try:
        columns = dict(map(assignment, query.getlist("map")))
    except LeadFileError as error:
        raise ProblemError(400, str(error)) from None
    rules = campaigns.rules_of(name)
    encoding, delimiter = query.get("encoding") or None, query.get("delimiter") or None
    by_row = query.get("rows", "yes")
    if by_row not in ("yes", "no"):
        raise ProblemError(400, f"rows={by_row} must be yes or no.")
    changes = dict(rules.rulings.changes)
    name = query.get("name", "")
    return Options(
        name, encoding, delimiter, columns, changes, rules.link, components.settings.max_body, by_row == "yes"
    )


async def _checked(turn: asyncio.Lock, options: Options, content: bytearray) -> _Answer:
    async with turn:
        process = _Process()
        try:
            return await asyncio.to_thread(process.ask, options, content)
        finally:
            process.end()


async def _pieces(answer: memoryview) -> AsyncIterator[memoryview]:
    for start in range(0, len(answer), _CHUNK):
        yield answer[start : start + _CHUNK]


class _Process:
    """A check in a separate process. A thread waits for it, since an event loop outside the main thread, or one that
    isn't asyncio's, watches child processes in ways that affect the user's whole process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._ended = False

    def ask(self, options: Options, content: bytearray) -> _Answer:
        """Returns status and JSON. Raises `ProblemError` when the process can't start or ends without an answer."""
        with self._lock:
            if self._ended:
                raise ClientDisconnect
            self._child = _started()
        head = answer = b""
        with contextlib.suppress(BrokenPipeError), self._child as child:
            assert child.stdin  # noqa: S101  both are pipes
            assert child.stdout  # noqa: S101  both are pipes
            child.stdin.write(question(options, len(content)))
            child.stdin.write(content)
            child.stdin.flush()
            head = child.stdout.readline()
            answer = child.stdout.read()
        status, _, length = head.partition(b" ")
        if not length or len(answer) != int(length):
            raise ProblemError(
                500,
                f"The check failed with code {child.returncode}. "
                "Fix: check the file with `aktify-sandbox check`.",
            )
        return int(status), memoryview(answer)

    def end(self) -> None:
        """End the process, whatever it is doing."""
        with self._lock:
            self._ended = True
            if self._child:
                self._child.kill()


def _started() -> "subprocess.Popen[bytes]":
    """Start it in a separate session: Ctrl-C reaches only the sandbox, which ends its child itself."""
    command = [sys.executable, "-I", "-S", "-c", CODE, *sys.path]
    try:
        return subprocess.Popen(  # noqa: S603  our own code
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
    except OSError as error:
        raise ProblemError(503, f"The check can't be started: {error.strerror}.") from None
