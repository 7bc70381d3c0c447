"""Numbers of options, with their range in words instead of click's `0<=x<=5`."""

import math

import click

_LARGEST = 2**53
"""The largest number that JSON carries without loss: as a limit it says nothing to a person."""


def in_words(least: float | None, most: float | None) -> str:
    """A range: `1 to 1,000`, `0 or more`."""
    if most is None or most >= _LARGEST or math.isinf(most):
        return f"{least:,} or more"
    return f"{least:,} to {most:,}"


class WholeNumber(click.IntRange):
    """A whole number in a range."""

    name = "whole number"

    def _describe_range(self) -> str:
        return in_words(self.min, self.max)
