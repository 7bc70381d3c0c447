"""The content of a file before validation: values with their positions, and problems."""

from dataclasses import dataclass, field
from typing import Any

Place = tuple[str | int, ...]
"""The names and indexes from the root to a value."""


@dataclass(slots=True)
class Node:
    """A value and its position in the file."""

    content: Any
    """A text, a list of nodes, or a mapping of names to nodes."""
    line: int
    column: int
    quoted: bool = False
    names: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The line and column of each name."""


def node_of(value: Any) -> Node:
    """Nodes for a value that didn't come from a file."""
    if isinstance(value, dict):
        return Node(
            {name: node_of(inner) for name, inner in value.items()}, 1, 1, names=dict.fromkeys(value, (1, 1))
        )
    if isinstance(value, list):
        return Node([node_of(inner) for inner in value], 1, 1)
    return Node(value, 1, 1, quoted=True)
