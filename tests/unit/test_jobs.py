"""Long work: by turns in one thread, ended with whoever waits for it and with the sandbox."""

import asyncio
import inspect
import sys
import threading
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from aktify_sandbox.admin.client_jobs import runs_for
from aktify_sandbox.errors import StoppingError
from aktify_sandbox.jobs import Finished, Jobs, Work
from support.conditions import eventually

USUAL = 0.005  # seconds; Python's own switch interval


def quick(result: int = 1) -> Work[int]:
    yield
    return result


def endless(ended: threading.Event, begun: threading.Event | None = None) -> Work[int]:
    try:
        while True:
            yield
            if begun:
                begun.set()
    finally:
        ended.set()


async def still_there() -> Any:
    """A client that doesn't hang up."""
    await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def nothing_left_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread ends as soon as it has no job, and another test's may still be there."""
    monkeypatch.setattr("aktify_sandbox.jobs._LINGER_SECONDS", 0.01)
    for thread in workers():
        thread.join(30)


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "aktify-sandbox jobs"]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 30))


def test_quick_work_needs_no_thread() -> None:
    assert Jobs().at_once(quick(7)) == Finished(7)
    assert not workers()


def test_between_works_that_are_each_done_at_once_others_get_their_turn() -> None:
    async def turns_of_another() -> int:
        turns = 0

        async def another() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        other = asyncio.ensure_future(another())
        components: Any = SimpleNamespace(jobs=Jobs())
        go = runs_for(Request({"type": "http"}, still_there), components)
        for _ in range(10):
            await go(quick())
        other.cancel()
        return turns

    assert run(turns_of_another()) >= 9


def test_nothing_for_a_request_is_worked_out_in_the_event_loops_thread() -> None:
    threads = list[threading.Thread]()

    def looking() -> Work[None]:
        for _ in range(10):
            threads.append(threading.current_thread())
            yield

    async def two_pieces() -> None:
        components: Any = SimpleNamespace(jobs=Jobs())
        go = runs_for(Request({"type": "http"}, still_there), components)
        await go(looking())
        await go(looking())

    run(two_pieces())
    assert len(threads) == 20
    assert threading.main_thread() not in threads


def test_work_that_was_begun_at_once_goes_on_in_the_thread() -> None:
    threads = set()

    def long() -> Work[int]:
        for _ in range(100):
            threads.add(threading.current_thread().name)
            threading.Event().wait(0.001)
            yield
        return 7

    jobs, work = Jobs(), long()
    assert jobs.at_once(work) is None
    assert run(jobs.run(work)) == 7
    assert threads == {"MainThread", "aktify-sandbox jobs"}


def test_a_short_job_does_not_wait_for_a_long_one() -> None:
    async def short_behind_long() -> int:
        jobs, ended = Jobs(), threading.Event()
        long = asyncio.ensure_future(jobs.run(endless(ended)))
        await asyncio.sleep(0)
        found = await jobs.run(quick(7))
        assert not ended.is_set()
        long.cancel()
        return found

    assert run(short_behind_long()) == 7


def test_a_job_ends_when_nobody_waits_for_it_any_more() -> None:
    async def given_up() -> bool:
        jobs, ended, begun = Jobs(), threading.Event(), threading.Event()
        long = asyncio.ensure_future(jobs.run(endless(ended, begun)))
        await asyncio.to_thread(begun.wait, 30)
        long.cancel()
        return await asyncio.to_thread(ended.wait, 30)

    assert run(given_up())


def test_all_jobs_end_when_the_sandbox_stops_and_none_begins_any_more() -> None:
    async def stopped() -> list[Any]:
        jobs, work = Jobs(), [endless(threading.Event()) for _ in range(8)]
        under_way = [asyncio.ensure_future(jobs.run(each)) for each in work]
        await asyncio.sleep(0)
        jobs.close()
        assert {inspect.getgeneratorstate(each) for each in work} == {inspect.GEN_CLOSED}
        return await asyncio.gather(*under_way, jobs.run(quick()), return_exceptions=True)

    assert [type(each) for each in run(stopped())] == [StoppingError] * 9
    assert not workers()


def test_an_exception_of_a_job_reaches_its_caller_and_other_jobs_continue() -> None:
    def failing() -> Work[int]:
        yield
        raise FileNotFoundError

    async def two() -> int:
        jobs = Jobs()
        with pytest.raises(FileNotFoundError):
            await jobs.run(failing())
        return await jobs.run(quick(7))

    assert run(two()) == 7


def test_threads_change_quickly_as_long_as_any_sandbox_of_the_process_has_a_job() -> None:
    eventually(lambda: sys.getswitchinterval() == USUAL)  # a sandbox of another test ends its work
    found = list[float]()

    def looking() -> Work[None]:
        yield
        found.append(sys.getswitchinterval())

    async def two_sandboxes() -> None:
        ended = threading.Event()
        first, second = Jobs(), Jobs()
        long = asyncio.ensure_future(first.run(endless(ended)))
        await asyncio.sleep(0)
        await second.run(looking())
        second.close()
        found.append(sys.getswitchinterval())
        long.cancel()
        await asyncio.sleep(0)
        first.close()

    run(two_sandboxes())
    assert found[0] == found[1] < USUAL
    assert sys.getswitchinterval() == USUAL
