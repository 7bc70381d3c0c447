"""The client of a sandbox elsewhere, over connections that tests don't patch."""

import contextlib
from concurrent.futures import Future, InvalidStateError
from urllib.parse import urlsplit

from aktify_sandbox.addresses import DEFAULT_URL, address_of
from aktify_sandbox.await_future import await_future
from aktify_sandbox.client.connection import BrokenConnectionError, Connection, IncomingResponse
from aktify_sandbox.client.messages import IN_HEADERS, AdminRequest, AdminResponse, fits_header
from aktify_sandbox.errors import AddressError, NoSandbox, SandboxMistake, hide_traceback
from aktify_sandbox.greenlets import monkey_patched_by
from aktify_sandbox.originals import os, threading

__tracebackhide__ = hide_traceback

_CONNECT_SECONDS = 30


class RemoteClient:
    """Asks a sandbox elsewhere over HTTP."""

    def __init__(self, url: str, token: str | None = None, advice: str = "") -> None:
        """`advice` says what to do when no sandbox answers. Raises `SandboxMistake`."""
        try:
            self.url = address_of(url)
        except AddressError as error:
            raise SandboxMistake(str(error)) from None
        parts = urlsplit(self.url)
        if parts.path:
            raise SandboxMistake(f"“{url}” isn't an address: write it as {DEFAULT_URL}.")
        if token and not fits_header(token):
            raise SandboxMistake(f"The token is {IN_HEADERS}.")
        self._host, self._encrypted = parts.hostname or "", parts.scheme == "https"
        self._port = parts.port or (443 if self._encrypted else 80)
        self._named = parts.netloc.encode("idna" if not parts.netloc.isascii() else "ascii")
        self._token = token
        self._advice = advice or "Fix: start one there with `aktify-sandbox serve`."
        self._idle: list[Connection] = []
        self._process = os.getpid()

    def ask(self, request: AdminRequest) -> AdminResponse:
        """Send a request and return its answer. Raises `NoSandbox`."""
        try:
            connection = self._unused() or self._connection()
            answer = self._answer(connection, request)
        except BrokenConnectionError as error:
            raise self._no_sandbox(error) from None
        if answer.leaves_open:
            self._idle.append(connection)
        else:
            connection.close()
        return self._checked(answer)

    async def ask_async(self, request: AdminRequest) -> AdminResponse:
        """Like `ask`, without blocking an event loop."""
        if monkey_patched_by():  # sockets don't block others, and threads aren't real
            return self.ask(request)
        asked: Future[AdminResponse] = Future()
        opened: list[Connection] = []

        def work() -> None:
            try:
                opened.append(self._connection())
                asked.set_result(self._checked(self._answer(opened[0], request)))
            except BrokenConnectionError as error:
                _fail(asked, self._no_sandbox(error))
            except BaseException as error:
                _fail(asked, error)

        threading.Thread(target=work, name="aktify-sandbox asks", daemon=True).start()
        try:
            return await await_future(asked)
        finally:
            for connection in opened:
                connection.close()

    def close(self) -> None:
        """Close all connections."""
        while self._idle:
            self._idle.pop().close()

    def _unused(self) -> Connection | None:
        """An open connection. Each thread takes its own, and a forked child doesn't use its parent's."""
        if self._process != os.getpid():
            self._idle, self._process = [], os.getpid()
        while self._idle:
            with contextlib.suppress(IndexError):  # another thread took it
                connection = self._idle.pop()
                if connection.is_fresh:
                    return connection
                connection.close()
        return None

    def _connection(self) -> Connection:
        return Connection(self._host, self._port, encrypted=self._encrypted, seconds=_CONNECT_SECONDS)

    def _answer(self, connection: Connection, request: AdminRequest) -> IncomingResponse:
        try:
            return connection.ask(request.as_http(self._named, self._token), request.patience)
        except BaseException:
            connection.close()
            raise

    def _no_sandbox(self, error: Exception) -> NoSandbox:
        return NoSandbox(f"No sandbox answers at {self.url} ({error}). {self._advice}")

    def _checked(self, answer: IncomingResponse) -> AdminResponse:
        ours = answer.headers.get("content-type", "").startswith(("application/", "text/plain"))
        if 300 <= answer.status < 400 or not (ours or answer.status == 204):
            raise NoSandbox(f"The server at {self.url} isn't an aktify-sandbox. {self._advice}")
        return AdminResponse(answer.status, answer.body)


def _fail(asked: "Future[AdminResponse]", error: BaseException) -> None:
    with contextlib.suppress(InvalidStateError):  # the caller no longer waits
        asked.set_exception(error)
