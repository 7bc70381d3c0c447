"""RESULTS.md: a section per command, between its two markers; whatever is outside them stays as it is."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from benchmarks import machine

FILE = Path(__file__).with_name("RESULTS.md")


def write(name: str, lines: Iterable[str], path: Path | None) -> None:
    """Print the section, and replace what is between its markers, or add it at the end of the file."""
    section = "\n".join([f"<!-- {name} -->", *lines, f"<!-- /{name} -->"])
    print(section)
    if path:
        text = path.read_text() if path.exists() else ""
        old = re.compile(f"<!-- {name} -->.*<!-- /{name} -->", re.DOTALL)
        path.write_text(old.sub(lambda _: section, text) if old.search(text) else f"{text}\n{section}\n")


def section(name: str, title: str, lines: Iterable[str], path: Path | None) -> None:
    """Write a section with its title and the machine."""
    write(name, [f"## {title}", "", machine.description(), "", *lines], path)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table in Markdown."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def figures(rows: Iterable[Sequence[str]]) -> list[str]:
    """A table of rows that `figure` made."""
    return table(["what", "measured", "goal"], rows)


def figure(
    what: str, values: Sequence[float], unit: str, goal: float | None = None, form: str = ".2f"
) -> list[str]:
    """A row: what was measured, its median and spread, the goal and whether it was met."""
    return [what, f"{spread(values, form)} {unit}", verdict(median(values), goal, unit)]


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """Median, and from least to most if there are several."""
    around = f" ({min(values):{form}}–{max(values):{form}})" if len(values) > 1 else ""
    return f"{median(values):{form}}{around}"


def verdict(value: float, goal: float | None, unit: str = "") -> str:
    """`≤ 0.75: met`."""
    if goal is None:
        return ""
    return f"≤ {goal:g}{unit and ' '}{unit}: {'met' if value <= goal else '**missed**'}"
