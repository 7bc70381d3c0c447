"""A log written anew while it goes on: what is forgotten goes, and nothing else, whatever is done meanwhile."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from aktify_sandbox.jobs import Jobs
from aktify_sandbox.storage import compaction as module
from aktify_sandbox.storage import index as index_module
from aktify_sandbox.storage.compaction import Compaction
from aktify_sandbox.storage.store import Store
from support.examples import examples
from support.stores import leads, phone, post, request_numbers, run


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line at once, and hardly anything left for the end, so that much can come between."""
    monkeypatch.setattr(module, "_AT_ONCE", 1)
    monkeypatch.setattr(module, "_LITTLE", 50)
    monkeypatch.setattr(index_module, "STRIDE", 3)


@pytest.fixture
def in_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """All work is done in the thread of jobs, as if there were much."""
    monkeypatch.setattr(Jobs, "at_once", lambda *_: None)


def known(store: Store) -> Any:
    return (
        leads(store),
        [(number, store.request(number)) for number in request_numbers(store)],
        {key.doc_id: dict(key) for key in store.db.table("keys")},
    )


def change_keys(store: Store, number: int) -> None:
    keys = store.db.table("keys")
    if len(keys) < number:
        keys.insert({"n": number})
    else:
        keys.update({"n": -number}, doc_ids=[next(iter(keys)).doc_id] if len(keys) else [])


def forget_key(store: Store, _: int) -> None:
    keys = store.db.table("keys")
    keys.remove(doc_ids=[key.doc_id for key in keys][:1])


def amend(store: Store, number: int) -> None:
    numbers = request_numbers(store)
    if numbers:
        store.amend(numbers[number % len(numbers)], {"hungUpAfterMs": float(number)})


def add_by_hand(store: Store, number: int) -> None:
    if not store.has("b", phone(number)):
        document: dict[str, Any] = {
            "campaign": "b",
            "phone": phone(number),
            "receivedAt": "",
            "request": None,
            "lead": {},
        }
        store.leads.insert(document)


DONE: dict[str, Callable[[Store, int], object]] = {
    "post": lambda store, number: run(post(store, "a", number)),
    "post elsewhere": lambda store, number: run(post(store, "b", number)),
    "import": add_by_hand,
    "forget a campaign": lambda store, _: store.clear_leads(["a"]),
    "forget a lead": lambda store, number: store.leads.remove(doc_ids=[number]),
    "change keys": change_keys,
    "forget a key": forget_key,
    "amend": amend,
    "nothing": lambda _, __: None,
}
WORK = st.lists(st.tuples(st.sampled_from(sorted(DONE)), st.integers(0, 6)), max_size=20)


def oldest_in_sight(store: Store, max_requests: int) -> int:
    """What it would be if the sandbox showed only that many."""
    with store.log.snapshot() as snapshot, pytest.MonkeyPatch.context() as patch:
        patch.setattr(store.index, "max_requests", max_requests)
        return store.index.oldest_in_sight(snapshot)


@given(
    before=WORK,
    meanwhile=WORK,
    keep=st.none() | st.integers(1, 4),
    picks=st.none() | st.sets(st.integers(0, 4)),
)
@example(before=[("post", number) for number in range(5)], meanwhile=[], keep=None, picks={0, 2, 3, 4})
@example(before=[("post", 1), ("forget a campaign", 0), ("post", 2)], meanwhile=[], keep=None, picks=set())
@example(before=[("post", 1), ("amend", 0)], meanwhile=[], keep=None, picks=set())
@examples(100, suppress_health_check=list(HealthCheck))
def test_whatever_is_done_meanwhile_only_the_forgotten_requests_are_gone(
    before: list[tuple[str, int]],
    meanwhile: list[tuple[str, int]],
    keep: int | None,
    picks: set[int] | None,
) -> None:
    """Older ones than the newest `keep`, and of these, those whose numbers are picked."""

    def picked(number: int) -> bool:
        return picks is None or number % 5 in picks

    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        for what, number in before:
            DONE[what](store, number)
        numbers = sorted(request_numbers(store))
        older = numbers if keep is None else numbers[:-keep]
        begin = store.newest + 1 if keep is None else numbers[-keep] if older else 1
        gone = list(filter(picked, older))
        compaction = Compaction(
            store.log, store.index, begin, len(older), 0, lambda line: not picked(line.number)
        )
        work = compaction.copy()
        for what, number in meanwhile:
            next(work, None)
            DONE[what](store, number)
        for _ in work:
            pass
        expected = known(store)
        compaction.finish()
        assert compaction.is_done
        assert compaction.cleared == len(gone)
        left = [(number, record) for number, record in expected[1] if number not in gone]
        assert known(store) == (expected[0], left, expected[2])
        found = (store.requests, store.index.next, len(store.leads))
        assert found[0] == len(left)
        for count, (number, _) in enumerate(left, start=1):
            assert oldest_in_sight(store, count) == number
        store.close()
        again = Store(Path(folder))
        assert known(again) == (expected[0], left, expected[2])
        assert (again.requests, again.index.next, len(again.leads)) == found
        again.close()


@pytest.mark.usefixtures("in_thread")
def test_a_clear_beside_the_tidying_of_keep_leaves_no_request(tmp_path: Path) -> None:
    """Each writes a log of its own; the later one must not be thrown away for the earlier one's sake."""
    store = Store(tmp_path, max_requests=5)

    async def work() -> int:
        await asyncio.gather(*(post(store, "demo", number) for number in range(12)))  # begins to tidy
        return await store.clear_requests()

    run(work())
    assert request_numbers(store) == []
    assert '"kind":"request"' not in (tmp_path / "log.jsonl").read_text()
    assert len(leads(store)) == 12


@pytest.mark.usefixtures("in_thread")
def test_requests_that_arrive_during_a_clear_stay(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run(*(post(store, "demo", number) for number in range(50)))

    async def work() -> None:
        clearing = asyncio.ensure_future(store.clear_requests())
        await asyncio.sleep(0)
        for number in range(50, 60):
            await post(store, "demo", number)
        assert await clearing == 50

    assert run(work()) == [None]
    assert len(request_numbers(store)) == 10
    store.close()
    assert len(leads(Store(tmp_path))) == 60


@pytest.mark.usefixtures("in_thread")
def test_a_reset_while_requests_are_cleared_wins(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run(*(post(store, "demo", number) for number in range(50)))

    async def work() -> None:
        clearing = asyncio.ensure_future(store.clear_requests())
        await asyncio.sleep(0)
        store.forget_all()
        await post(store, "demo", 1)
        await clearing

    assert run(work()) == [None]
    assert (leads(store), len(request_numbers(store))) == ({("demo", phone(1))}, 1)
    store.close()
    assert temporary_files(tmp_path) == []


@pytest.mark.usefixtures("in_thread")
def test_a_clear_that_is_ended_leaves_all_as_it_was(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run(*(post(store, "demo", number) for number in range(50)))
    expected = known(store)

    async def work() -> None:
        clearing = asyncio.ensure_future(store.clear_requests())
        await asyncio.sleep(0)
        clearing.cancel()

    run(work())
    store.jobs.close()
    assert known(store) == expected
    store.close()
    Store(tmp_path).close()  # sweeps what was whole when it was ended
    assert temporary_files(tmp_path) == []


def temporary_files(folder: Path) -> list[Path]:
    return list(folder.glob(".aktify-sandbox-*"))


def test_a_log_with_a_damaged_line_is_not_written_anew(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run(*(post(store, "demo", number) for number in range(5)))
    path = tmp_path / "log.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"1509555", b"1509556", 1))
    [error] = run(store.clear_requests())
    assert "damaged" in str(error)
    assert len(path.read_bytes()) == len(whole)
    assert temporary_files(tmp_path) == []
