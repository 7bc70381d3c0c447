"""What a sandbox saw while a command ran: for a terminal, and in Markdown for the summary of a CI job."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from aktify_sandbox.cli.client import Client
from aktify_sandbox.cli.expectations import VerifyResult, WrittenExpectation
from aktify_sandbox.cli.output import clean, table_lines
from aktify_sandbox.cli.personal import IS_MASKED
from aktify_sandbox.journal.summary import NO_ANSWER, status_of, summary_of
from aktify_sandbox.redaction import Personal, Redaction
from aktify_sandbox.text import are, plural

_AT_ONCE = 1_000
_MOST_COUNTED = 20_000
_MOST_ROWS = 50
_MOST_ROWS_IN_MARKDOWN = 200
_LONGEST_CELL = 200
_COLUMNS = ("time", "status", "request", "phone", "campaign", "reason")


class Masking(NamedTuple):
    """What may be shown of people, and of keys never."""

    personal: Personal
    redaction: Redaction

    def phone(self, phone: str | None) -> str:
        """A number in E.164."""
        return "-" if phone is None else self.personal.phone(phone)

    def text(self, text: str) -> str:
        """Any text of a request or of its answer."""
        return self.personal.text(self.redaction.masked(text))

    def result(self, result: VerifyResult) -> VerifyResult:
        """The result of an expectation, in words."""
        name, text = self.redaction.masked(result.name), self.redaction.masked(result.text)
        return result._replace(name=name, text=text).shown(self.personal)


class Traffic(NamedTuple):
    """The requests of a run, oldest first."""

    requests: list[dict[str, Any]]
    more: bool
    """Whether there are older ones that were not looked at."""
    leads: int
    """How many were kept, whatever has become of them since."""

    @property
    def counted(self) -> str:
        """All in one line."""
        statuses = Counter(str(status_of(each) or NO_ANSWER) for each in self.requests)
        each = ", ".join(
            f"{count:,} without an answer" if status == NO_ANSWER else f"{count:,} × {status}"
            for status, count in sorted(statuses.items())
        )
        count = len(self.requests)
        many = f"{'more than ' if self.more else ''}{plural(count, 'request')}"
        leads = plural(self.leads, "lead") if self.leads else "no leads"
        return f"{many if count else 'No requests'}{f' ({each})' if each else ''}, {leads} kept."


def traffic_after(client: Client, after: str) -> Traffic:
    """What has come since the request of that id."""
    found: list[dict[str, Any]] = []
    before = None
    while len(found) < _MOST_COUNTED:
        page = client.get("/requests", limit=_AT_ONCE, before=before, after=after)
        found += page["requests"]
        before = page["next"]
        if before is None:
            break
    kept = WrittenExpectation({"where": {"kept": "yes"}}).verify(client, after).content["matched"]
    return Traffic(found[::-1], before is not None, kept)


def nothing_arrived(url: str) -> str:
    """What is said when a command has sent nothing."""
    return f"No request reached the sandbox. Does the command send its leads to $AKTIFY_BASE_URL ({url})?"


def terminal_lines(traffic: Traffic, client: Client, masking: Masking) -> Iterator[str]:
    """A table of requests, then the last one that isn't a 201, whole."""
    from aktify_sandbox.history.explanation import explanation

    if not traffic.requests:
        return
    earlier = len(traffic.requests) - _MOST_ROWS
    if earlier > 0 or traffic.more:
        yield f"… {'more than ' if traffic.more else ''}{plural(max(earlier, 0), 'earlier one')}"
    yield from table_lines(_COLUMNS, [_cells(each, masking) for each in traffic.requests[-_MOST_ROWS:]])
    last = next((each for each in reversed(traffic.requests) if status_of(each) != 201), None)
    if last:
        yield ""
        yield "The last one that isn't a 201:"
        whole = masking.personal.entry(client.get(f"/requests/{last['id']}"))
        yield from (f"  {line}".rstrip() for line in explanation(whole).splitlines())
    if not masking.personal.whole:
        yield ""
        yield IS_MASKED


def _cells(entry: dict[str, Any], masking: Masking) -> tuple[str, ...]:
    summary = summary_of(entry)
    where = "" if summary.is_ordinary else f"{summary.method} {masking.text(summary.path[:_LONGEST_CELL])}: "
    forced_by = f"[{summary.forced_by}]" if summary.forced_by else ""
    return (
        summary.time,
        summary.shown_status,
        summary.id,
        masking.phone(summary.phone),
        summary.campaign or "-",
        " ".join(filter(None, (f"{where}{masking.text(summary.reason)}", forced_by, summary.hung_up))),
    )


# Markdown


def markdown(
    traffic: Traffic, results: Sequence[VerifyResult], masking: Masking, command: str, code: int
) -> str:
    """The same as a section of a Markdown document, of bounded length."""
    shown = traffic.requests[-_MOST_ROWS_IN_MARKDOWN:]
    left_out = len(traffic.requests) - len(shown)
    rows = [_cells(each, masking) for each in shown]
    lines = [
        "### aktify-sandbox",
        "",
        f"{_in_markdown(masking.text(command))} ended with exit code {code}. {traffic.counted}",
        "",
        *map(_result_in_markdown, results),
        *([""] if results else []),
    ]
    if rows:
        lines += [f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}"]
        lines += [f"| {' | '.join(_in_markdown(cell) for cell in row)} |" for row in rows]
        lines += [""]
    if left_out or traffic.more:
        at_least = "more than " if traffic.more else ""
        lines += [f"{at_least}{are(left_out, 'earlier request')} left out here.", ""]
    return "\n".join(lines) + "\n"


def _result_in_markdown(result: VerifyResult) -> str:
    return (
        f"- ✅ {_in_markdown(result.name)}"
        if result.ok
        else f"- ❌ {_in_markdown(result.text, 2_000, '<br>')}"
    )


def _in_markdown(text: str, longest: int = _LONGEST_CELL, line_break: str = " ") -> str:
    """Text that means nothing but itself wherever it stands: no markup, no link, nobody mentioned, one line."""
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    lines = [clean(line.strip()) for line in cut.split("\n")]
    return line_break.join(
        re.sub(
            r"[^\w\s.,()+…×–-]|_|(?<=www)\.", lambda found: f"&#{ord(found[0])};", line, flags=re.IGNORECASE
        )
        for line in lines
    )
