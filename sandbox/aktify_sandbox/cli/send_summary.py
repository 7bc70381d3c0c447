"""What a sandbox answered to the leads of a file, summed up."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from aktify_sandbox.cli.lead_files import kind_lines, wrapped
from aktify_sandbox.text import plural

if TYPE_CHECKING:
    from aktify_sandbox.leadfiles.checking import RowProblem

_SHOWN = 10


@dataclass
class Summary:
    """Answers by status, and what was wrong by kind."""

    unit: str
    """What the leads are counted by: `row`, `line` or `lead`."""
    answers: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    """The rows of each status and message."""
    problems: "list[RowProblem]" = field(default_factory=list)
    """What the answers, or the reader, had against rows."""
    not_sent: Counter[str] = field(default_factory=Counter)
    """Rows that were held back, by the reason."""
    undelivered: list[str] = field(default_factory=list)
    """Rows that no answer came to."""

    def add(self, row: int, status: int, message: str) -> None:
        """Count an answer."""
        self.answers.setdefault((status, message), []).append(row)

    @property
    def statuses(self) -> dict[int, int]:
        """How many of each status."""
        found: Counter[int] = Counter()
        for (status, _), rows in self.answers.items():
            found[status] += len(rows)
        return dict(sorted(found.items()))

    @property
    def content(self) -> dict[str, Any]:
        """For programs."""
        return {
            "sent": sum(self.statuses.values()),
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "answers": [
                {"status": status, "message": message, "count": len(rows), "first": rows[0]}
                for (status, message), rows in self._ordered()
            ],
            "problems": [each.as_json() for each in self.problems],
            "notSent": dict(self.not_sent),
            "undelivered": self.undelivered,
        }

    def _ordered(self) -> list[tuple[tuple[int, str], list[int]]]:
        return sorted(self.answers.items(), key=lambda item: (item[0][0], -len(item[1]), item[0][1]))

    def lines(self, url: str) -> Iterator[str]:
        """For people."""
        from aktify_sandbox.leadfiles.sentences import rows_in_words

        totals = ", ".join(f"{count:,} × {status}" for status, count in self.statuses.items())
        yield f"{sum(self.statuses.values()):,} sent to {url}: {totals or 'no answers'}"
        for reason, count in self.not_sent.items():
            yield f"{plural(count, self.unit)} not sent: {reason}"
        for (status, message), rows in self._ordered():
            if status not in (201, 400):
                yield from wrapped(f"{len(rows):,} × {status}: {message} {rows_in_words(rows, self.unit)}", 4)
        if self.problems:
            yield ""
            yield from kind_lines(self.problems, self.unit)

    def print(self, url: str) -> None:
        """For people, on standard output; what wasn't delivered on standard error."""
        for line in self.lines(url):
            click.echo(line)
        for line in self.undelivered[:_SHOWN]:
            click.echo(f"not delivered: {line}", err=True)
        if len(self.undelivered) > _SHOWN:
            click.echo(f"not delivered: {len(self.undelivered) - _SHOWN:,} more", err=True)
