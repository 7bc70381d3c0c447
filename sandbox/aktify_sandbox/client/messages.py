"""Requests to the admin API and their answers as values, and the interface of the clients that exchange them."""

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
"""The status of `/health` after another program changed the state folder: the sandbox answers, but records nothing."""

Query = Mapping[str, Any]

IN_HEADERS = "visible ASCII characters, no spaces or line breaks"
"""The keys and tokens that a header can carry."""


def fits_header(secret: str) -> bool:
    """Whether a header can carry the key or token."""
    return re.fullmatch("[!-~]+", secret) is not None


class AdminRequest(NamedTuple):
    """A request to the admin API."""

    method: str
    path: str
    """The path after `/_sandbox`."""
    content: Any = None
    query: Query = MappingProxyType({})
    """Query parameters; those that are None are left out. In names, _ is - as in those of Python's arguments."""
    accept: str = JSON
    seconds: float = 0
    """Seconds that the sandbox may wait before it answers."""

    @property
    def patience(self) -> float:
        """Seconds to wait for the answer."""
        return _PATIENCE + self.seconds

    @property
    def target(self) -> str:
        """Path and query."""
        given = {
            name.replace("_", "-"): str(value).lower() if isinstance(value, bool) else value
            for name, value in self.query.items()
            if value is not None
        }
        return f"/_sandbox{self.path}" + (f"?{urlencode(given, True, quote_via=quote)}" if given else "")

    @property
    def body(self) -> bytes:
        """The content as JSON."""
        return b"" if self.content is None else json.dumps(self.content).encode()

    @property
    def headers(self) -> dict[str, str]:
        """The headers about content, `Accept` and authorization."""
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
        """The bytes of the request in HTTP/1.1."""
        lines = [f"{self.method} {self.target} HTTP/1.1".encode()]
        lines += [b"%b: %b" % header for header in self.head(host, token)]
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


class AdminResponse(NamedTuple):
    """An answer of the admin API."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The content parsed as JSON. Raises `ValueError`."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The content as text."""
        return self.body.decode(errors="replace")

    @property
    def problem(self) -> dict[str, Any]:
        """The problem document; empty if the answer isn't a sandbox's."""
        try:
            content = self.json()
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def detail(self) -> str:
        """Why the request was refused, in words."""
        detail = self.problem.get("detail")
        if detail is None:
            return f"The server answered {self.status}: it isn't an aktify-sandbox, or has another version."
        return str(detail)

    @property
    def is_health(self) -> bool:
        """Whether an answer to `/health` comes from a sandbox, healthy or no longer recording."""
        content = self.problem
        return (
            self.status in (200, _FAILING)
            and content.get("status") in ("ok", "failing")
            and "version" in content
        )


class AdminClient(Protocol):
    """A client of the admin API."""

    url: str

    def ask(self, request: AdminRequest) -> AdminResponse:
        """Send a request and return its answer. Raises `NoSandbox`."""

    async def ask_async(self, request: AdminRequest) -> AdminResponse:
        """Like `ask`, without blocking an event loop."""

    def close(self) -> None:
        """Close all connections."""
