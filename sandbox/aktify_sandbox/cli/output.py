"""What commands print: tables for people, JSON for programs."""

import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from aktify_sandbox.text import escaped, printable

_COLOURS = {"2": "green", "3": "cyan", "4": "yellow", "5": "red"}


def print_json(content: Any) -> None:
    """For programs."""
    print_raw(json.dumps(content, indent=2, ensure_ascii=False))


def print_raw(text: str, *, nl: bool = True) -> None:
    """Text with what others have sent in it: to a program as it is, to a terminal so that it moves no cursor."""
    click.echo(escaped(text) if on_terminal() else text, nl=nl)


def on_terminal() -> bool:
    """Whether somebody looks at standard output."""
    return sys.stdout is not None and sys.stdout.isatty()


def terminal_width() -> int:
    """How many characters a line of the terminal has."""
    return shutil.get_terminal_size().columns


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> None:
    """For people; `empty` is said when there is nothing to show."""
    head, *lines = table_lines(columns, rows)
    if not lines:
        click.echo(empty)
        return
    click.echo(head if os.environ.get("NO_COLOR") else click.style(head, bold=True))
    for line in lines:
        click.echo(line)


def table_lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """The head, and a line for each row."""
    texts = [[clean(cell) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in [list(columns), *texts]) for place in range(len(columns))]
    return [_line(row, widths) for row in [list(columns), *texts]]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def clean(cell: Any) -> str:
    """A cell as text, with nothing in it that could move the cursor."""
    return "-" if cell is None else printable(str(cell))


def colour_status(status: Any) -> str:
    """A status in its colour (on a terminal that wants colours)."""
    if os.environ.get("NO_COLOR"):
        return str(status)
    return click.style(str(status), fg=_COLOURS.get(str(status)[:1], "magenta"))
