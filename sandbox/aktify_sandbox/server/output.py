"""Standard output and standard error that never block, even if the output isn't read.

A pipe that isn't read, a terminal stopped with Ctrl-S or a full disk would otherwise block the event loop and every
answer. A thread for each stream writes the output in order; when too much is waiting, lines are dropped and counted.
The descriptor itself stays blocking: other programs may share it.
"""

import contextlib
import errno
import io
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TextIO

from aktify_sandbox.text import plural

_MOST_WAITING = 1 << 20
_PIECE = 1 << 13
_PATIENCE = 1.0
"""How long the end waits for a reader that doesn't read."""
_LONGEST_DRAIN = 5.0

Tell = Callable[[str], object]


def say(text: str) -> None:
    """Print a message for people, without mixing it into output that a program reads."""
    print(f"aktify-sandbox: {text}", file=sys.stderr, flush=True)  # noqa: T201  the user's terminal


def finish_saying() -> None:
    """Wait until all messages are written, or nobody reads them, so that what is printed next comes after them."""
    if isinstance(sys.stderr, BackgroundOutput):
        sys.stderr.drain()


@contextlib.contextmanager
def background_output(*names: str, form: str = "text") -> Iterator[None]:
    """Keep `stdout` and `stderr` (or those of them that are named) from blocking or failing; at the end, drain them.

    With `form="json"` standard output has only JSON lines; messages about it go to standard error.
    """
    before = {name: getattr(sys, name) for name in names or ("stderr", "stdout")}
    streams: list[BackgroundOutput] = []
    try:
        for name, stream in before.items():
            with contextlib.suppress(OSError, AttributeError):  # a stream without a file can't block
                elsewhere = streams[0].write if name == "stdout" and form == "json" and streams else None
                streams.append(BackgroundOutput(stream, elsewhere))
                setattr(sys, name, streams[-1])
        yield
    finally:
        for stream in reversed(streams):
            stream.drain()
        for name, stream in before.items():
            setattr(sys, name, stream)


class BackgroundOutput(io.TextIOBase):
    """A text stream that accepts output immediately."""

    def __init__(self, original: TextIO, elsewhere: Tell | None = None) -> None:
        """Writes to the original's descriptor. `elsewhere` (by default, itself) is told about dropped lines.

        Raises `OSError` if the original isn't a file.
        """
        # first what `flush` needs: a stream that fails below is flushed, too, when it is collected
        self._changed = threading.Condition()
        self._queue: deque[bytes] = deque()
        self._waiting = 0  # bytes, including those being written
        self._begun = ""
        self._dropped = 0
        self._is_broken = False
        self._elsewhere = elsewhere
        self._fd = original.fileno()
        with contextlib.suppress(OSError):
            original.flush()
        self._encoding = original.encoding
        self._is_terminal = original.isatty()
        threading.Thread(target=self._run, name="aktify-sandbox output", daemon=True).start()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has an attribute
        """That of the original."""
        return self._encoding

    @property
    def errors(self) -> str:  # type: ignore[override]  # typeshed has an attribute
        """Unknown characters are replaced, since a terminal with few characters must not silence the output."""
        return "replace"

    def isatty(self) -> bool:
        """Whether the original is a terminal."""
        return self._is_terminal

    def fileno(self) -> int:
        """That of the original."""
        return self._fd

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, text: str) -> int:
        """Write whole lines soon; the rest when its line ends."""
        with self._changed:
            lines, newline, self._begun = (self._begun + text).rpartition("\n")
            if newline:
                self._put(lines + newline)
        return len(text)

    def flush(self) -> None:
        """Also write a line that hasn't ended."""
        with self._changed:
            begun, self._begun = self._begun, ""
            if begun:
                self._put(begun)

    def drain(self) -> None:
        """Return when everything is written or the reader is gone."""
        self.flush()
        deadline = time.monotonic() + _LONGEST_DRAIN
        with self._changed:
            self._tell_dropped()
            while self._waiting and time.monotonic() < deadline:
                before = self._waiting
                self._changed.wait(_PATIENCE)
                if self._waiting == before:
                    return

    def _put(self, text: str) -> None:
        data = text.encode(self._encoding, "replace")
        most = _MOST_WAITING // 2 if self._dropped else _MOST_WAITING  # else every other line would go
        if self._is_broken:
            return
        if self._waiting and self._waiting + len(data) > most:
            self._dropped += max(1, text.count("\n"))
            return
        self._tell_dropped()
        self._enqueue(data)

    def _tell_dropped(self) -> None:
        dropped, self._dropped = self._dropped, 0
        if dropped and self._elsewhere:
            self._elsewhere(
                f"aktify-sandbox: dropped {plural(dropped, 'line')} of standard output: it wasn't read.\n"
            )
        elif dropped:
            words = f"aktify-sandbox: dropped {plural(dropped, 'line')} here: the output wasn't read.\n"
            self._enqueue(words.encode(self._encoding, "replace"))

    def _enqueue(self, data: bytes) -> None:
        self._queue.append(data)
        self._waiting += len(data)
        self._changed.notify_all()

    # in its own thread

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._queue:
                    self._changed.wait()
                data = self._queue.popleft()
            try:
                self._write_out(memoryview(data))
            except OSError as error:
                self._give_up(error)
                return

    def _write_out(self, data: memoryview) -> None:
        while data:
            try:
                written = os.write(self._fd, data[:_PIECE])
            except BlockingIOError:  # another program that shares the descriptor has made it non-blocking
                _wait_until_writable(self._fd)
                continue
            data = data[written:]
            with self._changed:
                self._waiting -= written
                self._changed.notify_all()

    def _give_up(self, error: OSError) -> None:
        """The reader is gone (`serve | head`) or the disk is full: the program continues."""
        with self._changed:
            self._is_broken = True
            self._queue.clear()
            self._waiting = 0
            self._changed.notify_all()
        if error.errno != errno.EPIPE and sys.stderr is not self:
            print(  # noqa: T201  the user's terminal
                f"aktify-sandbox: standard output can't be written any more: {error.strerror}.",
                file=sys.stderr,
            )


def _wait_until_writable(fd: int) -> None:
    polling = select.poll()
    polling.register(fd, select.POLLOUT)
    polling.poll()
