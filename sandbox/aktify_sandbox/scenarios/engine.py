"""Decides which answer is forced: by scenarios, `force`, the `Prefer` header, keys and numbers, in their precedence.

Precedence: scenario rules with `applies: any` > request header > `force` > key > phone number > other scenario rules >
the normal answer. Every rule counts the requests that meet its conditions, even those that another rule answers.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from aktify_sandbox.campaigns import Campaign, Campaigns
from aktify_sandbox.contract.answers import Answer
from aktify_sandbox.contract.body import parse
from aktify_sandbox.contract.phone import identity
from aktify_sandbox.errors import InputError, ScenarioNotFoundError
from aktify_sandbox.exchange import Request
from aktify_sandbox.matching.attempt import Attempt, parents_of
from aktify_sandbox.matching.condition import Condition
from aktify_sandbox.originals import time
from aktify_sandbox.scenarios.library import LoadedScenario, ScenarioLibrary, built_in
from aktify_sandbox.scenarios.origin import BY_HEADER, rule_name
from aktify_sandbox.scenarios.queue import AnswerQueue
from aktify_sandbox.scenarios.rules import (
    DEFAULT,
    Counts,
    Forced,
    ResponseSpec,
    Rule,
    Rules,
)
from aktify_sandbox.text import plural

_PREFERENCES = re.compile(r"(?:^|[,;])\s*((?:code|status|[0-9]{3})\b[^,;]*)", re.IGNORECASE)
"""Preferences that may be meant as a status. All others are for other servers (RFC 7240, 2)."""
_PREFERENCE = re.compile(r'(?:^|[,;])\s*code\s*=\s*"?([0-9]{3})"?\s*(?=$|[,;])', re.IGNORECASE)
USUAL = ("accepted", "duplicate")
"""What decides a request that would get a 201 or 409."""


class _InForce(NamedTuple):
    """The active rules of a campaign or of all: those for every request, and those for a 201 or 409."""

    to_all: Rules | None
    to_usual: Rules


class ForcingEngine:
    """Called once for every request of the endpoint."""

    def __init__(
        self,
        campaigns: Campaigns,
        library: ScenarioLibrary,
        *,
        active: Iterable[str],
        numbers: bool,
        seed: int,
    ) -> None:
        """`active` are scenarios by name or path; `numbers` enables magic phone numbers.

        Raises `ScenarioNotFoundError`, `DocumentError`.
        """
        self.library = library
        self.queue = AnswerQueue()
        self._seed = seed
        self._counts = Counts()
        self._built_in = [built_in("keys", "key {key}")]
        if numbers:
            self._built_in.append(built_in("numbers", "number {phoneNumber}"))
        answers = campaigns.answers()
        self._of_keys = [_of_key(key, *about) for key, about in answers.items()]
        self._written_of_keys = {key: status for key, (_, status) in answers.items()}
        # shared, so that campaigns without scenarios, such as those of tests, cost nothing
        self._bare = self._with({})
        self._active = self._load(active, library.find)
        self._of_campaigns, self.warnings = self.read_for(campaigns.campaigns(), at_start=True)
        self._arrange()

    def read_for(
        self, campaigns: Iterable[Campaign], *, at_start: bool = False
    ) -> tuple[dict[str, dict[str, LoadedScenario]], list[str]]:
        """Read the scenarios of campaigns without changing anything. Safe to call from another thread.

        A broken scenario of an earlier run must not keep the sandbox from starting: it is left out with a notice. A
        mistake in the configuration does: `at_start` raises `ScenarioNotFoundError`, `DocumentError`.
        """
        found: dict[str, dict[str, LoadedScenario]] = {}
        warnings = []
        for campaign in campaigns:
            if campaign.scenarios is None:
                continue
            found[campaign.name] = {}
            find = self.library.named if campaign.added else self.library.find
            try:
                found[campaign.name] = self._load_in(campaign.name, campaign.scenarios, find)
            except InputError as error:
                warning = f"The scenarios of the campaign {campaign.name} aren't active: {error}"
                if not (at_start and not campaign.added):
                    warnings.append(warning)
                elif isinstance(error, ScenarioNotFoundError):
                    raise ScenarioNotFoundError(warning) from None
                else:
                    raise
        return found, warnings

    # active rules

    @property
    def active(self) -> dict[str, LoadedScenario]:
        """The names of the scenarios that are active in campaigns without their own."""
        return dict(self._active)

    @property
    def built_in_rules(self) -> list[dict[str, Any]]:
        """The rules of the built-in keys and numbers that force an answer, as written."""
        return [rule for scenario in self._built_in for rule in scenario.written]

    @property
    def answers_of_keys(self) -> dict[str, Any]:
        """The keys that force an answer, in full, and their answers as written."""
        built_in = {rule["when"].get("key"): rule["answer"] for rule in self.built_in_rules}
        return {**{key: built_in[key] for key in built_in if key}, **self._written_of_keys}

    def use(self, names: Iterable[str]) -> None:
        """Activate these scenarios (by name, in this order) instead of the active ones; their counters start from zero.

        Raises `ScenarioNotFoundError`, `DocumentError`; then nothing has changed.
        """
        self.put(self.read(names))

    def read(self, names: Iterable[str]) -> dict[str, LoadedScenario]:
        """Read scenarios by name without changing anything. Safe to call from another thread.

        Raises `ScenarioNotFoundError`, `DocumentError`.
        """
        return self._load(names, lambda name: self._named(name, self._active))

    def put(self, found: dict[str, LoadedScenario]) -> None:
        """Activate scenarios that were read, instead of the active ones; their counters start from zero."""
        self._forget(self._active.values())
        self._counts.hits.clear()
        self._active = found
        self._arrange()

    def reset_in(self, campaign: str) -> None:
        """Remove forced answers and counters of one campaign; its scenarios stay active."""
        self.queue.clear(campaign)
        self._forget(self._of_campaigns.get(campaign, {}).values())
        self._counts.forget_campaign(campaign)

    def read_in(self, campaign: str, names: Iterable[str]) -> dict[str, LoadedScenario]:
        """Read scenarios for one campaign without changing anything. Raises `ScenarioNotFoundError`,
        `DocumentError`.
        """
        in_force = self._of_campaigns.get(campaign, {})
        return self._load_in(campaign, names, lambda name: self._named(name, in_force))

    def scenarios_in(self, campaign: str) -> list[str] | None:
        """The names of the campaign's own scenarios; None if the general ones apply to it."""
        found = self._of_campaigns.get(campaign)
        return None if found is None else list(found)

    def _load_in(
        self, campaign: str, names: Iterable[str], find: Callable[[str], Path]
    ) -> dict[str, LoadedScenario]:
        return {name: _only_in(campaign, loaded) for name, loaded in self._load(names, find).items()}

    def put_in(self, campaign: str, loaded: dict[str, LoadedScenario] | None) -> None:
        """Activate scenarios that were read for one campaign, instead of the general ones.

        None: the general ones apply to it.
        """
        gone = self._of_campaigns.pop(campaign, {})
        self._forget(gone.values())
        self._counts.forget_campaign(campaign)  # a campaign that reuses the name starts from zero
        self._own.pop(campaign, None)
        if loaded is not None:
            self._of_campaigns[campaign] = loaded
            self._own[campaign] = self._arranged(loaded)

    def hits(self, scenario: str, rules: int) -> list[int]:
        """How many answers each of its rules has forced since it was activated (or since a reset)."""
        return [self._counts.hits[rule_name(scenario, number)] for number in range(1, rules + 1)]

    def stale(self) -> list[LoadedScenario]:
        """The scenarios whose files have changed since they were read."""
        groups = (self._active, *self._of_campaigns.values())
        return [loaded for group in groups for loaded in group.values() if loaded.has_changed()]

    def replace(self, old: LoadedScenario, new: LoadedScenario) -> str:
        """Replace a scenario wherever it is active by the current content of its file. Returns messages for
        the user.
        """
        for campaign, group in (("", self._active), *self._of_campaigns.items()):
            for name, loaded in group.items():
                if loaded is old:
                    group[name] = _only_in(campaign, new) if campaign and not new.mistake else new
        if not new.mistake:
            self._forget([old])
            for rule in old.scenario.rules:
                del self._counts.hits[rule.name]
        self._arrange()
        return _news(new)

    def reset(self) -> None:
        """Remove forced answers and counters; scenarios stay active."""
        self.queue.clear()
        self._counts = Counts()

    def replace_with(self, of_campaigns: dict[str, dict[str, LoadedScenario]]) -> None:
        """Replace all campaigns' scenarios by these, and reset; the general ones stay active."""
        self._of_campaigns = of_campaigns
        self.reset()
        self._arrange()

    def _load(self, names: Iterable[str], find: Callable[[str], Path]) -> dict[str, LoadedScenario]:
        loaded: dict[str, LoadedScenario] = {}
        for path in dict.fromkeys(find(name) for name in names):
            each = LoadedScenario.of(path)
            name = each.scenario.name
            if name in loaded:
                raise ScenarioNotFoundError(
                    f"Two scenarios are called {name}: {loaded[name].scenario.path} and {path}."
                )
            loaded[name] = each
        return loaded

    def _named(self, name: str, in_force: dict[str, LoadedScenario]) -> Path:
        """A scenario that was given as a path keeps its name while it is active."""
        known = in_force.get(name)
        return known.scenario.path if known else self.library.named(name)

    def _forget(self, gone: Iterable[LoadedScenario]) -> None:
        self._counts.forget(rule for loaded in gone for rule in loaded.scenario.rules)

    def _arrange(self) -> None:
        self._for_all = self._arranged(self._active)
        self._own = {name: self._arranged(group) for name, group in self._of_campaigns.items()}

    def _arranged(self, group: dict[str, LoadedScenario]) -> _InForce:
        return self._with(group) if group else self._bare

    def _with(self, group: dict[str, LoadedScenario]) -> _InForce:
        rules = [rule for loaded in group.values() for rule in loaded.scenario.rules]
        built_in = [rule for scenario in self._built_in for rule in scenario.rules]
        to_all = [rule for rule in rules if rule.applies_to_all]
        to_usual = [*self._of_keys, *built_in, *(rule for rule in rules if not rule.applies_to_all)]
        return _InForce(Rules(to_all) if to_all else None, Rules(to_usual))

    def _in_force(self, default: Answer) -> _InForce:
        """The rules for a request with that normal answer: those of its campaign, if it has its own scenarios."""
        if not self._own or default.access is None:
            return self._for_all
        campaign = default.access.campaign
        names = (campaign, *parents_of(campaign))
        return next((self._own[name] for name in names if name in self._own), self._for_all)

    # one request

    def ask(self, request: Request, default: Answer) -> Forced | None:
        """What is forced for a request whose normal answer is known; None forces nothing."""
        if default.objection in ("request", "link"):
            return None
        usual = default.objection in USUAL
        preferred = b""
        if b"prefer" in request.by_name:
            preferred = b",".join([value for name, value in request.headers if name == b"prefer"])
        if not (usual and preferred) and not self._may_match(default, request):
            return None
        return self._ask(request, default, preferred if usual else b"")

    def _may_match(self, default: Answer, request: Request) -> bool:
        """Whether any rule may match a request (without preferences) whose normal answer is known."""
        in_force, queued = self._in_force(default), self.queue.rules
        if in_force.to_all is not None:
            return True
        if default.objection not in USUAL:
            return queued is not None
        usual = in_force.to_usual
        for rules in (usual, queued) if queued else (usual,):
            if rules.is_simple:
                if self._may_match_lead(default, rules):
                    return True
            elif rules.may_match(self._attempt(request, default)):
                return True
        return False

    def rehearse(self, request: Request, default: Answer) -> Forced | None:
        """Like `ask`, without counting."""
        queue, self.queue = self.queue, self.queue.copy()
        counts, self._counts = self._counts, Counts(behind=self._counts)
        try:
            return self.ask(request, default)
        finally:
            self.queue, self._counts = queue, counts

    def _may_match_lead(self, default: Answer, rules: Rules) -> bool:
        access, phone, sent = default.access, default.phone, default.sent
        assert access and phone and sent  # noqa: S101, PT018  a usual answer has them all
        return rules.may_match_lead(phone, access.campaign, access.keys, sent)

    def _ask(self, request: Request, default: Answer, preferred: bytes) -> Forced | None:
        attempt, counts, seed = self._attempt(request, default), self._counts, self._seed
        usual = default.objection in USUAL
        in_force = self._in_force(default)
        forced = in_force.to_all.find(attempt, counts, seed) if in_force.to_all else None
        shuffled = forced if forced and forced.spec.shuffle else None  # others have precedence
        forced = None if shuffled else forced
        forced = forced or _by_header(preferred)
        forced = forced or self.queue.find(attempt, usual=usual)
        if usual:
            found = in_force.to_usual.find(attempt, counts, seed, answered=forced is not None)
            forced = forced or found
        forced = forced or shuffled
        if forced is None or forced.spec.is_default:
            return None
        if forced.by.startswith("scenario "):
            counts.hits[forced.by] += 1
        return forced

    def _attempt(self, request: Request, default: Answer) -> Attempt:
        access = default.access
        key = next((value.decode("latin-1") for name, value in request.headers if name == b"x-api-key"), "")
        sent = default.sent
        if sent is None:
            sent = parse(request.body)[0] or {}
        written = sent.get("phoneNumber")
        phone = default.phone or (identity(written) if isinstance(written, str) else None)
        keys = access.keys if access else (key,) if key else ()
        campaign, now = access.campaign if access else "", time.monotonic()
        return Attempt(keys, campaign, phone, sent, request.headers, default.status, now)


def _of_key(key: str, shown: str, status: int) -> Rule:
    spec = DEFAULT if status == 201 else ResponseSpec(status)
    return Rule(f"key {shown}", (spec,), (Condition("key", frozenset([key])),))


def _only_in(campaign: str, loaded: LoadedScenario) -> LoadedScenario:
    """A scenario for one campaign. Its rules are separate objects, so they count separately."""
    where = Condition("campaign", frozenset([campaign]))
    rules = tuple(dataclasses.replace(r, conditions=(where, *r.conditions)) for r in loaded.scenario.rules)
    return dataclasses.replace(loaded, scenario=dataclasses.replace(loaded.scenario, rules=rules))


def _news(now: LoadedScenario) -> str:
    name = now.scenario.name
    if now.mistake:
        return f"The scenario {name} has an error; its last valid version stays active.\n{now.mistake}"
    count = len(now.scenario.rules)
    return f"Reloaded the scenario {name}: {plural(count, 'rule')}."


def _by_header(preferred: bytes) -> Forced | None:
    code = preferred_status(preferred.decode("latin-1")) if preferred else None
    if code is None:
        return None
    spec = DEFAULT if code == 201 else ResponseSpec(code, (("preference-applied", f"code={code}"),))
    return Forced(BY_HEADER, spec)


def preferences(header: str) -> list[str]:
    """The preferences in a `Prefer` header that may mean a status, as written."""
    return [found.strip() for found in _PREFERENCES.findall(header)]


def preferred_status(header: str) -> int | None:
    """The status that a `Prefer` header asks for; None without one that can be forced."""
    found = _PREFERENCE.search(header)
    return int(found[1]) if found and 200 <= int(found[1]) <= 599 else None
