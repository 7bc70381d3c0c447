"""A report as text for a terminal: coverage as a table, then the findings by level."""

import textwrap
from collections.abc import Iterator
from typing import get_args

from aktify_sandbox.report.findings.rule import Level
from aktify_sandbox.report.report import ClauseReport, Finding, Report
from aktify_sandbox.text import plural, printable

_WIDTH = 100
_INDENT = "    "
_SHOWN = 3
"""How many requests a finding names."""
CERTAINTY = {
    "proved": "proved by one request",
    "sequence": "proved by a sequence of requests",
    "likely": "likely",
}


def as_terminal(report: Report) -> str:
    """The report as lines of text."""
    return "\n".join([*_head(report), *_findings(report), *_coverage(report), *_switched_off(report)]) + "\n"


def counted(report: Report) -> str:
    """How many findings of each level there are, in words."""
    levels = [finding["level"] for finding in report["findings"]]
    counts = [plural(levels.count(level), level) for level in get_args(Level) if level in levels]
    return ", ".join(counts) or "no findings"


def _head(report: Report) -> Iterator[str]:
    since = f", since {report['oldest']}" if report["oldest"] else ""
    yield f"Report on {plural(report['requests'], 'request')}{since}."
    if report["evicted"]:
        yield (
            f"Not in this report: {plural(report['evicted'], 'older request')} that --keep dropped. "
            "A finding that needs them is missing."
        )
    if not report["requests"]:
        yield "There are no requests to report on. Fix: run your client against the sandbox first."


def _findings(report: Report) -> Iterator[str]:
    yield ""
    yield f"Findings: {counted(report)}"
    for level in get_args(Level):
        for finding in report["findings"]:
            if finding["level"] == level:
                yield ""
                yield from _finding(finding)


def _finding(finding: Finding) -> Iterator[str]:
    yield (
        f"{finding['level'].upper()}  {finding['id']}  {plural(finding['count'], 'time')}, "
        f"{CERTAINTY[finding['certainty']]}"
    )
    yield from _wrapped(finding["sentence"])
    yield from _wrapped(f"Fix: {finding['fix']}")
    shown, more = finding["entries"][:_SHOWN], len(finding["entries"]) - _SHOWN
    names = ", ".join(shown) + (", …" if more > 0 else "")
    yield from _wrapped(printable(f"{names}: {finding['example']}"))
    yield from _wrapped(source_of(finding))


def source_of(found: Finding | ClauseReport) -> str:
    """Whose word it is, in words."""
    if found["ruling"]:
        return f"Ruling {found['ruling']}: our choice, not Aktify's."
    match found["source"]:
        case "documented":
            return f"Aktify's page: “{found['quote']}”"
        case "http":
            return f"HTTP: {found['quote']}"
        case _:
            return "A recommendation of this sandbox."


def _coverage(report: Report) -> Iterator[str]:
    clauses = report["coverage"]["clauses"]
    met = [clause for clause in clauses if clause["met"]]
    yield ""
    yield f"Coverage: {len(met)} of {len(clauses)} clauses met, {report['coverage']['percent']} %"
    yield ""
    width = max(len(clause["text"]) for clause in clauses)
    for clause in clauses:
        if clause["met"]:
            yield f"met      {clause['text']:<{width}}  {clause['entries'][0]}"
    if len(met) < len(clauses):
        yield ""
        yield "Run the command of a missing clause. It forces the next answer, or it posts such a lead,"
        yield "which counts as one of the client's, also for the findings."
        yield ""
    for clause in clauses:
        if not clause["met"]:
            yield f"missing  {clause['text']}"
            yield f"         $ {clause['provoke']}"


def _switched_off(report: Report) -> Iterator[str]:
    if report["switchedOff"]:
        yield ""
        yield "Switched off in the configuration:"
        for name, reason in report["switchedOff"].items():
            yield f"{_INDENT}{name}: {printable(reason)}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)
