"""A local stand-in for Aktify's lead API."""

from aktify_sandbox.version import __version__

__all__ = ["__version__"]
