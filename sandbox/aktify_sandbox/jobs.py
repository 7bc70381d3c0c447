"""Long work in one thread next to the event loop: jobs take turns in short slices.

A job is a generator. Where it yields, it may pause, continue in another thread, or be ended; what it returns is its
result. So a short job never waits for a long one to finish, and ending a job closes its generator: its `finally` and
`with` blocks run as usual. A result that takes a few milliseconds is computed directly, without the thread.
"""

import contextlib
import sys
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from aktify_sandbox.errors import StoppingError
from aktify_sandbox.originals import asyncio, threading, time

T = TypeVar("T")
Work = Generator[None, None, T]

_AT_ONCE_SECONDS = 0.005
_SLICE_SECONDS = 0.01
_SWITCH_SECONDS = 0.0005
"""How soon a job's thread yields to the event loop. With Python's 5 ms, requests waited 16 ms, so it is 2."""
_REST_SECONDS = 0.0005
"""How long the thread sleeps after each slice. A job that reads a file every few hundred microseconds releases the
interpreter each time but takes it back before the event loop wakes up; this could last 0.7 s.
"""
_LINGER_SECONDS = 1.0
"""How long the thread waits for more work: starting a thread blocks the event loop, and exports are many jobs."""
_END_SECONDS = 0.5


class Finished(NamedTuple, Generic[T]):
    """The result of a job."""

    result: T


class Runs(Protocol):
    """Runs work for a client, and ends it when the client stops waiting."""

    async def __call__(self, work: Work[T]) -> T:
        """Returns the result. Raises `StoppingError`, and what the work raises."""


class Jobs:
    """The jobs in progress."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._turns: deque[_Job[Any]] = deque()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def at_once(self, work: Work[T]) -> Finished[T] | None:
        """Try the work for a few milliseconds in the caller's thread. None: it takes longer, so call `run`.

        Like the jobs' thread, the caller's thread yields quickly, since it may not be the event loop's.
        """
        with _SWITCHES:
            return _advanced(work, _AT_ONCE_SECONDS)

    async def run(self, work: Work[T]) -> T:
        """Run the work in the thread. Cancelling the caller ends it.

        Raises `StoppingError`, and what the work raises.
        """
        job = _Job(work)
        with self._changed:
            if self._is_closed:
                raise StoppingError
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="aktify-sandbox jobs", daemon=True)
                thread.start()
                self._thread = thread
            self._turns.append(job)
            self._changed.notify()
        try:
            return await job.outcome
        finally:
            job.is_wanted = False

    async def pause(self) -> None:
        """Let other tasks of the event loop run. Raises `StoppingError`."""
        await asyncio.sleep(0)
        if self._is_closed:
            raise StoppingError

    def close(self) -> None:
        """End all jobs and accept no more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(_END_SECONDS)  # longer only if a single step waits for the disk

    # in the thread

    def _work(self) -> None:
        while self._has_come():
            with _SWITCHES:
                while (job := self._next()) is not None:
                    if self._is_closed or not job.is_wanted:
                        job.end()
                    elif not job.advance():
                        with self._changed:
                            self._turns.append(job)
                        time.sleep(_REST_SECONDS)

    def _has_come(self) -> bool:
        """Wait for a job. False if none came for a while or none can come: the thread ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._turns or self._is_closed, _LINGER_SECONDS)
            if not self._turns:
                self._thread = None
            return bool(self._turns)

    def _next(self) -> "_Job[Any] | None":
        """The next job, or None."""
        with self._changed:
            return self._turns.popleft() if self._turns else None


class _Job(Generic[T]):
    """A job and the future that waits for it."""

    def __init__(self, work: Work[T]) -> None:
        self._work = work
        self._loop = asyncio.get_running_loop()
        self.outcome: asyncio.Future[T] = self._loop.create_future()
        self.is_wanted = True

    def advance(self) -> bool:
        """Work for one slice. Returns whether the job is finished."""
        try:
            finished = _advanced(self._work, _SLICE_SECONDS)
        except BaseException as error:  # raised to the waiting caller
            self._tell(self.outcome.set_exception, error)
            return True
        if finished is not None:
            self._tell(self.outcome.set_result, finished.result)
        return finished is not None

    def end(self) -> None:
        """Stop."""
        try:
            self._work.close()
        except BaseException as error:  # raised to the waiting caller
            self._tell(self.outcome.set_exception, error)
        else:
            self._tell(self.outcome.set_exception, StoppingError())

    def _tell(self, settle: Callable[[Any], None], value: Any) -> None:
        def told() -> None:
            if not self.outcome.done():  # the waiting caller was cancelled
                settle(value)

        with contextlib.suppress(RuntimeError):  # the loop is closed, so no caller waits
            self._loop.call_soon_threadsafe(told)


def finished(work: Work[T]) -> T:
    """Runs the work to its end in this thread, and returns its result."""
    while (end := _advanced(work, _AT_ONCE_SECONDS)) is None:
        pass
    return end.result


def _advanced(work: Work[T], seconds: float) -> Finished[T] | None:
    """Work for so long; None if it isn't finished."""
    clock = time.perf_counter
    until = clock() + seconds
    try:
        next(work)
        while clock() < until:
            next(work)
    except StopIteration as end:
        return Finished(end.value)
    return None


class _Switches:
    """Keeps Python's switch interval short while any sandbox of this process has a job."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before = 0.0

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                self._before = sys.getswitchinterval()
                sys.setswitchinterval(min(self._before, _SWITCH_SECONDS))
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                sys.setswitchinterval(self._before)


_SWITCHES = _Switches()
