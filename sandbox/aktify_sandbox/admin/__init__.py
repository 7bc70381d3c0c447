"""The admin API: `/_sandbox/…`."""

from aktify_sandbox.admin.app import admin_routes
from aktify_sandbox.admin.components import Components

__all__ = ["Components", "admin_routes"]
