"""Our door, as Python code asks at it: of a sandbox in this process, or of one that runs elsewhere."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import urlencode, urlsplit

from aktify_sandbox.embedded.crossing import outcome
from aktify_sandbox.embedded.hiding import is_for_the_user
from aktify_sandbox.endpoint.inprocess import call
from aktify_sandbox.errors import NoSandbox, SandboxMistake
from aktify_sandbox.originals import asyncio, json
from aktify_sandbox.serving.beside import Beside

if TYPE_CHECKING:
    from concurrent.futures import Future

    import httpx

__tracebackhide__ = is_for_the_user

_LOOK_SECONDS = 1
_PATIENCE = 30
_JSON = "application/json"

Query = Mapping[str, Any]


class Question(NamedTuple):
    """A request to our door."""

    method: str
    path: str
    """Behind `/_sandbox`."""
    content: Any = None
    query: Query = MappingProxyType({})
    """Those that are None are left out."""
    accept: str = _JSON
    seconds: float = 0
    """How long the answer may wait for something."""

    @property
    def patience(self) -> float:
        """How long to wait for the answer."""
        return _PATIENCE + self.seconds

    @property
    def given(self) -> dict[str, Any]:
        """The query without what is None."""
        return {name: value for name, value in self.query.items() if value is not None}


class Reply(NamedTuple):
    """An answer of our door."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Its content."""
        return json.loads(self.body)


class Door(Protocol):
    """Where to ask."""

    url: str

    def ask(self, question: Question) -> Reply:
        """Ask, and wait for the answer. Raises `NoSandbox`."""

    async def ask_async(self, question: Question) -> Reply:
        """The same without blocking an event loop."""

    def close(self) -> None:
        """Ask no more."""


class Inside:
    """The door of a sandbox in this process: no socket, no HTTP."""

    def __init__(self, beside: Beside) -> None:
        self.beside = beside
        self.url = beside.url

    def ask(self, question: Question) -> Reply:
        """Ask, and wait for the answer. Raises `SandboxDied`."""
        future = self._ask(question)
        while True:
            try:
                return future.result(_LOOK_SECONDS)
            except TimeoutError:
                self.beside.check()
            except BaseException:
                future.cancel()
                raise

    async def ask_async(self, question: Question) -> Reply:
        """The same without blocking an event loop."""
        return await outcome(self._ask(question))

    def close(self) -> None:
        """Nothing is open."""

    def _ask(self, question: Question) -> "Future[Reply]":
        self.beside.check()
        asked = _call(self.beside, question)
        try:
            return asyncio.run_coroutine_threadsafe(asked, self.beside.loop)
        except RuntimeError:  # its loop is closed
            asked.close()
            raise NoSandbox("The sandbox has stopped.") from None


async def _call(beside: Beside, question: Question) -> Reply:
    body = b"" if question.content is None else json.dumps(question.content).encode()
    headers = [(b"host", b"localhost"), (b"accept", question.accept.encode())]
    if body:
        headers += [(b"content-type", _JSON.encode()), (b"content-length", b"%d" % len(body))]
    if beside.settings.token:
        headers.append((b"authorization", f"Bearer {beside.settings.token}".encode()))
    scope = {
        "method": question.method,
        "path": f"/_sandbox{question.path}",
        "query_string": urlencode(question.given).encode(),
        "http_version": "1.1",
        "client": None,
    }
    answer = await call(beside.app, scope, headers, body, seconds=question.patience)
    return Reply(answer.status or 500, answer.body)


class Outside:
    """The door of a sandbox that runs elsewhere, over one connection."""

    def __init__(self, url: str, token: str | None = None, advice: str = "") -> None:
        """`advice` is what to do when no sandbox answers. Raises `SandboxMistake`."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise SandboxMistake(f"{url} isn't a sandbox's address: write it as http://127.0.0.1:8509.")
        if token and not re.fullmatch("[!-~]+", token):
            raise SandboxMistake("The token is visible ASCII characters, no spaces or line breaks.")
        self.url = f"{parts.scheme}://{parts.netloc}"
        self._token = token
        self._advice = advice or "Is `aktify-sandbox serve` running there?"
        self._client: httpx.Client | None = None

    def ask(self, question: Question) -> Reply:
        """Ask, and wait for the answer. Raises `NoSandbox`."""
        import httpx

        if self._client is None:
            self._client = httpx.Client(**self._settings(), verify=self.url.startswith("https"))
        try:
            answer = self._client.request(**self._request(question))
        except httpx.TransportError as error:
            raise self._nobody(error) from None
        return self._reply(answer)

    async def ask_async(self, question: Question) -> Reply:
        """The same without blocking an event loop."""
        import httpx

        async with httpx.AsyncClient(**self._settings(), verify=self.url.startswith("https")) as client:
            try:
                answer = await client.request(**self._request(question))
            except httpx.TransportError as error:
                raise self._nobody(error) from None
            return self._reply(answer)

    def close(self) -> None:
        """Ask no more."""
        if self._client is not None:
            self._client.close()

    def _settings(self) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self._token}"} if self._token else {}
        return {"base_url": self.url, "headers": headers, "trust_env": False}

    def _request(self, question: Question) -> dict[str, Any]:
        return {
            "method": question.method,
            "url": f"/_sandbox{question.path}",
            "json": question.content,
            "params": question.given,
            "headers": {"accept": question.accept},
            "timeout": question.patience,
        }

    def _nobody(self, error: Exception) -> NoSandbox:
        return NoSandbox(f"No sandbox answers at {self.url} ({error}). {self._advice}")

    def _reply(self, answer: "httpx.Response") -> Reply:
        ours = answer.headers.get("content-type", "").startswith(("application/", "text/plain"))
        if 300 <= answer.status_code < 400 or not (ours or answer.status_code == 204):
            raise NoSandbox(f"What answers at {self.url} isn't a sandbox. {self._advice}")
        return Reply(answer.status_code, answer.content)
