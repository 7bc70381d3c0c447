"""Checks the leads of a file by the rules of the contract, without a server."""

import csv
import io
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple

import orjson

from aktify_sandbox.contract.answers import larger_than
from aktify_sandbox.contract.body import Problem
from aktify_sandbox.contract.lead import LeadRules, Reading
from aktify_sandbox.contract.notices import Notice
from aktify_sandbox.contract.schema import FIELDS

from .columns import METADATA, OF_REJECTS, is_rejects
from .export import flattened
from .reader import LeadFile, Row
from .repairs import Repair, repaired

Lead = dict[str, Any]

_JSON = b"application/json"


class RowProblem(NamedTuple):
    """One thing that is wrong with one row."""

    row: int
    problem: Problem
    value: str | None
    """The field's value as text; None if it is absent."""

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        problem = self.problem
        return {
            "row": self.row,
            "field": problem.field,
            "message": problem.message,
            "fix": problem.hint,
            "source": problem.source,
            "quote": problem.quote,
            "ruling": problem.ruling,
        }


class RowNotice(NamedTuple):
    """One notice on a row that is accepted."""

    row: int
    notice: Notice

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {"row": self.row, **self.notice._asdict()}


class RowRepair(NamedTuple):
    """One repair in a row that is accepted after repairs."""

    row: int
    repair: Repair


@dataclass
class Findings:
    """The result for a file. `accepted + refused + duplicates` is the number of rows."""

    file: LeadFile
    accepted: int = 0
    refused: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    notices: list[RowNotice] = field(default_factory=list)
    duplicates: list[tuple[int, int]] = field(default_factory=list)
    """Rows that repeat the number of an accepted row, each with that row."""
    mended: dict[int, Lead] = field(default_factory=dict)
    """Refused rows that are accepted after repairs."""
    repeated_once_mended: dict[int, int] = field(default_factory=dict)
    """Refused rows that would repeat another one after repairs, with that row."""
    repairs: list[RowRepair] = field(default_factory=list)
    used: dict[str, None] = field(default_factory=lambda: {"phoneNumber": None})
    """The fields of rows that are accepted, as they are or after repairs; those in metadata as `metadata.name`."""

    @property
    def rows(self) -> int:
        """How many leads the file has."""
        return self.accepted + self.refused + len(self.duplicates)

    def by_row(self) -> dict[int, list[RowProblem]]:
        """The problems of each refused row, in order."""
        return {row: list(found) for row, found in itertools.groupby(self.problems, lambda each: each.row)}


def check(
    file: LeadFile, rules: LeadRules, largest: int, seen: Callable[[], object] = lambda: None
) -> Findings:
    """Read a file and check each of its leads. `seen` is called for each row."""
    findings = Findings(file)
    accepted: dict[str, int] = {}
    candidates: list[tuple[int, str, Lead, list[Repair]]] = []
    for row in file.rows():
        seen()
        problems, key, lead = _read(row, rules, largest)
        if problems:
            findings.refused += 1
            findings.problems += [
                RowProblem(row.number, each, value_of(lead, each.field)) for each in problems
            ]
            if lead and row.problem is None:
                wrong = {each.field for each in problems}
                mended, repairs = repaired(lead, wrong, rules.fits)
                is_whole = wrong <= {each.field for each in repairs}
                again = _reading(mended, rules) if is_whole else None
                if again and again.identity:
                    candidates.append((row.number, again.identity, mended, repairs))
        elif key in accepted:
            findings.duplicates.append((row.number, accepted[key]))
        else:
            accepted[key] = row.number
            findings.accepted += 1
            findings.used |= dict.fromkeys(flattened(lead))
            # a table's body is our own JSON
            notices = rules.notices_of(lead) if row.cells else rules.notices(row.body, lead)
            findings.notices += [RowNotice(row.number, each) for each in notices]
    for number, key, mended, repairs in candidates:
        if key in accepted:
            findings.repeated_once_mended[number] = accepted[key]
        else:
            accepted[key] = number
            findings.mended[number] = mended
            findings.used |= dict.fromkeys(flattened(mended))
            findings.repairs += [RowRepair(number, each) for each in repairs]
    return findings


def _read(row: Row, rules: LeadRules, largest: int) -> tuple[tuple[Problem, ...], str, Lead]:
    """What is wrong with a row, what identifies it if nothing is, and its lead: empty if it has none."""
    if row.problem:
        lead = row.lead
        return (row.problem,), "", lead if isinstance(lead, dict) else {}
    if len(row.body) > largest:
        return (larger_than(largest),), "", {}
    reading = rules.read(row.body, _JSON, None)
    return reading.problems, reading.identity or "", reading.sent or {}


def _reading(lead: Lead, rules: LeadRules) -> Reading:
    return rules.read(orjson.dumps(lead), _JSON, None)


def value_of(lead: Any, name: str) -> str | None:
    """A field's value as text, also of `metadata.NAME`; None if it is absent."""
    field, _, inner = name.partition(".")
    value = lead.get(field) if isinstance(lead, dict) else None
    if inner and isinstance(value, dict):
        value = value.get(inner)
    return None if value is None else _as_cell(value)


def as_json(findings: Findings, name: str) -> dict[str, Any]:
    """The findings for a program; see docs/reference/admin-api.md for the shape."""
    file = findings.file
    return {
        "file": name,
        "encoding": file.encoding,
        "delimiter": file.delimiter,
        "header": file.header,
        "columns": dict(file.columns),
        "leftOut": [
            {name: value for name, value in each._asdict().items() if value is not None}
            for each in file.left_out
        ],
        "rows": findings.rows,
        "accepted": findings.accepted,
        "refused": findings.refused,
        "duplicates": len(findings.duplicates),
        "problems": [each.as_json() for each in findings.problems],
        "notes": [each.as_json() for each in findings.notices],
        "duplicateRows": [{"row": row, "of": of} for row, of in findings.duplicates],
        "repairs": [
            {
                "row": row,
                "field": repair.field,
                "repair": repair.kind,
                "before": repair.before,
                "after": repair.after,
            }
            for row, repair in findings.repairs
        ],
    }


# the two tables to download


def write_rejects(findings: Findings, out: BinaryIO, *, without_mended: bool) -> int:
    """Write the refused rows with the file's own columns, and `row`, `problem`, `fix`; how many there are.

    `without_mended` leaves out the rows that `write_fixed` writes. UTF-8 with BOM, comma, CRLF. Raises `OSError`.
    """
    by_row = findings.by_row()
    names = list(findings.file.names) or _properties(findings.file, by_row)
    again = is_rejects(names)  # and checked again
    names = names[: -len(OF_REJECTS)] if again else names
    count = 0
    with _table(out) as write:
        write([*names, *OF_REJECTS])
        for row in findings.file.rows():
            found = by_row.get(row.number)
            if not found or (without_mended and row.number in findings.mended):
                continue
            count += 1
            cells = _cells(row, names)
            own = [*cells[: len(names)], *[""] * (len(names) - len(cells))]
            beyond = [] if again else cells[len(names) :]
            write([*own, row.number, *_in_words(findings, row.number, found), *beyond])
    return count


def write_fixed(findings: Findings, out: BinaryIO) -> int:
    """Write the accepted rows, as they are or repaired, under the page's names. Returns how many."""
    left = {row for row, _ in findings.duplicates} | {each.row for each in findings.problems}
    left -= findings.mended.keys()
    names = [
        *(name for name in FIELDS if name in findings.used and name != "metadata"),
        *(name for name in findings.used if name.startswith(METADATA)),
    ]
    count = 0
    with _table(out) as write:
        write(names)
        for row in findings.file.rows():
            if row.number not in left:
                flat = flattened(findings.mended.get(row.number) or row.lead)
                write(["" if flat.get(name) is None else _as_cell(flat[name]) for name in names])
                count += 1
    return count


@contextmanager
def _table(out: BinaryIO) -> Iterator[Callable[[Iterable[Any]], object]]:
    """Writes rows as CSV in UTF-8 with BOM and CRLF."""
    text = io.TextIOWrapper(out, "utf-8-sig", errors="backslashreplace", newline="")
    yield csv.writer(text).writerow
    text.flush()
    text.detach()


def _in_words(findings: Findings, row: int, found: list[RowProblem]) -> tuple[str, str]:
    problems = [with_field(each.problem) for each in found]
    if row in findings.repeated_once_mended:
        of = findings.repeated_once_mended[row]
        problems.append(f"After its repair it repeats row {of:,}.")
        return " ".join(problems), f"Leave it out: it repeats row {of:,}."
    return " ".join(problems), " ".join(each.problem.hint for each in found if each.problem.hint)


def with_field(problem: Problem) -> str:
    """A problem with its field, unless it is named anyway."""
    named = problem.field and problem.field not in problem.message
    return f"{problem.field}: {problem.message}" if named else problem.message


def _properties(file: LeadFile, by_row: dict[int, list[RowProblem]]) -> list[str]:
    """The columns that a table of JSON's refused leads needs."""
    names: dict[str, None] = {}
    for row in file.rows():
        if row.number in by_row:
            names |= dict.fromkeys(flattened(row.lead) if isinstance(row.lead, dict) else ["lead"])
    return [*names]


def _cells(row: Row, names: list[str]) -> list[str]:
    if row.cells:
        return row.cells
    lead = row.lead
    flat = flattened(lead) if isinstance(lead, dict) else {"lead": row.body.decode("utf-8", "replace")}
    return [_as_cell(flat[name]) if name in flat else "" for name in names]


def _as_cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
