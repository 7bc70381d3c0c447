"""`python -m benchmarks COMMAND`, from the root of the repository: see benchmarks/README.md."""

from pathlib import Path

import click

from benchmarks import files as checking
from benchmarks import fixture as testing
from benchmarks import growth as growing
from benchmarks import pages as paging
from benchmarks import pauses as pausing
from benchmarks import profile as profiling
from benchmarks import proxied as proxying
from benchmarks import report as reporting
from benchmarks import results
from benchmarks import speed as racing
from benchmarks import startup as starting
from benchmarks.load import Load
from benchmarks.servers import ROOT

_file = click.Path(dir_okay=False, path_type=Path)
_to = click.option(
    "--to",
    type=_file,
    default=results.FILE,
    help="File whose section is replaced (default: benchmarks/RESULTS.md).",
)
_elsewhere = click.option("--to", type=_file, help="File whose section is replaced.")
_SCALE = 1_000_000
_scale = click.option(
    "--scale", default=_SCALE, show_default=True, type=click.IntRange(20_000), help="Leads and requests."
)


def _whole(scale: int) -> Path | None:
    """Where it belongs, if it is the whole; less is only printed."""
    return results.FILE if scale == _SCALE else None


@click.group()
def main() -> None:
    """Measure the sandbox; see benchmarks/README.md."""


@main.command()
@click.option("--rounds", default=7, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=1.0, show_default=True, help="Of load, each server in each round.")
@click.option("--only", default="", metavar="TEXT", help="Rows whose name contains it, only printed.")
@click.option("--quick", is_flag=True, help="One round of 200 requests each, only printed.")
@_elsewhere
def speed(rounds: int, seconds: float, only: str, quick: bool, to: Path | None) -> None:
    """CPU per request, by client and shape, beside a bare echo.

    A whole run replaces the section of benchmarks/RESULTS.md and the lines of the README.
    """
    plan = racing.Plan(1, 0, count=200, only=only) if quick else racing.Plan(rounds, seconds, only=only)
    whole = not (only or quick or to)
    racing.run(plan, results.FILE if whole else to, ROOT / "README.md" if whole else None)


@main.command()
@click.option("--quick", is_flag=True, help="At most 100,000 requests, only printed.")
@click.option("--most", type=click.IntRange(2_000), help="Stop at this many requests; prints only.")
@click.option("--repeats", default=11, show_default=True, type=click.IntRange(1), help="Stretches per count.")
@_elsewhere
def growth(quick: bool, most: int | None, repeats: int, to: Path | None) -> None:
    """Cost, memory and disk after up to 1,000,000 requests.

    A whole run replaces the section of benchmarks/RESULTS.md.
    """
    whole = not (quick or most or to)
    growing.run(growing.plan(quick=quick, most=most, repeats=repeats), results.FILE if whole else to)


@main.command()
@click.option("--starts", default=15, show_default=True, type=click.IntRange(1))
@_scale
@_elsewhere
def startup(starts: int, scale: int, to: Path | None) -> None:
    """How long `--help`, the first answer and the stop take; memory."""
    starting.run(starts, scale, to or _whole(scale))


@main.command()
@_scale
@click.option("--only", default="", metavar="TEXT", help="Operations whose name contains it, only printed.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
@_elsewhere
def pauses(scale: int, only: str, rounds: int, to: Path | None) -> None:
    """How long the event loop is blocked, by operation."""
    pausing.run(scale, only, rounds, to or (None if only else _whole(scale)))


@main.command()
@_scale
@click.option("--count", default=20, show_default=True, type=click.IntRange(1), help="Of each page.")
@_elsewhere
def pages(scale: int, count: int, to: Path | None) -> None:
    """How long a page of leads or requests takes, anywhere."""
    paging.run(scale, count, to or _whole(scale))


@main.command()
@click.option(
    "--scale", default=_SCALE, show_default=True, type=click.IntRange(1_000), help="Requests in the journal."
)
@click.option("--runs", default=3, show_default=True, type=click.IntRange(1))
@_elsewhere
def report(scale: int, runs: int, to: Path | None) -> None:
    """The report on a million requests: seconds, memory, event loop."""
    reporting.run(scale, runs, to or _whole(scale))


@main.command()
@click.option("--rows", default=100_000, show_default=True, type=click.IntRange(10))
@click.option("--runs", default=5, show_default=True, type=click.IntRange(1))
@_to
def files(rows: int, runs: int, to: Path) -> None:
    """The cost of `check` on a large file of leads."""
    checking.run(rows, runs, to)


@main.command()
@click.option("--runs", default=9, show_default=True, type=click.IntRange(1))
@click.option("--tests", default=300, show_default=True, type=click.IntRange(2), help="In each run.")
@_to
def fixture(runs: int, tests: int, to: Path) -> None:
    """The cost of the pytest plugin: unused, first use, each test, end."""
    testing.run(runs, tests, to)


@main.command()
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=2.0, show_default=True, help="Of load, each setup in each round.")
@click.option("--only", default="", metavar="TEXT", help="Clients whose name contains it, only printed.")
@click.option("--quick", is_flag=True, help="One round of 200 requests each, only printed.")
@_elsewhere
def proxied(rounds: int, seconds: float, only: str, quick: bool, to: Path | None) -> None:
    """One process alone, one and four behind HAProxy: rate and CPU.

    A whole run replaces the section of benchmarks/RESULTS.md.
    """
    load = Load(count=50) if quick else Load(seconds=seconds)
    proxying.run(1 if quick else rounds, load, only, to or (None if quick or only else results.FILE))


@main.command()
@click.option("--row", default="same four headers", show_default=True, help="Row of `speed`, by its name.")
@click.option("--count", default=50_000, show_default=True, type=click.IntRange(1), help="Of requests.")
@_to
def profile(row: str, count: int, to: Path) -> None:
    """Where the time of a request goes, by function (cProfile)."""
    profiling.run(racing.matching(row)[0], count, to)


if __name__ == "__main__":
    main()
