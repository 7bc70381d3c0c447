"""Whether gevent or eventlet has put greenlets in the place of threads in this process."""

import sys
from typing import Any


def monkey_patched_by() -> str | None:
    """`gevent` or `eventlet`, if it has replaced `threading`: a thread of ours would block all others for ever."""
    gevent: Any = sys.modules.get("gevent.monkey")
    if gevent is not None and gevent.is_module_patched("threading"):
        return "gevent"
    eventlet: Any = sys.modules.get("eventlet.patcher")
    if eventlet is not None and eventlet.is_monkey_patched("thread"):
        return "eventlet"
    return None


def socket_module() -> Any:
    """The module `socket` whose calls let other greenlets go on; None where there are none."""
    if monkey_patched_by() is None:
        return None
    import socket

    return socket
