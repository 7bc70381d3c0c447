"""Judges the runs of a drill by the journal of each: pure functions over recorded requests."""

import functools
import itertools
import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from aktify_sandbox.drill.result import ProblemId, RunProblem, RunResult, Verdict
from aktify_sandbox.drill.stations import ORDINARY, Station
from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.redaction import Personal
from aktify_sandbox.report.attempts import FINAL, SAME_MOMENT, UNDER_WAY, came_at_once
from aktify_sandbox.report.findings import RULES
from aktify_sandbox.report.observed import Observed, observed
from aktify_sandbox.report.report import MOST_ENTRIES, NOTHING_OFF, Finding, finding_of, report_of
from aktify_sandbox.scenarios.faults import Fault
from aktify_sandbox.text import are, plural

_IN = (201, 409)
_FOR_GOOD = FINAL - {409}
_BY_SIGNAL = 128
_NOT_RUN = (126, 127)

OUTAGE = "outage"
HTML_PAGE = "html-page"
GAVE_UP = "gave-up-after-failure"
DUPLICATE = "duplicate-taken-as-failure"
ERROR_BODY = "error-body-matters"
NO_PAUSE = "retry-without-pause"
_NO_DOUBT = 3
"""How many leads sent again at once prove that it isn't chance."""


class Run:
    """One run of the command, as the sandbox saw it."""

    def __init__(
        self,
        scenario: str | None,
        exit_code: int | None,
        seconds: float,
        entries: Sequence[Entry],
        kept: frozenset[str],
    ) -> None:
        """`exit_code` is None if the drill stopped the command. `kept` are the numbers of the accepted leads."""
        self.scenario = scenario
        self.exit_code = exit_code
        self.seconds = seconds
        self.entries = entries
        self.requests = [observed(entry) for entry in entries]
        self.posts = [each for each in self.requests if each.is_post_of_lead]
        by_number: dict[str, list[Observed]] = {}
        for post in self.posts:
            if post.phone:
                by_number.setdefault(post.phone, []).append(post)
        self.by_number: Mapping[str, Sequence[Observed]] = by_number
        """The posts of each phone number, in order."""
        self.accepted = kept | {each.phone for each in self.posts if each.phone and each.status == 409}
        """The numbers that are in the campaign."""
        self.repeats = Counter(
            {number: len(repeats) for number, posts in by_number.items() if (repeats := _after(posts, _IN))}
        )
        """How often each number was posted after it had been answered 201 or 409."""

    @property
    def stopped(self) -> bool:
        """Whether the drill stopped the command."""
        return self.exit_code is None

    @functools.cached_property
    def needless(self) -> list[Observed]:
        """Posts that repeat one that was refused for good, and every post after a 401."""
        by_content: dict[str, list[Observed]] = {}
        for post in self.posts:
            by_content.setdefault(post.phone or str(post.entry["body"]), []).append(post)
        found = [each for posts in by_content.values() for each in _after(posts, _FOR_GOOD)]
        found += _after(self.posts, (401,), UNDER_WAY)
        return sorted({each.id: each for each in found}.values(), key=lambda each: each.id)

    @property
    def at_once(self) -> list[tuple[Observed, Observed]]:
        """Of each lead that was sent again at once, the failure and the next post."""
        pairs = (
            next((pair for pair in itertools.pairwise(posts) if came_at_once(*pair)), None)
            for posts in self.by_number.values()
        )
        return [pair for pair in pairs if pair]

    @property
    def was_forced(self) -> bool:
        """Whether the scenario decided anything."""
        return any(not each.is_ordinary for each in self.posts)


def _after(
    posts: Sequence[Observed], statuses: Collection[int], under_way: float = SAME_MOMENT
) -> list[Observed]:
    """The posts that arrived after one of them had a whole answer with such a status.

    On another connection, a post that arrives `under_way` seconds after the answer may have been sent before it.
    """
    first: dict[str | None, float] = {}  # on each connection, the end of the first such answer
    for each in posts:
        if each.status in statuses and not each.is_lost and each.ended is not None:
            first[each.client] = min(each.ended, first.get(each.client, math.inf))
    anywhere = min(first.values(), default=math.inf) + under_way
    return [each for each in posts if each.at > min(anywhere, first.get(each.client, math.inf))]


class Judgement(NamedTuple):
    """What is said of a run."""

    verdict: Verdict
    result: RunResult


class Judge:
    """Judges one run after the other. The first one is that of the ordinary station."""

    def __init__(self, personal: Personal, switched_off: Mapping[str, str] = NOTHING_OFF) -> None:
        """`switched_off` are the findings not to look for, with the reasons."""
        self._personal = personal
        self._switched_off = switched_off
        self._ordinary: Run | None = None
        self._known: frozenset[str] = frozenset()
        """The ids of the findings in the ordinary station."""
        self._outage_passed = False

    def judge(self, station: Station, run: Run) -> Judgement:
        """The verdict on a run, and its result."""
        if station.name == ORDINARY:
            self._ordinary = run
        assert self._ordinary is not None  # noqa: S101  the ordinary station comes first
        lost = self._lost(run, self._ordinary)
        findings = self._findings(station, run, lost)
        problems = list(self._problems(station, run, self._ordinary, lost, findings))
        verdict: Verdict = "failed" if problems else "passed"
        if station.scenarios and not problems and not (run.was_forced and self._could_stop(station, run)):
            verdict = "not-reached"
        if station.name == OUTAGE and run.scenario == station.scenarios[0]:
            self._outage_passed = not lost
        return Judgement(verdict, self._result(run, self._ordinary, lost, findings, problems))

    def _could_stop(self, station: Station, run: Run) -> bool:
        """Whether a client that is to stop had any lead left that it could keep back."""
        assert self._ordinary is not None  # noqa: S101  as above
        return not station.may_stop or any(number not in run.by_number for number in self._ordinary.by_number)

    def _lost(self, run: Run, ordinary: Run) -> list[str]:
        """Numbers that were accepted in the ordinary station and aren't in. After a 401 the rest is left for later."""
        refused = [each for each in run.posts if each.status == 401]
        return [
            number
            for number in ordinary.by_number
            if number in ordinary.accepted
            and number not in run.accepted
            and not (refused and self._is_left(run.by_number.get(number, ())))
        ]

    @staticmethod
    def _is_left(posts: Sequence[Observed]) -> bool:
        return not posts or posts[-1].status == 401

    def _findings(self, station: Station, run: Run, lost: Sequence[str]) -> list[Finding]:
        """Those of the report that the ordinary station hasn't shown, and those that only a drill can prove."""
        until = None if run.stopped else math.inf  # what the drill broke off isn't held against the client
        reported = report_of(run.entries, self._switched_off, until=until, personal=self._personal)[
            "findings"
        ]
        if station.name == ORDINARY:
            self._known = frozenset(each["id"] for each in reported)
            return reported
        found = {each["id"]: each for each in reported if each["id"] not in self._known}
        if run.stopped:
            found.pop(GAVE_UP, None)  # it may have been about to send them
            return [*found.values()]
        last = run.posts[-1] if run.posts else None
        if last and last.status == 409 and any(number not in run.by_number for number in lost):
            found |= self._by_comparison(
                DUPLICATE, [last.id], f"{plural(len(lost), 'lead')} never sent after a 409"
            )
        if NO_PAUSE not in {*found, *self._known}:
            found |= self._without_pause(run)
        if station.name == HTML_PAGE and self._outage_passed:
            given_up = [
                posts[-1].id
                for number in lost
                if (posts := run.by_number.get(number)) and posts[-1].is_failure
            ]
            if given_up:
                found.pop(GAVE_UP, None)  # the other proof says why
                found |= self._by_comparison(
                    ERROR_BODY, given_up, "given up after a 502 with HTML, not after a 503 with JSON"
                )
        return [*found.values()]

    def _without_pause(self, run: Run) -> dict[str, Finding]:
        """Retries at once on new connections: in one run they look like posts in parallel.

        A client that sends each lead once while nothing fails has none in parallel.
        """
        assert self._ordinary is not None  # noqa: S101  as above
        pairs = run.at_once
        if len(pairs) < _NO_DOUBT or any(len(posts) > 1 for posts in self._ordinary.by_number.values()):
            return {}
        failure, again = pairs[0]
        pause = (again.at - (failure.ended or failure.at)) * 1000
        example = f"sent again after {pause:.0f} ms, on a new connection"
        entries = [each.id for pair in pairs for each in pair]
        return self._by_comparison(NO_PAUSE, entries, example, count=len(pairs))

    def _by_comparison(
        self, name: str, entries: Sequence[str], example: str, count: int | None = None
    ) -> dict[str, Finding]:
        """A finding that the comparison of two stations proves, by its id."""
        if name in self._switched_off:
            return {}
        first = entries[:MOST_ENTRIES]
        return {name: finding_of(RULES[name], "sequence", count or len(entries), first, example)}

    def _problems(
        self, station: Station, run: Run, ordinary: Run, lost: Sequence[str], findings: Sequence[Finding]
    ) -> Iterator[RunProblem]:
        if station.name == ORDINARY and not run.posts:
            yield _problem(
                "no-requests", "No lead was posted. Does the command send its leads to $AKTIFY_BASE_URL?"
            )
        elif station.name == ORDINARY and not run.accepted:
            reason = self._personal.text(run.posts[0].entry["reason"]["rule"])
            yield _problem("no-leads-accepted", f"No lead was accepted. First request: {reason}", run.posts)
        if run.stopped:
            yield _problem("time-limit", _overrun(run), _unanswered(run))
        elif message := self._exit_code(station, run, ordinary):
            yield _problem("unexpected-exit-code", message)
        if lost:
            dropped = [number for number in lost if _is_dropped(run, ordinary, number)]
            left = [number for number in lost if not _is_dropped(run, ordinary, number)]
            parts = [self._leads(dropped, "lost"), self._leads(left, "not in")]
            last = [posts[-1] for number in lost if (posts := run.by_number.get(number))]
            yield _problem("leads-lost", " ".join(filter(None, parts)), last)
        twice = self._twice(run, ordinary)
        if twice:
            again = [each for number in twice for each in _after(run.by_number[number], _IN)]
            message = f"{are(len(twice), 'lead')} posted again after a 201 or 409."
            yield _problem("leads-twice", message, again)
        if len(run.needless) > len(ordinary.needless):
            message = (
                f"{are(len(run.needless), 'request')} needless: sent again after a 4xx, or sent after a 401."
            )
            yield _problem("needless-retries", message, run.needless)
        for each in findings:
            if each["level"] != "note":
                yield {
                    "id": "finding",
                    "message": f"{each['id']}: {each['sentence']}",
                    "entries": each["entries"],
                }

    def _leads(self, numbers: Sequence[str], are_what: str) -> str:
        named = ", ".join(map(self._personal.phone, numbers[:3])) + (", …" if len(numbers) > 3 else "")
        return f"{plural(len(numbers), 'lead')} {are_what}: {named}." if numbers else ""

    @staticmethod
    def _exit_code(station: Station, run: Run, ordinary: Run) -> str:
        code = run.exit_code or 0
        crashed = code in _NOT_RUN or code > _BY_SIGNAL
        if station.may_stop and not crashed:
            return ""
        if station.name == ORDINARY:
            return _bad_start(run, code) if code else ""
        if code == (ordinary.exit_code or 0):
            return ""
        return f"The command ended with exit code {code}, in the ordinary station with {ordinary.exit_code or 0}."

    @staticmethod
    def _twice(run: Run, ordinary: Run) -> list[str]:
        return [number for number, count in run.repeats.items() if count > ordinary.repeats[number]]

    def _result(
        self,
        run: Run,
        ordinary: Run,
        lost: Sequence[str],
        findings: list[Finding],
        problems: list[RunProblem],
    ) -> RunResult:
        answers = Counter("none" if each.is_lost else str(each.status) for each in run.requests)
        return {
            "scenario": run.scenario,
            "exitCode": run.exit_code,
            "seconds": round(run.seconds, 1),
            "requests": len(run.requests),
            "answers": dict(sorted(answers.items())),
            "leads": len(run.by_number),
            "leadsIn": len(run.accepted),
            "leadsLost": [self._personal.phone(number) for number in lost],
            "leadsTwice": [self._personal.phone(number) for number in self._twice(run, ordinary)],
            "needlessRetries": len(run.needless),
            "did": _did(run, answers),
            "problems": problems,
            "findings": findings,
        }


def _did(run: Run, answers: Mapping[str, int]) -> str:
    """What the command did, in words."""
    each = ", ".join(
        f"{count:,} unanswered" if status == "none" else f"{count:,} × {status}"
        for status, count in sorted(answers.items())
    )
    end = "stopped at the time limit" if run.stopped else f"exit code {run.exit_code}"
    if not run.requests:
        return f"Sent nothing; {end}."
    sent = f"Sent {plural(len(run.by_number), 'lead')} in {plural(len(run.requests), 'request')} ({each})"
    return f"{sent}; {len(run.accepted):,} in; {end}."


def _bad_start(run: Run, code: int) -> str:
    """Why the ordinary station fails although the command may be in order."""
    forced = sorted({each.forced for each in run.posts if each.forced})
    if not forced:
        return f"The command ended with exit code {code}, although nothing was forced."
    names = ", ".join(forced[:3]) + (", …" if len(forced) > 3 else "")
    return (
        f"The command ended with exit code {code}. Its own leads or key force answers ({names}). "
        "Fix: use others, such as 555-0100 to 555-0139, or write `no-magic: true` in aktify-sandbox.yaml."
    )


def _is_dropped(run: Run, ordinary: Run, number: str) -> bool:
    """Whether a lead that isn't in was given up: the command ended as if all were in, or had gone on after it."""
    if run.stopped:
        return False
    if run.exit_code in (0, ordinary.exit_code):
        return True
    posts = run.by_number.get(number)
    if not posts:
        return False
    last, end = posts[-1], run.posts[-1]
    return end.at > (last.ended or last.at) + (0 if end.client == last.client else UNDER_WAY)


def _overrun(run: Run) -> str:
    waiting = bool(_unanswered(run))
    cause = (
        " It was waiting for an answer: set a timeout."
        if waiting
        else " Raise --timeout if it needs longer, or give it fewer leads."
    )
    return f"The command was still running after {run.seconds:.0f} s and was stopped.{cause}"


def _unanswered(run: Run) -> list[Observed]:
    """The posts for whose answers, which never come, the command was waiting when it was stopped."""
    last = [posts[-1] for posts in run.by_number.values()]
    return [
        each
        for each in last
        if each.fault == Fault.HANG and (each.ended is None or each.ended >= run.posts[-1].at)
    ]


def _problem(name: ProblemId, message: str, shown_by: Sequence[Observed] = ()) -> RunProblem:
    return {"id": name, "message": message, "entries": [each.id for each in shown_by[:MOST_ENTRIES]]}
