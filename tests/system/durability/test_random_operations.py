"""Random operations with restarts and failures against a dictionary. Those on leads are in `test_store.py`."""

import itertools
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test

from aktify_sandbox.errors import LogWriteError
from aktify_sandbox.storage import log
from aktify_sandbox.storage.store import Store
from support.durability.faults import KINDS, Disk
from support.durability.ledger import Tell
from support.stores import StoreAgainstADictionary, leads, phone, post_number, request_numbers, run

_STEPS = 40
_MOST_LEADS = 20


class Durable(StoreAgainstADictionary):
    """Leads, keys, requests and what became known of them later, on a disk that fails and with crashes that tear."""

    keep: int | None = None
    operations = 0

    def open(self) -> Store:
        return Store(Path(self.folder.name), max_requests=self.keep, fsync=True)

    @initialize(folder=st.none())
    def begin(self, folder: None) -> None:
        super().begin(folder)
        self.keys: dict[int, dict[str, Any]] = {}
        self.late: dict[int, float] = {}
        self.posted = 0

    def grown(self) -> None:
        """One request more. When the old ones are dropped is the store's affair, within bounds."""
        self.posted += 1
        if self.keep:
            if self.store.index.requests == self.keep:
                self.requests = self.keep
            assert self.requests < self.keep + max(self.keep, _MOST_LEADS)

    @rule(campaign=st.sampled_from("ab"), number=st.integers(0, 9))
    def post(self, campaign: str, number: int) -> None:
        super().post(campaign, number)
        self.grown()

    @rule(campaign=st.sampled_from("ab"), number=st.integers(0, 9), kind=st.sampled_from(KINDS))
    def post_in_vain(self, campaign: str, number: int, kind: str) -> None:
        with self.failing(kind):
            assert isinstance(post_number(self.store, campaign, number), LogWriteError)

    @rule(text=st.text(max_size=5))
    def add_key(self, text: str) -> None:
        self.keys[self.store.db.table("keys").insert({"text": text})] = {"text": text}

    @precondition(lambda self: self.keys)
    @rule(text=st.text(max_size=5), kind=st.sampled_from((None, *KINDS)), data=st.data())
    def change_key(self, text: str, kind: str | None, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.keys)))
        if kind is None or self.keys[key] == {"text": text}:
            self.store.db.table("keys").update({"text": text}, doc_ids=[key])
            self.keys[key] = {"text": text}
        else:
            with self.failing(kind), pytest.raises(LogWriteError):
                self.store.db.table("keys").update({"text": text}, doc_ids=[key])

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def remove_key(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.keys)))
        self.store.db.table("keys").remove(doc_ids=[key])
        del self.keys[key]

    @precondition(lambda self: self.requests)
    @rule(waited=st.floats(0, 9_999), data=st.data())
    def amend(self, waited: float, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(request_numbers(self.store)))
        self.store.amend(number, {"hungUpAfterMs": waited})
        self.late[number] = waited

    @rule()
    def clear(self) -> None:
        super().clear()
        self.late, self.posted = {}, 0

    @rule(rest=st.integers(0, 2))
    def clear_some(self, rest: int) -> None:
        before = len(request_numbers(self.store))
        super().clear_some(rest)
        self.posted -= before - self.requests

    @rule()
    def forget(self) -> None:
        super().forget()
        self.late, self.posted = {}, 0

    @rule(kind=st.sampled_from(KINDS[:3]), clears=st.booleans())
    def forget_in_vain(self, kind: str, clears: bool) -> None:
        with self.failing(kind):
            if clears:
                assert isinstance(run(self.store.clear_requests())[0], LogWriteError)
            else:
                with pytest.raises(LogWriteError):
                    self.store.forget_all()

    @rule()
    def take_checkpoint(self) -> None:
        assert self.store.state_folder
        self.taken = self.store, self.store.checkpoint(self.store.state_folder)
        next(self.taken[1])

    @precondition(lambda self: hasattr(self, "taken"))
    @rule()
    def write_checkpoint(self) -> None:
        """It may have been taken long before; then what came meanwhile may be in it or not."""
        store, work = self.taken
        if store is self.store:
            for _ in work:
                pass
        del self.taken

    @rule(torn=st.binary(min_size=1, max_size=50).filter(lambda torn: b"\n" not in torn))
    def crash(self, torn: bytes) -> None:
        self.store.log.close()
        with (Path(self.folder.name) / "log.jsonl").open("ab") as file:
            file.write(torn)
        self.store = self.open()
        assert self.store.warnings

    def failing(self, kind: str) -> Any:
        """The next write fails, and whatever it was for."""
        return mock.patch.object(log, "os", Disk(kind, lambda number: True).as_os())

    @invariant()
    def equal(self) -> None:
        type(self).operations += 1
        if not hasattr(self, "posted"):
            return
        seen = request_numbers(self.store)
        assert leads(self.store) == set(self.expected)
        for campaign, number in itertools.product("ab", range(10)):
            assert self.store.has(campaign, phone(number)) == ((campaign, phone(number)) in self.expected)
        assert {key.doc_id: dict(key) for key in self.store.db.table("keys")} == self.keys
        assert self.store.index.requests == self.requests
        assert self.store.requests == len(seen) == min(self.requests, self.keep or self.requests)
        assert self.store.dropped == self.posted - len(seen)
        late = {number: self.late[number] for number in seen if number in self.late}
        found = {number: (self.store.request(number) or {}).get("hungUpAfterMs") for number in seen}
        assert {number: waited for number, waited in found.items() if waited is not None} == late


class DurableKeepingThree(Durable):
    """The same with `--keep 3`, so that the log is rewritten all the time."""

    keep = 3


@pytest.mark.parametrize("machine", [Durable, DurableKeepingThree])
def test_after_any_operations_the_store_equals_a_dictionary(
    machine: type[Durable], whole: bool, tell: Tell
) -> None:
    machine.operations = 0
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=350 if whole else 40,
            stateful_step_count=_STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert machine.operations >= (10_000 if whole else 1_000)
    tell(f"{machine.operations} operations, 0 differences")


def test_leads_that_were_removed_before_old_requests_were_dropped_do_not_keep_it_from_opening(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path, max_requests=2)
    assert [post_number(store, campaign, number) for number, campaign in enumerate("abb")] == [True] * 3
    store.clear_leads(["a"])
    post_number(store, "b", 4)
    expected = leads(store)
    store.close()
    assert leads(Store(tmp_path)) == expected
