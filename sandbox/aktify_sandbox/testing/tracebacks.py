"""Whose lines a test's failure shows: its user's, not ours.

A module says so by `__tracebackhide__ = hide_traceback`, which pytest reads.
"""

from typing import Any

from aktify_sandbox.errors import UserError


def hide_traceback(caught: Any) -> bool:
    """Whether what was raised (pytest's `ExceptionInfo`) is for the user, and its words say it all; else a defect."""
    return isinstance(getattr(caught, "value", None), UserError)
