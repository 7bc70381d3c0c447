"""Dictionaries of integers in pieces, so that a million entries are never copied, grown or freed in one step.

A dictionary that grows past a million entries blocks everything else for tens of milliseconds while it is copied to a
larger table, and again when it is freed.
"""

from array import array
from collections.abc import Iterable, Iterator

NUMBERS = "q"
"""The type of integers in an array: 64 bits, signed."""
_PIECES = 64
_WHOLE = 1 << 14
"""The number of entries up to which one dictionary is fast enough."""


class Shards:
    """A dictionary from integers to integers, both of at most 63 bits."""

    __slots__ = ("_mask", "pieces")

    def __init__(self) -> None:
        self.pieces: list[dict[int, int]] = [{}]
        self._mask = 0

    def get(self, key: int) -> int | None:
        """The value, or None."""
        return self.pieces[key & self._mask].get(key)

    def __contains__(self, key: int) -> bool:
        return key in self.pieces[key & self._mask]

    def __setitem__(self, key: int, value: int) -> None:
        piece = self.pieces[key & self._mask]
        piece[key] = value
        if len(piece) > _WHOLE and not self._mask:
            self._split()

    def pop(self, key: int) -> None:
        """Remove the key, if it exists."""
        self.pieces[key & self._mask].pop(key, None)

    def __len__(self) -> int:
        return sum(map(len, self.pieces))

    def taken_apart(self) -> list[dict[int, int]]:
        """All pieces, to be freed one after another; this dictionary is empty afterwards."""
        pieces, self.pieces, self._mask = self.pieces, [{}], 0
        return pieces

    def items(self) -> Iterator[tuple[int, int]]:
        """All entries, in no particular order; safe to call from another thread."""
        for piece in self.pieces:
            yield from piece.copy().items()  # atomic: one step of the interpreter

    def _split(self) -> None:
        (whole,) = self.pieces
        pieces: list[dict[int, int]] = [{} for _ in range(_PIECES)]
        for key, value in whole.items():
            pieces[key & (_PIECES - 1)][key] = value
        self.pieces, self._mask = pieces, _PIECES - 1

    def frozen(self, newest: int) -> Iterator[tuple["array[int]", "array[int]"]]:
        """Each piece as its keys and its values, without values above `newest`.

        Safe to call from another thread: a piece is copied in one step, and the pieces one after another.
        """
        return (_frozen(piece, newest) for piece in self.pieces)

    @classmethod
    def thawed(cls, pieces: Iterable[tuple[Iterable[int], Iterable[int]]]) -> "Shards":
        """The opposite of `frozen`."""
        shards = cls()
        shards.pieces = [dict(zip(keys, values, strict=True)) for keys, values in pieces]
        shards._mask = len(shards.pieces) - 1
        return shards


def _frozen(piece: dict[int, int], newest: int) -> tuple["array[int]", "array[int]"]:
    copy = piece.copy()  # atomic: one step of the interpreter
    if max(copy.values(), default=0) > newest:
        copy = {key: value for key, value in copy.items() if value <= newest}
    return array(NUMBERS, list(copy)), array(NUMBERS, list(copy.values()))
