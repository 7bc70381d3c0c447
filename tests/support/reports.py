"""Reports made by hand."""

from typing import cast

from aktify_sandbox.contract.sources import Source, documented
from aktify_sandbox.report.report import Finding, Report, report_of
from support.recorded import recorded

PAGE = documented("A sentence.")


def finding(level: str = "error", source: Source = PAGE, **more: object) -> Finding:
    """A finding; other names replace what it says."""
    found = {
        "id": "resent-4xx",
        "level": level,
        "certainty": "sequence",
        "count": 5,
        "entries": [f"r{number:09d}" for number in range(5)],
        "example": "400, then the same lead",
        "sentence": "A lead that was refused is sent again unchanged. " * 3,
        "fix": "Mend the lead.",
        **source._asdict(),
        **more,
    }
    return cast("Finding", found)


def report(*findings: Finding) -> Report:
    """A report on two requests with these findings."""
    found = report_of([recorded(3), recorded(4, status=409)])
    return {**found, "findings": [*findings]}
