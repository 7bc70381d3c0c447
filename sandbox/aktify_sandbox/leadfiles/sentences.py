"""The findings about a file in sentences, for the command and the page."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from aktify_sandbox.contract.aliases import likely_field
from aktify_sandbox.contract.body import Problem
from aktify_sandbox.text import plural

from .checking import Findings, RowNotice, RowProblem, with_field
from .columns import listed, metadata_for
from .delimited import DELIMITERS
from .kinds import ProblemKind, kinds_of
from .reader import LeadFile, LeftOut
from .repairs import KINDS

_DIFFERS_IN_NOTICES = re.compile(r"[0-9][0-9,.-]*|\b[A-Z]{2}\b")
"""What differs within a kind of notices: numbers and codes of states."""
_SHOWN_DUPLICATES = 10
_SHOWN_ROWS = 12
_SHOWN_FIXES = 10
_LONGEST_VALUE = 40
_NOT_OPTIONAL = ("phoneNumber", "region", "zipCode", "link", "linkToShorten")
"""Fields that a lead needs: always, without another one, or in some campaigns."""
_BEGINNING = re.compile("^[A-Z](?![A-Z])")
"""The beginning of a hint that continues after a value, unless it is a word in capitals, such as JSON."""


def form(file: LeadFile) -> str:
    """Encoding, delimiter and the header's place."""
    delimiter = DELIMITERS.get(file.delimiter, repr(file.delimiter)) if file.delimiter else ""
    header = f"header in line {file.header}" if file.header else "JSON"
    return ", ".join(filter(None, (file.encoding, delimiter, header)))


def columns(file: LeadFile) -> str:
    """The mapping of each column, except those that are left out."""
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
    """What to do about each of them; empty if that differs."""
    word: str
    """Whose word it is."""
    rows: str
    fixes: list[str]
    """If the fix differs: what to do about each value."""


def kinds(problems: Iterable[RowProblem], unit: str) -> list[KindInWords]:
    """The problems by kind, the most frequent first."""
    return [
        KindInWords(
            kind.count,
            kind.first.field,
            _what(kind),
            "" if _differs(kind) else kind.first.hint,
            _whose_word(kind.first),
            rows_in_words(kind.rows, unit),
            _fixes(kind, unit) if _differs(kind) else [],
        )
        for kind in kinds_of(problems)
    ]


def _what(kind: ProblemKind) -> str:
    """The problem in words; where values differ, with the first as an example."""
    what = with_field(kind.first)
    if len({value for value, _ in kind.fixes}) < 2 or not kind.first.message.startswith("“"):
        return what
    return what.replace(kind.first.message, f"e.g. {kind.first.message}", 1)


def _differs(kind: ProblemKind) -> bool:
    return len({hint for _, hint in kind.fixes}) > 1


def _fixes(kind: ProblemKind, unit: str) -> list[str]:
    """What to do about each value: the first ones, and the number of the others."""
    lines = [
        f"{rows_in_words(rows, unit)} “{(value or '')[:_LONGEST_VALUE]}”: {_BEGINNING.sub(_lowered, hint)}"
        for (value, hint), rows in islice(kind.fixes.items(), _SHOWN_FIXES)
    ]
    more = len(kind.fixes) - _SHOWN_FIXES
    return [*lines, f"and {more:,} more"] if more > 0 else lines


def _lowered(found: re.Match[str]) -> str:
    return found[0].lower()


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


def notices(findings: Findings) -> list[str]:
    """The notices on accepted rows, a line for each kind, the most frequent first."""
    kinds: dict[tuple[str, str | None, str], list[RowNotice]] = {}
    for each in findings.notices:
        notice = each.notice
        kind = (notice.field, notice.ruling, _DIFFERS_IN_NOTICES.sub("…", notice.message))
        kinds.setdefault(kind, []).append(each)
    unit = findings.file.unit
    return [_notice_line(found, unit) for found in sorted(kinds.values(), key=len, reverse=True)]


def _notice_line(found: list[RowNotice], unit: str) -> str:
    """How many there are of a kind, the first one, and the rows."""
    field, message, ruling = found[0].notice
    example = "e.g. " if len({each.notice.message for each in found}) > 1 else ""
    named = f"{field}: " if field else ""
    word = f" (ruling {ruling})" if ruling else ""
    rows = rows_in_words([each.row for each in found], unit)
    return f"{len(found):,} × {named}{example}{message}{word} {rows}"


def ways_on(file: LeadFile, problems: Iterable[RowProblem]) -> list[str]:
    """What to do about a table whose columns are the problem: one to assign, one to leave out."""
    wrong = {each.problem.field for each in problems}
    of_field = {field: name for name, field in file.columns.items() if field}
    lines: list[str] = []
    if of_field and "region" in wrong and not {"region", "zipCode"} & of_field.keys():
        guesses = ((name, likely_field(name)) for name, field in file.columns.items() if field is None)
        name, field = next(
            (each for each in guesses if each[1] in ("region", "zipCode")), ("COLUMN", "region")
        )
        lines.append(
            f"No column is region or zipCode. The columns are {listed([*file.columns])}. "
            f'Assign one with --map "{name}={field}", or add one.'
        )
    for field, name in of_field.items():
        if field in wrong and field not in _NOT_OPTIONAL:
            lines.append(
                f'{field} is optional: correct or clear the cells, or leave out the column with --map "{name}=".'
            )
    return lines


def duplicates(findings: Findings) -> str:
    """Which rows repeat which."""
    unit = findings.file.unit
    shown = [f"{unit} {row} repeats {unit} {of}" for row, of in findings.duplicates[:_SHOWN_DUPLICATES]]
    more = len(findings.duplicates) - _SHOWN_DUPLICATES
    line = f"Duplicates, answered 409 (documented by Aktify): {', '.join(shown)}"
    return line + (f" and {more:,} more." if more > 0 else ".")


def repairs(findings: Findings, how: str) -> str:
    """The repairs; `how` says whether they were made or could be."""
    counted = Counter(each.repair.kind for each in findings.repairs)
    done = ", ".join(f"{count:,} × {KINDS[kind]}" for kind, count in counted.most_common())
    return f"{len(findings.mended):,} of {plural(findings.refused, 'refused row')} {how}: {done}."
