"""`verify`: expectations held against the record."""

import time
from pathlib import Path
from typing import Any

import click

from aktify_sandbox.cli.client import Client, Seconds, as_json, with_client
from aktify_sandbox.cli.expectations import Expectation, expectations_in, lines_of, verify_all
from aktify_sandbox.cli.files import check_writable
from aktify_sandbox.cli.output import print_json
from aktify_sandbox.cli.request_filters import request_filters
from aktify_sandbox.errors import FilterError

_WORDS = ("phone", "status", "key", "campaign", "since", "after")


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE…]", type=click.Path(path_type=Path, allow_dash=False))
@click.option("--phone", metavar="NUMBER", help="The lead's number, in any spelling.")
@request_filters
@click.option("--after", metavar="ID", help="Only requests newer than this one.")
@click.option("--count", type=click.IntRange(0), metavar="N", help="So many exactly.")
@click.option("--at-least", type=click.IntRange(0), metavar="N", help="So many or more  [default: 1].")
@click.option("--at-most", type=click.IntRange(0), metavar="N", help="So many or fewer.")
@click.option(
    "--timeout",
    type=Seconds(0, 600),
    default=0,
    metavar="SECONDS",
    help="How long to wait for it to come true.",
)
@click.option(
    "--junit", "junit_file", metavar="FILE", type=click.Path(path_type=Path), help="Write it as JUnit XML."
)
@as_json
@with_client
def verify(
    files: tuple[Path, ...],
    timeout: float,
    junit_file: Path | None,
    in_json: bool,
    client: Client,
    **given: Any,
) -> None:
    """Check that what was sent is what was expected.

    If it isn't, the exit code is 1 and the nearest misses are shown. Expectations stand in files (`aktify-sandbox
    schema expectations` describes them), or one is given by flags.

    \b
    Example:
      aktify-sandbox verify expectations.yaml
      aktify-sandbox verify --phone "(509) 555-1234" --status 201 --where region=CA --count 1
    """
    expected = [*expectations_in(files), *_by_flags(given)]
    if not expected:
        raise click.UsageError(
            "Give a FILE of expectations, or say with flags what is expected, such as --count 1."
        )
    if junit_file:
        check_writable(junit_file, "--junit")
    started = time.monotonic()
    results = verify_all(client, expected, seconds=timeout)
    if junit_file:
        from aktify_sandbox.cli import junit

        junit.write(junit_file, results, time.monotonic() - started)
    ok = all(result.ok for result in results)
    if in_json:
        print_json({"ok": ok, "results": [result.content for result in results]})
    else:
        for result in results:
            click.echo("\n".join(lines_of(result)))
    raise SystemExit(int(not ok))


def _by_flags(given: dict[str, Any]) -> list[Expectation]:
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
    return [Expectation(content)] if content else []


def _count(given: dict[str, Any]) -> Any:
    exactly, least, most = given["count"], given["at_least"], given["at_most"]
    if exactly is not None:
        if least is not None or most is not None:
            raise click.UsageError("--count leaves nothing open: leave out --at-least and --at-most.")
        return exactly
    words = {"atLeast": least, "atMost": most}
    return {word: number for word, number in words.items() if number is not None} or None
