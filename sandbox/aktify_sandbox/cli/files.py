"""Files that commands read and write, and the standard streams that may replace them."""

import codecs
import contextlib
import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TextIO

import click

from aktify_sandbox.atomic_write import replaced
from aktify_sandbox.cli.output import clean, on_terminal
from aktify_sandbox.text import escaped, suggest

STANDARD = Path("-")
"""Standard input or output, in a file's place."""

_NAMES_COMPARED = 1_000
"""The number of names in a folder that a mistyped one is compared with."""


_LONGEST_NAME = 200


class ReadableFile(click.Path):
    """A file to be read, or `-`. Any other is wrong usage."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, readable=True, allow_dash=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path. Fails if there is no such file, and suggests the one that was probably meant."""
        if str(value) != str(STANDARD) and not os.path.exists(value):
            raise click.UsageError(clean(_missing(str(value), ctx)), ctx)
        return super().convert(value, param, ctx)


def _missing(name: str, ctx: click.Context | None) -> str:
    if name.lstrip().startswith(("{", "[")):
        command = ctx.command_path if ctx else "aktify-sandbox explain"
        return f"JSON was given where a file's name belongs. Fix: echo '…' | {command} -"
    file = Path(name if len(name) < _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…")
    folder = file.parent if file.parent != Path() else Path.cwd()
    if not folder.is_dir():
        return f"There is no folder {folder}."
    with contextlib.suppress(OSError):
        names = [each.name for each in islice(folder.iterdir(), _NAMES_COMPARED) if each.is_file()]
        return f"There is no file {file.name} in {folder}. {suggest(file.name, names, 'Did you mean {}?')}".strip()
    return f"There is no file {file.name} in {folder}."


READABLE = ReadableFile()

output_option = click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    default=STANDARD,
    help="Write to FILE instead of standard output.",
)
"""Where what is printed goes instead, if anywhere."""


def text_of(file: Path) -> str:
    """The text of a file, or of standard input for `-`. Ends the command if it can't be read."""
    try:
        content = bytes_of(file)
        return content.decode("utf-8-sig")
    except OSError as error:
        raise click.UsageError(f"{file} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise click.ClickException(f"{file}:{line}: not UTF-8 text. Fix: save the file as UTF-8.") from None


def bytes_of(file: Path) -> bytes:
    """The bytes of a file, or of standard input for `-`. Raises `OSError`."""
    return standard_input().read() if file == STANDARD else file.read_bytes()


def standard_input() -> BinaryIO:
    """Standard input. Ends the command if it is closed."""
    if sys.stdin is None:
        raise click.ClickException("Standard input is closed. Fix: give a FILE, or pipe one in.")
    return sys.stdin.buffer


class Writable(Protocol):
    """What is written to."""

    def write(self, content: bytes, /) -> int:
        """Take some more."""
        ...


class TerminalWriter:
    """Writes to a terminal, and keeps content from others from moving its cursor."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, content: bytes) -> int:
        """Show some more."""
        self._terminal.write(escaped(self._decoder.decode(content)))
        return len(content)


def check_writable(file: Path, option: str = "") -> None:
    """Check before anything runs whether a file can be written there. Otherwise it is wrong usage."""
    if file.is_dir() or not file.absolute().parent.is_dir():
        named = f"{option} {file}".lstrip()
        raise click.UsageError(
            f"{named} can't be written: it is a folder, or its folder doesn't exist. "
            "Fix: name a file in an existing folder."
        )


@contextlib.contextmanager
def atomic_output(file: Path) -> Iterator[Writable]:
    """Where to write a file that becomes visible only when it is complete, readable only by its owner."""
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
