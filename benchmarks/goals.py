"""What must hold: the goal that stands beside each figure, and whether it was met."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that must not be above its limit."""

    limit: float
    unit: str = ""

    def verdict(self, figure: float) -> str:
        """`≤ 0.75: met`."""
        return f"≤ {self.limit:g}{self.unit}: {'met' if figure <= self.limit else '**missed**'}"


ECHO = Goal(0.75, " times")
HELLO = Goal(1.0, " times")

VIEWED = Goal(2.0, " times")
"""Slower by half at most."""

HELP = Goal(120, " ms")
FIRST_ANSWER = Goal(400, " ms")
RESIDENT_AT_START = Goal(60, " MB")
START_AFTER_CRASH = Goal(4, " s")
START_AFTER_STOP = Goal(2, " s")

CHECK = Goal(5, " s")
CHECK_MEMORY = Goal(250, " MB")

PLUGIN_IMPORT = Goal(5, " ms")
FIXTURE_FIRST = Goal(250, " ms")
FIXTURE_EACH = Goal(2, " ms")
FIXTURE_END = Goal(250, " ms")

RESIDENT_SAME_LEADS = Goal(300, " MB")
RESIDENT_OTHER_LEADS = Goal(400, " MB")
CPU_GROWTH = Goal(1.2, " times")
P99_GROWTH = Goal(1.5, " times")

PAINT = Goal(200, " ms")
SEEN = Goal(500, " ms")
WEIGHT = Goal(60, " kB")
