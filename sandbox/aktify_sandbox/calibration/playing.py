"""Plays the probes against an endpoint, one after the other, and stops where it isn't safe to go on."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from .answers import Answered, Observation
from .numbers import Numbers, NumbersUsedError
from .probes import (
    CARELESS,
    KEYS,
    LINKS,
    LONG,
    ORDINARY,
    PROBES,
    REFUSALS,
    REPEATS,
    TEXTS,
    WITH_LINK,
    WITH_LINK_TO_SHORTEN,
    WITHOUT_LINK,
    Asked,
    Probe,
    asked,
    text_of,
)

_SHORTEST = 14
"""Characters of a phone number in the page's form, which every endpoint must take."""
_MOST_REPEATS = 5
"""How often a number that an earlier run has used is replaced, for one probe."""

MOST_MORE = len(REFUSALS) + LONG.bit_length()
"""How many more requests there may be: for a campaign that requires a link, and to find a limit of texts."""


class LostAnswerError(Exception):
    """A request wasn't answered; the message says what happened."""

    def __init__(self, words: str, *, may_be_in: bool = True) -> None:
        """`may_be_in`: whether the endpoint may have taken the lead."""
        super().__init__(words)
        self.may_be_in = may_be_in


Send = Callable[[Asked], Answered]
"""Sends a request. Raises `LostAnswerError`."""


INTERRUPTED = "It was interrupted."


class StoppedError(Exception):
    """Why the rest isn't asked."""


@dataclass
class Played:
    """What was asked and answered."""

    seen: dict[str, Observation] = field(default_factory=dict)
    """By the id of the probe."""
    carrier: str | None = None
    """The link without which this campaign refuses every lead: `link` or `linkToShorten`."""
    limit: int | None = None
    """The longest text that was accepted, if there is a limit and it was found."""
    requests: int = 0
    leads: int = 0
    """How many were answered 201."""
    used: list[str] = field(default_factory=list)
    """The numbers that the endpoint has, or may have: ten digits each."""
    known: list[str] = field(default_factory=list)
    """Those of them that an earlier run had used."""
    stopped: str | None = None
    """Why the rest wasn't asked."""


class AskedProbe(NamedTuple):
    """A request and its answer, for the one who watches."""

    asked: Asked
    probe: Probe
    answer: Answered | None
    """None if it was lost."""
    more: int
    """How many requests beyond those of `plan` are known to be needed by now."""

    @property
    def is_known(self) -> bool:
        """Whether its number was in from an earlier run."""
        return self.answer is not None and self.answer.status == 409 and not self.probe.repeats


class Player:
    """Plays the probes of a run."""

    def __init__(
        self,
        send: Send,
        numbers: Numbers,
        watch: Callable[[AskedProbe], object],
        skipped: Collection[str] = (),
    ) -> None:
        """`watch` is told each request with its answer; `skipped` are the ids of probes to leave out."""
        self._send = send
        self._numbers = numbers
        self._watch = watch
        self._skipped = skipped
        self._accepted: str | None = None
        self._more = 0
        self.played = Played()

    def play(self) -> Played:
        """Ask everything, until an answer says that the rest can't or mustn't be asked."""
        try:
            for probe in self._queue():
                if probe.id not in self._skipped:
                    self._ask(probe)
        except (StoppedError, NumbersUsedError) as reason:
            self.played.stopped = str(reason)
        except KeyboardInterrupt:
            self.played.stopped = INTERRUPTED
        return self.played

    def _queue(self) -> Iterator[Probe]:
        yield from KEYS
        yield from REFUSALS
        yield from LINKS
        self._choose_carrier()
        self._more += sum(probe.id not in self._skipped for probe in self._refusals_with_link())
        yield from self._refusals_with_link()
        yield from CARELESS
        yield from ORDINARY
        yield from TEXTS
        yield from self._limit()
        yield from REPEATS

    def _refusals_with_link(self) -> list[Probe]:
        """The refusals to ask again, with the link that the campaign requires."""
        return [probe for probe in REFUSALS if probe.raw is None] if self.played.carrier else []

    def _choose_carrier(self) -> None:
        carriers = ((WITHOUT_LINK, None), (WITH_LINK, "link"), (WITH_LINK_TO_SHORTEN, "linkToShorten"))
        seen = self.played.seen
        for probe, carrier in carriers:
            if seen[probe.id].answer.status == 201:
                self.played.carrier = carrier
                self._accepted = seen[probe.id].asked.number
                for each in self._refusals_with_link():  # refused for the link, whatever else was wrong
                    seen.pop(each.id, None)
                return
        raise StoppedError(
            f"No ordinary lead was accepted: {WITHOUT_LINK.what} was answered {seen[WITHOUT_LINK.id].answer.status}."
        )

    def _limit(self) -> Iterator[Probe]:
        """Halve the lengths between one that was accepted and one that was refused."""
        fits, refused = _SHORTEST, LONG
        longest = self.played.seen.get(text_of(LONG).id)
        if longest is None or longest.answer.status != 400:
            return
        while refused - fits > 1:
            middle = (fits + refused) // 2
            self._more += 1
            yield text_of(middle)
            status = self.played.seen[text_of(middle).id].answer.status
            if status not in (201, 400):
                return
            fits, refused = (middle, refused) if status == 201 else (fits, middle)
        self.played.limit = fits if fits > _SHORTEST else None

    def _ask(self, probe: Probe) -> None:
        for _ in range(_MOST_REPEATS):
            number = self._number(probe)
            request = asked(probe, number, self.played.carrier)
            answer = self._answer(request, probe)
            self._check(probe, answer)
            if answer.status != 409 or probe.repeats:
                self.played.seen[probe.id] = Observation(probe, request, answer)
                return
            self.played.known.append(number)
            self._more += 1
            self._numbers.skip()
        raise StoppedError(
            f"{_MOST_REPEATS} numbers in a row were answered 409. Fix: choose other numbers with --start."
        )

    def _number(self, probe: Probe) -> str:
        if probe.repeats and self._accepted:
            return self._accepted
        return self._numbers.next(unassigned=probe.unassigned)

    def _answer(self, request: Asked, probe: Probe) -> Answered:
        try:
            answer = self._send(request)
        except LostAnswerError as error:
            self._watch(AskedProbe(request, probe, None, self._more))
            if not error.may_be_in:
                raise StoppedError(f"The request wasn't sent: {error}") from None
            self._use(request)
            self.played.requests += 1
            raise StoppedError(f"The answer was lost: {error} The lead may be in.") from None
        except KeyboardInterrupt:
            self._use(request)
            self.played.requests += 1
            raise StoppedError(INTERRUPTED) from None
        self.played.requests += 1
        if answer.status in (201, 409):
            self._use(request)
        if answer.status == 201:
            self.played.leads += 1
        self._watch(AskedProbe(request, probe, answer, self._more))
        return answer

    def _use(self, request: Asked) -> None:
        if request.number not in self.played.used:
            self.played.used.append(request.number)

    @staticmethod
    def _check(probe: Probe, answer: Answered) -> None:
        """Raises `StoppedError` if the rest can't or mustn't be asked."""
        status = answer.status
        if status in (401, 403) and not probe.may_be_unauthorized:
            whose = "The key was refused" if status == 401 else "The key, or this request, was refused"
            raise StoppedError(f"{whose} with {status} ({probe.what}). Fix: check AKTIFY_API_KEY.")
        if status == 429:
            raise StoppedError("The endpoint asked for fewer requests: 429. Fix: wait, then run it again.")
        if status >= 500:
            raise StoppedError(
                f"The endpoint failed: {probe.what} was answered {status}. Fix: leave it out with --skip {probe.id}."
            )
        if probe.may_be_elsewhere:
            return
        if 300 <= status < 400:
            raise StoppedError(
                f"The endpoint redirects: {status}. Fix: give the address that answers itself."
            )
        if status in (404, 405):
            raise StoppedError(f"There is no POST {probe.path}: {status}. Fix: check --url.")


def plan(numbers: Numbers, skipped: Collection[str] = ()) -> list[tuple[Probe, Asked]]:
    """The requests of an ordinary run, in their order, without the probes that are skipped."""
    first: list[Asked] = []

    def request(probe: Probe) -> Asked:
        number = first[0].number if probe.repeats else numbers.next(unassigned=probe.unassigned)
        found = asked(probe, number)
        if probe is WITHOUT_LINK:
            first.append(found)
        return found

    return [(probe, request(probe)) for probe in PROBES if probe.id not in skipped]
