"""How a command talks to a running sandbox, and its errors when it can't."""

import contextlib
import functools
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from aktify_sandbox.cli.numbers import in_words
from aktify_sandbox.cli.target import Target, find
from aktify_sandbox.client.messages import HEALTH, IN_HEADERS, JSON, AdminRequest, AdminResponse, fits_header
from aktify_sandbox.settings import PREFIX
from aktify_sandbox.text import printable

if TYPE_CHECKING:
    import httpx

_PATIENCE = 60
_PROOF_SECONDS = 10
"""A sandbox says at once that it is one, however busy it is: `/health` waits for nothing."""

_NO_SANDBOX = "Fix: give the sandbox's address with --url, or start one with `aktify-sandbox serve`."

Command = TypeVar("Command", bound=Callable[..., Any])


class Seconds(click.FloatRange):
    """A number of seconds. Refuses `nan`, which is in no range."""

    name = "seconds"

    def _describe_range(self) -> str:
        return f"more than {self.min:,}" if self.min_open else in_words(self.min, self.max)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Returns the number. Anything else is a usage error."""
        seconds: float = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value} isn't a number of seconds. Fix: write it as 2.5.", param, ctx)
        return seconds


class NoAnswerError(click.ClickException):
    """No sandbox answers, or its answer breaks off."""


class BrokenAnswerError(NoAnswerError):
    """A server closed the connection before it had answered."""


class RefusedError(click.ClickException):
    """A sandbox refused the request. `content` is the problem document, empty if there is none."""

    def __init__(self, answer: AdminResponse) -> None:
        super().__init__("\n".join(map(printable, answer.detail.split("\n"))))
        self.status = answer.status
        self.content = answer.problem


class MisunderstoodError(RefusedError):
    """A sandbox refused the request because of an argument of the command: exit code 2."""

    exit_code = 2


REPORT_SECONDS = 600
"""How long a report on a long journal may take."""


class Client:
    """A running sandbox. Every failure ends the command with one line and exit code 1.

    Before the first request it makes sure that the server is a sandbox; no other server gets a token or a body.
    """

    def __init__(self, target: Target, token: str | None = None) -> None:
        """`token` is for this sandbox alone."""
        import httpx

        self.target = target
        self._token = None if token is None else check_header_value(token, "token")
        self._is_proved = self.is_failing = False
        try:  # no proxies, no redirects: this talks to a sandbox and to nothing else
            self.http = httpx.Client(base_url=target.url, trust_env=False, timeout=_PATIENCE)
        except httpx.InvalidURL:
            raise click.UsageError(
                f"{target.url} isn't an address. Fix: write it as http://127.0.0.1:8509."
            ) from None

    @property
    def url(self) -> str:
        """Where it is."""
        return self.target.url

    def look_again(self, *, any_source: bool) -> None:
        """Find the sandbox again, unless its address was given: it may have restarted at another one.

        `any_source` takes any sandbox that is found; otherwise it must be found by the same source as before.
        """
        self._is_proved = False
        self.http.headers.pop("authorization", None)
        if self.target.is_named:
            return
        found = find(None, self._token)
        if any_source or found.source == self.target.source:
            self.target = found
            self.http.base_url = self.url

    def confirm(self, what: str) -> None:
        """Ask for confirmation on a terminal; without a terminal, go on."""
        if sys.stdin is None or not sys.stdin.isatty() or not sys.stderr.isatty():
            return
        self.check()
        if not click.confirm(f"{what} at {self.url}?", err=True):
            raise click.ClickException("Nothing was changed.")

    def wait_longer(self, seconds: float) -> None:
        """Allow this many more seconds for each answer."""
        self.http.timeout = _PATIENCE + seconds

    def get(self, path: str, **query: Any) -> Any:
        """Returns the JSON of a GET; filters that are None are left out."""
        return self.ask("GET", path, query=query).json()

    def text(self, path: str, **query: Any) -> str:
        """Returns the text of a GET."""
        return self.ask("GET", path, query=query, accept="text/plain").text

    def post(self, path: str, content: Any = None, accept: str | None = None, **query: Any) -> AdminResponse:
        """Send a POST with JSON."""
        return self.ask(
            "POST", path, content=content if content is not None else {}, query=query, accept=accept
        )

    def delete(self, path: str, content: Any = None, **query: Any) -> Any:
        """Returns the JSON of a DELETE."""
        return self.ask("DELETE", path, content=content, query=query).json()

    def ask(
        self,
        method: str,
        path: str,
        *,
        content: Any = None,
        query: Mapping[str, Any] | None = None,
        accept: str | None = None,
    ) -> AdminResponse:
        """Send a request to the admin API."""
        self._prove()
        return self._good(self._sent(AdminRequest(method, path, content, query or {}, accept or JSON)))

    def _sent(self, request: AdminRequest, **options: Any) -> AdminResponse:
        with self._said():
            answer = self.http.request(
                request.method, request.target, content=request.body, headers=request.headers, **options
            )
        return AdminResponse(answer.status_code, answer.content)

    @contextlib.contextmanager
    def stream(self, path: str, **query: Any) -> "Iterator[httpx.Response]":
        """Send a GET and read its answer in pieces. A broken answer ends the command."""
        self._prove()
        target = AdminRequest("GET", path, query=query).target
        with self._said(), self.http.stream("GET", target) as answer:
            if answer.status_code >= 300:
                self._good(AdminResponse(answer.status_code, answer.read()))
            yield answer

    def put_stream(self, path: str, content: Iterable[bytes], media: str) -> Any:
        """Returns the JSON of a PUT with a long body; waits for the answer without a time limit."""
        self._prove()
        target, headers = AdminRequest("PUT", path).target, {"content-type": media}
        with self._said():
            answer = self.http.put(target, content=content, headers=headers, timeout=None)
        return self._good(AdminResponse(answer.status_code, answer.content)).json()

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        """Turn network errors into the command's errors."""
        import httpx

        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol):
            raise NoAnswerError(
                f"No sandbox answers at {self.target}. Fix: start one with `aktify-sandbox serve`, or give --url."
            ) from None
        except httpx.TransportError as error:
            raise BrokenAnswerError(
                f"The sandbox at {self.url} closed the connection before it answered ({type(error).__name__})."
            ) from None

    def _good(self, answer: AdminResponse) -> AdminResponse:
        if answer.status == 400 and answer.problem:
            raise MisunderstoodError(answer)
        if answer.status >= 400:
            raise RefusedError(answer)
        if answer.status >= 300:
            raise click.ClickException(f"The server at {self.url} isn't a sandbox. {_NO_SANDBOX}")
        return answer

    def check(self, seconds: float = _PROOF_SECONDS) -> None:
        """Make sure within this many seconds that the server is a sandbox. Later requests carry the token."""
        if not self.is_sandbox(seconds):
            raise click.ClickException(f"{self.target} isn't a sandbox. Nothing was sent. {_NO_SANDBOX}")

    def is_sandbox(self, seconds: float = _PROOF_SECONDS) -> bool:
        """Whether the server says within this many seconds that it is a sandbox. If so, later requests carry the
        token.
        """
        try:
            answer = self._sent(AdminRequest("GET", HEALTH), timeout=seconds)
        except BrokenAnswerError:
            return False
        if not answer.is_health:
            return False
        self.is_failing = answer.problem["status"] == "failing"
        self._is_proved = True
        if self._token:
            self.http.headers["authorization"] = f"Bearer {self._token}"
        return True

    def _prove(self) -> None:
        if not self._is_proved:
            self.check()


def check_header_value(secret: str, kind: str) -> str:
    """Returns a key or token that fits a header. Any other is a usage error that doesn't show it."""
    if not fits_header(secret):
        raise click.UsageError(f"--{kind}: a {kind} is {IN_HEADERS}.")
    return secret


def connection_options(command: Command) -> Command:
    """Add --url and --token."""
    url = click.option(
        "--url", metavar="ADDRESS", help="Address of the sandbox [default: the one served here]."
    )
    token = click.option("--token", metavar="TOKEN", help="Token of the sandbox, if it requires one.")
    return url(token(command))


def client_of(context: click.Context, url: str | None, token: str | None, config: Path | None) -> Client:
    """The client that the options of a command, or those of the group, select."""
    general = context.find_root().params
    url = general.get("url") if url is None else url
    token = general.get("token") if token is None else token
    if token is None:
        token = os.environ.get(f"{PREFIX}TOKEN") or None
    target = find(url, token, config)
    return Client(target, target.token if token is None else token)


def with_client(command: Command) -> Command:
    """Pass the command the `client` that its options, or those of the group, select."""

    @functools.wraps(command)
    def connected(*args: Any, url: str | None, token: str | None, **more: Any) -> Any:
        context = click.get_current_context()
        client = client_of(context, url, token, more.get("config"))
        context.call_on_close(client.http.close)
        return command(*args, client=client, **more)

    return cast("Command", connection_options(connected))


def confirms(what: str | Callable[[Mapping[str, Any]], str]) -> Callable[[Command], Command]:
    """Ask before deleting anything; `what` may depend on the command's options. Goes below `with_client`."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def asking(*args: Any, client: Client, yes: bool, **more: Any) -> Any:
            if not yes:
                client.confirm(what if isinstance(what, str) else what(more))
            return command(*args, client=client, **more)

        yes = click.option("--yes", is_flag=True, help="Skip the confirmation prompt.")
        return cast("Command", yes(asking))

    return decorate


def as_json(command: Command) -> Command:
    """Add --json."""
    return click.option("--json", "in_json", is_flag=True, help="Print JSON.")(command)
