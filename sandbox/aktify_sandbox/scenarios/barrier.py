"""Holds posts of one phone number until several have arrived, so that they race (`gather` in a scenario)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from aktify_sandbox.exchange import Exchange
from aktify_sandbox.originals import asyncio

_LONGEST = 2.0
"""Seconds that the first one waits for the others."""

Place = tuple[str, str]
"""Campaign and number."""


@dataclass(slots=True)
class _Group:
    timer: asyncio.TimerHandle
    waiting: list[tuple[Exchange, Callable[[], None]]] = field(default_factory=list)


class Barrier:
    """Holds requests."""

    def __init__(self) -> None:
        self._groups: dict[Place, _Group] = {}

    def join(self, place: Place, count: int, exchange: Exchange, go: Callable[[], None]) -> None:
        """Call `go` as soon as `count` requests wait, or the first has waited two seconds."""
        group = self._groups.get(place)
        if group is None:
            timer = asyncio.get_running_loop().call_later(_LONGEST, self._release, place)
            group = self._groups[place] = _Group(timer)
        exchange.is_waiting = True
        group.waiting.append((exchange, go))
        if len(group.waiting) >= count:
            self._release(place)

    def leave(self, place: Place, exchange: Exchange) -> None:
        """A client disconnected: the others keep waiting."""
        group = self._groups[place]
        group.waiting = [each for each in group.waiting if each[0] is not exchange]
        exchange.is_waiting = False
        if not group.waiting:
            self._release(place)

    def _release(self, place: Place) -> None:
        group = self._groups.pop(place)
        group.timer.cancel()
        for exchange, go in group.waiting:
            exchange.is_waiting = False
            go()
