"""A condition on a request, live (`Attempt`) or recorded (`RecordedRequest`)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Texts = tuple[str, ...]


class Subject(Protocol):
    """What conditions are applied to."""

    def texts(self, name: str) -> Texts | None:
        """The values under the name: empty if it is missing, None if it isn't recorded."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition. Exactly one of the three fields is given."""

    name: str
    values: frozenset[str] = frozenset()
    """One of these; phone numbers in E.164, or seven digits for any area code."""
    matches: Callable[[str], bool] | None = None
    present: bool | None = None

    def holds(self, subject: Subject) -> bool | None:
        """Whether the subject matches; None if that isn't recorded."""
        found = subject.texts(self.name)
        return None if found is None else self.is_met_by(found)

    def is_met_by(self, found: Texts) -> bool:
        """Whether these values of its name match."""
        if self.present is not None:
            return bool(found) is self.present
        if self.matches:
            return any(map(self.matches, found[:1] if self.name == "phoneNumber" else found))
        return not self.values.isdisjoint(found)
