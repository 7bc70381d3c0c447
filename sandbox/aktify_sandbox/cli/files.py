"""Files that commands read and write, and the standard streams in their place."""

import codecs
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, TextIO

import click

from aktify_sandbox.atomic_write import replaced
from aktify_sandbox.cli.output import on_terminal
from aktify_sandbox.text import escaped

STANDARD = Path("-")
"""Standard input or output, in a file's place."""

READABLE = click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True, path_type=Path)
"""A file to be read; any other is wrong usage."""


def text_of(file: Path) -> str:
    """The text of a file, or of standard input for `-`. Ends the command when there is none to read."""
    try:
        content = standard_input().read() if file == STANDARD else file.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise click.UsageError(f"{file} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise click.ClickException(f"{file}:{line}: this isn't UTF-8 text; save the file in UTF-8.") from None


def standard_input() -> BinaryIO:
    """Standard input. Ends the command when there is none."""
    if sys.stdin is None:
        raise click.ClickException("Standard input is closed: give a FILE, or pipe something in.")
    return sys.stdin.buffer


class Writable(Protocol):
    """What is written to."""

    def write(self, content: bytes, /) -> int:
        """Take some more."""
        ...


class TerminalWriter:
    """A terminal as something to write to. What others have sent moves no cursor in it."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, content: bytes) -> int:
        """Show some more."""
        self._terminal.write(escaped(self._decoder.decode(content)))
        return len(content)


def check_writable(file: Path, option: str = "") -> None:
    """Find out before anything runs whether a file can stand there. If none can, it is wrong usage.

    `option` is the one that names the file.
    """
    if file.is_dir() or not file.absolute().parent.is_dir():
        named = f"{option} {file}".lstrip()
        raise click.UsageError(f"{named} can't be written: its folder isn't there, or it is a folder itself.")


@contextlib.contextmanager
def atomic_output(file: Path) -> Iterator[Writable]:
    """Where to write: what stands under the name afterwards is whole, and the owner's alone."""
    if file == STANDARD:
        yield TerminalWriter(sys.stdout) if on_terminal() else sys.stdout.buffer
        sys.stdout.flush()
        return
    check_writable(file)
    try:
        with replaced(file) as out:
            yield out
    except OSError as error:
        raise click.ClickException(f"{file} can't be written: {error.strerror}.") from None
