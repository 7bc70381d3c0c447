"""What was found in a file, in sentences: the command prints them, the page shows them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aktify_sandbox.contract.body import Problem
from aktify_sandbox.text import plural

from .checking import Findings, RowProblem, with_field
from .columns import metadata_for
from .delimited import DELIMITERS
from .kinds import kinds_of
from .reader import LeadFile, LeftOut
from .repairs import KINDS

_SHOWN_DUPLICATES = 10
_SHOWN_ROWS = 12


def form(file: LeadFile) -> str:
    """Encoding, delimiter and the header's place."""
    delimiter = DELIMITERS.get(file.delimiter, repr(file.delimiter)) if file.delimiter else ""
    header = f"header in line {file.header}" if file.header else "JSON"
    return ", ".join(filter(None, (file.encoding, delimiter, header)))


def columns(file: LeadFile) -> str:
    """What each column is, but for those that are left out."""
    mapped = ((name, field) for name, field in file.columns.items() if field)
    return ", ".join(name if name == field else f"{name} → {field}" for name, field in mapped)


def left_out(each: LeftOut) -> str:
    """Something that is in no lead."""
    match each.kind:
        case "title":
            return f"line {each.line}, above the header: {each.what[:80]}"
        case "export column":
            return f"column {each.what}, which `leads export` writes beside the lead"
        case "rejects column":
            return f"column {each.what}, which --rejects writes"
        case "column":
            keep = f'keep it with --map "{each.what}={metadata_for(each.what)}"'
            return f"column {each.what}, {plural(each.cells or 0, 'filled cell')} ({keep})"
        case "unnamed column":
            return f"{each.what}, which has no name, {plural(each.cells or 0, 'filled cell')}"
        case _:
            return plural(each.cells or 0, "blank row")


def counts(findings: Findings) -> str:
    """How many leads there are, and what they would be answered."""
    refused, duplicates = f"{findings.refused:,} refused", plural(len(findings.duplicates), "duplicate")
    leads = plural(findings.rows, findings.file.unit)
    return f"{leads}: {findings.accepted:,} would be accepted, {refused}, {duplicates}."


class KindInWords(NamedTuple):
    """One kind of problem."""

    problems: int
    """How many there are."""
    field: str
    what: str
    fix: str
    word: str
    """Whose word it is."""
    rows: str


def kinds(problems: Iterable[RowProblem], unit: str) -> list[KindInWords]:
    """The problems by kind, the most frequent first."""
    return [
        KindInWords(
            kind.count,
            kind.first.field,
            with_field(kind.first),
            kind.first.hint,
            _whose_word(kind.first),
            rows_in_words(kind.rows, unit),
        )
        for kind in kinds_of(problems)
    ]


def _whose_word(problem: Problem) -> str:
    if problem.source == "documented":
        return "documented by Aktify"
    return f"ruling {problem.ruling}" if problem.source == "ruling" else problem.source


def rows_in_words(rows: Sequence[int], unit: str) -> str:
    """Rows by their numbers: the first ones, and how many more."""
    distinct = list(dict.fromkeys(rows))
    if len(distinct) == 1:
        return f"{unit} {distinct[0]}"
    shown = ", ".join(map(str, distinct[:_SHOWN_ROWS]))
    more = len(distinct) - _SHOWN_ROWS
    return f"{unit}s {shown}" + (f" and {more:,} more" if more > 0 else "")


def duplicates(findings: Findings) -> str:
    """Which rows repeat which."""
    unit = findings.file.unit
    shown = [f"{unit} {row} repeats {unit} {of}" for row, of in findings.duplicates[:_SHOWN_DUPLICATES]]
    more = len(findings.duplicates) - _SHOWN_DUPLICATES
    line = f"Duplicates, answered 409 (documented by Aktify): {', '.join(shown)}"
    return line + (f" and {more:,} more." if more > 0 else ".")


def repairs(findings: Findings, how: str) -> str:
    """What was repaired; `how` says of the rows whether it was done or could be."""
    counted = Counter(each.repair.kind for each in findings.repairs)
    done = ", ".join(f"{count:,} × {KINDS[kind]}" for kind, count in counted.most_common())
    return f"{len(findings.mended):,} of {plural(findings.refused, 'refused row')} {how}: {done}."
