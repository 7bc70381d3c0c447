"""The standard streams of a command. Closed, full or broken ones cause no traceback."""

import contextlib
import errno
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

_OF_OUTPUT = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


def run(command: Callable[[], Any]) -> Any:
    """Run a command including its output. A system error is printed in one line, with exit code 1."""
    _open_closed()
    before = sys.stderr
    sys.stderr = LenientStream(before)
    try:
        try:
            return command()
        finally:
            sys.stdout.flush()
    except OSError as error:
        _discard_output()
        if error.errno != errno.EPIPE:  # a reader that stops (`| head -1`) needs no message
            print(f"Error: {_words(error)}", file=sys.stderr)  # noqa: T201  the user's terminal
        sys.exit(1)
    finally:
        sys.stderr = before


class LenientStream:
    """Standard error that ignores a closed reader, so that a command works and exits as usual."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write it, if that is possible."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Have it written, if that is possible."""
        with contextlib.suppress(OSError):
            self._stream.flush()


def _open_closed() -> None:
    """Open closed streams (`>&-`) to nothing, so that no file or socket gets their number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  it stands in for the stream to the end


def _discard_output() -> None:
    """Buffered output can't be written at exit either."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _words(error: OSError) -> str:
    try:
        os.getcwd()
    except FileNotFoundError:
        return "The working folder was deleted. Fix: change to a folder that exists."
    reason = error.strerror or str(error)
    if error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {reason}."
    return f"Standard output can't be written: {reason}." if error.errno in _OF_OUTPUT else f"{reason}."
