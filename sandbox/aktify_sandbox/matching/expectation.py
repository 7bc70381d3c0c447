"""Expectations about requests, and whether recorded requests meet them. Pure functions of values.

An entry doesn't have everything: bodies are cut or left out, and old entries are dropped. What isn't recorded never
counts as absent: if it could change the verdict, there is no verdict.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aktify_sandbox.matching.condition import Condition
from aktify_sandbox.matching.recorded import RecordedRequest
from aktify_sandbox.matching.words import WORDS
from aktify_sandbox.text import plural

_NEAREST = 3
_IDENTITY = ("phone", "body.phoneNumber")
_IDS_SHOWN = 100
"""Limits of the reported misses; of matching requests more are kept, since a user may want each."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A condition that a request must meet."""

    name: str
    """Its name for people: `status`, `body.region`, `header X-Batch`."""
    expected: str
    """In words."""
    condition: Condition

    def holds(self, request: RecordedRequest) -> bool | None:
        """Whether the request meets it; None if that isn't recorded."""
        is_met = self.condition.holds(request)
        return None if self.condition.name == "search" and not is_met and request.is_cut else is_met


@dataclass(frozen=True, slots=True)
class Count:
    """The number of requests that are expected."""

    least: int = 0
    most: float = math.inf

    def __str__(self) -> str:
        if self.least == self.most:
            return f"exactly {plural(self.least, 'request')}"
        if self.most == math.inf:
            return f"at least {plural(self.least, 'request')}"
        if self.least == 0:
            return f"at most {plural(int(self.most), 'request')}"
        return f"{self.least} to {plural(int(self.most), 'request')}"

    def admits(self, number: int) -> bool:
        """Whether the count allows this number."""
        return self.least <= number <= self.most


@dataclass(frozen=True, slots=True)
class Scope:
    """The requests that an expectation is about; others aren't near misses."""

    campaign: str | None = None
    after: str | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """An expected number of requests that match, or requests in this order."""

    name: str
    """The name given by the user, or its own words."""
    steps: tuple[tuple[Wanted, ...], ...]
    """One step: `count` requests match it. Several: one request each, in this order; others may come in between."""
    count: Count | None
    """None for an order."""
    scope: Scope = field(default_factory=Scope)

    @property
    def words(self) -> str:
        """The expectation in words."""
        kinds = ["; then ".join(filter(None, [_kind(step) for step in self.steps]))]
        if self.count is None:
            return f"in this order: {kinds[0]}"
        return f"{self.count}{f' with {kinds[0]}' if kinds[0] else ''}"


def _kind(step: tuple[Wanted, ...]) -> str:
    return ", ".join(f"{_said(wanted.name)} {wanted.expected}" for wanted in step)


def _said(name: str) -> str:
    """A field of the lead without `body.`, as people write it, unless that is a word of its own."""
    bare = name.removeprefix("body.")
    return name if bare in WORDS else bare


class Miss(NamedTuple):
    """A request that almost matches."""

    request: RecordedRequest
    differences: tuple[Wanted, ...]

    @property
    def distance(self) -> tuple[bool, int]:
        """A request with the expected lead is nearer than any other."""
        return any(each.name in _IDENTITY for each in self.differences), len(self.differences)

    def shown(self) -> dict[str, Any]:
        """The miss as JSON."""
        response = self.request.entry["response"]
        return {
            "id": self.request.id,
            "receivedAt": self.request.entry["receivedAt"],
            "status": response["status"] if response else None,
            "differences": [
                {"field": each.name, "expected": each.expected, "found": _found(each, self.request)}
                for each in self.differences
            ],
        }


def _found(wanted: Wanted, request: RecordedRequest) -> str | None:
    if wanted.name == "search":
        return None
    texts = request.texts(wanted.condition.name)
    return texts[0] if texts else None


class Verifier:
    """Takes the entries in its scope one by one, oldest first, and then gives the result."""

    def __init__(self, expectation: Expectation) -> None:
        self._expectation = expectation
        self._ids: list[str] = []
        self._matched = 0
        self._looked_at = 0
        self._unseen = 0
        self._nearest: list[Miss] = []

    def add(self, request: RecordedRequest) -> None:
        """Take one more entry."""
        self._looked_at += 1
        step = self._step
        if step is None:
            return
        failed, hidden = [], False
        for wanted in step:
            holds = wanted.holds(request)
            hidden = hidden or holds is None
            if holds is False:
                failed.append(wanted)
        if failed:
            self._keep_near(Miss(request, tuple(failed)))
        elif hidden:
            self._unseen += 1
        else:
            self._matched += 1
            self._ids.append(request.id)
            if self._expectation.count is None:
                self._nearest = []

    @property
    def _step(self) -> tuple[Wanted, ...] | None:
        """The step that the next entry is compared with."""
        steps = self._expectation.steps
        if self._expectation.count is not None:
            return steps[0]
        return steps[self._matched] if self._matched < len(steps) else None

    def _keep_near(self, miss: Miss) -> None:
        self._nearest = sorted([miss, *self._nearest], key=lambda each: each.distance)[:_NEAREST]

    def result(self, lost: int) -> "Result":
        """The result, when up to that many entries of the scope may have been dropped."""
        count = self._expectation.count or Count(len(self._expectation.steps))
        ok: bool | None = count.admits(self._matched)
        unknown = self._unseen + lost
        more = self._matched + unknown
        settled = count.admits(more) if ok else self._matched > count.most or more < count.least
        if unknown and not settled:
            ok = None
        return Result(
            self._expectation,
            ok,
            self._matched,
            self._ids,
            self._nearest,
            self._looked_at,
            self._unseen,
            lost,
        )


class Result(NamedTuple):
    """The result of an expectation."""

    expectation: Expectation
    ok: bool | None
    """None: unknown, since not everything is recorded."""
    matched: int
    ids: list[str]
    nearest: list[Miss]
    looked_at: int
    unseen: int
    lost: int

    def shown(self) -> dict[str, Any]:
        """The result as JSON."""
        content: dict[str, Any] = {
            "name": self.expectation.name,
            "ok": bool(self.ok),
            "expected": self.expectation.words,
            "matched": self.matched,
            "requests": self.ids,
        }
        if self.ok:
            return content
        told = {"detail": self.words, "nearest": [miss.shown() for miss in self._told]}
        return content | told | {"requests": self.ids[:_IDS_SHOWN]}

    @property
    def _told(self) -> list[Miss]:
        """Near misses matter when there are too few requests, not when there are too many."""
        count = self.expectation.count
        return self.nearest if count is None or self.matched < count.least else []

    @property
    def words(self) -> str:
        """What was wrong, for a person."""
        return "\n".join([self._verdict(), *self._lines()])

    def _verdict(self) -> str:
        title = f"{self.expectation.name}: " if self.expectation.name != self.expectation.words else ""
        expected = f"{title}Expected {self.expectation.words}."
        if self.expectation.count is None:
            steps = len(self.expectation.steps)
            expected += f" Step {min(self.matched + 1, steps)} of {steps} was not met"
        else:
            expected += f" Found {self.matched or 'none'}"
        looked = f" among {plural(self.looked_at, 'request')}."
        return expected + looked + self._doubt()

    def _doubt(self) -> str:
        if self.ok is not None:
            return ""
        reasons = []
        if self.lost:
            reasons.append(f"--keep dropped {plural(self.lost, 'request')} that may count")
        if self.unseen:
            reasons.append(
                f"the record holds only part of the body of {plural(self.unseen, 'request')} that may count"
            )
        return f" The result is uncertain: {' and '.join(reasons)}."

    def _lines(self) -> Iterable[str]:
        count = self.expectation.count
        if count and self.matched and not count.admits(self.matched):
            shown = ", ".join(self.ids[:10])
            yield f"  found: {shown}{' …' if len(self.ids) > 10 else ''}"
        for miss in self._told:
            shown_miss = miss.shown()
            yield f"  nearest: {miss.request.id} ({shown_miss['status'] or 'no answer'})"
            for each in shown_miss["differences"]:
                found = "nothing" if each["found"] is None else each["found"]
                yield f"    {_said(each['field'])}: expected {each['expected']}, found {found}"
