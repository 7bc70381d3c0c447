"""Rules and what they force, as pure functions of values.

Nothing here reads a file, a clock or a random source: counters, time and seed are arguments. Rules are compiled into
lookup tables by the values that they name (a number, a key, a region, …), so a request that no rule names costs the
same with one rule or a thousand.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aktify_sandbox.matching.attempt import Attempt, parents_of
from aktify_sandbox.matching.condition import Condition, Texts
from aktify_sandbox.scenarios.faults import Fault


class Span(NamedTuple):
    """From the first to the last number, inclusive; or every n-th."""

    first: float
    last: float = math.inf
    every: int = 1

    def holds(self, number: float) -> bool:
        """Whether the number is in it."""
        in_step = self.every == 1 or (number - self.first) % self.every == 0
        return self.first <= number <= self.last and in_step


@dataclass(frozen=True, slots=True)
class ResponseSpec:
    """One answer of a rule. Without status, body and fault it is the normal answer, perhaps late or changed."""

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    media: str | None = None
    """The content type of the body."""
    delay: tuple[float, float] = (0.0, 0.0)
    """Minimum and maximum in seconds."""
    fault: Fault | None = None
    store_lead_anyway: bool = False
    """Whether the lead is kept although the answer doesn't say so."""
    gather: int = 0
    shuffle: bool = False

    @property
    def is_default(self) -> bool:
        """Whether nothing is forced."""
        return self == DEFAULT


DEFAULT = ResponseSpec()


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """Conditions and the answers to force."""

    name: str
    """The name of its forced answers: `scenario flaky, rule 1`."""
    specs: tuple[ResponseSpec, ...]
    """Given in turn; the last one repeats."""
    conditions: tuple[Condition, ...] = ()
    attempt: Span | None = None
    elapsed: Span | None = None
    """Seconds since the first request that met the conditions."""
    per: str = "lead"
    """What to count by: lead, key or all."""
    chance: float = 1.0
    applies_to_all: bool = False
    """Every request, or only those that would otherwise get 201 or 409."""

    @property
    def counts(self) -> bool:
        """Whether it needs counters."""
        uneven = any(spec.delay[0] != spec.delay[1] for spec in self.specs)
        return bool(self.attempt or self.elapsed or self.chance < 1 or len(self.specs) > 1 or uneven)

    def scope(self, attempt: Attempt) -> Any:
        """The requests that are counted together."""
        if self.per == "all":
            return ""
        key = attempt.keys[0] if attempt.keys else ""
        if self.per == "key":
            return key
        return (attempt.campaign, attempt.phone or key)


class Forced(NamedTuple):
    """A rule's answer to one attempt."""

    by: str
    spec: ResponseSpec
    delay: float = 0.0
    """Seconds."""


@dataclass(slots=True)
class RuleCount:
    """The counter of one rule and scope."""

    seen: int = 0
    met: int = 0
    answered: int = 0
    since: float | None = None


@dataclass(slots=True)
class Counts:
    """The counters of rules. Replace it to reset them."""

    by_rule: dict[tuple[Rule, Any], RuleCount] = field(default_factory=dict)
    hits: Counter[str] = field(default_factory=Counter)
    """The numbers of forced answers, by what forced them."""
    behind: "Counts | None" = None
    """Read-only counters for what isn't here, for a rehearsal."""

    def of(self, rule: Rule, scope: Any) -> RuleCount:
        """The counter of a rule and scope."""
        count = self.by_rule.get((rule, scope))
        if count is None:
            known = self.behind.by_rule.get((rule, scope)) if self.behind else None
            count = RuleCount(known.seen, known.met, known.answered, known.since) if known else RuleCount()
            self.by_rule[rule, scope] = count
        return count

    def forget(self, rules: Iterable[Rule]) -> None:
        """Reset the counters of these rules."""
        gone = set(rules)
        self.by_rule = {key: count for key, count in self.by_rule.items() if key[0] not in gone}

    def forget_campaign(self, name: str) -> None:
        """Reset the counters of a campaign and its namespaces."""

        def belongs(scope: Any) -> bool:
            return isinstance(scope, tuple) and name in (scope[0], *parents_of(scope[0]))

        self.by_rule = {key: count for key, count in self.by_rule.items() if not belongs(key[1])}


class Rules:
    """Rules in order, with lookup tables."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._place = {rule: place for place, rule in enumerate(self.rules)}
        self._always: list[Rule] = []
        self._named: dict[str, dict[str, list[Rule]]] = {}
        self._present: dict[str, list[Rule]] = {}
        for rule in self.rules:
            self._file(rule)
        strange = [name for name in self._named if name.startswith(("header ", "metadata."))]
        self.is_simple = not (self._always or self._present or strange)
        """For each rule: is it found by the value of key, campaign, phone number or another field."""

    def _file(self, rule: Rule) -> None:
        named = [condition for condition in rule.conditions if condition.values]
        if named:
            anchor = min(named, key=_how_many_share)
            places = self._named.setdefault(anchor.name, {})
            for value in anchor.values:
                places.setdefault(value, []).append(rule)
            return
        there = next((c for c in rule.conditions if c.present or c.matches), None)
        (self._present.setdefault(there.name, []) if there else self._always).append(rule)

    def candidates(self, attempt: Attempt) -> list[Rule]:
        """The rules that may match the attempt, in order."""
        found = list(self._always)
        for name, places in self._named.items():
            for text in attempt.texts(name):
                found += places.get(text, ())
        for name, rules in self._present.items():
            if attempt.texts(name):
                found += rules
        return sorted(set(found), key=self._place.__getitem__) if len(found) > 1 else found

    def may_match_lead(self, phone: str, campaign: str, keys: Texts, lead: Mapping[str, Any]) -> bool:
        """Whether a rule may match this lead, if all rules are simple. Called for every request."""
        for name, places in self._named.items():
            if name == "phoneNumber":
                if phone[5:] in places or phone in places:
                    return True
            elif name == "key":
                if not places.keys().isdisjoint(keys):
                    return True
            elif name == "campaign":
                if campaign in places or not places.keys().isdisjoint(parents_of(campaign)):
                    return True
            elif name in lead and str(lead[name]) in places:
                return True
        return False

    def may_match(self, attempt: Attempt) -> bool:
        """Whether any rule may match the attempt."""
        if self._always or any(attempt.texts(name) for name in self._present):
            return True
        return any(not places.keys().isdisjoint(attempt.texts(name)) for name, places in self._named.items())

    def find(self, attempt: Attempt, counts: Counts, seed: int, *, answered: bool = False) -> Forced | None:
        """The first matching rule's answer. Rules after it (all of them when `answered`) only count."""
        forced: Forced | None = None
        for rule in self.candidates(attempt):
            if all(condition.holds(attempt) for condition in rule.conditions):
                found = _turn(rule, attempt, counts, seed, only_count=answered or forced is not None)
                forced = forced or found
        return forced


def _turn(rule: Rule, attempt: Attempt, counts: Counts, seed: int, *, only_count: bool) -> Forced | None:
    if not rule.counts:
        return None if only_count else forced_by(rule, rule.specs[0], attempt, rule.specs[0].delay[0])
    count = counts.of(rule, rule.scope(attempt))
    count.seen += 1
    if rule.chance < 1 and seeded_random(seed, rule.name, attempt.phone, count.seen) >= rule.chance:
        return None
    if count.since is None:
        count.since = attempt.moment
    if rule.elapsed and not rule.elapsed.holds(attempt.moment - count.since):
        return None
    count.met += 1
    if only_count or (rule.attempt and not rule.attempt.holds(count.met)):
        return None
    spec = rule.specs[min(count.answered, len(rule.specs) - 1)]
    count.answered += 1
    low, high = spec.delay
    share = seeded_random(seed, f"{rule.name} delay", attempt.phone, count.seen) if high > low else 0.0
    return forced_by(rule, spec, attempt, low + share * (high - low))


def forced_by(rule: Rule, spec: ResponseSpec, attempt: Attempt, delay: float) -> Forced:
    """The spec, unless it keeps a lead that exists already: a duplicate gets its normal 409."""
    return (
        Forced(rule.name, DEFAULT)
        if spec.store_lead_anyway and attempt.default_status == 409
        else Forced(rule.name, spec, delay)
    )


def seeded_random(seed: int, rule: str, phone: str | None, number: int) -> float:
    """A number from 0 to 1 that depends only on seed, rule, phone and count."""
    text = f"{seed}\n{rule}\n{phone}\n{number}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) / (1 << 64)


def _how_many_share(condition: Condition) -> int:
    """The fewer leads share a value of this field, the better the field is for a lookup."""
    return {"phoneNumber": 0, "campaign": 2, "key": 3}.get(condition.name, 1)
