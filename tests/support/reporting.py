"""What the report finds in a journal."""

from collections.abc import Iterable

from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.report.report import Finding, report_of


def findings_in(entries: Iterable[Entry], until: float | None = None) -> dict[str, Finding]:
    """The findings by their ids."""
    return {finding["id"]: finding for finding in report_of(entries, until=until)["findings"]}
