"""A local stand-in for Aktify's lead API."""

from typing import TYPE_CHECKING, Any

from aktify_sandbox.version import __version__

if TYPE_CHECKING:
    from aktify_sandbox.errors import (
        NoSandbox,
        NotOne,
        SandboxDied,
        SandboxError,
        SandboxMistake,
        StateError,
        VerifyFailed,
    )
    from aktify_sandbox.storage.reader import open_state
    from aktify_sandbox.testing.sandbox import Sandbox
    from aktify_sandbox.testing.views import Lead, Leads, Record, Requests

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
    "StateError",
    "VerifyFailed",
    "__version__",
    "open_state",
]


def __getattr__(name: str) -> Any:
    """Imports lazily what is slow to import."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    from importlib import import_module

    errors = import_module("aktify_sandbox.errors")
    if hasattr(errors, name):
        return getattr(errors, name)
    module = "storage.reader" if name == "open_state" else "testing.sandbox"
    return getattr(import_module(f"aktify_sandbox.{module}"), name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
