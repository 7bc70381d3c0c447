"""Several reports as one: those of the tests of a run, or of the processes that ran them."""

from collections.abc import Iterable, Sequence

from aktify_sandbox.contract.clauses import CLAUSES
from aktify_sandbox.version import __version__

from .findings import RULES
from .report import MOST_ENTRIES, ClauseReport, Finding, Report


def merged(reports: Iterable[Report]) -> Report:
    """A report on all that these are on: a clause is met if one of them met it, and occurrences are added up.

    The ids of requests are those of each report's own journal.
    """
    given = list(reports)
    clauses = _clauses(given)
    return {
        "version": __version__,
        "requests": sum(each["requests"] for each in given),
        "oldest": next((each["oldest"] for each in given if each["oldest"]), None),
        "evicted": sum(each["evicted"] for each in given),
        "coverage": {
            "percent": 100 * sum(each["met"] for each in clauses) // len(CLAUSES),
            "clauses": clauses,
        },
        "findings": _findings(given),
        "switchedOff": {name: reason for each in given for name, reason in each["switchedOff"].items()},
    }


def _clauses(reports: Sequence[Report]) -> list[ClauseReport]:
    """Each as the first report has it that met it."""
    found: dict[str, ClauseReport] = {}
    for report in reports:
        for clause in report["coverage"]["clauses"]:
            if clause["id"] not in found or (clause["met"] and not found[clause["id"]]["met"]):
                found[clause["id"]] = clause
    return list(found.values())


def _findings(reports: Iterable[Report]) -> list[Finding]:
    """Each with the example of the first report that has it."""
    found: dict[str, Finding] = {}
    for report in reports:
        for finding in report["findings"]:
            first = found.get(finding["id"])
            if first is None:
                found[finding["id"]] = {**finding}
                continue
            first["count"] += finding["count"]
            more = [each for each in finding["entries"] if each not in first["entries"]]
            first["entries"] = [*first["entries"], *more][:MOST_ENTRIES]
    order = list(RULES)
    return sorted(found.values(), key=lambda finding: order.index(finding["id"]))
