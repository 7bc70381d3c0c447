"""What a file holds before a schema has looked at it: values with their places, and what is wrong with them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from aktify_sandbox.text import printable

Place = tuple[str | int, ...]
"""The names and numbers that lead from the root to a value."""


class Mistake(NamedTuple):
    """One thing that is wrong in a file, and where. Line and column count from 1."""

    file: str
    line: int
    column: int
    message: str
    hint: str
    inside: str = ""
    """The names that lead there: `headers.Retry-After`."""

    @property
    def said(self) -> str:
        """For who sent it without a file: what is wrong, under its name instead of a line."""
        return f"{f'{self.inside}: ' if self.inside else ''}{self.message} {self.hint}".strip()

    def __str__(self) -> str:
        said = f"{self.message} {self.hint}" if self.hint else self.message
        return f"{self.file}:{self.line}:{self.column}: {printable(said)}"


class DocumentMistakes(ValueError):
    """All that is wrong in a file."""

    def __init__(self, mistakes: Iterable[Mistake], files: Iterable[Path] = ()) -> None:
        """`files` are others that it names: when one of them changes, it may be right."""
        self.files = tuple(files)
        self.mistakes = sorted(mistakes, key=lambda mistake: (mistake.line, mistake.column))
        super().__init__("\n".join(map(str, self.mistakes)))


@dataclass(slots=True)
class Node:
    """A value and where it stands."""

    content: Any
    """A text, a list of nodes, or nodes by their names."""
    line: int
    column: int
    quoted: bool = False
    names: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Where each name stands."""


def node_of(value: Any) -> Node:
    """Nodes for a value that came without a file."""
    if isinstance(value, dict):
        return Node(
            {name: node_of(inner) for name, inner in value.items()}, 1, 1, names=dict.fromkeys(value, (1, 1))
        )
    if isinstance(value, list):
        return Node([node_of(inner) for inner in value], 1, 1)
    return Node(value, 1, 1, quoted=True)
