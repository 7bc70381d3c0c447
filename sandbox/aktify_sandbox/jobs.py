"""Long work beside the event loop: one thread, one job at a time, each in short slices by turns.

Work is a generator. Where it yields, it may pause, go on in another thread, or be ended; what it returns is its result.
So a short job never waits until a long one is done, and ending a job is closing its generator: its `finally` and `with`
blocks run as ever. A result that takes a few milliseconds is worked out at once, without a thread.
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
"""How soon a job's thread gives way to the event loop. At Python's 5 ms, requests were seen to wait 16 ms, so 2."""
_REST_SECONDS = 0.0005
"""How long the thread rests after each slice. Where a job reads a file every few hundred microseconds, it lets go of
the interpreter each time, and takes it back before the event loop has woken up; that was seen to go on for 0.7 s.
"""
_LINGER_SECONDS = 1.0
"""How long the thread waits for more: starting one holds the event loop up until it runs, and exports are many jobs."""
_END_SECONDS = 0.5


class Finished(NamedTuple, Generic[T]):
    """What work came to."""

    result: T


class Runs(Protocol):
    """Runs work for one client, and ends it when that client stops waiting."""

    async def __call__(self, work: Work[T]) -> T:
        """What the work comes to. Raises `StoppingError`, and whatever the work raises."""


class Jobs:
    """The work that is under way."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._turns: deque[_Job[Any]] = deque()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def at_once(self, work: Work[T]) -> Finished[T] | None:
        """Work a few milliseconds in the caller's thread. None: there is more to do, which is for `run`.

        That thread gives way as soon as the jobs' own, since it may be beside the event loop's.
        """
        with _SWITCHES:
            return _advanced(work, _AT_ONCE_SECONDS)

    async def run(self, work: Work[T]) -> T:
        """Have it worked out in the thread. Whoever is cancelled meanwhile ends it.

        Raises `StoppingError`, and whatever the work raises.
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
        """Let others have their turn in the event loop. Raises `StoppingError`."""
        await asyncio.sleep(0)
        if self._is_closed:
            raise StoppingError

    def close(self) -> None:
        """End all that is under way, and take no more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(_END_SECONDS)  # longer only where the disk lets a single step wait

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
        """Wait for a job. False: none came for a while, or none will any more, and the thread ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._turns or self._is_closed, _LINGER_SECONDS)
            if not self._turns:
                self._thread = None
            return bool(self._turns)

    def _next(self) -> "_Job[Any] | None":
        """The next job. None: there is none."""
        with self._changed:
            return self._turns.popleft() if self._turns else None


class _Job(Generic[T]):
    """One piece of work, and who waits for it."""

    def __init__(self, work: Work[T]) -> None:
        self._work = work
        self._loop = asyncio.get_running_loop()
        self.outcome: asyncio.Future[T] = self._loop.create_future()
        self.is_wanted = True

    def advance(self) -> bool:
        """Work for one slice. Whether it is over."""
        try:
            finished = _advanced(self._work, _SLICE_SECONDS)
        except BaseException as error:  # raised where it is waited for
            self._tell(self.outcome.set_exception, error)
            return True
        if finished is not None:
            self._tell(self.outcome.set_result, finished.result)
        return finished is not None

    def end(self) -> None:
        """Go no further."""
        try:
            self._work.close()
        except BaseException as error:  # raised where it is waited for
            self._tell(self.outcome.set_exception, error)
        else:
            self._tell(self.outcome.set_exception, StoppingError())

    def _tell(self, settle: Callable[[Any], None], value: Any) -> None:
        def told() -> None:
            if not self.outcome.done():  # whoever waited has been cancelled
                settle(value)

        with contextlib.suppress(RuntimeError):  # the loop is closed, so no caller waits
            self._loop.call_soon_threadsafe(told)


def finished(work: Work[T]) -> T:
    """Runs the work to its end in this thread, and returns its result."""
    while (end := _advanced(work, _AT_ONCE_SECONDS)) is None:
        pass
    return end.result


def _advanced(work: Work[T], seconds: float) -> Finished[T] | None:
    """Go on for so long; None: it isn't finished."""
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
    """Python's switch interval, short as long as any sandbox of this process has a job."""

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
