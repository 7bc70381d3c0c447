"""A local stand-in for Aktify's lead API."""

from typing import TYPE_CHECKING, Any

from aktify_sandbox.version import __version__

if TYPE_CHECKING:
    from aktify_sandbox.embedded.doors import SandboxError
    from aktify_sandbox.embedded.sandbox import Sandbox, VerifyFailed

__all__ = ["Sandbox", "SandboxError", "VerifyFailed", "__version__"]


def __getattr__(name: str) -> Any:
    """What costs time to import is imported when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from aktify_sandbox.embedded import sandbox

    return getattr(sandbox, name)
