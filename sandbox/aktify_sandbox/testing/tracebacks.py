"""Whose lines a test's failure shows: its user's, not ours.

A module says so by `__tracebackhide__ = is_for_the_user`, which pytest reads.
"""

from typing import Any


def is_for_the_user(caught: Any) -> bool:
    """Whether what was raised (pytest's `ExceptionInfo`) is one of ours, whose words say it all; else it's a defect."""
    return type(getattr(caught, "value", None)).__module__.partition(".")[0] == "aktify_sandbox"
