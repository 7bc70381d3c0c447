"""A summary of the sandbox's answers to the leads of a file."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from aktify_sandbox.cli.lead_files import kind_lines, wrapped
from aktify_sandbox.redaction import Personal
from aktify_sandbox.text import plural

if TYPE_CHECKING:
    from aktify_sandbox.leadfiles.checking import RowProblem
    from aktify_sandbox.leadfiles.reader import LeadFile

_SHOWN = 10


@dataclass
class SendSummary:
    """Answers by status, and problems by kind."""

    unit: str
    """What leads are numbered by: `row`, `line` or `lead`."""
    file: "LeadFile | None" = None
    """Their file, unless they are samples."""
    answers: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    """The rows of each status and message."""
    problems: "list[RowProblem]" = field(default_factory=list)
    """Rows with problems, from the answers or the reader."""
    not_sent: Counter[str] = field(default_factory=Counter)
    """Rows that were held back, by the reason."""
    undelivered: list[str] = field(default_factory=list)
    """Rows that no answer came to: their leads may be in, or not."""

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
    def arrived(self) -> bool:
        """Whether any lead is in now: a 201, or a 409 because it was in already."""
        return bool({201, 409} & self.statuses.keys())

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

    def lines(self, url: str, personal: Personal) -> Iterator[str]:
        """For people."""
        from aktify_sandbox.leadfiles.sentences import rows_in_words, ways_on

        counts: list[tuple[object, int]] = [*self.statuses.items(), ("no answer", len(self.undelivered))]
        totals = ", ".join(f"{count:,} × {answer}" for answer, count in counts if count)
        yield f"{sum(count for _, count in counts):,} sent to {url}{totals and f': {totals}'}"
        for reason, count in self.not_sent.items():
            yield f"{plural(count, self.unit)} not sent: {reason}"
        for (status, message), rows in self._ordered():
            if status not in (201, 400):
                said, where = personal.text(message), rows_in_words(rows, self.unit)
                is_all = len(rows) == self.statuses[status]  # whose count is in the totals already
                counted = str(status) if is_all else f"{len(rows):,} × {status}"
                yield from wrapped(f"{counted}: {said} {where}", 4)
        if self.problems:
            yield ""
            yield from kind_lines(self.problems, self.unit, personal)
            for line in ways_on(self.file, self.problems) if self.file else ():
                yield from wrapped(personal.text(line), 2)

    def print(self, url: str, personal: Personal) -> None:
        """Print it on standard output; what wasn't answered on standard error."""
        for line in self.lines(url, personal):
            click.echo(line)
        for line in self.undelivered[:_SHOWN]:
            click.echo(f"No answer, so the lead may be in or not: {line}", err=True)
        if len(self.undelivered) > _SHOWN:
            click.echo(f"{len(self.undelivered) - _SHOWN:,} more without an answer", err=True)
