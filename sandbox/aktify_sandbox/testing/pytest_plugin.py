"""The pytest plugin: the fixture `aktify_sandbox`, the marker `aktify`, and what a failing test's report says.

It is loaded in every test run of those who have the package installed, so it imports nothing but pytest until a test
asks for the fixture.
"""

import contextlib
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from aktify_sandbox.client.messages import AdminClient
    from aktify_sandbox.errors import SandboxError
    from aktify_sandbox.testing.sandbox import Sandbox

_WORDS = ("scenario", "profile", "rulings", "error_bodies", "shuffle", "strict")
_VARIABLE = "AKTIFY_SANDBOX_URL"
_TOKEN = "AKTIFY_SANDBOX_TOKEN"  # noqa: S105  the name of a variable
_MARKER = (
    "aktify(scenario=…, profile=…, rulings={…}, error_bodies=…, shuffle=…, strict=…): what the test's "
    "`aktify_sandbox` is like; "
    "scenario is a name or a list of names."
)

_LONE_MARKER = (
    "The marker aktify needs the fixture aktify_sandbox: add it to the test's arguments, "
    'or @pytest.mark.usefixtures("aktify_sandbox").'
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, and their lines in pytest's configuration file."""
    group = parser.getgroup("aktify-sandbox")
    group.addoption(
        "--aktify-sandbox-url", metavar="URL", help=f"use the sandbox that runs there (also: {_VARIABLE})"
    )
    parser.addini("aktify_sandbox_url", "use the sandbox that runs there")
    parser.addini("aktify_scenario", "scenarios for every test, by name", type="args")
    parser.addini("aktify_profile", "lenient, default or strict")
    parser.addini("aktify_rulings", "rulings for every test, a line each: NAME=VALUE", type="linelist")
    parser.addini("aktify_error_bodies", "shape of 4xx bodies: detailed, empty, text, html or rotate")
    parser.addini("aktify_shuffle", "whether each 201 has another order and an unknown property", type="bool")
    parser.addini("aktify_strict", "whether every test is strict", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """The marker; and no rewriting of our assertions, for which pytest would compile the whole package anew."""
    config.addinivalue_line("markers", _MARKER)
    config.pluginmanager.register(_Setup(), "aktify-sandbox-setup")
    marked = getattr(getattr(config.pluginmanager, "rewrite_hook", None), "_must_rewrite", None)
    if isinstance(
        marked, set
    ):  # it is pytest's own affair: where it is otherwise, the first use takes longer
        marked.discard("aktify_sandbox")


def _sandbox_elsewhere(config: pytest.Config) -> tuple[str, str]:
    """The address of the sandbox to use that runs already, and what says so; empty for one of the tests' own."""
    said = {
        "--aktify-sandbox-url": config.getoption("--aktify-sandbox-url"),
        _VARIABLE: os.environ.get(_VARIABLE),
        "aktify_sandbox_url": config.getini("aktify_sandbox_url"),
    }
    return next(((str(url), source) for source, url in said.items() if url), ("", ""))


def pytest_report_header(config: pytest.Config) -> str:
    """Which sandbox the tests use, and why."""
    url, source = _sandbox_elsewhere(config)
    return f"aktify-sandbox: {url}, by {source}" if url else "aktify-sandbox: one of the tests' own"


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Import the sandbox before a test replaces what it is made of (files, clock, threads), if any test uses it."""
    if not session.config.option.collectonly and any(map(_uses_it, session.items)):
        import aktify_sandbox.testing.sandbox  # noqa: F401  for its effect


class _Setup:
    """Registered last: its hook comes before those of plugins that replace something, and after pytest's skips."""

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """A marker without the fixture would do nothing, and the test might post to the vendor: it doesn't run."""
        fixtures = getattr(item, "fixturenames", ())
        if "request" not in fixtures:  # what has it may still ask for the fixture by name
            _refuse_lone_marker(item)
        if _uses_it(item):
            _server_of(item.config).begin()


def _uses_it(item: pytest.Item) -> bool:
    return not {"aktify_sandbox", "aktify_sandbox_factory"}.isdisjoint(getattr(item, "fixturenames", ()))


class _Server:
    """What the tests of a process share: a sandbox of its own, begun at first use, or one that runs already."""

    def __init__(self, config: pytest.Config) -> None:
        self._running, self._source = _sandbox_elsewhere(config)
        # wherever pytest is called from, a name in its configuration file means one scenario
        ini = [config.inipath.parent] if config.inipath else []
        self._folders = [*ini, config.rootpath, config.invocation_params.dir]
        self._client: AdminClient | None = None
        self._failure: SandboxError | None = None
        self.made: list[Sandbox] = []
        """By the factory."""

    def begin(self) -> None:
        """Start it; what keeps it from starting is told by the fixture."""
        from aktify_sandbox.errors import SandboxError

        with contextlib.suppress(SandboxError):
            self.client()

    def client(self) -> "AdminClient":
        """Where to ask. A sandbox that has died under an earlier test is replaced. Raises `SandboxError`."""
        from aktify_sandbox.client.local import LocalClient
        from aktify_sandbox.client.remote import RemoteClient

        if isinstance(self._client, LocalClient) and not self._client.thread.is_alive:
            self.stop()
        if self._failure:  # it isn't tried, and waited for, in every test
            raise self._failure
        if self._client is None:
            running = self._running
            self._client = (
                RemoteClient(running, os.environ.get(_TOKEN), self.advice) if running else self._start()
            )
        return self._client

    @property
    def advice(self) -> str:
        """What to do about a sandbox that runs elsewhere and doesn't serve; empty for one of the tests' own."""
        if not self._running:
            return ""
        do = "unset" if self._source == _VARIABLE else "leave out"
        return f"{self._source} is {self._running}; {do} it to use a sandbox of the tests' own."

    def _start(self) -> "AdminClient":
        from aktify_sandbox.client.local import LocalClient
        from aktify_sandbox.errors import SandboxError
        from aktify_sandbox.testing.arguments import settings_of
        from aktify_sandbox.testing.sandbox import started

        try:
            return LocalClient(started(settings_of({}), folders=self._folders))
        except SandboxError as error:
            self._failure = error
            raise

    def stop(self) -> None:
        """End what was begun. That it has died is told already, by the test that it died under."""
        if self._client is None:
            return
        from aktify_sandbox.client.local import LocalClient
        from aktify_sandbox.errors import SandboxDied

        client, self._client = self._client, None
        with contextlib.suppress(SandboxDied):
            client.thread.stop() if isinstance(client, LocalClient) else client.close()


class _Use:
    """A test's sandbox, and how it is looked at when the test ends."""

    def __init__(self, sandbox: "Sandbox", item: pytest.Item, *, strict: bool) -> None:
        self.sandbox = sandbox
        self._item = item
        self._strict = strict
        self._told = False

    def check(self) -> None:
        """Fail the test for what its sandbox shows, once."""
        if not self._told:
            self._fail_for(lambda: self.sandbox.check(strict=self._strict))

    def end(self) -> None:
        """The test has ended."""
        self._fail_for(self.sandbox.stop)

    def _fail_for(self, do: Callable[[], None]) -> None:
        from aktify_sandbox.errors import SandboxError, VerifyFailed

        wrong = ""
        try:
            do()
        except (SandboxError, VerifyFailed) as error:
            wrong = str(error)
        if wrong and not self._told:
            self._told = True
            pytest.fail(wrong, pytrace=False)

    def fails(self) -> None:
        """The test has failed: what is wrong besides is no news."""
        self._strict = False

    def report(self, failure: BaseException | None) -> str:
        """What the sandbox saw that the failure doesn't say itself, or why that can't be said."""
        from aktify_sandbox.errors import SandboxError

        try:
            told = self.sandbox.report(failure)
            if self.sandbox.saw_nothing:
                told = "\n".join([*([told] if told else []), *self._why_nothing_came()])
            return told
        except SandboxError as error:
            return str(error)

    def _why_nothing_came(self) -> list[str]:
        """The likely causes."""
        import socket

        if socket.socket.__module__ == "pytest_socket":
            return [
                (
                    "pytest-socket blocks sockets in this test. Fix: give --allow-hosts=127.0.0.1 (in place of "
                    '--disable-socket alone), or mark the test: @pytest.mark.allow_hosts(["127.0.0.1"]).'
                )
            ]
        between = [name for name in getattr(self._item, "fixturenames", ()) if name in _ANSWERING]
        if between:
            return [
                (
                    f"{between[0]} answers in place of the sandbox. "
                    f"Fix: let requests to {self.sandbox.url} pass through it."
                )
            ]
        return [
            (
                "Likely cause: AKTIFY_BASE_URL and AKTIFY_API_KEY were read when a module was imported, "
                "before this test set them. Fix: read them when the code posts, "
                "or hand it aktify_sandbox.url and aktify_sandbox.api_key."
            )
        ]


_ANSWERING = ("httpx_mock", "respx_mock", "requests_mock", "pook", "vcr", "mocked_responses", "aioresponses")
"""Fixtures of libraries that answer for every host."""

_USE = pytest.StashKey[_Use]()
_SERVER = pytest.StashKey[_Server]()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The last report is made: the sandbox may end."""
    server = session.config.stash.get(_SERVER, None)
    if server:
        server.stop()


@pytest.fixture
def aktify_sandbox(request: pytest.FixtureRequest) -> "Iterator[Sandbox]":
    """A sandbox with a campaign and a key of the test's own; AKTIFY_BASE_URL and AKTIFY_API_KEY lead to it."""
    from aktify_sandbox.errors import SandboxError
    from aktify_sandbox.testing.sandbox import Sandbox

    words = _words_for(request)
    strict = words.pop("strict")
    server, wrong = _server_of(request.config), ""
    try:
        sandbox = Sandbox(client=server.client(), **words)
        sandbox.start()
    except SandboxError as error:
        wrong = str(error) if server.advice in str(error) else f"{error}\n{server.advice}"
    if wrong:
        pytest.fail(wrong, pytrace=False)
    use = request.node.stash[_USE] = _Use(sandbox, request.node, strict=strict)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.environment.items():
            patch.setenv(name, value)
        yield sandbox
    try:
        use.check()
    finally:
        use.end()


@pytest.fixture(scope="session")
def aktify_sandbox_factory(request: pytest.FixtureRequest) -> "Callable[..., Sandbox]":
    """What makes sandboxes for fixtures of a wider scope; use each with `with`. It takes the marker's words."""
    server, config = _server_of(request.config), request.config

    def make(**words: Any) -> "Sandbox":
        from aktify_sandbox.testing.sandbox import Sandbox

        common = _words_of(config)
        common.pop("strict")
        sandbox = Sandbox(client=server.client(), **(common | words))
        server.made.append(sandbox)
        return sandbox

    return make


def _server_of(config: pytest.Config) -> _Server:
    if _SERVER not in config.stash:
        config.stash[_SERVER] = _Server(config)
    return config.stash[_SERVER]


def _words_for(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What configuration file and markers say, the nearest marker last."""
    words = _words_of(request.config)
    for marker in reversed(list(request.node.iter_markers("aktify"))):
        words |= _checked(marker)
    return words


def _words_of(config: pytest.Config) -> dict[str, Any]:
    """What the configuration file says."""
    return {
        "scenario": config.getini("aktify_scenario"),
        "profile": config.getini("aktify_profile") or None,
        "rulings": dict(map(_ruling, config.getini("aktify_rulings"))),
        "error_bodies": config.getini("aktify_error_bodies") or None,
        "shuffle": config.getini("aktify_shuffle") or None,
        "strict": config.getini("aktify_strict"),
    }


def _ruling(line: str) -> tuple[str, str]:
    name, equals, value = line.partition("=")
    if not equals:
        pytest.fail(
            f"aktify_rulings: found {line}; write NAME=VALUE, such as region-case=accept.", pytrace=False
        )
    return name.strip(), value.strip()


def _checked(marker: pytest.Mark) -> Mapping[str, Any]:
    if marker.args:
        pytest.fail(f"The marker aktify takes words only: {', '.join(_WORDS)}.", pytrace=False)
    for word in marker.kwargs:
        if word not in _WORDS:
            from aktify_sandbox.text import suggest

            meant = suggest(word, _WORDS, "did you mean {}? ")
            pytest.fail(
                f"The marker aktify doesn't know {word}; {meant}allowed: {', '.join(_WORDS)}.", pytrace=False
            )
    return marker.kwargs


def _refuse_lone_marker(item: pytest.Item) -> None:
    has_fixture = "aktify_sandbox" in getattr(item, "fixturenames", ()) or _USE in item.stash
    if not has_fixture and item.get_closest_marker("aktify"):
        pytest.fail(_LONE_MARKER, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """A defect of the sandbox, and what a strict test left over, fail the test and not its teardown."""
    _refuse_lone_marker(item)
    try:
        result = yield
    except BaseException:
        use = item.stash.get(_USE, None)
        if use:
            use.fails()
        raise
    use = item.stash.get(_USE, None)
    if use:
        use.check()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under a failure: what the sandbox saw."""
    report = yield
    if report.failed:
        failure = call.excinfo.value if call.excinfo else None
        use = item.stash.get(_USE, None)
        told = [use.report(failure)] if use else []
        if "aktify_sandbox_factory" in getattr(item, "fixturenames", ()):
            told += [each.report(failure) for each in _server_of(item.config).made if each.is_running]
        report.sections += [("Aktify sandbox", each) for each in told if each]
    return report
