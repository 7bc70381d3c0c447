"""Findings about what a client does after a failure: 429, 5xx, or a lost answer."""

import functools
import sys
from collections.abc import Callable, Iterable
from typing import NamedTuple

import orjson

from aktify_sandbox.contract import page
from aktify_sandbox.contract.schema import row
from aktify_sandbox.contract.sources import documented, http
from aktify_sandbox.report.attempts import (
    FINAL,
    MOST_OPEN,
    EarlierPost,
    allowed_at,
    external_id_and_rest,
    had_no_pause,
    is_retry,
    is_same_run,
)
from aktify_sandbox.report.observed import Observed
from aktify_sandbox.report.recent import Recent

from .rule import ADVICE, Evidence, FindingRule, each_repeat

MOST_ATTEMPTS = 10
"""How often a lead may fail in succession before its client retries without end."""
_PATIENCE = 1.0
"""Seconds that a client may take to send a lead again, beyond what `Retry-After` says."""
_TOO_EARLY = 0.05
_MOST_CAMPAIGNS = 1_000
_FIRST_LEADS = 100
_MOST_SHAPES = 50
_MOST_ANSWERS = 20_000
"""How many answers wait until it is known what the client does: at the end, all are looked at in one step."""
_MOST_EXAMPLES = 40
_OFTEN = 2
"""How many leads show a behaviour."""
_NO_CHANCE = 3
"""How many leads with a new id show that it isn't chance: two people may have one number."""


class _Failed(NamedTuple):
    """A lead whose first post failed."""

    id: str
    patient_until: float
    outcome: str


class _GaveUp:
    """The leads whose first post failed and that weren't sent again yet."""

    def __init__(self) -> None:
        self._failed: Recent[_Failed] = Recent(MOST_OPEN, _Failed)

    def see(self, request: Observed) -> Iterable[Evidence]:
        lead, before = request.lead, request.before
        if lead is None:
            return ()
        if before is not None and before.is_failure:
            self._failed.pop(lead)
        elif request.phone and request.is_failure and request.ended is not None and request.is_post_of_lead:
            patient_until = (allowed_at(request) or request.ended) + _PATIENCE
            self._failed.add(lead, _Failed(request.id, patient_until, _outcome(request)))
        return ()

    def end(self, until: float, /) -> Iterable[Evidence]:
        for failed in self._failed.emptied():
            if failed.patient_until <= until:
                yield Evidence((failed.id,), f"{failed.outcome}, not sent again")


def _outcome(request: Observed) -> str:
    if not request.is_lost and request.status is not None:
        return _shown_status(request.status)
    return "no whole answer" if request.fault else "no answer"


_shown_status = functools.cache(str)
"""One text for all that are remembered."""


def _too_early(request: Observed, before: EarlierPost) -> str | None:
    allowed_at = before.allowed_at
    if allowed_at is None or request.at >= allowed_at - _TOO_EARLY or not is_retry(before, request):
        return None
    ended = before.ended or before.at
    return f"told to wait {allowed_at - ended:.1f} s, sent again after {max(0, request.at - ended):.1f} s"


def _at_once(request: Observed, before: EarlierPost) -> str | None:
    if not before.is_failure or not had_no_pause(before, request):
        return None
    pause = max(0, request.at - (before.ended or before.at)) * 1000
    return f"{before.status or 'no answer'}, sent again after {pause:.0f} ms"


class _WithoutEnd:
    """No memory: a lead's last post says how many have failed before."""

    def see(self, request: Observed) -> Iterable[Evidence]:
        before = request.before
        if (
            before is None
            or before.failures < MOST_ATTEMPTS
            or before.is_parallel
            or not is_retry(before, request)
        ):
            return ()
        return (Evidence((before.id, request.id), f"{before.failures} failures in succession, sent again"),)

    def end(self, _until: float, /) -> Iterable[Evidence]:
        return ()


class _NewId:
    """The first leads that were sent again under a new id: of a few nothing is said."""

    def __init__(self) -> None:
        self._first: dict[int, Evidence] = {}
        self._is_sure = False

    def see(self, request: Observed) -> Iterable[Evidence]:
        before, lead = request.before, request.lead
        if before is None or lead is None or not before.is_failure or not before.rest:
            return ()
        external_id, rest = external_id_and_rest(request)
        if rest != before.rest or external_id == before.external_id:
            return ()
        evidence = Evidence((before.id, request.id), "the same lead, with another externalLeadId")
        if self._is_sure:
            return (evidence,)
        self._first.setdefault(lead, evidence)
        self._is_sure = len(self._first) >= _NO_CHANCE
        return [*self._first.values()] if self._is_sure else ()

    def end(self, _until: float, /) -> Iterable[Evidence]:
        return ()


class _Course:
    """What a campaign was sent: its first leads, and whether it ends with a 409 after a failure."""

    def __init__(self) -> None:
        self.first: list[int] = []
        self.ends: tuple[str, str] | None = None
        self.ended = 0.0

    def add(self, request: Observed) -> None:
        number = hash(request.phone)
        if len(self.first) < _FIRST_LEADS and number not in self.first:
            self.first.append(number)
        before = request.before
        is_stop = request.status == 409 and not request.is_lost and before is not None and before.is_failure
        self.ends = (before.id, request.id) if before is not None and is_stop else None
        self.ended = request.ended or request.at


class _DuplicateAsFailure:
    """The courses of the campaigns. One that ends at such a 409 is compared with those that go on."""

    def __init__(self) -> None:
        self._courses: dict[str, _Course] = {}

    def see(self, request: Observed) -> Iterable[Evidence]:
        if request.phone is None or request.campaign is None or not request.is_post_of_lead:
            return ()
        course = self._courses.get(request.campaign)
        if course is None:
            course = self._courses[request.campaign] = _Course()
            if len(self._courses) > _MOST_CAMPAIGNS:
                del self._courses[next(iter(self._courses))]
        course.add(request)
        before = request.before
        failed = before.after_failure if before is not None else None
        if before is None or failed is None or before.status != 409 or before.is_lost:
            return ()
        if not is_retry(before, request) or not is_same_run(before.client, before.at, request):
            return ()
        return (Evidence((failed, before.id, request.id), "409 after a failure, sent again"),)

    def end(self, until: float, /) -> Iterable[Evidence]:
        courses = list(self._courses.values())
        for course in courses:
            if (
                course.ends
                and course.ended + _PATIENCE <= until
                and any(map(course_goes_on(course), courses))
            ):
                yield Evidence(course.ends, "the run ends with a 409 after a failure; another one goes on")


def course_goes_on(course: _Course) -> Callable[[_Course], bool]:
    """Whether another campaign was sent the same leads in the same order, and more."""
    many = len(course.first)
    return lambda other: len(other.first) > many and other.first[:many] == course.first


class _Answer(NamedTuple):
    """The first answer to a lead: what stands for it, until it is known what the client does."""

    id: str
    status: int
    shape: str
    patient_until: float


class _Behaviour:
    """What the client did after bodies of one shape: how many leads it sent again and how many not, and examples."""

    def __init__(self) -> None:
        self.again = self.left = 0
        self.examples: list[str] = []

    def add(self, ids: tuple[str, ...], *, again: bool) -> None:
        self.again += again
        self.left += not again
        if len(self.examples) < _MOST_EXAMPLES:
            self.examples.extend(ids)


def is_error(request: Observed | EarlierPost) -> bool:
    """Whether the client was answered with an error."""
    return not request.is_lost and (request.is_failure or request.status in FINAL)


class _ErrorBodies:
    """The behaviour by status and shape of the body, and the answers of which it isn't known yet.

    Only a lead's first answer counts: whether a client gives up later depends on how often it has tried.
    """

    def __init__(self) -> None:
        self._open: Recent[_Answer] = Recent(_MOST_ANSWERS, _Answer)
        self._behaviour: dict[int, dict[str, _Behaviour]] = {}

    def see(self, request: Observed) -> Iterable[Evidence]:
        lead, before, status = request.lead, request.before, request.status
        if lead is None:
            return ()
        if before is not None and is_error(before):
            answer = self._open.pop(lead)
            if answer is not None and is_retry(before, request):
                self._add(answer, (answer.id, request.id), again=True)
        elif (
            (before is None or not before.is_failure)
            and is_error(request)
            and status is not None
            and request.ended
        ):
            patient_until = (allowed_at(request) or request.ended) + _PATIENCE
            self._open.add(lead, _Answer(request.id, status, _shape(request), patient_until))
        return ()

    def _add(self, answer: _Answer, ids: tuple[str, ...], *, again: bool) -> None:
        shapes = self._behaviour.setdefault(answer.status, {})
        if answer.shape in shapes or len(shapes) < _MOST_SHAPES:
            shapes.setdefault(answer.shape, _Behaviour()).add(ids, again=again)

    def end(self, until: float, /) -> Iterable[Evidence]:
        for answer in self._open.emptied():
            if answer.patient_until <= until:
                self._add(answer, (answer.id,), again=False)
        for status, shapes in self._behaviour.items():
            again = [shape for shape, each in shapes.items() if each.again >= _OFTEN and not each.left]
            left = [shape for shape, each in shapes.items() if each.left >= _OFTEN and not each.again]
            if again and left:
                ids = [name for shape in (*again, *left) for name in shapes[shape].examples]
                yield Evidence(tuple(ids), f"{status} is sent again after {again[0]}, not after {left[0]}")


def _shape(request: Observed) -> str:
    """What kind of body an answer has."""
    body = (request.entry["response"] or {}).get("body") or ""
    if not body.strip():
        return "no body"
    if body.lstrip()[:1] == "<":
        return "HTML"
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "text"
    return (
        sys.intern(f"JSON with {', '.join(sorted(value))[:80]}") if isinstance(value, dict) else "other JSON"
    )


GAVE_UP_AFTER_FAILURE = FindingRule(
    id="gave-up-after-failure",
    level="error",
    certainty="sequence",
    sentence="A lead isn't sent again after a 429, a 5xx or a lost answer, so it may be lost.",
    fix="Send the same lead again after a pause, several times; then keep it in the queue and tell a person.",
    source=ADVICE,
    detector=_GaveUp,
)
IGNORED_RETRY_AFTER = FindingRule(
    id="ignored-retry-after",
    level="error",
    certainty="sequence",
    sentence="A lead is sent again sooner than Retry-After says.",
    fix="Wait as long as Retry-After says: a number of seconds, or a date.",
    source=http("RFC 9110, 10.2.3"),
    detector=each_repeat(_too_early),
)
RETRY_WITHOUT_PAUSE = FindingRule(
    id="retry-without-pause",
    level="error",
    certainty="sequence",
    sentence="A lead is sent again less than 100 ms after a failure. This makes an outage longer.",
    fix="Pause before each retry, twice as long each time from one second on, plus a random part.",
    source=ADVICE,
    detector=each_repeat(_at_once),
)
RETRY_WITHOUT_END = FindingRule(
    id="retry-without-end",
    level="error",
    certainty="sequence",
    sentence=f"A lead is sent again after {MOST_ATTEMPTS} failures in succession, as if it had no limit.",
    fix="Limit the number of retries; then put the lead back into the queue and tell a person.",
    source=ADVICE,
    detector=_WithoutEnd,
)
NEW_ID_ON_RETRY = FindingRule(
    id="new-id-on-retry",
    level="warning",
    certainty="sequence",
    sentence="A lead is sent again with another externalLeadId. If the first post got in, Aktify has the other id.",
    fix="Choose the externalLeadId once for each lead, and send it with every try.",
    source=documented(row("externalLeadId")),
    detector=_NewId,
)
DUPLICATE_TAKEN_AS_FAILURE = FindingRule(
    id="duplicate-taken-as-failure",
    level="note",
    certainty="likely",
    sentence="A 409 is treated as a failure: the run stops, or the lead is sent again.",
    fix="Treat a 409 as done, and go on with the next lead.",
    source=documented(page.DUPLICATE),
    detector=_DuplicateAsFailure,
)
ERROR_BODY_MATTERS = FindingRule(
    id="error-body-matters",
    level="note",
    certainty="likely",
    sentence="The client behaves differently when only the body of an error differs. Bodies aren't in the contract.",
    fix="Decide by the status alone, and write the body to your log.",
    source=documented(page.NO_CONTRACT),
    detector=_ErrorBodies,
)
