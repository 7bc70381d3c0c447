"""A report as workflow commands of GitHub Actions: an annotation for each finding, and one for coverage."""

from collections.abc import Mapping
from types import MappingProxyType

from aktify_sandbox.report.findings.rule import Level
from aktify_sandbox.report.report import Finding, Report
from aktify_sandbox.text import escaped, plural

from .terminal import source_of

_COMMANDS: Mapping[Level, str] = MappingProxyType({"error": "error", "warning": "warning", "note": "notice"})
_SHOWN = 3
"""How many requests an annotation names."""


def as_github(report: Report) -> str:
    """The report as lines that GitHub shows as annotations. It shows ten errors and ten warnings of a step."""
    lines = [
        _finding(finding, level)
        for level in _COMMANDS
        for finding in report["findings"]
        if finding["level"] == level
    ]
    return "\n".join([*lines, _coverage(report)]) + "\n"


def _finding(finding: Finding, level: Level) -> str:
    shown = ", ".join(finding["entries"][:_SHOWN]) + (", …" if len(finding["entries"]) > _SHOWN else "")
    text = "\n".join(
        [
            f"{finding['sentence']} ({plural(finding['count'], 'time')})",
            f"Fix: {finding['fix']}",
            f"{shown}: {finding['example']}",
            source_of(finding),
        ]
    )
    return _annotation(_COMMANDS[level], finding["id"], text)


def _coverage(report: Report) -> str:
    clauses = report["coverage"]["clauses"]
    missing = [clause for clause in clauses if not clause["met"]]
    head = (
        f"{report['coverage']['percent']} % ({len(clauses) - len(missing)} of {plural(len(clauses), 'clause')}) "
        f"met in {plural(report['requests'], 'request')}."
    )
    if not missing:
        return _annotation("notice", "Coverage of the contract", head)
    names = [clause["text"] for clause in missing]
    last = "`aktify-sandbox report` prints a command for each of them."
    return _annotation("notice", "Coverage of the contract", "\n".join([head, "Missing:", *names, last]))


def _annotation(command: str, title: str, text: str) -> str:
    """One workflow command, escaped as GitHub's toolkit does it."""
    return f"::{command} title={_property(title)}::{_data(text)}"


def _data(text: str) -> str:
    return escaped(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
