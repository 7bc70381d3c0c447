"""How many examples Hypothesis tries, and how often a race is run."""

from typing import Any

from hypothesis import settings

WHOLE, QUICK = 100, 20

settings.register_profile(
    "whole", deadline=None, max_examples=WHOLE
)  # how long one takes says how busy it is here
settings.register_profile("quick", settings.get_profile("whole"), max_examples=QUICK)


def examples(number: int, **more: Any) -> settings:
    """So many in a run with `--system`; in the inner loop a fifth of them."""
    return settings(max_examples=number * settings().max_examples // WHOLE, **more)


def rounds(number: int) -> range:
    """So many rounds of a race in a run with `--system`; in the inner loop a fifth of them."""
    return range(number * settings().max_examples // WHOLE)
