"""16 clients and `kill -9` at random, again and again on one state folder."""

import random
import time
from pathlib import Path

from aktify_sandbox.storage.store import Store
from durability.conftest import Tell
from durability.ledger import told
from durability.wire import Book, Crowd
from running import Serve


def check(state: Path, book: Book) -> None:
    """Each acknowledged lead is there once, with its record, on disk and for the sandbox."""
    found = told((state / "log.jsonl").read_bytes())
    leads = {phone: number for (_, phone), number in found.leads.items()}
    assert book.wrong == []
    assert found.twice == []
    assert {phone: leads.get(phone) for phone in book.acknowledged} == book.acknowledged
    assert set(book.acknowledged.values()) <= set(found.requests)
    store = Store(state)
    try:
        for phone, number in list(book.acknowledged.items())[:: len(book.acknowledged) // 2_000 + 1]:
            record, lead = store.request(number), store.lead(number)
            assert record is not None
            assert (record["phone"], record["response"]["status"]) == (phone, 201)
            assert lead is not None
            assert lead["phone"] == phone
    finally:
        store.close()


def test_no_acknowledged_lead_is_missing_and_no_phone_is_there_twice(
    serve: Serve, tmp_path: Path, whole: bool, tell: Tell
) -> None:
    state, book = tmp_path / "state", Book()
    rounds = 200 if whole else 6
    for _ in range(rounds):
        sandbox = serve("--quiet", "--state", str(state))
        crowd = Crowd(sandbox.port, book)
        time.sleep(random.uniform(0.01, 0.3))
        sandbox.process.kill()
        sandbox.end()
        crowd.wait()
    assert len(book.acknowledged) > 10 * rounds
    check(state, book)
    tell(f"{rounds} kills, {book.answers} answers, {len(book.acknowledged)} leads acknowledged, 0 missing")
