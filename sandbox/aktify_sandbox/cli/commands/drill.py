"""`drill`: a client's own command goes through a course of outages."""

import contextlib
import dataclasses
import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from aktify_sandbox.atomic_write import readable_to_all, replaced
from aktify_sandbox.cli.client import Seconds
from aktify_sandbox.cli.files import check_writable
from aktify_sandbox.cli.settings_options import gather, settings_options
from aktify_sandbox.errors import CommandError, InputError, UserError
from aktify_sandbox.text import suggest

if TYPE_CHECKING:
    from aktify_sandbox.cli.drill_course import Course
    from aktify_sandbox.drill.result import DrillResult
    from aktify_sandbox.drill.stations import Station

_LIMIT = 60.0
_INTERRUPTED = 130


def station_names(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """Complete a station."""
    from aktify_sandbox.drill.stations import STATIONS

    return [name for name in STATIONS if name.startswith(begun)]


@click.command(context_settings={"allow_interspersed_args": False})
@click.option(
    "--only",
    multiple=True,
    metavar="STATION",
    shell_complete=station_names,
    help="Run this station and the ordinary one; repeatable.",
)
@click.option(
    "--skip",
    multiple=True,
    metavar="STATION",
    shell_complete=station_names,
    help="Skip a station; repeatable.",
)
@click.option(
    "--timeout",
    "seconds",
    type=Seconds(min=0, min_open=True),
    default=_LIMIT,
    show_default=True,
    metavar="SECONDS",
    help="Stop a run of the command after this time.",
)
@click.option(
    "--json",
    "json_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the result as JSON, e.g. for a ticket.",
)
@settings_options("config", "show_pii")
@click.argument("command", nargs=-1, required=True, metavar="-- COMMAND…")
def drill(
    command: tuple[str, ...],
    only: tuple[str, ...],
    skip: tuple[str, ...],
    seconds: float,
    json_file: Path | None,
    **flags: Any,
) -> None:
    """Run your client through a course of outages.

    Runs the command once per station: ordinary, duplicate, outage, rate-limit, lost-answer, reset, slow, malformed,
    html-page, key-revoked. Says for each what the client did and what it should have done, and which leads were lost
    or sent twice. Stations that need two kinds of trouble run the command twice. The ordinary station always runs: the
    others are compared with it.

    Each run gets a fresh sandbox in memory and the variables that `exec` sets. The client's own state is not reset: if
    it remembers on disk which leads it has sent, delete that at the start of COMMAND.

    Exit codes: 1 if a station fails, 2 for wrong usage, 126 or 127 if COMMAND can't be run, 130 if interrupted. A
    drill that ends early still prints and writes what it has done.

    \b
    Example:
      aktify-sandbox drill -- python import_leads.py leads.csv
      aktify-sandbox drill --only outage --json drill.json -- npm run import
    """
    stations = _chosen(only, skip)
    if json_file:
        check_writable(json_file, "--json")
    settings, notices = gather(flags, for_command=True)
    for notice in notices:
        click.echo(f"aktify-sandbox: {notice}", err=True)
    from aktify_sandbox.campaigns import secrets_in
    from aktify_sandbox.cli.drill_course import Course
    from aktify_sandbox.redaction import Personal, Redaction

    personal = Personal(settings.show_pii)
    course = Course(
        command,
        dataclasses.replace(
            settings,
            port=0,
            in_memory=True,
            from_state=None,
            keep=None,
            campaigns=tuple(dataclasses.replace(each, scenarios=None) for each in settings.campaigns),
        ),
        stations,
        seconds,
        personal,
        Redaction(secrets_in(settings)),
    )
    try:
        code = _run(course, len(stations), personal.text, json_file)
    except InputError as error:
        raise click.UsageError(str(error)) from None
    except CommandError as error:
        click.ClickException(str(error)).show()
        sys.exit(error.code)
    except UserError as error:
        raise click.ClickException(str(error)) from None
    sys.exit(code)


def _chosen(only: Sequence[str], skip: Sequence[str]) -> "list[Station]":
    """The stations of this drill: always the ordinary one first."""
    from aktify_sandbox.drill.stations import ORDINARY, STATIONS

    for option, names in (("--only", only), ("--skip", skip)):
        for name in names:
            if name not in STATIONS:
                meant = suggest(name, STATIONS)
                raise click.UsageError(
                    f"{option}: unknown station {name}. {meant}Choose from: {', '.join(STATIONS)}."
                )
    if ORDINARY in skip:
        raise click.UsageError(
            f"--skip {ORDINARY}: the other stations are compared with it. Fix: leave it out of --skip."
        )
    chosen = [
        station
        for name, station in STATIONS.items()
        if name == ORDINARY or (name not in skip and (not only or name in only))
    ]
    if both := [name for name in only if name in skip]:
        raise click.UsageError(f"{both[0]} is in --only and in --skip. Fix: leave it out of one.")
    return chosen


def _run(course: "Course", count: int, masked: Callable[[str], str], json_file: Path | None) -> int:
    """Run the course, tell and write what comes of it, and return the exit code. Raises `UserError`."""
    from aktify_sandbox.drill.terminal import WORDS, station_lines
    from aktify_sandbox.server.output import background_output

    def enter(place: int, station: "Station") -> None:
        click.echo(f"{place} of {count}: {station.name} … ", nl=False)
        sys.stdout.flush()

    with _interrupted_once():
        try:
            with background_output("stderr"):
                for done in course.run(enter):
                    click.echo(WORDS[done.result["verdict"]])
                    for line in station_lines(done.result, [masked(each) for each in done.output]):
                        click.echo(line)
        except KeyboardInterrupt:
            click.echo("interrupted")
            _tell(course.result(), json_file)
            return _INTERRUPTED
        except UserError:
            click.echo("broken off")
            if course.has_done_any:
                _tell(course.result(), json_file)
            raise
        result = course.result()
        is_told = _tell(result, json_file)
        return 0 if result["passed"] and is_told else 1


def _tell(result: "DrillResult", json_file: Path | None) -> bool:
    """Print the summary and write the JSON; whether that could be written."""
    from aktify_sandbox.drill.terminal import summary

    click.echo(summary(result))
    try:
        if json_file:
            with replaced(json_file, mode=readable_to_all()) as out:
                out.write(json.dumps(result, indent=2, ensure_ascii=False).encode() + b"\n")
    except OSError as error:  # what came of the drill matters more
        click.ClickException(f"--json {json_file} can't be written: {error.strerror}.").show()
        return False
    return True


@contextlib.contextmanager
def _interrupted_once() -> Iterator[None]:
    """What ends the drill from outside ends it like Ctrl-C: the command is ended too, and what was done is said.

    A second signal changes nothing. Signals that are ignored, such as SIGHUP under `nohup`, stay ignored.
    """
    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {each: handler for each in ending if (handler := signal.getsignal(each)) != signal.SIG_IGN}

    def interrupt(*_: object) -> NoReturn:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        with contextlib.suppress(OSError, RuntimeError):  # the terminal is gone, or was just written to
            click.echo("stopping … ", nl=False)
        raise KeyboardInterrupt

    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
