"""Modules of the standard library with the functions that they had when this package was imported.

A test may replace some of them for the code under test (`patch("os.write")`, `patch("asyncio.sleep")`, pyfakefs,
freezegun). A sandbox in the same process keeps using these: `from aktify_sandbox.originals import os`.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio as asyncio
    import json as json
    import os as os
    import secrets as secrets
    import socket as socket
    import threading as threading
    import time as time

_MODULES = frozenset(("asyncio", "json", "os", "secrets", "socket", "threading", "time"))


def __getattr__(name: str) -> Any:
    """A copy of the module, made when it is first used, since `--help` needs none."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    copy = SimpleNamespace(**vars(import_module(name)))
    if name == "time":
        copy.time, copy.monotonic = _clock("time", copy.time), _clock("monotonic", copy.monotonic)
    globals()[name] = copy
    return copy


def _clock(name: str, original: Callable[[], float]) -> Callable[[], float]:
    """The real clock. time-machine replaces the function itself, below Python, and keeps the real one elsewhere."""
    loaded = sys.modules

    def clock() -> float:
        machine: Any = loaded.get("time_machine")
        if machine is None or not machine.escape_hatch.is_travelling():
            return original()
        try:
            found: float = getattr(machine.escape_hatch.time, name, original)()
        except ValueError:  # time-machine has ended meanwhile
            return original()
        return found

    return clock
