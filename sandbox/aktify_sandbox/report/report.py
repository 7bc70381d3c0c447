"""The report on a journal: coverage of the contract, and findings about the client."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypedDict

from aktify_sandbox.contract.clauses import CLAUSES, Clause
from aktify_sandbox.jobs import Work, finished
from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.redaction import Personal
from aktify_sandbox.version import __version__

from .attempts import Attempts
from .coverage import MetClauses
from .findings import RULES
from .findings.rule import Certainty, Evidence, FindingRule, Level
from .observed import observed

MOST_ENTRIES = 100
_LONGEST_EXAMPLE = 200
"""How many ids a finding or a clause names at most."""

NOTHING_OFF: Mapping[str, str] = MappingProxyType({})


class ClauseReport(TypedDict):
    """A clause, and whether it was met."""

    id: str
    text: str
    source: str
    quote: str | None
    ruling: str | None
    met: bool
    entries: list[str]
    """The ids of the first request that shows it; empty if it wasn't met."""
    provoke: str


class Coverage(TypedDict):
    """The clauses that were met."""

    percent: int
    """Of all clauses, rounded down."""
    clauses: list[ClauseReport]


class Finding(TypedDict):
    """What the client does wrong."""

    id: str
    level: Level
    certainty: Certainty
    count: int
    """How often it occurred."""
    entries: list[str]
    """The ids of the first 100 requests that prove it."""
    example: str
    """The first occurrence, with personal data masked."""
    sentence: str
    fix: str
    source: str
    quote: str | None
    ruling: str | None


class Report(TypedDict):
    """The whole report."""

    version: str
    """The version of the sandbox."""
    requests: int
    """How many requests were read."""
    oldest: str | None
    """The id of the first one that was read; None without any."""
    evicted: int
    """How many older requests the journal has dropped: the report doesn't know them."""
    coverage: Coverage
    findings: list[Finding]
    switchedOff: dict[str, str]
    """The findings that were not looked for, by id, and why."""


def report_work(
    entries: Iterator[Entry | None],
    switched_off: Mapping[str, str] = NOTHING_OFF,
    *,
    evicted: int = 0,
    until: float | None = None,
    origin: str | None = None,
    personal: Personal = Personal(),  # noqa: B008  an immutable value
) -> Work[Report]:
    """Read the entries, oldest first, and report. None among them is passed over. It may pause at each.

    `until` says until when, in seconds since the epoch, nothing more came: now, or infinity if the client has ended. By
    default it is the time of the last request, so what that one leaves open isn't held against the client.
    `origin` is the address that the commands of the clauses name; without it, they find a sandbox as any command does.
    """
    requests, oldest, newest = 0, None, 0.0
    clauses = MetClauses()
    judged = [_Judged(rule) for rule in RULES.values() if rule.id not in switched_off]
    looks = [(each.detector.see, each) for each in judged]
    attempts = Attempts()
    try:
        for entry in entries:
            yield
            if entry is None:
                continue
            request = observed(entry)
            requests += 1
            oldest = oldest or request.id
            if request.at > newest:
                newest = request.at
            request.before = attempts.before(request)
            clauses.see(request)
            for see, each in looks:
                for evidence in see(request):
                    each.add(evidence)
        for each in judged:
            for evidence in each.detector.end(newest if until is None else until):
                yield
                each.add(evidence)
            yield
    finally:
        attempts.forget()
    return {
        "version": __version__,
        "requests": requests,
        "oldest": oldest,
        "evicted": evicted,
        "coverage": _coverage(clauses.met, origin),
        "findings": [each.finding(personal) for each in judged if each.count],
        "switchedOff": dict(switched_off),
    }


def report_of(
    entries: Iterable[Entry],
    switched_off: Mapping[str, str] = NOTHING_OFF,
    *,
    until: float | None = None,
    personal: Personal = Personal(),  # noqa: B008  an immutable value
) -> Report:
    """The report on a few entries, at once."""
    return finished(report_work(iter(entries), switched_off, until=until, personal=personal))


class _Judged:
    """A rule, and what its detector has found so far."""

    def __init__(self, rule: FindingRule) -> None:
        self.detector = rule.detector()
        self.count = 0
        self._rule = rule
        self._entries: dict[str, None] = {}
        self._example = ""

    def add(self, evidence: Evidence) -> None:
        if not self.count:
            self._example = evidence.example[:_LONGEST_EXAMPLE]
        self.count += 1
        for name in evidence.entries:
            if len(self._entries) >= MOST_ENTRIES:
                return
            self._entries[name] = None

    def finding(self, personal: Personal) -> Finding:
        rule = self._rule
        example = personal.text(self._example, self._example.partition(" ")[0])
        return finding_of(rule, rule.certainty, self.count, self._entries, example)


def finding_of(
    rule: FindingRule, certainty: Certainty, count: int, entries: Iterable[str], example: str
) -> Finding:
    """What a report says of a rule. `entries` prove it; the example is masked."""
    return {
        "id": rule.id,
        "level": rule.level,
        "certainty": certainty,
        "count": count,
        "entries": list(entries),
        "example": example,
        "sentence": rule.sentence,
        "fix": rule.fix,
        "source": rule.source.source,
        "quote": rule.source.quote,
        "ruling": rule.source.ruling,
    }


def _coverage(met: Mapping[str, str], origin: str | None) -> Coverage:
    return {
        "percent": 100 * len(met) // len(CLAUSES),
        "clauses": [_reported(clause, met.get(clause.id), origin) for clause in CLAUSES],
    }


def _reported(clause: Clause, shown_by: str | None, origin: str | None) -> ClauseReport:
    return {
        "id": clause.id,
        "text": clause.text,
        "source": clause.source.source,
        "quote": clause.source.quote,
        "ruling": clause.source.ruling,
        "met": shown_by is not None,
        "entries": [shown_by] if shown_by else [],
        "provoke": clause.provoke_at(origin) if origin else clause.provoke,
    }
