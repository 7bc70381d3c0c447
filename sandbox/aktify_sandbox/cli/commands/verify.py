"""`verify`: expectations held against the record."""

import time
from pathlib import Path
from typing import Any

import click

from aktify_sandbox.cli.client import Client, Seconds, as_json, with_client
from aktify_sandbox.cli.expectations import WrittenExpectation, expectations_in, lines_of, verify_all
from aktify_sandbox.cli.files import check_writable
from aktify_sandbox.cli.numbers import WholeNumber
from aktify_sandbox.cli.output import print_json
from aktify_sandbox.cli.personal import IS_MASKED, masked_unless_asked, of_reports
from aktify_sandbox.cli.request_filters import request_filters
from aktify_sandbox.errors import FilterError
from aktify_sandbox.redaction import Personal

_WORDS = ("phone", "status", "key", "campaign", "since", "after")


def _files(_: click.Context, __: click.Parameter, files: tuple[Path, ...]) -> tuple[Path, ...]:
    """Refuse a condition in a file's place."""
    for file in files:
        if "=" in file.name and not file.exists():
            raise click.UsageError(f"There is no file {file}. Fix: for a condition, write --where {file}")
    return files


@click.command()
@click.argument(
    "files", nargs=-1, metavar="[FILE…]", type=click.Path(path_type=Path, allow_dash=False), callback=_files
)
@click.option("--phone", metavar="NUMBER", help="Phone number of the lead, in any format.")
@request_filters("status", "key", "campaign", "since", "after", "where")
@click.option("--count", type=WholeNumber(0), metavar="N", help="Expect exactly N requests.")
@click.option(
    "--at-least", type=WholeNumber(0), metavar="N", help="Expect at least N requests  [default: 1]."
)
@click.option("--at-most", type=WholeNumber(0), metavar="N", help="Expect at most N requests.")
@click.option(
    "--timeout",
    type=Seconds(0, 600),
    default=0,
    metavar="SECONDS",
    help="Wait this long for the expectation to be met.",
)
@click.option(
    "--junit",
    "junit_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the results as JUnit XML.",
)
@as_json
@masked_unless_asked
@with_client
def verify(
    files: tuple[Path, ...],
    timeout: float,
    junit_file: Path | None,
    in_json: bool,
    personal: Personal,
    client: Client,
    **given: Any,
) -> None:
    """Check recorded requests against expectations.

    Give expectations in files (see `aktify-sandbox schema expectations`), or one by flags. If an expectation isn't met,
    shows the nearest misses and returns exit code 1.

    \b
    Example:
      aktify-sandbox verify expectations.yaml
      aktify-sandbox verify --phone "(509) 555-1234" --status 201 --where region=CA --count 1
    """
    expected = [*expectations_in(files), *_by_flags(given)]
    if not expected:
        raise click.UsageError("No expectation given. Fix: give a FILE, or flags such as --count 1.")
    if junit_file:
        check_writable(junit_file, "--junit")
    started = time.monotonic()
    results = verify_all(client, expected, seconds=timeout)
    if junit_file:
        from aktify_sandbox.cli import junit

        shown = [result.shown(of_reports()) for result in results]
        junit.write(junit_file, shown, time.monotonic() - started)
    ok = all(result.ok for result in results)
    if in_json:
        print_json(personal.document({"ok": ok, "results": [result.content for result in results]}))
    else:
        shown = [result.shown(personal) for result in results]
        for each in shown:
            click.echo("\n".join(lines_of(each)))
        if any(each.text != whole.text for each, whole in zip(shown, results, strict=True)):
            click.echo(IS_MASKED, err=True)
    raise SystemExit(int(not ok))


def _by_flags(given: dict[str, Any]) -> list[WrittenExpectation]:
    """The expectation that the flags describe, if there are any."""
    where: dict[str, Any] = {word: given[word] for word in _WORDS if given[word] is not None}
    if "status" in where:
        where["status"] = [part.strip() for part in where["status"].split(",")]
    if given["where"]:
        from aktify_sandbox.matching.expectation_file import conditions_of

        try:
            where = conditions_of(given["where"], **where)
        except FilterError as error:
            raise click.UsageError(f"--where {error}") from None
    count = _count(given)
    content = ({"where": where} if where else {}) | ({} if count is None else {"count": count})
    return [WrittenExpectation(content)] if content else []


def _count(given: dict[str, Any]) -> Any:
    exactly, least, most = given["count"], given["at_least"], given["at_most"]
    if exactly is not None:
        if least is not None or most is not None:
            raise click.UsageError(
                "--count can't be combined with --at-least or --at-most. Fix: leave them out."
            )
        return exactly
    words = {"atLeast": least, "atMost": most}
    return {word: number for word, number in words.items() if number is not None} or None
