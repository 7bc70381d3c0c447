"""The options by which commands read files of leads, and what they say about the file."""

import re
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aktify_sandbox.cli.files import standard_input
from aktify_sandbox.cli.tables import clean, on_terminal, terminal_width

if TYPE_CHECKING:
    from aktify_sandbox.leadfiles.kinds import Kind
    from aktify_sandbox.leadfiles.reader import LeadFile, LeftOut, Row

Command = Callable[..., Any]

_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "\\t": "\t"}
_SHOWN_ROWS = 12
_TEN_TIMES_A_SECOND = 0.1


class LeadFileUnreadable(click.ClickException):
    """A file of leads that can't be read: exit code 2."""

    exit_code = 2


class Mapping(click.ParamType):  # type: ignore[type-arg]  # generic in click's newest release alone
    """`COLUMN=FIELD`."""

    name = "COLUMN=FIELD"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """The two halves. The last equals sign divides, since a column's name may have one."""
        column, sign, field = str(value).rpartition("=")
        if not sign or not column.strip():
            self.fail(f'Write it as "Phone=phoneNumber"; found {value}.', param, ctx)
        return column.strip(), field.strip()


def file_options(command: Command) -> Command:
    """`--map`, `--encoding`, `--delimiter`: the user's own word on how a file is read."""
    options = (
        click.option(
            "--map",
            "mapping",
            type=Mapping(),
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
    if delimiter is not None:
        delimiter = _DELIMITERS.get(delimiter.lower(), delimiter)
        if len(delimiter) != 1 or delimiter in '"\r\n':
            raise click.UsageError(f"--delimiter is one character, or tab; found {delimiter!r}.")
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
        return standard_input().read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise LeadFileUnreadable(f"{file} can't be read: {error.strerror}.") from None


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """Around what reads a file: what is wrong with it ends the command."""
    from aktify_sandbox.leadfiles.file_error import FileError

    try:
        yield
    except FileError as error:
        raise LeadFileUnreadable(f"{file}: {clean(error)}") from None


def describe(file: "LeadFile") -> Iterator[str]:
    """What was understood of a file: its form, its columns, and what is left out."""
    names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", None: ""}
    form = [file.encoding, names.get(file.delimiter, repr(file.delimiter))]
    form += [f"header in line {file.header}"] if file.header else ["JSON"]
    yield f"{file.name or '-'}: {', '.join(filter(None, form))}"
    mapped = [name if name == field else f"{name} → {field}" for name, field in file.columns.items() if field]
    if mapped:
        yield f"Columns: {', '.join(mapped)}"


def describe_left_out(left_out: Sequence["LeftOut"]) -> Iterator[str]:
    """What is in no lead, in words."""
    for each in left_out:
        match each.kind:
            case "title":
                yield f"Left out: line {each.line}, above the header: {each.what[:80]}"
            case "export column":
                yield f"Left out: column {each.what}, which `leads export` writes beside the lead"
            case "column":
                keep = f'keep it with --map "{each.what}=metadata.{_property(each.what)}"'
                yield f"Left out: column {each.what}, {plural(each.cells or 0, 'filled cell')} ({keep})"
            case "unnamed column":
                yield f"Left out: {each.what}, which has no name, {plural(each.cells or 0, 'filled cell')}"
            case _:
                yield f"Left out: {plural(each.cells or 0, 'blank row')}"


def _property(name: str) -> str:
    """A name for a property, as in `leadStatus`."""
    words: list[str] = re.findall(r"[A-Za-z0-9]+", name) or ["name"]
    first, *others = words
    return first[:1].lower() + first[1:] + "".join(each[:1].upper() + each[1:] for each in others)


def kind_lines(kinds: Sequence["Kind"], unit: str) -> Iterator[str]:
    """A line for each kind of problem: how many, what, the fix, whose word it is, which rows."""
    width = len(f"{kinds[0].count:,}") if kinds else 0
    for kind in kinds:
        problem = kind.first
        named = problem.field and problem.field not in problem.message
        what = f"{problem.field}: {problem.message}" if named else problem.message
        fix = f" Fix: {problem.hint}" if problem.hint else ""
        line = (
            f"{kind.count:>{width},} × {what}{fix} ({whose_word(problem)}) {rows_in_words(kind.rows, unit)}"
        )
        yield from wrapped(line, width + 3)


def whose_word(problem: Any) -> str:
    """Who says so."""
    if problem.source == "documented":
        return "documented by Aktify"
    return f"ruling {problem.ruling}" if problem.source == "ruling" else str(problem.source)


def wrapped(line: str, indent: int) -> list[str]:
    """A line as it is for a program, and in lines that fit for a terminal."""
    line = clean(line)
    if not on_terminal():
        return [line]
    return textwrap.wrap(line, terminal_width(), subsequent_indent=" " * indent, break_on_hyphens=False)


def rows_in_words(rows: Sequence[int], unit: str) -> str:
    """Rows by their numbers: the first ones, and how many more."""
    distinct = list(dict.fromkeys(rows))
    if len(distinct) == 1:
        return f"{unit} {distinct[0]}"
    shown = ", ".join(map(str, distinct[:_SHOWN_ROWS]))
    more = len(distinct) - _SHOWN_ROWS
    return f"{unit}s {shown}" + (f" and {more:,} more" if more > 0 else "")


def plural(count: int, what: str) -> str:
    """A count and what is counted."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


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
