"""How a command talks to a running sandbox, and what it says when it can't."""

import contextlib
import functools
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from aktify_sandbox.cli.target import Target, find
from aktify_sandbox.client.messages import HEALTH, IN_HEADERS, JSON, AdminRequest, AdminResponse, fits_header
from aktify_sandbox.settings import PREFIX
from aktify_sandbox.text import printable

if TYPE_CHECKING:
    import httpx

_PATIENCE = 60
_PROOF_SECONDS = 10
"""A sandbox says at once that it is one, however busy it is: `/health` waits for nothing."""

Command = TypeVar("Command", bound=Callable[..., Any])


class Seconds(click.FloatRange):
    """So many seconds. `nan`, which is no number and so in no range, isn't."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; anything else is wrong usage."""
        seconds: float = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value} isn't a number of seconds.", param, ctx)
        return seconds


class NoAnswerError(click.ClickException):
    """No sandbox answers, or it doesn't to the end."""


class BrokenAnswerError(NoAnswerError):
    """Something is there, but it didn't answer to the end."""


class RefusedError(click.ClickException):
    """A sandbox has said no. `content` is its problem, which the message sums up; empty if it isn't one."""

    def __init__(self, answer: AdminResponse) -> None:
        super().__init__("\n".join(map(printable, answer.detail.split("\n"))))
        self.status = answer.status
        self.content = answer.problem


class MisunderstoodError(RefusedError):
    """A sandbox can't understand what was asked: it was written wrongly on the command line."""

    exit_code = 2


class Client:
    """A running sandbox. Every failure ends the command in one line and with exit code 1.

    Whatever answers is asked first to prove that it is a sandbox: nothing else is told anything, a token included.
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
            raise click.UsageError(f"{target.url} isn't an address.") from None

    @property
    def url(self) -> str:
        """Where it is."""
        return self.target.url

    def look_again(self, *, for_any: bool) -> None:
        """Find it anew, unless its address was given: it may have started, or started again, somewhere else.

        `for_any`: whichever sandbox is found now; else only one that is found as this one was, which another isn't.
        """
        self._is_proved = False
        self.http.headers.pop("authorization", None)
        if self.target.is_named:
            return
        found = find(None, self._token)
        if for_any or found.source == self.target.source:
            self.target = found
            self.http.base_url = self.url

    def confirm(self, what: str) -> None:
        """Ask the person at the terminal; a program isn't asked."""
        if sys.stdin is None or not sys.stdin.isatty() or not sys.stderr.isatty():
            return
        self.check()
        if not click.confirm(f"{what} at {self.url}?", err=True):
            raise click.ClickException("Nothing was changed.")

    def wait_longer(self, seconds: float) -> None:
        """Give answers so much more time."""
        self.http.timeout = _PATIENCE + seconds

    def get(self, path: str, **query: Any) -> Any:
        """JSON of a GET; filters that are None are left out."""
        return self.ask("GET", path, query=query).json()

    def text(self, path: str) -> str:
        """What a GET tells a person."""
        return self.ask("GET", path, accept="text/plain").text

    def post(self, path: str, content: Any = None, accept: str | None = None) -> AdminResponse:
        """A POST of JSON."""
        return self.ask("POST", path, content=content if content is not None else {}, accept=accept)

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
        accept: str | None = None,
    ) -> AdminResponse:
        """Any request to the admin API."""
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
        """A GET whose answer is read bit by bit. What breaks off in the middle ends the command, too."""
        self._prove()
        target = AdminRequest("GET", path, query=query).target
        with self._said(), self.http.stream("GET", target) as answer:
            if answer.status_code >= 300:
                self._good(AdminResponse(answer.status_code, answer.read()))
            yield answer

    def put_stream(self, path: str, content: Iterable[bytes], media: str) -> Any:
        """JSON of a PUT of a body that may be long; the answer may take its time."""
        self._prove()
        target, headers = AdminRequest("PUT", path).target, {"content-type": media}
        with self._said():
            answer = self.http.put(target, content=content, headers=headers, timeout=None)
        return self._good(AdminResponse(answer.status_code, answer.content)).json()

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        """What goes wrong on the way, in words."""
        import httpx

        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol):
            raise NoAnswerError(
                f"No sandbox answers at {self.target}: start one with `aktify-sandbox serve`, or say where with --url."
            ) from None
        except httpx.TransportError as error:
            raise BrokenAnswerError(
                f"The sandbox at {self.url} broke off its answer ({type(error).__name__})."
            ) from None

    def _good(self, answer: AdminResponse) -> AdminResponse:
        if answer.status == 400 and answer.problem:
            raise MisunderstoodError(answer)
        if answer.status >= 400:
            raise RefusedError(answer)
        if answer.status >= 300:
            raise click.ClickException(f"What answers at {self.url} isn't a sandbox.")
        return answer

    def check(self, seconds: float = _PROOF_SECONDS) -> None:
        """Make sure, in so much time, that this is a sandbox and nothing else. From now on it is shown the token."""
        try:
            answer = self._sent(AdminRequest("GET", HEALTH), timeout=seconds)
            is_sandbox = answer.is_health
        except BrokenAnswerError:
            is_sandbox = False
        if not is_sandbox:
            raise click.ClickException(f"{self.target} isn't a sandbox: nothing was sent.")
        self.is_failing = answer.problem["status"] == "failing"
        self._is_proved = True
        if self._token:
            self.http.headers["authorization"] = f"Bearer {self._token}"

    def _prove(self) -> None:
        if not self._is_proved:
            self.check()


def check_header_value(secret: str, kind: str) -> str:
    """A key or a token that a header can carry. Any other is wrong usage, and isn't shown."""
    if not fits_header(secret):
        raise click.UsageError(f"--{kind}: a {kind} is {IN_HEADERS}.")
    return secret


def connection_options(command: Command) -> Command:
    """The options that say where the sandbox is."""
    url = click.option(
        "--url", metavar="ADDRESS", help="Where the sandbox is [default: the one served here]."
    )
    token = click.option("--token", metavar="TOKEN", help="Its token, if it was started with one.")
    return url(token(command))


def with_client(command: Command) -> Command:
    """Give the command the `client` that its options, or those of the whole command line, name."""

    @functools.wraps(command)
    def connected(*args: Any, url: str | None, token: str | None, **more: Any) -> Any:
        context = click.get_current_context()
        general = context.find_root().params
        url = general.get("url") if url is None else url
        token = general.get("token") if token is None else token
        if token is None:
            token = os.environ.get(f"{PREFIX}TOKEN") or None
        target = find(url, token, more.get("config"))
        client = Client(target, target.token if token is None else token)
        context.call_on_close(client.http.close)
        return command(*args, client=client, **more)

    return cast("Command", connection_options(connected))


def confirms(what: str) -> Callable[[Command], Command]:
    """Ask before something is lost that nothing brings back. Stands below `with_client`."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def asking(*args: Any, client: Client, yes: bool, **more: Any) -> Any:
            if not yes:
                client.confirm(what)
            return command(*args, client=client, **more)

        yes = click.option("--yes", is_flag=True, help="Don't ask; without a terminal nobody is asked.")
        return cast("Command", yes(asking))

    return decorate


def as_json(command: Command) -> Command:
    """The option of every command that prints a table."""
    return click.option("--json", "in_json", is_flag=True, help="Print JSON instead of a table.")(command)
