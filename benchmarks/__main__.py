"""`python -m benchmarks speed|viewers|growth|startup|files|fixture|profile|page`, from the root of the repository."""

from pathlib import Path

import click

from benchmarks import files as checking
from benchmarks import fixture as testing
from benchmarks import growth as growing
from benchmarks import page as showing
from benchmarks import profiling, results, viewing
from benchmarks import speed as racing
from benchmarks import startup as starting

_to = click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    default=results.FILE,
    help="File whose section is replaced (default: benchmarks/RESULTS.md).",
)


@click.group()
def main() -> None:
    """Measure the sandbox; see benchmarks/README.md."""


@main.command()
@click.option("--rounds", default=7, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=5.0, show_default=True, help="Of load, each server in each round.")
@_to
def speed(rounds: int, seconds: float, to: Path) -> None:
    """CPU per request, requests per second and latency, beside bare Starlette."""
    racing.run(racing.Plan(rounds, seconds), to)


@main.command()
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=5.0, show_default=True, help="Of load, each kind in each round.")
@_to
def viewers(rounds: int, seconds: float, to: Path) -> None:
    """The endpoint under load while fifty viewers look at the stream."""
    viewing.run(viewing.Plan(rounds, seconds), to)


@main.command()
@click.option("--quick", is_flag=True, help="At most 100,000 requests, in a section of its own.")
@click.option("--most", type=click.IntRange(2_000), help="At most so many requests, the quick form.")
@click.option(
    "--repeats", default=5, show_default=True, type=click.IntRange(1), help="Stretches at each count."
)
@_to
def growth(quick: bool, most: int | None, repeats: int, to: Path) -> None:
    """Cost, memory and start-up after 1,000, 100,000 and 1,000,000 requests."""
    growing.run(growing.plan(quick=quick, most=most, repeats=repeats), to)


@main.command()
@click.option("--starts", default=15, show_default=True, type=click.IntRange(1))
@click.option("--leads", default=100_000, show_default=True, type=click.IntRange(1))
@_to
def startup(starts: int, leads: int, to: Path) -> None:
    """How long `--help` and the first answer take."""
    starting.run(starting.Plan(starts, leads), to)


@main.command()
@click.option("--loads", default=15, show_default=True, type=click.IntRange(1))
@click.option("--posts", default=60, show_default=True, type=click.IntRange(1))
@_to
def page(loads: int, posts: int, to: Path) -> None:
    """The inspector in Chromium: first paint, how soon a request is seen, weight."""
    showing.run(showing.Plan(loads, posts), to)


@main.command()
@click.option("--rows", default=100_000, show_default=True, type=click.IntRange(10))
@click.option("--runs", default=5, show_default=True, type=click.IntRange(1))
@_to
def files(rows: int, runs: int, to: Path) -> None:
    """What `check` costs on a large file of leads."""
    checking.run(checking.Plan(rows, runs), to)


@main.command()
@click.option("--runs", default=9, show_default=True, type=click.IntRange(1))
@click.option("--tests", default=300, show_default=True, type=click.IntRange(2), help="In each run.")
@_to
def fixture(runs: int, tests: int, to: Path) -> None:
    """What the pytest plugin costs: unused, at first use, per test, at the end."""
    testing.run(testing.Plan(runs, tests), to)


@main.command()
@click.option("--seconds", default=10.0, show_default=True, help="Of load.")
@_to
def profile(seconds: float, to: Path) -> None:
    """Where the time of a request goes, by function."""
    profiling.run(seconds, to)


if __name__ == "__main__":
    main()
