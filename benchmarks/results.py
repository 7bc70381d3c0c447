"""RESULTS.md: one section per command, each with the machine that it was measured on.

A command replaces its own section and leaves the others, and what stands before them, as they are.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from benchmarks import machine

FILE = Path(__file__).with_name("RESULTS.md")
ORDER = (
    "Speed",
    "Viewers",
    "Growth",
    "Growth, quick form",
    "Start-up",
    "Files",
    "Fixture",
    "Profile",
    "Page",
)
_HEAD = """# Results

Written by the commands of `benchmarks/` (see its README), a section each; written by hand is nothing.
"""


def write(title: str, lines: Iterable[str], path: Path) -> None:
    """Replace the section; print it too."""
    text = "\n".join([f"## {title}", "", machine.description(), "", *lines]) + "\n"
    print(text)
    head, sections = read(path)
    sections[title] = text
    known = [name for name in ORDER if name in sections]
    others = [name for name in sections if name not in ORDER]
    path.write_text("\n".join([head, *(sections[name] for name in [*known, *others])]))


def read(path: Path) -> tuple[str, dict[str, str]]:
    """What stands before the first section, and the sections by title."""
    text = path.read_text() if path.exists() else _HEAD
    head, *parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    sections = {part.partition("\n")[0].removeprefix("## "): part.rstrip("\n") + "\n" for part in parts}
    return head.rstrip("\n") + "\n", sections


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table in Markdown."""
    return [_row(head), _row(["---"] * len(head)), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """Median, and from least to most."""
    return f"{median(values):{form}} ({min(values):{form}}–{max(values):{form}})"
