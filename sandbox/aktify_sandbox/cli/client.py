"""How a command talks to a running sandbox, and what it says when it can't."""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aktify_sandbox.masking import printable

if TYPE_CHECKING:
    import httpx

DEFAULT_URL = "http://127.0.0.1:8509"
_PATIENCE = 60

Command = TypeVar("Command", bound=Callable[..., Any])


class NobodyThere(click.ClickException):
    """No sandbox answers, or it doesn't to the end."""


class Refused(click.ClickException):
    """A sandbox has said no. `content` is its problem, which the message sums up; empty if it isn't one."""

    def __init__(self, answer: "httpx.Response") -> None:
        super().__init__(_detail(answer))
        self.status = answer.status_code
        self.content = _problem(answer)


class Client:
    """A running sandbox. Every failure ends the command in one line and with exit code 1."""

    def __init__(self, url: str, token: str | None = None) -> None:
        import httpx

        headers = {"authorization": f"Bearer {fit_for_header(token, 'token')}"} if token else {}
        try:  # no proxies, no redirects: this talks to a sandbox and to nothing else
            self.http = httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=_PATIENCE)
        except httpx.InvalidURL:
            raise click.ClickException(f"{url} isn't an address: write it as {DEFAULT_URL}.") from None
        self.url = url

    def wait_longer(self, seconds: float) -> None:
        """Give answers so much more time."""
        self.http.timeout = _PATIENCE + seconds

    def get(self, path: str, **query: Any) -> Any:
        """JSON of a GET; filters that are None are left out."""
        return self.ask("GET", path, query=query).json()

    def text(self, path: str) -> str:
        """What a GET tells a person."""
        return self.ask("GET", path, headers={"accept": "text/plain"}).text

    def post(self, path: str, content: Any = None, **headers: str) -> "httpx.Response":
        """A POST of JSON."""
        return self.ask("POST", path, content=content if content is not None else {}, headers=headers)

    def delete(self, path: str, content: Any = None, **query: Any) -> Any:
        """JSON of a DELETE."""
        return self.ask("DELETE", path, content=content, query=query).json()

    def ask(
        self,
        method: str,
        path: str,
        *,
        content: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> "httpx.Response":
        """Any request to our door."""
        params = {name: value for name, value in (query or {}).items() if value is not None}
        with self._said():
            answer = self.http.request(
                method, f"/_sandbox{path}", json=content, params=params, headers=headers
            )
        return self._good(answer)

    @contextlib.contextmanager
    def stream(self, path: str, **query: Any) -> "Iterator[httpx.Response]":
        """A GET whose answer is read bit by bit. What breaks off in the middle ends the command, too."""
        params = {name: value for name, value in query.items() if value is not None}
        with self._said(), self.http.stream("GET", f"/_sandbox{path}", params=params) as answer:
            if answer.status_code >= 300:
                answer.read()
            yield self._good(answer)

    def put_stream(self, path: str, content: Iterable[bytes], media: str) -> Any:
        """JSON of a PUT of a body that may be long; the answer may take its time."""
        headers = {"content-type": media}
        with self._said():
            answer = self.http.put(f"/_sandbox{path}", content=content, headers=headers, timeout=None)
        return self._good(answer).json()

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        """What goes wrong on the way, in words."""
        import httpx

        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol):
            raise NobodyThere(
                f"No sandbox answers at {self.url}: start one with `aktify-sandbox serve`, or say where with --url."
            ) from None
        except httpx.TransportError as error:
            raise NobodyThere(
                f"The sandbox at {self.url} broke off its answer ({type(error).__name__})."
            ) from None

    def _good(self, answer: "httpx.Response") -> "httpx.Response":
        if answer.status_code >= 400:
            raise Refused(answer)
        if answer.status_code >= 300:
            raise click.ClickException(f"What answers at {self.url} isn't a sandbox.")
        return answer

    def check(self) -> None:
        """Make sure that this is a sandbox and nothing else."""
        try:
            health = self.get("/health")
        except (ValueError, click.ClickException) as error:
            reason = error.format_message() if isinstance(error, click.ClickException) else ""
            if reason.startswith("No sandbox answers"):
                raise
            health = None
        if not isinstance(health, dict) or health.get("status") != "ok" or "version" not in health:
            raise click.ClickException(f"{self.url} isn't a sandbox: nothing was sent.")


def fit_for_header(secret: str, kind: str) -> str:
    """A key or a token that a header can carry. Any other is wrong usage, and isn't shown."""
    if not re.fullmatch("[!-~]+", secret):
        raise click.UsageError(f"--{kind}: a {kind} is visible ASCII characters, no spaces or line breaks.")
    return secret


def talks(command: Command) -> Command:
    """The options of every command that talks to a running sandbox."""
    url = click.option(
        "--url",
        envvar="AKTIFY_SANDBOX_URL",
        default=DEFAULT_URL,
        show_default=True,
        help="Where the sandbox is.",
    )
    token = click.option(
        "--token", envvar="AKTIFY_SANDBOX_TOKEN", help="Its token, if it was started with one."
    )
    return url(token(command))


def as_json(command: Command) -> Command:
    """The option of every command that prints a table."""
    return click.option("--json", "in_json", is_flag=True, help="Print JSON instead of a table.")(command)


def _detail(answer: "httpx.Response") -> str:
    detail = _problem(answer).get("detail")
    if detail is None:
        return f"The server answered {answer.status_code}: it isn't a sandbox, or not of this version."
    return "\n".join(map(printable, f"{detail}".split("\n")))


def _problem(answer: "httpx.Response") -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
