"""What clients were told against what is on the disk."""

from pathlib import Path

from aktify_sandbox.storage.store import Store
from support.durability.ledger import told
from support.durability.wire import Book


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
