"""One reader of leads in files, for `check`, `send`, `leads import` and the page.

Every byte of a file ends in a row, in something that was left out by name, or in a `LeadFileError` with its line.
"""

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

import orjson

from aktify_sandbox.contract.body import Problem
from aktify_sandbox.contract.phone import identity
from aktify_sandbox.contract.sources import LIMIT
from aktify_sandbox.errors import LeadFileError

from . import json_leads
from .columns import (
    METADATA,
    OF_EXPORTS,
    OF_REJECTS,
    checked_mapping,
    is_rejects,
    listed,
    refuse_doubles,
    refuse_unknown_choices,
)
from .decoding import Encoding, encoding_of
from .delimited import DELIMITERS, DelimitedRecord, DelimitedTable, delimiter_of, swallowed_row
from .repairs import phone_repaired

__all__ = ["LeadFile", "LeadFileError", "Row", "read"]

Lead = dict[str, Any]

_LOOKED_AT = 200
"""The number of rows that are searched for a phone number column."""


class Row(NamedTuple):
    """One lead of a file."""

    number: int
    """The row as a spreadsheet shows it (the header counts), the line of JSONL, the place in a JSON array."""
    body: bytes
    """The lead in JSON, as it is sent; from a JSON file, as it is written there."""
    cells: list[str]
    """As the table has them; of JSON, none."""
    problem: Problem | None = None
    """Why no lead can be made of it."""
    exported: Mapping[str, Any] | None = None
    """What `leads export` adds to a lead: `campaign`, `phone` (E.164), in JSON also `receivedAt`."""

    @property
    def lead(self) -> Any:
        """The lead as a value; None when it isn't JSON."""
        try:
            return orjson.loads(self.body)
        except (orjson.JSONDecodeError, RecursionError):
            return None

    @property
    def document(self) -> Any:
        """The lead as `POST /_sandbox/leads` takes it: with what an export says beside it."""
        return self.lead if self.exported is None else {**self.exported, "lead": self.lead}


class LeftOut(NamedTuple):
    """Something of the file that is in no lead."""

    kind: str
    """`title`, `column`, `export column`, `rejects column`, `unnamed column` or `blank rows`."""
    what: str
    """Its text or name."""
    line: int | None = None
    cells: int | None = None
    """Of a column, how many are filled; of blank rows, how many rows."""


class LeadFile(ABC):
    """A file in a known form. `rows` reads it, again for each call."""

    def __init__(self, encoding: Encoding, name: str) -> None:
        self.name = name
        self.encoding = encoding.label

    unit: str = "row"
    """What `Row.number` counts: `row`, `line` or `lead`."""
    delimiter: str | None = None
    """Of a table: the delimiter."""
    header: int | None = None
    """Of a table: the line that names the columns."""
    columns: Mapping[str, str | None] = {}
    """For a table: the mapping of each column; None if it is left out."""
    names: tuple[str, ...] = ()
    """Of a table: its columns as the file has them."""

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """The leads, in the file's order. Raises `LeadFileError`."""

    @property
    def left_out(self) -> list[LeftOut]:
        """The parts of the file in no lead; complete after all rows were read."""
        return []


def read(
    content: bytes,
    name: str = "",
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> LeadFile:
    """The leads in `content`: JSON, JSONL or a table, by the ending of `name` or by what it looks like.

    `encoding` and `delimiter` (a character or its name) overrule what is guessed; `columns` assigns columns to fields
    (`{"Phone": "phoneNumber"}`; an empty field leaves the column out). Raises `LeadFileError`.
    """
    chosen = checked_mapping(columns or {})
    delimiter = None if delimiter is None else delimiter_of(delimiter)
    found = encoding_of(content, encoding)
    kind = PurePath(name).suffix.lower()
    if kind in (".json", ".jsonl", ".ndjson") or (
        kind not in (".csv", ".tsv", ".tab") and _start(content, found).startswith(("{", "["))
    ):
        if chosen:
            raise LeadFileError(
                "--map is for tables only; JSON is sent as it is.", "rename the properties in the file."
            )
        text = content.decode(found.codec)
        by_lines = kind in (".jsonl", ".ndjson") or (kind != ".json" and json_leads.is_lines(text))
        return JsonFile(found, name, text, by_lines=by_lines)
    return TableFile(found, name, DelimitedTable(content, found, delimiter, chosen), chosen)


def _start(content: bytes, encoding: Encoding) -> str:
    return content[:4096].decode(encoding.codec, "ignore").lstrip()


class JsonFile(LeadFile):
    """JSON or JSONL."""

    def __init__(self, encoding: Encoding, name: str, text: str, *, by_lines: bool) -> None:
        super().__init__(encoding, name)
        self._text = text
        self._by_lines = by_lines
        self.unit = "line" if by_lines else "lead"

    def rows(self) -> Iterator[Row]:
        """The leads as they are written; from the output of `leads export`, the lead inside."""
        pieces = json_leads.lines(self._text) if self._by_lines else json_leads.elements(self._text)
        for piece in pieces:
            yield _unwrapped(piece.number, piece.text.encode("utf-8", "surrogatepass"))


def _unwrapped(number: int, body: bytes) -> Row:
    if b'"campaign"' in body:
        try:
            row = json.loads(body)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict) and "phone" in row and isinstance(row.get("lead"), dict):
            lead = json.dumps(row["lead"], ensure_ascii=False).encode("utf-8", "surrogatepass")
            return Row(number, lead, [], None, {name: value for name, value in row.items() if name != "lead"})
    return Row(number, body, [])


class TableFile(LeadFile):
    """CSV, TSV and their relatives."""

    def __init__(
        self, encoding: Encoding, name: str, table: DelimitedTable, chosen: Mapping[str, str]
    ) -> None:
        super().__init__(encoding, name)
        self._table = table
        header = table.header
        self._columns = header.columns
        self.delimiter = table.delimiter
        self.header = header.record.line
        self.names = self._columns.names
        self.columns = self._columns.by_name
        refuse_unknown_choices(self._columns, chosen)
        refuse_doubles(self._columns, header.record.line)
        if not self._columns.has_phone:
            raise _no_phone_column(table)
        self._filled: Counter[int] = Counter()
        self._blank = 0

    @property
    def left_out(self) -> list[LeftOut]:
        """Titles above the header, columns that are no field, cells of columns without a name, blank rows."""
        found = [
            LeftOut("title", " ".join(each.filled), each.line)
            for each in self._table.header.above
            if each.filled
        ]
        for place, (name, field) in enumerate(zip(self.names, self._columns.fields, strict=True)):
            if field is None and name:
                found.append(LeftOut(self._kind_of(name), name, None, self._filled[place]))
            elif field is None and self._filled[place]:
                found.append(LeftOut("unnamed column", f"column {place + 1}", None, self._filled[place]))
        blank = self._blank + sum(not each.filled for each in self._table.header.above)
        if blank:
            found.append(LeftOut("blank rows", f"{blank:,}", cells=blank))
        return found

    def _kind_of(self, name: str) -> str:
        if self._columns.is_export and name in OF_EXPORTS:
            return "export column"
        return "rejects column" if is_rejects(self.names) and name in OF_REJECTS else "column"

    def rows(self) -> Iterator[Row]:
        """The leads. An empty cell is an absent field; cells are taken as they are, blanks and all."""
        self._filled, self._blank = Counter(), 0
        fields = self._columns.fields
        loose = [place for place, field in enumerate(fields) if field is None]
        for record in self._table.below():
            cells = record.cells
            if not any(cells) or not record.filled:
                self._blank += 1
                continue
            if record.lines > 1:
                self._look_for_swallowed(record)
            for place in loose:
                if place < len(cells) and cells[place].strip():
                    self._filled[place] += 1
            yield self._row(record)

    def _row(self, record: DelimitedRecord) -> Row:
        cells = record.cells
        lead: Lead = {}
        for field, cell in zip(self._columns.fields, cells, strict=False):
            if cell == "" or field is None:
                continue
            if field.startswith(METADATA):
                lead.setdefault("metadata", {})[field.removeprefix(METADATA)] = cell
            else:
                lead[field] = cell
        spare = self._too_many(cells) if len(cells) > len(self.names) else None
        if not self._columns.is_export:
            return Row(record.number, orjson.dumps(lead), cells, spare)
        by_name = dict(zip(self.names, cells, strict=False))
        lead = _whole(by_name.get("lead", ""), lead)
        exported = {name: by_name[name] for name in ("campaign", "phone") if by_name.get(name)}
        return Row(record.number, orjson.dumps(lead), cells, spare, exported)

    def _too_many(self, cells: list[str]) -> Problem | None:
        spare = [cell for cell in cells[len(self.names) :] if cell.strip()]
        if not spare:
            return None
        separator = DELIMITERS.get(self.delimiter or "", "separator")
        message = (
            f"It has {len(cells):,} cells for {len(self.names):,} columns; “{spare[0][:40]}” has no column."
        )
        hint = f"Put quotes around a cell that contains a {separator}."
        return Problem("", message, hint, *LIMIT)

    def _look_for_swallowed(self, record: DelimitedRecord) -> None:
        delimiter = self.delimiter or ","
        line = swallowed_row(record, self._columns, delimiter, lambda text: phone_repaired(text) is not None)
        if line:
            message = f"a quote that opens in row {record.number:,} swallows the lead in line {line:,}."
            raise LeadFileError(message, f"close the quote in row {record.number:,}.", record.line)


def _whole(text: str, cells: Lead) -> Lead:
    """The lead that `leads export` wrote as JSON, with what its cells say, which counts more: they may be edited."""
    try:
        whole = orjson.loads(text)
    except orjson.JSONDecodeError:
        return cells
    if not isinstance(whole, dict):
        return cells
    metadata = {**(whole.get("metadata") or {}), **cells.get("metadata", {})}
    return {**whole, **cells, **({"metadata": metadata} if "metadata" in whole or metadata else {})}


def _no_phone_column(table: DelimitedTable) -> LeadFileError:
    header = table.header
    named = [name for name in header.columns.names if name]
    if any(identity(cell) for cell in header.record.cells):
        return LeadFileError(
            "The first row is a lead; column names are missing.",
            "add a row above it such as phoneNumber,region,firstName.",
            header.record.line,
        )
    likely = _likely(table)
    message = f"No phone number column found. The columns are {listed(named)}."
    fix = f'name it with --map "{(likely or "NAME")[:60]}=phoneNumber".'
    if table.is_told and len(header.columns.names) == 1:
        fix = "leave out --delimiter: the file doesn't contain this one."
    return LeadFileError(message, fix, header.record.line, header.columns.by_name, likely)


def _likely(table: DelimitedTable) -> str | None:
    """The column whose cells are mostly phone numbers."""
    found: Counter[str] = Counter()
    filled: Counter[str] = Counter()
    for _, record in zip(range(_LOOKED_AT), table.below(), strict=False):
        for name, cell in zip(table.header.columns.names, record.cells, strict=False):
            if name and cell.strip():
                filled[name] += 1
                found[name] += phone_repaired(cell) is not None
    likely = [name for name, count in found.most_common() if count * 2 > filled[name]]
    return likely[0] if likely else None
