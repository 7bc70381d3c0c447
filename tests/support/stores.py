"""Stores without a server: posting as the endpoint does, and a dictionary beside which they are tried."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import orjson
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aktify_sandbox.errors import LogWriteError
from aktify_sandbox.storage.index import LeadEntry
from aktify_sandbox.storage.log import request_id
from aktify_sandbox.storage.store import Store


def phone(number: int) -> str:
    return f"+1509555{number:04d}"


def payload(number: int, lead: LeadEntry | None) -> bytes:
    content: dict[str, Any] = {
        "id": request_id(number),
        "kind": "request",
        "receivedAt": "2026-11-24T09:30:00.000Z",
    }
    content |= {"campaign": lead and lead.campaign, "phone": lead and lead.identity}
    if lead:
        content["lead"] = {"phoneNumber": lead.identity}
        if lead.code:
            content["short"] = {"code": lead.code, "url": f"https://example.com/{lead.code}"}
    return orjson.dumps(content)


async def post(store: Store, campaign: str, number: int, code: str | None = None) -> bool:
    """Post as the endpoint does: False for a duplicate."""
    lead = None if store.has(campaign, phone(number)) else LeadEntry(campaign, phone(number), code)
    place = store.next_number()
    written: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def done(error: LogWriteError | None) -> None:
        if error:
            written.set_exception(error)
        else:
            written.set_result(None)

    store.add(place, payload(place, lead), lead, done)
    await written
    return lead is not None


def run(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    async def gathered() -> list[Any]:
        results = await asyncio.gather(*work, return_exceptions=True)
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})  # the store's own
        return results

    return asyncio.run(gathered())


def leads(store: Store) -> set[tuple[str, str]]:
    return {(lead["campaign"], lead["phone"]) for lead in store.leads}


def request_numbers(store: Store) -> list[int]:
    return [line.number for line in store.newest_requests()]


class StoreAgainstADictionary(RuleBasedStateMachine):
    """Whatever is done in whatever order, with restarts: the store equals a dictionary."""

    def open(self) -> Store:
        return Store(Path(self.folder.name))

    @initialize(folder=st.builds(lambda: None))
    def begin(self, folder: None) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.store = self.open()
        self.expected: dict[tuple[str, str], None] = {}
        self.requests = 0

    @rule(campaign=st.sampled_from("ab"), number=st.integers(0, 9))
    def post(self, campaign: str, number: int) -> None:
        [is_kept] = run(post(self.store, campaign, number))
        assert is_kept == ((campaign, phone(number)) not in self.expected)
        self.expected[campaign, phone(number)] = None
        self.requests += 1

    @rule(campaign=st.sampled_from("ab"), number=st.integers(0, 9))
    def add_by_hand(self, campaign: str, number: int) -> None:
        if (campaign, phone(number)) not in self.expected:
            document: dict[str, Any] = {
                "campaign": campaign,
                "phone": phone(number),
                "receivedAt": "",
                "request": None,
                "lead": {},
            }
            self.store.leads.insert(document)
            self.expected[campaign, phone(number)] = None

    @rule(campaign=st.sampled_from("ab"))
    def remove(self, campaign: str) -> None:
        self.store.clear_leads([campaign])
        self.expected = {key: None for key in self.expected if key[0] != campaign}

    @rule()
    def clear(self) -> None:
        seen = request_numbers(self.store)
        assert run(self.store.clear_requests()) == [len(seen)]
        self.requests = 0

    @rule(rest=st.integers(0, 2))
    def clear_some(self, rest: int) -> None:
        seen = request_numbers(self.store)
        gone = [number for number in seen if number % 3 == rest]
        assert run(self.store.clear_requests(lambda line: line.number % 3 == rest)) == [len(gone)]
        self.requests = len(seen) - len(gone)
        assert request_numbers(self.store) == [number for number in seen if number not in gone]

    @rule()
    def forget(self) -> None:
        self.store.forget_all()
        self.expected, self.requests = {}, 0

    @rule(clean=st.booleans())
    def restart(self, clean: bool) -> None:
        if clean:
            self.store.close()
        else:  # as after kill -9: nothing is said to the old one but that its lock is gone
            self.store.log.close()
        self.store = self.open()

    @invariant()
    def equal(self) -> None:
        if hasattr(self, "store"):
            assert leads(self.store) == set(self.expected)
            assert len(request_numbers(self.store)) == self.store.requests == self.requests

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()


def post_number(store: Store, campaign: str, number: int) -> Any:
    """True: kept. False: a duplicate. Or the exception: refused by the disk."""
    [result] = run(post(store, campaign, number))
    return result
