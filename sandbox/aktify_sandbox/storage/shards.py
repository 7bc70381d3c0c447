"""Dictionaries of whole numbers in pieces, so that a million entries are never copied, grown or freed in one go.

A dictionary that grows past a million entries holds up everything else for tens of milliseconds while it is copied to
a larger table, and again when it is freed.
"""

from array import array
from collections.abc import Iterable, Iterator

NUMBERS = "q"
"""How whole numbers are held in an array: 64 bits, signed."""
_PIECES = 64
_WHOLE = 1 << 14
"""Up to so many entries one dictionary is quick enough."""


class Shards:
    """A dictionary from whole numbers to whole numbers, both of at most 63 bits."""

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
        """Forget the key, if it is there."""
        self.pieces[key & self._mask].pop(key, None)

    def __len__(self) -> int:
        return sum(map(len, self.pieces))

    def taken_apart(self) -> list[dict[int, int]]:
        """All pieces, to be freed one after another; nothing is left here."""
        pieces, self.pieces, self._mask = self.pieces, [{}], 0
        return pieces

    def items(self) -> Iterator[tuple[int, int]]:
        """All entries, in no order that means anything; for another thread than the one that writes, too."""
        for piece in self.pieces:
            yield from piece.copy().items()  # one step, which no other thread comes between

    def _split(self) -> None:
        (whole,) = self.pieces
        pieces: list[dict[int, int]] = [{} for _ in range(_PIECES)]
        for key, value in whole.items():
            pieces[key & (_PIECES - 1)][key] = value
        self.pieces, self._mask = pieces, _PIECES - 1

    def frozen(self, newest: int) -> Iterator[tuple["array[int]", "array[int]"]]:
        """Each piece as its keys and its values, without values above `newest`.

        For another thread than the one that writes: a piece is copied in one step, and the pieces one after another.
        """
        return (_frozen(piece, newest) for piece in self.pieces)

    @classmethod
    def thawed(cls, pieces: Iterable[tuple[Iterable[int], Iterable[int]]]) -> "Shards":
        """What `frozen` gave."""
        shards = cls()
        shards.pieces = [dict(zip(keys, values, strict=True)) for keys, values in pieces]
        shards._mask = len(shards.pieces) - 1
        return shards


def _frozen(piece: dict[int, int], newest: int) -> tuple["array[int]", "array[int]"]:
    copy = piece.copy()  # one step, which no other thread comes between
    if max(copy.values(), default=0) > newest:
        copy = {key: value for key, value in copy.items() if value <= newest}
    return array(NUMBERS, list(copy)), array(NUMBERS, list(copy.values()))
