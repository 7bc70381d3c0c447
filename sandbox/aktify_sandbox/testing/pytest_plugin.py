"""The pytest plugin: the fixture `aktify_sandbox`, the marker `aktify`, and what a failing test's report says.

It is loaded in every test run of those who have the package installed, so it imports nothing but pytest until a test
asks for the fixture.
"""

import contextlib
import json
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from aktify_sandbox.client.messages import AdminClient
    from aktify_sandbox.errors import SandboxError
    from aktify_sandbox.report.report import Report
    from aktify_sandbox.testing.sandbox import Sandbox

_WORDS = ("scenario", "profile", "rulings", "error_bodies", "shuffle", "strict")
_VARIABLE = "AKTIFY_SANDBOX_URL"
_TOKEN = "AKTIFY_SANDBOX_TOKEN"  # noqa: S105  the name of a variable
_REPORT = "aktify_report"
_NO_REPORT = "aktify_no_report"
"""What a worker's report is called on its way."""
_MARKER = (
    "aktify(scenario=…, profile=…, rulings={…}, error_bodies=…, shuffle=…, strict=…): configure the test's "
    "aktify_sandbox; scenario takes a name or a list of names."
)

_LONE_MARKER = (
    "@pytest.mark.aktify has no effect without the fixture aktify_sandbox. Fix: add aktify_sandbox to the "
    'test\'s arguments, or @pytest.mark.usefixtures("aktify_sandbox").'
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, and their lines in pytest's configuration file."""
    group = parser.getgroup("aktify-sandbox")
    group.addoption(
        "--aktify-sandbox-url",
        metavar="URL",
        help=f"use the sandbox running at this URL (also: {_VARIABLE}); default: start one",
    )
    parser.addini("aktify_sandbox_url", "use the sandbox running at this URL; default: start one")
    parser.addini("aktify_scenario", "names of the scenarios that are active in every test", type="args")
    parser.addini("aktify_profile", "profile of every test: lenient, default or strict")
    parser.addini("aktify_rulings", "rulings of every test, one NAME=VALUE per line", type="linelist")
    parser.addini("aktify_error_bodies", "shape of 4xx bodies: detailed, empty, text, html or rotate")
    parser.addini(
        "aktify_shuffle",
        "return the fields of each 201 in another order, with an unknown one added",
        type="bool",
    )
    group.addoption(
        "--aktify-report",
        metavar="FILE",
        help="write a report on the client: .html, .json, .xml (JUnit) or text",
    )
    group.addoption(
        "--aktify-summary",
        action="store_true",
        help="say in one line at the end what the report says",
    )
    parser.addini("aktify_report", "write a report on the client to this file, from this file's folder")
    parser.addini(
        "aktify_summary", "say in one line at the end what the report says", type="bool", default=False
    )
    parser.addini("aktify_strict", "make every test strict", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Adds the marker, and skips assertion rewriting in our modules, which pytest would compile again."""
    config.addinivalue_line("markers", _MARKER)
    config.pluginmanager.register(_Setup(), "aktify-sandbox-setup")
    file = _report_file(config)
    if file and (file.is_dir() or not file.parent.is_dir()):
        raise pytest.UsageError(
            f"--aktify-report {file} can't be written: it is a folder, or its folder doesn't exist. "
            "Fix: name a file in an existing folder."
        )
    if file or config.getoption("--aktify-summary") or config.getini("aktify_summary"):
        config.pluginmanager.register(_Reporting(file), "aktify-sandbox-report")
    marked = getattr(getattr(config.pluginmanager, "rewrite_hook", None), "_must_rewrite", None)
    if isinstance(
        marked, set
    ):  # it is pytest's own affair: where it is otherwise, the first use takes longer
        marked.discard("aktify_sandbox")


def _report_file(config: pytest.Config) -> Path | None:
    """Where the report is written; None if it isn't."""
    given, set_in_file = config.getoption("--aktify-report"), config.getini("aktify_report")
    if given:
        return Path(config.invocation_params.dir, given)
    folder = config.inipath.parent if config.inipath else config.rootpath
    return Path(folder, set_in_file) if set_in_file else None


class _Reporting:
    """The report on the client over all tests, and over all workers of pytest-xdist."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._reports: list[Report] = []
        self._line = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Look at the requests while the sandbox still runs. A worker hands its report over."""
        from aktify_sandbox.errors import SandboxError

        server = session.config.stash.get(_SERVER, None)
        output = getattr(session.config, "workeroutput", None)
        try:
            found = server.report() if server else None
        except SandboxError as error:
            self._line = f"no report: {error}"
            if output is not None:
                output[_NO_REPORT] = self._line
            return
        if found is None:
            return
        if output is None:
            self._reports.append(found)
        else:
            output[_REPORT] = json.dumps(found)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker hands over."""
        output = getattr(node, "workeroutput", {})
        self._line = output.get(_NO_REPORT) or self._line
        if report := output.get(_REPORT):
            self._reports.append(json.loads(report))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Write the file, and say in one line what the report says."""
        from aktify_sandbox.report.formats import in_one_line, write_file
        from aktify_sandbox.report.merging import merged
        from aktify_sandbox.report.report import report_of

        found = merged([*self._reports, report_of([])])
        line = self._line or in_one_line(found)
        if self._file and not self._line:  # else a report from before stays
            try:
                write_file(self._file, found)
                line += f": {self._file}"
            except OSError as error:
                line += f"; {self._file} can't be written: {error.strerror}"
        terminalreporter.write_line(f"aktify-sandbox: {line}")


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
    return f"aktify-sandbox: {url} (from {source})" if url else "aktify-sandbox: started for this test run"


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Import the sandbox before a test replaces what it is made of (files, clock, threads), if any test uses it."""
    if not session.config.option.collectonly and any(map(_uses_it, session.items)):
        import aktify_sandbox.testing.sandbox  # noqa: F401  for its effect


class _Setup:
    """Registered last: its hook runs before those of plugins that patch things, and after pytest's skips."""

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Refuse a marker without the fixture: it would do nothing, and the test might post to Aktify."""
        fixtures = getattr(item, "fixturenames", ())
        if "request" not in fixtures:  # what has it may still ask for the fixture by name
            _refuse_lone_marker(item)
        if _uses_it(item):
            _server_of(item.config).begin()


def _uses_it(item: pytest.Item) -> bool:
    return not {"aktify_sandbox", "aktify_sandbox_factory"}.isdisjoint(getattr(item, "fixturenames", ()))


class _Server:
    """The server that the tests of a process share: started at first use, or running already."""

    def __init__(self, config: pytest.Config) -> None:
        self._running, self._source = _sandbox_elsewhere(config)
        # a scenario in the configuration file is found from wherever pytest is called
        ini = [config.inipath.parent] if config.inipath else []
        self._folders = [*ini, config.rootpath, config.invocation_params.dir]
        self._client: AdminClient | None = None
        self._failure: SandboxError | None = None
        self.made: list[Sandbox] = []
        """By the factory."""
        self.used: list[tuple[str, Sandbox]] = []
        """By tests, each with its name."""

    def begin(self) -> None:
        """Start it; the fixture reports what keeps it from starting."""
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
        """What to do about an external sandbox that doesn't answer; empty for one that the tests started."""
        if not self._running:
            return ""
        do = "unset" if self._source == _VARIABLE else "leave out"
        return f"{self._source} is {self._running}; {do} it to let the tests start their own sandbox."

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

    def report(self) -> "Report | None":
        """The report on what the tests sent; None if none used the sandbox. Raises `SandboxError`."""
        if self._client is None:
            return None
        from aktify_sandbox.errors import SandboxMistake
        from aktify_sandbox.testing.client_report import Use, report_on

        uses = []
        for name, sandbox in [*self.used, *(("", each) for each in self.made)]:
            with contextlib.suppress(SandboxMistake):  # one that was never started
                uses.append(Use(name, sandbox.campaign, sandbox.after))
        return report_on(self._client, uses)

    def stop(self) -> None:
        """Stop it. If it has died, the test that noticed has reported that already."""
        if self._client is None:
            return
        from aktify_sandbox.client.local import LocalClient
        from aktify_sandbox.errors import SandboxDied

        client, self._client = self._client, None
        self.used.clear()
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
        """Fail the test for problems of its sandbox, once."""
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
        """The test has failed, so further problems aren't reported."""
        self._strict = False

    def report(self, failure: BaseException | None) -> str:
        """The requests that the failure doesn't show itself, or why they can't be shown."""
        from aktify_sandbox.errors import SandboxError

        try:
            told = self.sandbox.report(failure)
            if self.sandbox.saw_nothing and not self._is_misused(failure):
                told = "\n".join([*([told] if told else []), *self._why_nothing_came()])
            return told
        except SandboxError as error:
            return str(error)

    def _is_misused(self, failure: BaseException | None) -> bool:
        """Whether the test uses its sandbox in a wrong way: then the requests don't matter."""
        from aktify_sandbox.errors import SandboxMistake

        return isinstance(failure, SandboxMistake) or (
            isinstance(failure, AttributeError) and failure.obj is self.sandbox
        )

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
                "Likely cause: the code didn't post, or AKTIFY_BASE_URL and AKTIFY_API_KEY were read when a module "
                "was imported, before the fixture set them. Fix: read them when the code posts, "
                "or pass it aktify_sandbox.url and aktify_sandbox.api_key."
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
    """A `Sandbox` with a campaign and a key of the test's own. AKTIFY_BASE_URL and AKTIFY_API_KEY are set to it."""
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
    server.used.append((request.node.nodeid, sandbox))
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
    """A function that makes sandboxes for fixtures of a wider scope. It takes what the marker takes; use `with`."""
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
    """The values from configuration file and markers; the nearest marker comes last."""
    words = _words_of(request.config)
    for marker in reversed(list(request.node.iter_markers("aktify"))):
        words |= _checked(marker)
    return words


def _words_of(config: pytest.Config) -> dict[str, Any]:
    """The values from the configuration file."""
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
            f"aktify_rulings: “{line}” isn't NAME=VALUE. Fix: write it like region-case=accept.",
            pytrace=False,
        )
    return name.strip(), value.strip()


def _checked(marker: pytest.Mark) -> Mapping[str, Any]:
    if marker.args:
        pytest.fail(
            f"@pytest.mark.aktify takes keyword arguments only: {', '.join(_WORDS)}. "
            f"Fix: name the argument, e.g. scenario={marker.args[0]!r}.",
            pytrace=False,
        )
    for word in marker.kwargs:
        if word not in _WORDS:
            from aktify_sandbox.text import suggest

            pytest.fail(
                f"@pytest.mark.aktify has no argument {word}. {suggest(word, _WORDS)}"
                f"Choose from: {', '.join(_WORDS)}.",
                pytrace=False,
            )
    strict = marker.kwargs.get("strict", False)
    if not isinstance(strict, bool):
        pytest.fail(f"strict={strict!r} must be True or False.", pytrace=False)
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
    """Adds the sandbox's report to a failure."""
    report = yield
    if report.failed:
        failure = call.excinfo.value if call.excinfo else None
        use = item.stash.get(_USE, None)
        told = [use.report(failure)] if use else []
        if "aktify_sandbox_factory" in getattr(item, "fixturenames", ()):
            told += [each.report(failure) for each in _server_of(item.config).made if each.is_running]
        report.sections += [("Aktify sandbox", each) for each in told if each]
    return report
