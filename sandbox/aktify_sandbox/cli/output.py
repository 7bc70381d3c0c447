"""What commands print: tables for people, JSON for programs."""

import itertools
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import click

from aktify_sandbox.text import escaped, printable

_COLOURS = {"2": "green", "3": "cyan", "4": "yellow", "5": "red"}

_NARROWEST = 6
"""To this width columns give way in a narrow terminal."""
_WHOLE = ("request",)
"""Columns that never give way: an id is copied."""
_NUMBERS = ("took", "rules")
"""Columns that are aligned at the right."""


def print_json(content: Any) -> None:
    """For programs."""
    print_raw(json.dumps(content, indent=2, ensure_ascii=False))


def print_raw(text: str, *, nl: bool = True) -> None:
    """Text with what others have sent in it: to a program as it is, to a terminal so that it moves no cursor."""
    click.echo(escaped(text) if on_terminal() else text, nl=nl)


def on_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def terminal_width() -> int:
    """How many characters a line of the terminal has."""
    return shutil.get_terminal_size().columns


def when(moment: str) -> str:
    """The local time of a moment in RFC 3339, with its offset. A terminal shows no date if it is today's."""
    from datetime import datetime

    from aktify_sandbox.journal.summary import local_time

    date, _, time = local_time(moment, "seconds").partition(" ")
    return (
        time if on_terminal() and date == datetime.now().astimezone().date().isoformat() else f"{date} {time}"
    )


class Table:
    """A table that is printed row by row. On a terminal a line is as wide as the terminal at most.

    Cells that don't fit there end with an ellipsis, or (`is_wrapped`) continue on the next line.
    """

    def __init__(
        self,
        columns: Sequence[str],
        widths: Sequence[int],
        *,
        is_wrapped: bool = False,
        paint: Mapping[str, Callable[[str], str]] = MappingProxyType({}),
    ) -> None:
        """`widths` are the least widths of the columns; `paint` colours the cells of a column."""
        self._columns = columns
        self._widths = [max(each) for each in zip(map(len, columns), widths, strict=True)]
        self._fit = textwrap.wrap if is_wrapped else _cut
        self._paint = [paint.get(name, str) for name in columns]

    def print_head(self) -> None:
        """The names of the columns."""
        [head] = self._lines(self._columns, _cut)
        text = "  ".join(head).rstrip()
        click.echo(text if os.environ.get("NO_COLOR") else click.style(text, bold=True))

    def print_row(self, row: Sequence[Any]) -> None:
        """The cells of a row."""
        self.print_clean([clean(cell) for cell in row])

    def print_clean(self, texts: Sequence[str]) -> None:
        """The cells of a row that can't move a terminal's cursor."""
        for cells in self._lines(texts, self._fit):
            painted = (
                cell.replace(text, paint(text)) if (text := cell.strip()) else cell
                for paint, cell in zip(self._paint, cells, strict=True)
            )
            click.echo("  ".join(painted).rstrip())

    def _lines(self, cells: Sequence[str], fit: Callable[[str, int], list[str]]) -> Iterator[list[str]]:
        """The cells as wide as their columns."""
        widths = [max(width, len(cell)) for width, cell in zip(self._widths, cells, strict=True)]
        fitted = self._fitted(widths, terminal_width()) if on_terminal() else widths
        parts = [fit(cell, width) for cell, width in zip(cells, fitted, strict=True)]
        for line in itertools.zip_longest(*parts, fillvalue=""):
            yield [
                part.rjust(width) if name in _NUMBERS else part.ljust(width)
                for name, part, width in zip(self._columns, line, fitted, strict=True)
            ]

    def _fitted(self, widths: Sequence[int], room: int) -> list[int]:
        """Widths of a line that fits in the room: the widest columns give way, the last of them first."""
        fitted = [
            width if name in _WHOLE else min(width, max(room, _NARROWEST))
            for name, width in zip(self._columns, widths, strict=True)
        ]
        yielding = [place for place, name in enumerate(self._columns) if name not in _WHOLE]
        excess = sum(fitted) + 2 * (len(fitted) - 1) - room
        while excess > 0:
            place = max(reversed(yielding), key=fitted.__getitem__)
            if fitted[place] <= _NARROWEST:
                break
            fitted[place] -= 1
            excess -= 1
        return fitted


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    empty: str,
    is_wrapped: bool = False,
    paint: Mapping[str, Callable[[str], str]] = MappingProxyType({}),
) -> None:
    """Print a table for people, or `empty` if it has no rows."""
    texts = [[clean(cell) for cell in row] for row in rows]
    if not texts:
        click.echo(empty)
        return
    table = Table(columns, _widths(columns, texts), is_wrapped=is_wrapped, paint=paint)
    table.print_head()
    for row in texts:
        table.print_clean(row)


def table_lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """The head, and a line for each row, whole."""
    texts = [list(columns), *([clean(cell) for cell in row] for row in rows)]
    widths = _widths(columns, texts)
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in texts
    ]


def _widths(columns: Sequence[str], texts: Iterable[Sequence[str]]) -> list[int]:
    return [max(map(len, cells)) for cells in zip(columns, *texts, strict=True)]


def _cut(text: str, width: int) -> list[str]:
    return [text if len(text) <= width else f"{text[: width - 1]}…"]


def clean(cell: Any) -> str:
    """A cell as text, with nothing in it that could move the cursor."""
    return "-" if cell is None else printable(str(cell))


def colour_status(status: str) -> str:
    """A status in its colour (if the terminal supports colours)."""
    if os.environ.get("NO_COLOR"):
        return status
    return click.style(status, fg=_COLOURS.get(status[:1], "magenta"))
