"""Every exception that a user can meet, apart from click's; its message says what is wrong, where and what to do.

    UserError
    ├── InputError (ValueError)
    │   ├── AddressError
    │   ├── CampaignError
    │   ├── ComparisonError
    │   ├── FileError
    │   │   ├── DocumentError
    │   │   ├── LeadFileError
    │   │   └── StateFileError
    │   ├── FilterError
    │   ├── RulingError
    │   ├── ScenarioNotFoundError
    │   └── SettingsError
    ├── ResourceError
    │   ├── CommandError
    │   ├── LogError
    │   │   ├── ForeignFolderError
    │   │   ├── LogDamagedError
    │   │   ├── LogWriteError
    │   │   ├── RowError
    │   │   └── StateInUseError
    │   ├── NotServedError
    │   ├── NumbersUsedError
    │   └── ServeError
    ├── ProblemError
    ├── StoppingError
    ├── SandboxError
    │   ├── NoSandbox
    │   ├── SandboxDied
    │   ├── SandboxMistake (ValueError)
    │   └── StateError
    ├── NotOne (AssertionError)
    └── VerifyFailed (AssertionError)

Those under `SandboxError`, `NotOne` and `VerifyFailed` are imported from `aktify_sandbox`, and show themselves by that
path. `ProblemError` is an answer of the admin API (`admin/problems.py`).

An error that only a command has is click's, which prints it and sets the exit code: `NoAnswerError`, `RefusedError` and
their like in `cli/`.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from aktify_sandbox.text import printable


class UserError(Exception):
    """The base of errors that a user can fix; the message is for them."""


# invalid input of the user: wrong usage (exit code 2) or a refused request (status 400)


class InputError(UserError, ValueError):
    """A value, name or file that can't be used."""


class AddressError(InputError):
    """The text isn't an address."""


class CampaignError(InputError):
    """A campaign or key that can't be made or found."""


class ComparisonError(InputError):
    """Values that can't be compared."""


class FilterError(InputError):
    """A filter that can't be understood."""


class RulingError(InputError):
    """An unknown profile, ruling or value; `hint` lists the choices."""

    def __init__(self, name: str, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.name = name
        self.message = message
        self.hint = hint


class ScenarioNotFoundError(InputError):
    """No scenario has this name."""


class SettingsError(InputError):
    """An invalid setting."""


class FileError(InputError):
    """A file that can't be used."""


class FileProblem(NamedTuple):
    """One problem in a file, with its position. Line and column count from 1."""

    file: str
    line: int
    column: int
    message: str
    hint: str
    inside: str = ""
    """The path of names to it: `headers.Retry-After`."""

    @property
    def said(self) -> str:
        """The problem of a value that didn't come from a file, with its name instead of a line."""
        place, name = f"{self.inside}: " if self.inside else "", self.inside.rpartition(".")[2]
        if name and self.message.startswith(f"{name} "):  # the message names it already
            place = self.inside.removesuffix(name)
        return f"{place}{self.message} {self.hint}".strip()

    def __str__(self) -> str:
        said = f"{self.message} {self.hint}" if self.hint else self.message
        return f"{self.file}:{self.line}:{self.column}: {printable(said)}"


class DocumentError(FileError):
    """All problems of a YAML or JSON file."""

    def __init__(self, problems: Iterable[FileProblem], files: Iterable[Path] = ()) -> None:
        """`files` are others that it refers to: a change to one of them may fix it."""
        self.files = tuple(files)
        self.problems = sorted(problems, key=lambda problem: (problem.line, problem.column))
        super().__init__("\n".join(map(str, self.problems)))


class LeadFileError(FileError):
    """A file of leads that can't be read: what is wrong, in which line, and what to do.

    Other problems belong to a row (see `reader.Row`), so that one bad row doesn't hide the others.
    """

    def __init__(
        self,
        message: str,
        fix: str = "",
        line: int | None = None,
        columns: Mapping[str, str | None] | None = None,
        likely: str | None = None,
    ) -> None:
        """`line` counts from 1, as an editor does.

        `columns` are given if they are the problem; `likely` is the one that looks like phone numbers.
        """
        place = f"line {line}: " if line else ""
        super().__init__(f"{place}{message}{f' Fix: {fix}' if fix else ''}")
        self.message = message
        self.fix = fix
        self.line = line
        self.columns = columns
        self.likely = likely


class StateFileError(FileError):
    """What is wrong with a state file, and in which line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


# failures of the machine: exit code 1, status 503


class ResourceError(UserError):
    """A port, folder, file or program that isn't available."""


class CommandError(ResourceError):
    """Why a command can't be run; `code` is the exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class NotServedError(ResourceError):
    """Why a sandbox can't be found through a folder."""


class ServeError(ResourceError):
    """The sandbox can't start."""

    def __init__(self, words: str, reason: int | None = None) -> None:
        super().__init__(words)
        self.reason = reason
        """The system's error number."""


class LogError(ResourceError):
    """The log can't be used."""


class ForeignFolderError(LogError):
    """A folder or file that a sandbox didn't create; nothing was changed."""


class LogDamagedError(LogError):
    """A line differs from what was written: the file was changed."""


class LogWriteError(LogError):
    """A write failed (disk full, failing, read-only, gone); the half-written line was removed."""


class RowError(LogError):
    """A key or campaign that no sandbox wrote."""

    def __init__(self, table: str, document: str) -> None:
        super().__init__(
            f"Document {document} of the table {table} is invalid: not written by aktify-sandbox."
        )
        self.table, self.document = table, document


class StateInUseError(LogError):
    """Another process uses the folder."""


class StoppingError(UserError):
    """The sandbox stops and has ended the work."""

    def __init__(self) -> None:
        super().__init__("Not finished: the sandbox is stopping.")


# in Python


class SandboxError(UserError):
    """The base of the errors below: the sandbox can't do what was asked."""


class SandboxMistake(SandboxError, ValueError):
    """A wrong argument."""


class NoSandbox(SandboxError):
    """No sandbox answers at the address."""


class SandboxDied(SandboxError):
    """The sandbox's thread couldn't start, or ended unexpectedly."""


class StateError(SandboxError):
    """A state folder can't be read, or `open_state` was asked to write."""


class VerifyFailed(UserError, AssertionError):
    """The requests aren't what was expected. The message shows the nearest misses."""

    def __init__(self, words: str, nearest: str | None = None) -> None:
        """`nearest` is the id of the nearest miss."""
        super().__init__(words)
        self.nearest = nearest


class NotOne(UserError, AssertionError):
    """There is none, or more than one, where one was expected."""


for _error in (SandboxError, SandboxMistake, NoSandbox, SandboxDied, StateError, VerifyFailed, NotOne):
    _error.__module__ = "aktify_sandbox"


def hide_traceback(caught: Any) -> bool:
    """Whether an exception (pytest's `ExceptionInfo`) is a user's error whose message is enough; otherwise it is a
    defect.

    Modules with `__tracebackhide__ = hide_traceback` are hidden from a failing test's traceback; pytest reads it.
    """
    return isinstance(getattr(caught, "value", None), UserError)
