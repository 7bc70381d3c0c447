"""Detects whether gevent or eventlet has replaced threads by greenlets in this process."""

import sys
from typing import Any


def monkey_patched_by() -> str | None:
    """`gevent` or `eventlet`, if it has patched `threading`: a thread of ours would then block all others forever."""
    gevent: Any = sys.modules.get("gevent.monkey")
    if gevent is not None and gevent.is_module_patched("threading"):
        return "gevent"
    eventlet: Any = sys.modules.get("eventlet.patcher")
    if eventlet is not None and eventlet.is_monkey_patched("thread"):
        return "eventlet"
    return None


def socket_module() -> Any:
    """The patched module `socket`, whose calls let other greenlets run; None if there are no greenlets."""
    if monkey_patched_by() is None:
        return None
    import socket

    return socket
