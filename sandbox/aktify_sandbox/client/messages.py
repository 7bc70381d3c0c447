"""A request to the admin API and its answer as values, and who takes the one for the other."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlencode

from aktify_sandbox.originals import json

_PATIENCE = 30
JSON = "application/json"
HEALTH = "/health"
_FAILING = 503
"""How the health of one is answered whose state folder was touched: it answers, and keeps nothing."""

Query = Mapping[str, Any]

IN_HEADERS = "visible ASCII characters, no spaces or line breaks"
"""What a key or a token is, so that a header can carry it."""


def fits_header(secret: str) -> bool:
    """Whether a header can carry the key or the token."""
    return re.fullmatch("[!-~]+", secret) is not None


class AdminRequest(NamedTuple):
    """A request to the admin API."""

    method: str
    path: str
    """Behind `/_sandbox`."""
    content: Any = None
    query: Query = MappingProxyType({})
    """Those that are None are left out."""
    accept: str = JSON
    seconds: float = 0
    """How long the answer may wait for something."""

    @property
    def patience(self) -> float:
        """How long to wait for the answer."""
        return _PATIENCE + self.seconds

    @property
    def target(self) -> str:
        """Path and query."""
        given = {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in self.query.items()
            if value is not None
        }
        return f"/_sandbox{self.path}" + (f"?{urlencode(given, True, quote_via=quote)}" if given else "")

    @property
    def body(self) -> bytes:
        """The content in JSON."""
        return b"" if self.content is None else json.dumps(self.content).encode()

    @property
    def headers(self) -> dict[str, str]:
        """What is sent and wanted."""
        return {"accept": self.accept} | ({} if self.content is None else {"content-type": JSON})

    def head(self, host: bytes, token: str | None) -> list[tuple[bytes, bytes]]:
        """All headers of the request."""
        headers = [
            (b"host", host),
            *((name.encode(), value.encode()) for name, value in self.headers.items()),
        ]
        if self.content is not None:
            headers.append((b"content-length", b"%d" % len(self.body)))
        if token:
            headers.append((b"authorization", f"Bearer {token}".encode()))
        return headers

    def as_http(self, host: bytes, token: str | None) -> bytes:
        """As it goes over a connection."""
        lines = [f"{self.method} {self.target} HTTP/1.1".encode()]
        lines += [b"%b: %b" % header for header in self.head(host, token)]
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


class AdminResponse(NamedTuple):
    """An answer of the admin API."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Its content. Raises `ValueError`."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """Its content for people."""
        return self.body.decode(errors="replace")

    @property
    def problem(self) -> dict[str, Any]:
        """What it says of a refusal; empty if it isn't a sandbox's."""
        try:
            content = self.json()
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def detail(self) -> str:
        """Why it is a refusal, in words."""
        detail = self.problem.get("detail")
        if detail is None:
            return f"The server answered {self.status}: it isn't a sandbox, or not of this version."
        return str(detail)

    @property
    def is_health(self) -> bool:
        """Whether it says, on `/health`, that this is a sandbox: well, or one that keeps nothing any more."""
        content = self.problem
        return (
            self.status in (200, _FAILING)
            and content.get("status") in ("ok", "failing")
            and "version" in content
        )


class AdminClient(Protocol):
    """Who asks a sandbox."""

    url: str

    def ask(self, request: AdminRequest) -> AdminResponse:
        """Ask, and wait for the answer. Raises `NoSandbox`."""

    async def ask_async(self, request: AdminRequest) -> AdminResponse:
        """The same without blocking an event loop."""

    def close(self) -> None:
        """Ask no more."""
