"""A table of numbers that takes 16 to 32 bytes for each entry, where a dictionary takes 100."""

from array import array

_SHARDS = 64
_FIRST_SLOTS = 16


class NumberTable:
    """From numbers of 64 bits, such as hashes, to numbers of 64 bits. It only grows.

    Each of its shards grows on its own, so that none takes more than a few milliseconds to grow.
    """

    def __init__(self) -> None:
        self._shards = [_Shard() for _ in range(_SHARDS)]

    def set_default(self, key: int, value: int) -> int:
        """The number under the key, which is this one if there was none. A number isn't 0."""
        key &= (1 << 64) - 1
        return self._shards[key % _SHARDS].set_default(key, value)


class _Shard:
    """Open addressing in two arrays; a value of 0 is a free slot."""

    def __init__(self) -> None:
        self._slots = _FIRST_SLOTS
        self._used = 0
        self._keys = array("Q", bytes(8 * _FIRST_SLOTS))
        self._values = array("Q", bytes(8 * _FIRST_SLOTS))

    def set_default(self, key: int, value: int) -> int:
        keys, values = self._keys, self._values
        place = key // _SHARDS % self._slots
        while values[place]:
            if keys[place] == key:
                return values[place]
            place = (place + 1) % self._slots
        keys[place], values[place] = key, value
        self._used += 1
        if self._used * 2 > self._slots:
            self._grow()
        return value

    def _grow(self) -> None:
        before = zip(self._keys, self._values, strict=True)
        self._slots *= 2
        self._used = 0
        self._keys, self._values = array("Q", bytes(8 * self._slots)), array("Q", bytes(8 * self._slots))
        for key, value in before:
            if value:
                self.set_default(key, value)
