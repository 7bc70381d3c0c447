"""Runs a command as a child with our standard streams, forwards signals, and reports its end like a shell.

A terminal sends Ctrl-C to the whole process group, including the child. Forwarding it would deliver it twice, and many
programs treat a second one as a demand to quit. The kernel says who sent a signal, where it can be asked (Linux).
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from aktify_sandbox.errors import CommandError

NOT_FOUND = 127
NOT_EXECUTABLE = 126
_KILLED_BY = 128
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_PR_SET_PDEATHSIG = 1
_PATIENCE = 5


class ForwardedSignals:
    """Signals that are blocked, so that they can be taken one by one and forwarded.

    Signals ignored here (SIGHUP under `nohup`) stay ignored, also in the child.
    """

    def __init__(self) -> None:
        self._passed_on = [number for number in _PASSED_ON if signal.getsignal(number) != signal.SIG_IGN]
        self._watched = {*self._passed_on, signal.SIGCHLD}
        self._handlers = {number: signal.getsignal(number) for number in self._watched}
        self._early: list[signal.Signals] = []

    @contextlib.contextmanager
    def blocked(self) -> Iterator[None]:
        """Threads started meanwhile don't receive them either."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, self._watched)
        for number in self._watched:  # some systems don't block an ignored signal
            signal.signal(number, self._collect)
        try:
            yield
        finally:
            self.release()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _collect(self, number: int, _: object) -> None:
        self._early.append(signal.Signals(number))

    @contextlib.contextmanager
    def let_through(self) -> Iterator[None]:
        """Unblock signals while the child is created, since it inherits the mask; signals that arrive are forwarded
        afterwards.
        """
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._watched)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_BLOCK, self._watched)

    def release(self) -> None:
        """The command has ended and received its signals: from here on signals are for this process."""
        for number in signal.sigpending() & self._watched:
            signal.sigwait({number})
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._watched)

    def for_child(self) -> Iterator[signal.Signals]:
        """Signals that the child hasn't received, as they arrive. Also returns, with SIGCHLD, when a child has
        ended.
        """
        while True:
            while self._early:
                yield self._early.pop(0)
            number, by_terminal = self._next()
            if not by_terminal:
                yield number

    def _next(self) -> tuple[signal.Signals, bool]:
        """The next one, and whether a terminal has sent it to the whole process group."""
        if hasattr(signal, "sigwaitinfo"):
            info = signal.sigwaitinfo(self._watched)
            return signal.Signals(info.si_signo), info.si_code > 0 and info.si_signo != signal.SIGCHLD
        number = signal.Signals(signal.sigwait(self._watched))
        return number, number in (signal.SIGINT, signal.SIGQUIT) and _in_foreground()


def _in_foreground() -> bool:
    """Whether a terminal's keys reach this process group."""
    try:
        with open("/dev/tty", "rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


def run(command: Sequence[str], environment: Mapping[str, str], signals: ForwardedSignals) -> int:
    """Run the command to its end. Returns its exit code, 128 + N when signal N ended it. Raises `CommandError`."""
    with signals.let_through():
        child = _started(command, environment)
    try:
        code = _waited_for(child, signals)
    finally:
        _end(child)
    signals.release()
    return _KILLED_BY - code if code < 0 else code


def run_for(
    command: Sequence[str], environment: Mapping[str, str], seconds: float, output: BinaryIO
) -> int | None:
    """Run the command with its output in a file, for at most `seconds`. Its standard input is empty.

    Returns its exit code, 128 + N when signal N ended it, None when the time was over. Raises `CommandError`. What the
    command has started ends with it.
    """
    child = _started(
        command, environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
    )
    try:
        code = child.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end_group(child)
    return _KILLED_BY - code if code < 0 else code


def _end_group(child: "subprocess.Popen[bytes]") -> None:
    """End the child and what it has started: politely first."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(_PATIENCE)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _started(
    command: Sequence[str], environment: Mapping[str, str], **options: Any
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603  running what the user wrote is what this command is for
            command,
            env=environment,
            **options,
            preexec_fn=_dies_with_parent(),  # noqa: PLW1509  it makes one system call and takes no lock
        )
    except PermissionError:
        raise CommandError(f"{command[0]} isn't executable.", NOT_EXECUTABLE) from None
    except FileNotFoundError:
        if shutil.which(command[0]):  # the kernel says the same of the program that its first line names
            raise CommandError(
                f"{command[0]} can't be run: the program in its first line isn't there.", NOT_EXECUTABLE
            ) from None
        raise CommandError(f"There is no command {command[0]}.", NOT_FOUND) from None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise CommandError(f"{command[0]} can't be run: {reason}.", NOT_EXECUTABLE) from None


def _dies_with_parent() -> Callable[[], object] | None:
    """Makes the kernel end the child when this process is killed, where it can (Linux)."""
    if sys.platform != "linux":
        return None
    ask = ctypes.CDLL(None).prctl
    return lambda: ask(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _waited_for(child: "subprocess.Popen[bytes]", signals: ForwardedSignals) -> int:
    coming = signals.for_child()
    while (code := child.poll()) is None:
        number = next(coming)
        if number != signal.SIGCHLD:
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(number)
    return code


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Make sure that no child keeps running."""
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
