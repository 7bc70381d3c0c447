"""A report as JUnit XML: a test case for each finding that is looked for, and for each clause."""

from collections.abc import Iterator
from typing import get_args

from aktify_sandbox.junit import Case, Failure, document
from aktify_sandbox.report.findings import RULES
from aktify_sandbox.report.findings.rule import Level
from aktify_sandbox.report.report import ClauseReport, Finding, Report
from aktify_sandbox.text import plural

from .terminal import source_of

_SUITE = "aktify-sandbox report"
_FINDINGS = "aktify-sandbox.findings"
_CLAUSES = "aktify-sandbox.clauses"


def as_junit(report: Report, fail_on: Level = "warning", fail_under: int | None = None) -> str:
    """The report as JUnit XML.

    A finding of level `fail_on` or above fails, one below is skipped, and one that wasn't found passes. A clause that
    was met passes, and a missing one is skipped. `fail_under` adds a case that fails if coverage is below it.
    """
    levels = get_args(Level)
    failing = levels[: levels.index(fail_on) + 1]
    cases = [*_findings(report, failing), *map(_clause, report["coverage"]["clauses"])]
    if fail_under is not None:
        cases.append(_coverage(report["coverage"]["percent"], fail_under))
    return document(_SUITE, cases, 0.0)


def _findings(report: Report, failing: tuple[Level, ...]) -> Iterator[Case]:
    found = {finding["id"]: finding for finding in report["findings"]}
    for name in dict.fromkeys([*RULES, *found]):
        if name in found:
            yield _finding(found[name], failing)
        elif name in report["switchedOff"]:
            yield Case(name, skipped=f"switched off: {report['switchedOff'][name]}", group=_FINDINGS)
        else:
            yield Case(name, group=_FINDINGS)


def _finding(finding: Finding, failing: tuple[Level, ...]) -> Case:
    message = f"{finding['level']}, {plural(finding['count'], 'time')}: {finding['sentence']}"
    if finding["level"] not in failing:
        return Case(finding["id"], skipped=message, group=_FINDINGS)
    text = "\n".join(
        [
            finding["sentence"],
            f"Fix: {finding['fix']}",
            f"Example: {finding['example']}",
            f"Requests: {', '.join(finding['entries'])}",
            source_of(finding),
        ]
    )
    return Case(finding["id"], Failure(finding["level"], message, text), group=_FINDINGS)


def _clause(clause: ClauseReport) -> Case:
    missing = None if clause["met"] else f"not met. To provoke it: {clause['provoke']}"
    return Case(clause["text"], skipped=missing, group=_CLAUSES)


def _coverage(percent: int, least: int) -> Case:
    name = f"coverage of at least {least} %"
    if percent >= least:
        return Case(name)
    message = f"Coverage is {percent} %, below {least} %."
    return Case(name, Failure("coverage", message, message))
