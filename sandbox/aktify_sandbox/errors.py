"""What users meet in Python; each is imported from `aktify_sandbox`, and shows itself by that path."""


class SandboxError(Exception):
    """What the sandbox can't do, in words for the user."""


class SandboxMistake(SandboxError, ValueError):
    """An argument that can't be."""


class NoSandbox(SandboxError):
    """Nothing answers at the address, or something that isn't a sandbox."""


class SandboxDied(SandboxError):
    """The sandbox's own thread couldn't start, or has ended by itself."""


class StateError(SandboxError):
    """A state folder that can't be read, or a write to one that is open to be read."""


class VerifyFailed(AssertionError):
    """The requests aren't what was expected; the message shows the nearest misses."""

    def __init__(self, words: str, nearest: str | None = None) -> None:
        """`nearest` is the id of the nearest miss."""
        super().__init__(words)
        self.nearest = nearest


class NotOne(AssertionError):
    """There are none, or several, where one was expected."""


for _error in (SandboxError, SandboxMistake, NoSandbox, SandboxDied, StateError, VerifyFailed, NotOne):
    _error.__module__ = "aktify_sandbox"
