"""Every exception that a user can meet; its message says what is wrong, where and what to do.

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
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from aktify_sandbox.text import printable


class UserError(Exception):
    """The base: something a user can put right, in words for them."""


# what the user gave can't be used: wrong usage (exit code 2) or a refused request (status 400)


class InputError(UserError, ValueError):
    """A value, a name or a file that can't be used."""


class AddressError(InputError):
    """What was written isn't an address."""


class CampaignError(InputError):
    """A campaign or key that can't be made or found."""


class ComparisonError(InputError):
    """What can't be compared."""


class FilterError(InputError):
    """A filter that can't be understood."""


class RulingError(InputError):
    """A profile, ruling or value that doesn't exist: what was found, and what would be right."""

    def __init__(self, name: str, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.name = name
        self.message = message
        self.hint = hint


class ScenarioNotFoundError(InputError):
    """A name under which no scenario lies."""


class SettingsError(InputError):
    """A setting that can't be."""


class FileError(InputError):
    """A file that can't be used."""


class FileProblem(NamedTuple):
    """One thing that is wrong in a file, and where. Line and column count from 1."""

    file: str
    line: int
    column: int
    message: str
    hint: str
    inside: str = ""
    """The names that lead there: `headers.Retry-After`."""

    @property
    def said(self) -> str:
        """For who sent it without a file: what is wrong, under its name instead of a line."""
        return f"{f'{self.inside}: ' if self.inside else ''}{self.message} {self.hint}".strip()

    def __str__(self) -> str:
        said = f"{self.message} {self.hint}" if self.hint else self.message
        return f"{self.file}:{self.line}:{self.column}: {printable(said)}"


class DocumentError(FileError):
    """All that is wrong in a file of YAML or JSON."""

    def __init__(self, problems: Iterable[FileProblem], files: Iterable[Path] = ()) -> None:
        """`files` are others that it names: when one of them changes, it may be right."""
        self.files = tuple(files)
        self.problems = sorted(problems, key=lambda problem: (problem.line, problem.column))
        super().__init__("\n".join(map(str, self.problems)))


class LeadFileError(FileError):
    """A file of leads of which nothing can be said: what is wrong, in which line, and what to do.

    Everything else is said of a row (see `reader.Row`), so that one bad row doesn't hide the others.
    """

    def __init__(
        self,
        message: str,
        fix: str = "",
        line: int | None = None,
        columns: Mapping[str, str | None] | None = None,
        likely: str | None = None,
    ) -> None:
        """`line` counts the lines of the file from 1, as an editor does.

        `columns` are given when the columns are what is wrong, `likely` is the one that looks like phone numbers.
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


# what the machine refuses: exit code 1, status 503


class ResourceError(UserError):
    """A port, a folder, a file or a program that can't be had."""


class CommandError(ResourceError):
    """Why a command can't be run; `code` is the exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class NotServedError(ResourceError):
    """Why a folder isn't known to be served."""


class ServeError(ResourceError):
    """Why the sandbox can't start."""

    def __init__(self, words: str, reason: int | None = None) -> None:
        super().__init__(words)
        self.reason = reason
        """The system's number for it."""


class LogError(ResourceError):
    """What keeps the log from being used."""


class ForeignFolderError(LogError):
    """The folder, or a file in it, isn't what a sandbox made; nothing was changed."""


class LogDamagedError(LogError):
    """A line is not what was written: somebody or something changed the file."""


class LogWriteError(LogError):
    """The disk refused a write (full, failing, read-only, gone); what was half written has been taken back."""


class RowError(LogError):
    """A key or a campaign that no sandbox wrote down."""

    def __init__(self, table: str, document: str) -> None:
        super().__init__(f"Document {document} of the table {table} makes no sense: no sandbox wrote it.")
        self.table, self.document = table, document


class StateInUseError(LogError):
    """Another process has the folder."""


class StoppingError(UserError):
    """The sandbox stops, and the work has been ended."""

    def __init__(self) -> None:
        super().__init__("The sandbox stops, so this was not finished.")


# in Python


class SandboxError(UserError):
    """What the sandbox can't do, in words for the user."""


class SandboxMistake(SandboxError, ValueError):
    """An argument that can't be."""


class NoSandbox(SandboxError):
    """Nothing answers at the address, or something that isn't a sandbox."""


class SandboxDied(SandboxError):
    """The sandbox's own thread couldn't start, or has ended by itself."""


class StateError(SandboxError):
    """A state folder that can't be read, or a write to one that is open to be read."""


class VerifyFailed(UserError, AssertionError):
    """The requests aren't what was expected; the message shows the nearest misses."""

    def __init__(self, words: str, nearest: str | None = None) -> None:
        """`nearest` is the id of the nearest miss."""
        super().__init__(words)
        self.nearest = nearest


class NotOne(UserError, AssertionError):
    """There are none, or several, where one was expected."""


for _error in (SandboxError, SandboxMistake, NoSandbox, SandboxDied, StateError, VerifyFailed, NotOne):
    _error.__module__ = "aktify_sandbox"


def hide_traceback(caught: Any) -> bool:
    """Whether what was raised (pytest's `ExceptionInfo`) is for the user, and its words say it all; else a defect.

    A module whose lines a test's failure shall not show says `__tracebackhide__ = hide_traceback`, which pytest reads.
    """
    return isinstance(getattr(caught, "value", None), UserError)
