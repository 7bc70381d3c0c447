"""`exec`: a sandbox for as long as a command runs."""

import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aktify_sandbox.cli.assertions import Assertion, parse_assertion
from aktify_sandbox.cli.client import REPORT_SECONDS, Client
from aktify_sandbox.cli.expectations import VerifyResult, WrittenExpectation, expectations_in, lines_of
from aktify_sandbox.cli.files import check_writable
from aktify_sandbox.cli.settings_options import gather, settings_options
from aktify_sandbox.cli.target import Target
from aktify_sandbox.errors import (
    CommandError,
    ComparisonError,
    FilterError,
    InputError,
    SandboxDied,
    UserError,
)
from aktify_sandbox.journal.summary import BEFORE_ALL
from aktify_sandbox.settings import Settings, fields_for_flags

if TYPE_CHECKING:
    from aktify_sandbox.cli.run_report import Masking, Traffic
    from aktify_sandbox.server.thread import ServerThread

_NOT_HERE = ("open", "log_format", "ready_file")
_OPTIONS = tuple(flag.field for flag in fields_for_flags() if flag.field not in _NOT_HERE)


@click.command("exec", context_settings={"allow_interspersed_args": False})
@settings_options(*_OPTIONS, port="a free one", state="in memory")
@click.option(
    "--verify",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Check the expectations in FILE at the end; repeatable.",
)
@click.option(
    "--expect",
    "texts",
    multiple=True,
    metavar="'leads == 3'",
    help="Assert a count, e.g. 'leads == 3'; repeatable.",
)
@click.option("--require-requests", is_flag=True, help="Fail if no request arrives.")
@click.option(
    "--junit",
    "junit_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the results of the expectations as JUnit XML.",
)
@click.option(
    "--report",
    "report_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a report on the client: .html, .json, .xml or text.",
)
@click.argument("command", nargs=-1, required=True, metavar="-- COMMAND…")
def exec_(
    command: tuple[str, ...],
    files: tuple[Path, ...],
    texts: tuple[str, ...],
    require_requests: bool,
    junit_file: Path | None,
    report_file: Path | None,
    **flags: Any,
) -> None:
    """Run a command against a temporary sandbox.

    The sandbox takes a free port and stays in memory, unless --port or --state is given. The command gets
    AKTIFY_BASE_URL, AKTIFY_API_KEY and AKTIFY_SANDBOX_URL, and NO_PROXY exempts the sandbox from any proxy.

    Returns the exit code of the command, or 1 if the command succeeds and an expectation fails. If the command fails,
    prints the requests that the sandbox received. Warns if none arrived. In a GitHub job, adds a table to its summary.

    \b
    Example:
      aktify-sandbox exec -- npm test
      aktify-sandbox exec --scenario flaky --expect 'leads == 3' -- bash import.sh
    """
    settings, notices = gather(flags, for_command=True)
    expectations = expectations_in(files)
    _check_moments(expectations)
    expected: list[WrittenExpectation | Assertion] = [*expectations, *_assertions(texts)]
    if require_requests:
        expected += _assertions(["requests > 0"])
    if junit_file:
        check_writable(junit_file, "--junit")
    if report_file:
        check_writable(report_file, "--report")
    sys.exit(_Run(settings, command, expected, junit_file, report_file).run(notices))


def _check_moments(expectations: Sequence[WrittenExpectation]) -> None:
    """Check times early: otherwise the sandbox would refuse them only after the command has run."""
    from aktify_sandbox.history.filters import Filters

    for each in expectations:
        for step in each.content.get("order", [each.content.get("where", {})]):
            try:
                Filters.of({"since": step.get("since", "")})
            except FilterError as error:
                raise click.UsageError(str(error)) from None


def _assertions(texts: Sequence[str]) -> list[Assertion]:

    try:
        return [parse_assertion(text) for text in texts]
    except ComparisonError as error:
        raise click.UsageError(f"--expect: {error}") from None


class _Run:
    """One command and its sandbox."""

    def __init__(
        self,
        settings: Settings,
        command: Sequence[str],
        expected: Sequence[WrittenExpectation | Assertion],
        junit_file: Path | None,
        report_file: Path | None,
    ) -> None:
        self._settings = settings
        self._command = command
        self._expected = expected
        self._junit_file = junit_file
        self._report_file = report_file

    def run(self, notices: list[str]) -> int:
        """Returns the exit code."""
        from aktify_sandbox.cli.child_process import ForwardedSignals
        from aktify_sandbox.server.output import background_output, say
        from aktify_sandbox.server.thread import ServerThread

        signals = ForwardedSignals()
        try:
            with signals.blocked(), background_output("stderr"), ServerThread(self._settings) as thread:
                for notice in [*notices, *thread.notices]:
                    say(notice)
                return self._run(thread, signals)
        except InputError as error:
            raise click.UsageError(str(error)) from None
        except CommandError as error:
            click.ClickException(str(error)).show()
            return error.code
        except UserError as error:
            raise click.ClickException(str(error)) from None

    def _run(self, thread: "ServerThread", signals: Any) -> int:
        from aktify_sandbox.campaigns import secrets_in
        from aktify_sandbox.cli import child_process, run_report
        from aktify_sandbox.contract.examples import IN_HINTS
        from aktify_sandbox.redaction import Personal, Redaction

        client = Client(Target(thread.url, "exec"), self._settings.token)
        newest = client.get("/requests", limit=1)["requests"]
        after = newest[0]["id"] if newest else BEFORE_ALL
        started = time.monotonic()
        code = child_process.run(self._command, thread.environment_for_command(), signals)
        try:
            thread.check()
        except SandboxDied as error:
            click.ClickException(str(error)).show()
            return code or 1
        trouble = client.get("/status")["trouble"]
        if trouble:  # what it saw is no longer all that was sent
            click.ClickException(f"{trouble} Later requests got a 503 and weren't recorded.").show()
            return code or 1
        personal = Personal(self._settings.show_pii, IN_HINTS)
        masking = run_report.Masking(personal, Redaction(secrets_in(self._settings)))
        results = [masking.result(each.verify(client, after)) for each in self._expected]
        traffic, took = run_report.traffic_after(client, after), time.monotonic() - started
        self._say(code, results, traffic, client, masking)
        self._sum_up(code, results, traffic, masking)
        is_written = self._write(results, took)
        is_reported = self._report(client, after)
        return code or int(not is_written or not is_reported or not all(result.ok for result in results))

    def _write(self, results: list[VerifyResult], seconds: float) -> bool:
        """As JUnit XML, if that is asked for."""
        from aktify_sandbox.cli import junit

        try:
            if self._junit_file:
                junit.write(self._junit_file, results, seconds)
        except click.ClickException as error:  # what the command came to matters more
            error.show()
            return False
        return True

    def _report(self, client: Client, after: str) -> bool:
        """Write the report on the client, if that is asked for."""
        if not self._report_file:
            return True
        from aktify_sandbox.report.formats import in_one_line, write_file

        file = self._report_file
        client.wait_longer(REPORT_SECONDS)
        mask = "no" if self._settings.show_pii else "yes"
        report = client.get("/report", after=after, ended="yes", mask=mask)
        try:
            write_file(file, report)
        except OSError as error:  # what the command came to matters more
            click.ClickException(f"--report {file} can't be written: {error.strerror}.").show()
            return False
        if not self._settings.quiet:
            click.echo(f"aktify-sandbox: {in_one_line(report)}: {file}", err=True)
        return True

    def _say(
        self, code: int, results: list[VerifyResult], traffic: "Traffic", client: Client, masking: "Masking"
    ) -> None:
        """Print to standard error: standard output belongs to the command."""
        from aktify_sandbox.cli import run_report

        failed = code != 0 or not all(result.ok for result in results)
        missed = not traffic.requests and not self._is_none_right(results)
        if missed:
            _warn(run_report.nothing_arrived(client.url))
        if self._settings.quiet and not failed:
            return
        if code:
            click.echo(f"aktify-sandbox: the command ended with exit code {code}.", err=True)
        if not missed:
            click.echo(f"aktify-sandbox: {traffic.counted}", err=True)
        for result in results:
            for line in lines_of(result):
                click.echo(f"  {line}", err=True)
        if failed and traffic.requests:
            click.echo("", err=True)
            for line in run_report.terminal_lines(traffic, client, masking):
                click.echo(line, err=True)

    def _is_none_right(self, results: list[VerifyResult]) -> bool:
        """Whether an expectation about a number of requests isn't met because there are none."""
        return any(
            result.ok and isinstance(each, Assertion) and each.subject == "requests"
            for each, result in zip(self._expected, results, strict=True)
        )

    def _sum_up(self, code: int, results: list[VerifyResult], traffic: "Traffic", masking: "Masking") -> None:
        """Into the summary of a GitHub job, if this is one."""
        from aktify_sandbox.cli.run_report import markdown

        file = os.environ.get("GITHUB_STEP_SUMMARY")
        if not file:
            return
        text = markdown(traffic, results, masking, shlex.join(self._command), code)
        try:
            with open(file, "a", encoding="utf-8") as summary:
                summary.write(text)
        except OSError as error:  # the command's outcome matters more
            click.echo(f"aktify-sandbox: {file} can't be written: {error.strerror}.", err=True)


def _warn(text: str) -> None:
    """Print to standard error, and as an annotation in a GitHub job."""
    is_github = os.environ.get("GITHUB_ACTIONS") == "true"
    click.echo(f"{'::warning title=aktify-sandbox::' if is_github else 'aktify-sandbox: '}{text}", err=True)
