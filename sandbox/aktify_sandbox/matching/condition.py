"""One thing that must hold of a request, whether it is a live one (`Attempt`) or a recorded one (`RecordedRequest`)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Texts = tuple[str, ...]


class Subject(Protocol):
    """What conditions look at."""

    def texts(self, name: str) -> Texts | None:
        """What is found under the name: nothing when it is missing, None when that can't be seen."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold. Exactly one of the three is given."""

    name: str
    values: frozenset[str] = frozenset()
    """One of these; phone numbers in E.164, or seven digits for any area code."""
    matches: Callable[[str], bool] | None = None
    present: bool | None = None

    def holds(self, subject: Subject) -> bool | None:
        """Whether the subject is meant; None when it doesn't show that."""
        found = subject.texts(self.name)
        return None if found is None else self.is_met_by(found)

    def is_met_by(self, found: Texts) -> bool:
        """Whether these texts, what was found under its name, are meant."""
        if self.present is not None:
            return bool(found) is self.present
        if self.matches:
            return any(map(self.matches, found[:1] if self.name == "phoneNumber" else found))
        return not self.values.isdisjoint(found)
