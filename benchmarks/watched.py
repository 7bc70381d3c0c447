"""`aktify-sandbox` with an eye on its event loop, by nothing but a timer of a millisecond in it.

The longest time by which that timer came late stands in the file `lag` of the current folder, as a double; whoever
reads it may write 0 there, to begin anew.
"""

import asyncio
import mmap
import socket
import struct
import time
from pathlib import Path

from aktify_sandbox.cli import main
from aktify_sandbox.server.server import Server

FILE = "lag"
_SECONDS = 0.001


class Lag:
    """The longest lag of a server that runs, in seconds."""

    def __init__(self, folder: Path, *, new: bool = False) -> None:
        """`new` is for the server itself; others find the file."""
        if new:
            (folder / FILE).write_bytes(bytes(8))
        with (folder / FILE).open("r+b") as file:
            self._file = mmap.mmap(file.fileno(), 8)

    @property
    def longest(self) -> float:
        """Since it was forgotten last."""
        found: float = struct.unpack("d", self._file)[0]
        return found

    @longest.setter
    def longest(self, seconds: float) -> None:
        self._file[:] = struct.pack("d", seconds)


async def _watch(lag: Lag) -> None:
    due = time.perf_counter() + _SECONDS
    while True:
        await asyncio.sleep(_SECONDS)
        now = time.perf_counter()
        if now - due > lag.longest:
            lag.longest = now - due
        due = now + _SECONDS


_watching: list[asyncio.Task[None]] = []
_startup = Server.startup


async def _startup_and_watch(self: Server, sockets: list[socket.socket] | None = None) -> None:
    _watching.append(asyncio.create_task(_watch(Lag(Path.cwd(), new=True))))
    await _startup(self, sockets)


if __name__ == "__main__":
    Server.startup = _startup_and_watch  # type: ignore[method-assign]  # the product has no such eye
    main()
