"""Problems by kind, for a person: how many of each, in which rows, with an example, the fix, and whose word it is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aktify_sandbox.contract.body import Problem

from .checking import RowProblem

_VALUE = re.compile(r": [^ ].*|[Ww]rite (?![a-z]+ )\S.*|[0-9][0-9,.-]*")
"""What differs within a kind: a value that is proposed, and numbers. “Write two letters” proposes none."""
_QUOTED_OR_VALUE = re.compile(f"“[^”]*”|{_VALUE.pattern}")
"""A message quotes the row's value; a hint quotes only what is the same for all of its kind, such as “tel:”."""


@dataclass
class Kind:
    """Problems that differ in their values alone."""

    first: Problem
    value: str | None
    """What stands in the field of the first one."""
    rows: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many problems there are of this kind."""
        return len(self.rows)


def kinds_of(problems: Iterable[RowProblem]) -> list[Kind]:
    """The kinds, the most frequent first."""
    found: dict[Any, Kind] = {}
    for row, problem, value in problems:
        key = (
            problem.field,
            problem.source,
            problem.ruling,
            _QUOTED_OR_VALUE.sub("…", problem.message),
            _VALUE.sub("…", problem.hint),
        )
        found.setdefault(key, Kind(problem, value)).rows.append(row)
    return sorted(found.values(), key=lambda kind: (-kind.count, kind.rows[0]))
