"""`report`: whether the client that posted is ready."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from aktify_sandbox.cli.client import REPORT_SECONDS, Client, with_client
from aktify_sandbox.cli.files import atomic_output, output_option
from aktify_sandbox.cli.numbers import WholeNumber
from aktify_sandbox.cli.personal import show_option
from aktify_sandbox.cli.request_filters import request_filters
from aktify_sandbox.matching.words import OF_REPORTS
from aktify_sandbox.redaction import Personal
from aktify_sandbox.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aktify_sandbox.report.findings.rule import Level
    from aktify_sandbox.report.report import Report

_LEVELS = ("error", "warning", "note")


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "html", "junit", "github"]),
    help="Format; default: by the ending of --output, else text.",
)
@output_option
@click.option(
    "--fail-under",
    type=WholeNumber(0, 100),
    metavar="PERCENT",
    help="Exit with 1 if coverage is below PERCENT.",
)
@click.option(
    "--fail-on",
    type=click.Choice(_LEVELS),
    help="Exit with 1 if there is a finding of this level or above.",
)
@request_filters(*OF_REPORTS)
@show_option
@with_client
def report(
    form: str | None,
    output: Path,
    fail_under: int | None,
    fail_on: "Level | None",
    personal: Personal,
    client: Client,
    **wanted: Any,
) -> None:
    """Report whether the client that posted is ready.

    Says which clauses of the contract the recorded requests met, with a command for each missing one, and what the
    client does wrong, with the requests that prove it and the fix.

    Exit codes: 0, or 1 if --fail-under or --fail-on says so.

    \b
    Example:
      aktify-sandbox report --fail-under 80 --fail-on warning
      aktify-sandbox report --format html --output report.html
    """
    client.wait_longer(REPORT_SECONDS)
    found = cast("Report", client.get("/report", mask="no" if personal.whole else "yes", **wanted))
    from aktify_sandbox.report.formats import form_for

    with atomic_output(output) as out:
        out.write(_in_form(found, form or form_for(output), fail_under, fail_on).encode())
    failures = list(failures_in(found, fail_under, fail_on))
    for failure in failures:
        click.echo(failure, err=True)
    raise SystemExit(int(bool(failures)))


def _in_form(report: "Report", form: str, fail_under: int | None, fail_on: "Level | None") -> str:
    """The report in a format. JUnit fails what the exit code fails, and warnings without --fail-on."""
    if form == "junit":
        from aktify_sandbox.report.formats.junit import as_junit

        return as_junit(report, fail_on or "warning", fail_under)
    from aktify_sandbox.report.formats import FORMATS

    return FORMATS[form].write(report)


def failures_in(report: "Report", fail_under: int | None, fail_on: str | None) -> "Iterator[str]":
    """Why the report isn't good enough, in words."""
    percent = report["coverage"]["percent"]
    if fail_under is not None and percent < fail_under:
        yield f"Coverage is {percent} %, below --fail-under {fail_under}."
    if fail_on is not None:
        failing = _LEVELS[: _LEVELS.index(fail_on) + 1]
        found = [each["id"] for each in report["findings"] if each["level"] in failing]
        if found:
            yield f"--fail-on {fail_on}: {plural(len(found), 'finding')}: {', '.join(found)}."
