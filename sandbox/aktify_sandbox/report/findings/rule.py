"""What a finding is made of: a rule, and the detector that looks through a journal for it."""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple, Protocol

from aktify_sandbox.contract.sources import Source
from aktify_sandbox.report.attempts import EarlierPost
from aktify_sandbox.report.observed import Observed

Level = Literal["error", "warning", "note"]
Certainty = Literal["proved", "sequence", "likely"]


ADVICE = Source("advice", None, None)
"""Neither the page nor HTTP says it: it follows from them. See docs/explanation/clients.md."""


class Evidence(NamedTuple):
    """One occurrence of what a rule looks for."""

    entries: tuple[str, ...]
    """The ids of the requests that prove it: without them there is no such occurrence."""
    example: str
    """What was found there, in a few words. The report masks personal data in it."""


class Detector(Protocol):
    """Looks at the requests of a journal, oldest first. It remembers no more of them than it needs."""

    def see(self, request: Observed) -> Iterable[Evidence]:
        """The occurrences that this request completes."""

    def end(self, until: float, /) -> Iterable[Evidence]:
        """The occurrences that only the end of the journal shows: nothing more came `until` then, in seconds."""


class FindingRule(NamedTuple):
    """One finding that the report may have."""

    id: str
    level: Level
    certainty: Certainty
    """`proved` by one request, by a `sequence` of requests, or only `likely`."""
    sentence: str
    """What the client does, and why that is wrong."""
    fix: str
    """What to do instead."""
    source: Source
    """Whose word it is."""
    detector: Callable[[], Detector]
    """Makes the detector for one journal."""


class _EachRepeat:
    """A detector that judges a post by the one before it, which the report remembers."""

    def __init__(self, look: Callable[[Observed, EarlierPost], str | None]) -> None:
        self._look = look

    def see(self, request: Observed) -> Iterable[Evidence]:
        before = request.before
        if before is None:
            return ()
        example = self._look(request, before)
        return () if example is None else (Evidence((before.id, request.id), example),)

    def end(self, _until: float, /) -> Iterable[Evidence]:
        return ()


def each_repeat(look: Callable[[Observed, EarlierPost], str | None]) -> Callable[[], Detector]:
    """The detector of a finding that a post of a lead and the one before it prove."""
    return lambda: _EachRepeat(look)


class _EachRequest:
    """A detector that needs no memory."""

    def __init__(self, look: Callable[[Observed], str | None]) -> None:
        self._look = look

    def see(self, request: Observed) -> Iterable[Evidence]:
        example = self._look(request)
        return () if example is None else (Evidence((request.id,), example),)

    def end(self, _until: float, /) -> Iterable[Evidence]:
        return ()


def each_request(look: Callable[[Observed], str | None]) -> Callable[[], Detector]:
    """The detector of a finding that one request proves: `look` returns its example, or None."""
    return lambda: _EachRequest(look)
