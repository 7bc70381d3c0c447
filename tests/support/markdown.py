"""Markdown, as pages are made of it."""

from collections.abc import Iterable


def table(head: str, rows: Iterable[Iterable[str]]) -> str:
    """A table, on lines of its own."""
    columns = head.count("|") + 1
    lines = [f"| {head} |", "|" + "---|" * columns, *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(["", *lines, ""])


def cell(text: str) -> str:
    """A text in a table: on one line, its bars escaped."""
    return " ".join(text.split()).replace("|", r"\|")


def code(text: str) -> str:
    """A text as code in a table."""
    return f"`{cell(text)}`"
