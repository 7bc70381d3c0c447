"""Problems by kind, for a person: how many of each, in which rows, with an example, the fix, and whose word it is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aktify_sandbox.contract.parsing import Problem

from .checking import RowProblem


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
            _general(problem.message),
            _general(problem.hint),
        )
        found.setdefault(key, Kind(problem, value)).rows.append(row)
    return sorted(found.values(), key=lambda kind: (-kind.count, kind.rows[0]))


def _general(text: str) -> str:
    """A message or hint without the values in it: what is quoted or proposed, and numbers."""
    return re.sub(r"“[^”]*”|: [^ ].*|[Ww]rite \S.*|[0-9][0-9,.-]*", "…", text)
