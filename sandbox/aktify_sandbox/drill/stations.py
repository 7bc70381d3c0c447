"""The stations of a drill, in order. Each runs the command once for each of its scenarios, on fresh state."""

from collections.abc import Mapping
from typing import NamedTuple

ORDINARY = "ordinary"
"""The station without an outage. The others are compared with it."""


class Station(NamedTuple):
    """A part of the course."""

    name: str
    scenarios: tuple[str, ...]
    """Shipped scenarios, one for each run; none: nothing is forced."""
    expected: str
    """What a client should do, as an imperative."""
    may_stop: bool = False
    """Whether a client should stop before all leads are in, and may say so by its exit code."""


def _station(name: str, *scenarios: str, expected: str, may_stop: bool = False) -> Station:
    return Station(name, scenarios, expected, may_stop)


STATIONS: Mapping[str, Station] = {
    station.name: station
    for station in (
        _station(ORDINARY, expected="Send each lead once."),
        _station(
            "duplicate",
            "duplicate",
            expected="Take a 409 as success: the lead is in already. Go on with the next one.",
        ),
        _station(
            "outage",
            "flaky",
            "maintenance",
            expected="Send a lead again after a 5xx, with a growing pause and not before Retry-After.",
        ),
        _station(
            "rate-limit",
            "rate-limited",
            expected="Wait as long as Retry-After says, then send the same lead again.",
        ),
        _station(
            "lost-answer",
            "lost-response",
            expected="Send the lead again after a lost answer, and take the 409 as success.",
        ),
        _station("reset", "connection-reset", expected="Send the lead again after a reset connection."),
        _station(
            "slow",
            "slow",
            "silence",
            expected="Allow three seconds for an answer, but have a timeout. Then send the lead again.",
        ),
        _station(
            "malformed",
            "truncated-answer",
            "malformed-answer",
            expected="Don't trust a broken answer: send the lead again, and take the 409 as success.",
        ),
        _station(
            "html-page",
            "html-error-page",
            expected="Decide by the status: send the lead again after a 502, whatever its body is.",
        ),
        _station(
            "key-revoked",
            "key-rotation",
            expected="Stop at the first 401 and tell a person. Keep the leads that are left.",
            may_stop=True,
        ),
    )
}
"""By name."""
