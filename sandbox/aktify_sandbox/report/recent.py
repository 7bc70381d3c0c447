"""A bounded memory of named tuples: the newest stay."""

import heapq
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

V = TypeVar("V", bound=tuple[Any, ...])
_SHARDS = 16
"""A dictionary is rebuilt as it grows; the larger it is, the longer that blocks the sandbox."""


class Recent(Generic[V]):
    """Named tuples by number: the newest, and about `most`. They begin with the id of a request.

    They are kept as plain tuples, which Python's garbage collector stops tracking. Tracking 100,000 named ones was seen
    to block the sandbox for 50 ms.
    """

    def __init__(self, most: int, make: Callable[..., V]) -> None:
        """`make` is the class of the named tuples."""
        self._make = make
        self._shards: list[OrderedDict[int, tuple[Any, ...]]] = [
            OrderedDict() for _ in range(min(most, _SHARDS))
        ]
        self._most = most // len(self._shards)

    def add(self, key: int, value: V) -> None:
        """Remember a value as the newest, in place of one under the same key."""
        shard = self._shards[key % len(self._shards)]
        shard[key] = tuple(value)
        if len(shard) > self._most:
            shard.popitem(last=False)

    def pop(self, key: int) -> V | None:
        """The value under the key, which is forgotten with this; None if there is none."""
        held = self._shards[key % len(self._shards)].pop(key, None)
        return None if held is None else self._make(*held)

    def emptied(self) -> Iterator[V]:
        """All values in their own order; each is forgotten as it is taken.

        Freeing 40,000 at once was seen to block the sandbox for 16 ms.
        """
        return (self._make(*held) for held in heapq.merge(*map(_emptied, self._shards)))


def _emptied(shard: OrderedDict[int, tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    while shard:
        yield shard.popitem(last=False)[1]
