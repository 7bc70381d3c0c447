"""A local stand-in for Aktify's lead API."""

from typing import TYPE_CHECKING, Any

from aktify_sandbox.version import __version__

if TYPE_CHECKING:
    from aktify_sandbox.embedded.sandbox import Sandbox
    from aktify_sandbox.embedded.seen import Lead, Leads, Record, Requests
    from aktify_sandbox.errors import (
        NoSandbox,
        NotOne,
        SandboxDied,
        SandboxError,
        SandboxMistake,
        VerifyFailed,
    )

__all__ = [
    "Lead",
    "Leads",
    "NoSandbox",
    "NotOne",
    "Record",
    "Requests",
    "Sandbox",
    "SandboxDied",
    "SandboxError",
    "SandboxMistake",
    "VerifyFailed",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """What costs time to import is imported when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    from importlib import import_module

    errors = import_module("aktify_sandbox.errors")
    if hasattr(errors, name):
        return getattr(errors, name)
    return getattr(import_module("aktify_sandbox.embedded.sandbox"), name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
