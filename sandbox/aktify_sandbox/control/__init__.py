"""Our own door: `/_sandbox/…`."""

from aktify_sandbox.control.door import control_routes
from aktify_sandbox.control.services import Services

__all__ = ["Services", "control_routes"]
