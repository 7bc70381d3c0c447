"""Our own door: `/_sandbox/…`."""

from aktify_sandbox.admin.app import control_routes
from aktify_sandbox.admin.dependencies import Services

__all__ = ["Services", "control_routes"]
