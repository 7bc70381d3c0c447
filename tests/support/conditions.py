"""Waiting for what happens elsewhere: in another thread, process or server."""

import time
from collections.abc import Callable

_PATIENCE = 60
_BETWEEN_LOOKS = 0.01


def eventually(condition: Callable[[], object], patience: float = _PATIENCE) -> None:
    """Wait until it holds; fail after `patience` seconds, a bound for a busy machine that tests nothing."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not within {patience} seconds"
        time.sleep(_BETWEEN_LOOKS)  # pause: between two looks at what can't tell
