"""Problems by kind, for a person: the count, the rows, an example, the fix and the source."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aktify_sandbox.contract.body import Problem

from .checking import RowProblem

_VALUE = re.compile(r": [^ ].*|[Ww]rite (?![a-z]+ )\S.*|[0-9][0-9,.-]*")
"""What differs within a kind: suggested values, and numbers. “Write two letters” suggests none."""
_QUOTED_OR_VALUE = re.compile(f"“[^”]*”|{_VALUE.pattern}")
"""A message quotes the row's value; a hint quotes only what all of its kind share, such as “tel:”."""


@dataclass
class ProblemKind:
    """Problems that differ only in their values."""

    first: Problem
    value: str | None
    """The field's value in the first one."""
    rows: list[int] = field(default_factory=list)
    fixes: dict[tuple[str | None, str], list[int]] = field(default_factory=dict)
    """The rows of each value and its fix."""

    @property
    def count(self) -> int:
        """How many problems there are of this kind."""
        return len(self.rows)


def kinds_of(problems: Iterable[RowProblem]) -> list[ProblemKind]:
    """The kinds, the most frequent first."""
    found: dict[Any, ProblemKind] = {}
    for row, problem, value in problems:
        key = (
            problem.field,
            problem.source,
            problem.ruling,
            _QUOTED_OR_VALUE.sub("…", problem.message),
            _VALUE.sub("…", problem.hint),
        )
        kind = found.setdefault(key, ProblemKind(problem, value))
        kind.rows.append(row)
        kind.fixes.setdefault((value, problem.hint), []).append(row)
    return sorted(found.values(), key=lambda kind: (-kind.count, kind.rows[0]))
