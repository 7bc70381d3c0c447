"""Tables of delimited text (CSV, TSV): records with their place, the delimiter, the header, quotes that don't close.

Cells are read by Python's `csv` in its strict mode, which refuses what its ordinary mode would swallow.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from aktify_sandbox.errors import LeadFileError

from .columns import Columns, assigned
from .decoding import Encoding

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
"""Each delimiter and its name."""

_HEADER_WITHIN = 30
"""The most records above the header: titles, export dates, blank lines."""

_BY_NAME = {"\\t": "\t", **{name: char for char, name in DELIMITERS.items()}}

csv.field_size_limit(2**31 - 1)  # a cell is bounded by its file; a lead by the limit of a request


def delimiter_of(word: str) -> str:
    """The delimiter that the user named. Raises `LeadFileError`."""
    char = _BY_NAME.get(word.lower(), word)
    if len(char) != 1 or char in '"\r\n':
        raise LeadFileError(f"--delimiter must be one character or tab, found {word[:40]!r}.")
    return char


class DelimitedRecord(NamedTuple):
    """One record, blank ones too."""

    number: int
    """As a spreadsheet counts rows: a quoted line break begins no new one, a blank line does."""
    line: int
    """Where it begins in the file."""
    cells: list[str]
    lines: int = 1
    """How many lines it takes."""

    @property
    def filled(self) -> list[str]:
        """The cells that have anything in them."""
        return [cell for cell in self.cells if cell.strip()]


class Header(NamedTuple):
    """The position of the column names, and the lines above them."""

    record: DelimitedRecord
    columns: Columns
    above: list[DelimitedRecord]


class DelimitedTable:
    """Delimited text. Excel's first line `sep=;` sets the delimiter and isn't a row."""

    def __init__(
        self, content: bytes, encoding: Encoding, delimiter: str | None, chosen: Mapping[str, str]
    ) -> None:
        """`delimiter` is the user's word for what stands between cells, `chosen` for what columns are.

        Raises `LeadFileError` when a quote doesn't close above the header.
        """
        self._content = content
        self._encoding = encoding
        self._chosen = chosen
        said = re.fullmatch(r'"?sep=(.)"?\s*', next(self._lines(), ""), re.IGNORECASE)
        self._before = 1 if said else 0
        self.is_told = delimiter is not None
        """Whether the delimiter is the user's word."""
        self.delimiter = delimiter or (said[1] if said else self._guessed())
        self.header = self._header(self.delimiter)

    def _lines(self) -> Iterator[str]:
        return iter(io.TextIOWrapper(io.BytesIO(self._content), self._encoding.codec, newline=""))

    def _guessed(self) -> str:
        """The delimiter under which the header names the most fields, then the most columns.

        `csv.Sniffer` and clevercsv are as right on tables of several columns; they know nothing of titles, and raise or
        guess a letter where there is one column.
        """

        def worth(delimiter: str) -> tuple[bool, bool, int, int]:
            try:
                columns = self._header(delimiter).columns
            except LeadFileError:  # a quote that doesn't close is better said than no column of phone numbers
                return False, True, 0, 0
            return columns.has_phone, False, sum(map(bool, columns.fields)), len(columns.names)

        return max(DELIMITERS, key=worth)

    def _header(self, delimiter: str) -> Header:
        """The first record that names a phone column; if none does, the first that has several cells filled."""
        first: tuple[DelimitedRecord, Columns] | None = None
        above: list[DelimitedRecord] = []
        for record in islice(self.parse(delimiter), _HEADER_WITHIN):
            columns = assigned(record.cells, self._chosen)
            if columns.has_phone:
                return Header(record, columns, above)
            is_wider = first is not None and len(first[0].filled) < 2 <= len(record.filled)
            if record.filled and (first is None or is_wider):
                first = record, columns
            above.append(record)
        if first is None:
            raise LeadFileError("The file is empty.", "export the leads again.")
        return Header(*first, [each for each in above if each.number < first[0].number])

    def below(self) -> Iterator[DelimitedRecord]:
        """The records below the header. Raises `LeadFileError`."""
        return (record for record in self.parse(self.delimiter) if record.number > self.header.record.number)

    def parse(self, delimiter: str) -> Iterator[DelimitedRecord]:
        """All records. Raises `LeadFileError` where a quote doesn't close."""
        reader = csv.reader(islice(self._lines(), self._before, None), delimiter=delimiter, strict=True)
        number, line = 0, self._before + 1
        while True:
            try:
                cells = next(reader, None)
            except csv.Error:
                raise self._broken(line, delimiter) from None
            if cells is None:
                return
            number += 1
            after = self._before + reader.line_num + 1
            yield DelimitedRecord(number, line, cells, after - line)
            line = after

    def _broken(self, line: int, delimiter: str) -> LeadFileError:
        """Which quote it was: the one that opens the cell in which strict reading ended."""
        text = "".join(islice(self._lines(), line - 1, None))
        closed = re.compile(rf'"[^"]*+(?:""[^"]*+)*+"(?={re.escape(delimiter)}|[\r\n]|\Z)')
        plain = re.compile(rf'(?!")[^{re.escape(delimiter)}\r\n]*+')
        place = 0
        while found := closed.match(text, place) or plain.match(text, place):
            place = found.end()
            if text[place : place + 1] != delimiter:  # the end of a record, in which nothing was broken
                break
            place += 1
        opened = line + len(re.findall(r"\r\n|\r|\n", text[:place]))
        start = re.split(r"[\r\n]", text[place : place + 40], maxsplit=1)[0]
        message = f"the quote before “{start[1:]}” isn't closed."
        return LeadFileError(message, "close the quote, or double it if it is part of the text.", opened)


def swallowed_row(
    record: DelimitedRecord, columns: Columns, delimiter: str, is_phone: Callable[[str], bool]
) -> int | None:
    """The line of a whole lead inside a quoted cell: a forgotten quote was closed by another cell's."""
    place = columns.fields.index("phoneNumber")
    line = record.line
    for cell in record.cells:
        _, *inner = re.split(r"\r\n|\r|\n", cell)
        for each in inner:
            line += 1
            cells = each.split(delimiter)
            if len(cells) == len(columns.names) > 1 and is_phone(cells[place]):
                return line
    return None
