"""The options by which commands read files of leads, and what they say about the file."""

import functools
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import click

from aktify_sandbox.cli.client import Command
from aktify_sandbox.cli.files import bytes_of
from aktify_sandbox.cli.output import clean, on_terminal, terminal_width
from aktify_sandbox.errors import LeadFileError
from aktify_sandbox.redaction import Personal
from aktify_sandbox.text import plural

if TYPE_CHECKING:
    from aktify_sandbox.leadfiles.checking import RowProblem
    from aktify_sandbox.leadfiles.reader import LeadFile, LeftOut, Row

_SHOWN_LEFT_OUT = 15
_TEN_TIMES_A_SECOND = 0.1


class LeadFileUnreadable(click.ClickException):
    """A file of leads that can't be read: exit code 2."""

    exit_code = 2


class ColumnMapping(click.ParamType):  # type: ignore[type-arg]  # generic in click's newest release alone
    """`COLUMN=FIELD`."""

    name = "COLUMN=FIELD"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """The two halves."""
        from aktify_sandbox.leadfiles.columns import assignment

        try:
            return assignment(str(value))
        except LeadFileError as error:
            self.fail(str(error), param, ctx)


class FileOptions(NamedTuple):
    """How the user wants a file to be read; None, or no columns: guess it."""

    columns: dict[str, str]
    encoding: str | None
    delimiter: str | None


def file_options(command: Command) -> Command:
    """Give the command the `reading` that `--map`, `--encoding` and `--delimiter` say."""

    @functools.wraps(command)
    def told(
        *args: Any,
        mapping: tuple[tuple[str, str], ...],
        encoding: str | None,
        delimiter: str | None,
        **more: Any,
    ) -> Any:
        return command(*args, reading=FileOptions(dict(mapping), encoding, delimiter), **more)

    decorated: Any = told
    options = (
        click.option(
            "--map",
            "mapping",
            type=ColumnMapping(),
            multiple=True,
            help='Map a column, e.g. "Phone=phoneNumber"; repeatable.',
        ),
        click.option("--encoding", metavar="NAME", help="Encoding of the file, e.g. utf-8, utf-16, cp1252."),
        click.option("--delimiter", metavar="CHAR", help="Cell delimiter: , ; | tab, or another character."),
    )
    for option in reversed(options):
        decorated = option(decorated)
    return cast("Command", decorated)


def read_leads(file: Path, content: bytes, reading: FileOptions) -> "LeadFile":
    """A file of leads, ready to be read. Ends the command when it can't be."""
    from aktify_sandbox.leadfiles.reader import read

    with readable(file):
        return read(content, file.name, **reading._asdict())


def rows_of(file: Path, reading: FileOptions, personal: Personal) -> tuple["LeadFile", list["Row"]]:
    """All leads of a file, read before anything is done with one. Describes on standard error how it was read."""
    leads = read_leads(file, content_of(file), reading)
    with readable(file):
        rows = list(leads.rows())
    if not rows:
        raise click.ClickException(f"{file} contains no leads.")
    for line in (*describe(leads, personal), *describe_left_out(leads.left_out, personal)):
        click.echo(clean(line), err=True)
    return leads, rows


def content_of(file: Path) -> bytes:
    """The bytes of a file, or of standard input for `-`. Ends the command if they can't be read."""
    try:
        return bytes_of(file)
    except OSError as error:
        raise LeadFileUnreadable(f"{file} can't be read: {error.strerror}.") from None


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """Ends the command with the error of a file that can't be read."""
    try:
        yield
    except LeadFileError as error:
        raise LeadFileUnreadable(f"{file}: {clean(Personal().text(str(error)))}") from None


def describe(file: "LeadFile", personal: Personal) -> Iterator[str]:
    """How a file was read: its form, its columns, and what is left out."""
    from aktify_sandbox.leadfiles import sentences

    yield f"{file.name or '-'}: {sentences.form(file)}"
    mapped = sentences.columns(file)
    if mapped:
        yield from wrapped(f"Columns: {personal.text(mapped)}", 2)


def describe_left_out(left_out: Sequence["LeftOut"], personal: Personal) -> Iterator[str]:
    """The parts of a file that are in no lead, in words."""
    from aktify_sandbox.leadfiles import sentences

    shown, more = left_out[:_SHOWN_LEFT_OUT], left_out[_SHOWN_LEFT_OUT:]
    for each in (each._replace(what=personal.text(each.what)) for each in shown):
        yield from wrapped(f"Left out: {sentences.left_out(each)}", 2)
    if more:
        yield f"Left out: {len(more):,} more, which --json lists"


def kind_lines(problems: Sequence["RowProblem"], unit: str, personal: Personal) -> Iterator[str]:
    """A line for each kind of problem: how many, what, the fix, whose word it is, which rows."""
    from aktify_sandbox.contract.examples import IN_HINTS
    from aktify_sandbox.leadfiles import sentences

    personal = personal._replace(examples=IN_HINTS)
    yield f"{plural(len(problems), 'problem')}, by kind:"
    kinds = sentences.kinds(problems, unit)
    width = len(f"{kinds[0].problems:,}")
    for kind in kinds:
        what, fix = personal.text(kind.what, kind.field), personal.hint(kind.fix, kind.field)
        to_do = f" Fix: {fix}" if fix else ""
        line = f"{kind.problems:>{width},} × {what}{to_do} ({kind.word}) {kind.rows}"
        yield from wrapped(line, width + 3)
        for each in kind.fixes:
            yield from wrapped(" " * (width + 3) + personal.hint(each, kind.field), width + 5)


def wrapped(line: str, indent: int) -> list[str]:
    """A line as it is for a program, and in lines that fit for a terminal."""
    line = clean(line)
    if not on_terminal():
        return [line]
    return textwrap.wrap(line, terminal_width(), subsequent_indent=" " * indent, break_on_hyphens=False)


@contextmanager
def progress(label: str, length: int, least: int = 1_000) -> Iterator[Callable[[], None]]:
    """A progress bar on standard error, drawn ten times a second at most.

    Draws nothing without a terminal, or if there are fewer than `least` steps, which are over at once.
    """
    if sys.stderr is None or not sys.stderr.isatty() or length < least:
        yield lambda: None
        return
    done = 0

    def count(_: object) -> str:
        return f"{done:,} of {length:,}"

    with click.progressbar(length=length, label=label, file=sys.stderr, item_show_func=count) as bar:
        shown, drawn = 0, time.monotonic()

        def step() -> None:
            nonlocal done, shown, drawn
            done += 1
            now = time.monotonic()
            if now - drawn >= _TEN_TIMES_A_SECOND:
                bar.update(done - shown)
                shown, drawn = done, now

        yield step
        bar.update(done - shown)
