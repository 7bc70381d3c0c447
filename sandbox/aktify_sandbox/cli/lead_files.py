"""The options by which commands read files of leads, and what they say about the file."""

import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aktify_sandbox.cli.client import Command
from aktify_sandbox.cli.files import STANDARD, standard_input
from aktify_sandbox.cli.output import clean, on_terminal, terminal_width
from aktify_sandbox.errors import LeadFileError
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


def file_options(command: Command) -> Command:
    """`--map`, `--encoding`, `--delimiter`: the user's own word on how a file is read."""
    options = (
        click.option(
            "--map",
            "mapping",
            type=ColumnMapping(),
            multiple=True,
            help='Say what a column is, as in "Phone=phoneNumber"; repeatable.',
        ),
        click.option("--encoding", metavar="NAME", help="Encoding of the file, e.g. utf-8, utf-16, cp1252."),
        click.option("--delimiter", metavar="CHAR", help="What separates cells: , ; | tab, or a character."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def read_leads(
    file: Path,
    content: bytes,
    mapping: Sequence[tuple[str, str]],
    encoding: str | None,
    delimiter: str | None,
) -> "LeadFile":
    """A file of leads, ready to be read. Ends the command when it can't be."""
    from aktify_sandbox.leadfiles.reader import read

    with readable(file):
        return read(content, file.name, encoding=encoding, delimiter=delimiter, columns=dict(mapping))


def rows_of(
    file: Path, mapping: Sequence[tuple[str, str]], encoding: str | None, delimiter: str | None
) -> tuple["LeadFile", list["Row"]]:
    """All leads of a file, before anything is done with one. What was understood is said on standard error."""
    leads = read_leads(file, content_of(file), mapping, encoding, delimiter)
    with readable(file):
        rows = list(leads.rows())
    if not rows:
        raise click.ClickException(f"{file}: there is no lead in it.")
    for line in (*describe(leads), *describe_left_out(leads.left_out)):
        click.echo(clean(line), err=True)
    return leads, rows


def content_of(file: Path) -> bytes:
    """The bytes of a file, or of standard input for `-`. Ends the command when there are none to read."""
    try:
        return standard_input().read() if file == STANDARD else file.read_bytes()
    except OSError as error:
        raise LeadFileUnreadable(f"{file} can't be read: {error.strerror}.") from None


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """Around what reads a file: what is wrong with it ends the command."""
    try:
        yield
    except LeadFileError as error:
        raise LeadFileUnreadable(f"{file}: {clean(error)}") from None


def describe(file: "LeadFile") -> Iterator[str]:
    """What was understood of a file: its form, its columns, and what is left out."""
    from aktify_sandbox.leadfiles import sentences

    yield f"{file.name or '-'}: {sentences.form(file)}"
    mapped = sentences.columns(file)
    if mapped:
        yield from wrapped(f"Columns: {mapped}", 2)


def describe_left_out(left_out: Sequence["LeftOut"]) -> Iterator[str]:
    """What is in no lead, in words."""
    from aktify_sandbox.leadfiles import sentences

    shown, more = left_out[:_SHOWN_LEFT_OUT], left_out[_SHOWN_LEFT_OUT:]
    for each in shown:
        yield from wrapped(f"Left out: {sentences.left_out(each)}", 2)
    if more:
        yield f"Left out: {len(more):,} more, which --json lists"


def kind_lines(problems: Sequence["RowProblem"], unit: str) -> Iterator[str]:
    """A line for each kind of problem: how many, what, the fix, whose word it is, which rows."""
    from aktify_sandbox.leadfiles import sentences

    yield f"{plural(len(problems), 'problem')}, by kind:"
    kinds = sentences.kinds(problems, unit)
    width = len(f"{kinds[0].problems:,}")
    for kind in kinds:
        fix = f" Fix: {kind.fix}" if kind.fix else ""
        line = f"{kind.problems:>{width},} × {kind.what}{fix} ({kind.word}) {kind.rows}"
        yield from wrapped(line, width + 3)


def wrapped(line: str, indent: int) -> list[str]:
    """A line as it is for a program, and in lines that fit for a terminal."""
    line = clean(line)
    if not on_terminal():
        return [line]
    return textwrap.wrap(line, terminal_width(), subsequent_indent=" " * indent, break_on_hyphens=False)


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[], None]]:
    """A progress bar on standard error, drawn ten times a second at most; without a terminal, nothing."""
    if sys.stderr is None or not sys.stderr.isatty() or length < 1_000:
        yield lambda: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr, show_pos=True) as bar:
        waiting, drawn = 0, time.monotonic()

        def step() -> None:
            nonlocal waiting, drawn
            waiting += 1
            if waiting % 256 == 0 and time.monotonic() - drawn >= _TEN_TIMES_A_SECOND:
                bar.update(waiting)
                waiting, drawn = 0, time.monotonic()

        yield step
        bar.update(waiting)
