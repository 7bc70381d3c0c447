"""Forced answers that wait for the next requests."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from aktify_sandbox.matching.attempt import Attempt
from aktify_sandbox.scenarios.rules import Forced, Rule, Rules, forced_by

_MOST = 1_000


@dataclass(slots=True)
class QueuedAnswer:
    """An answer for the next requests that its rule matches."""

    rule: Rule
    shown: dict[str, Any]
    left: int


class AnswerQueue:
    """Waiting answers, oldest first."""

    def __init__(self) -> None:
        self.rules: Rules | None = None
        """The rules of all waiting answers; None if there are none."""
        self._answers: dict[Rule, QueuedAnswer] = {}
        self._numbered = 0

    @property
    def answers(self) -> list[QueuedAnswer]:
        """All of them."""
        return list(self._answers.values())

    def add(self, rule: Rule, shown: dict[str, Any], times: int) -> QueuedAnswer:
        """Force an answer `times` times. Raises `ValueError` when 1,000 are waiting."""
        if len(self._answers) >= _MOST:
            raise ValueError(f"{_MOST:,} forced answers are waiting already.")
        self._numbered += 1
        named = dataclasses.replace(rule, name=f"force {self._numbered}")
        answer = QueuedAnswer(named, {"id": self._numbered, **shown}, times)
        self._put([*self.answers, answer])
        return answer

    def clear(self, campaign: str | None = None) -> int:
        """Remove them (or those for one campaign). Returns how many there were."""
        before = self.answers
        self._put([each for each in before if campaign not in (None, each.shown.get("campaign"))])
        return len(before) - len(self._answers)

    def copy(self) -> "AnswerQueue":
        """A copy that is used up separately."""
        copied = AnswerQueue()
        copied._numbered = self._numbered
        copied._put([dataclasses.replace(each) for each in self._answers.values()])
        return copied

    def find(self, attempt: Attempt, *, usual: bool) -> Forced | None:
        """The oldest answer for an attempt, whose count goes down. `usual`: whether it would get 201 or 409."""
        for rule in self.rules.candidates(attempt) if self.rules else ():
            answer = self._answers.get(rule)
            if answer is None or not (usual or rule.applies_to_all):
                continue
            if all(condition.holds(attempt) for condition in rule.conditions):
                forced = forced_by(rule, rule.specs[0], attempt, rule.specs[0].delay[0])
                if not forced.spec.is_default:
                    self._use_up(answer)
                return forced
        return None

    def _use_up(self, answer: QueuedAnswer) -> None:
        answer.left -= 1
        if answer.left == 0:
            # keeps the lookup tables, which are slow to make
            del self._answers[answer.rule]
            self.rules = self.rules if self._answers else None

    def _put(self, answers: list[QueuedAnswer]) -> None:
        self._answers = {each.rule: each for each in answers}
        self.rules = Rules(self._answers) if answers else None
