"""What a file holds before a schema has looked at it: values with their places, and what is wrong with them."""

from dataclasses import dataclass, field
from typing import Any

Place = tuple[str | int, ...]
"""The names and numbers that lead from the root to a value."""


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
