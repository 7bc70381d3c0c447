"""TinyDB over the log: its document API for leads, keys, campaigns and counters, without its file.

TinyDB's own storages rewrite (or copy) everything at each insert. Here `read` hands out live views and a table
writes only its differences, so that an insert costs one line whatever the number of documents.
"""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from copy import deepcopy
from typing import Any, Protocol

from tinydb import TinyDB
from tinydb.storages import Storage
from tinydb.table import Table

Document = Mapping[str, Any]


class Ledger(Protocol):
    """What keeps the documents."""

    def views(self) -> dict[str, Mapping[str, Document]]:
        """Each table by name, its documents by id."""

    def next_number(self) -> int:
        """A number that was never used."""

    def change(self, table: str, put: Mapping[int, Document], drop: list[int]) -> None:
        """Keep and forget documents, durably, all or none."""


class LedgerStorage(Storage):
    """TinyDB's way in: reads are views; writes arrive as differences, through `LedgerTable`."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def read(self) -> dict[str, Any]:
        """The live tables."""
        return self.ledger.views()

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Called by `drop_tables` alone: forget whatever isn't in data any more."""
        for name, documents in self.ledger.views().items():
            self.ledger.change(name, {}, [int(key) for key in documents if key not in data.get(name, {})])


class LedgerTable(Table):
    """A table that writes what has changed instead of all that there is."""

    _storage: LedgerStorage

    def __init__(self, storage: Storage, name: str, *_: Any, **__: Any) -> None:
        """No answer is remembered, whatever is asked for: documents also arrive from elsewhere."""
        super().__init__(storage, name, cache_size=0)

    def _get_next_id(self) -> int:
        return self._storage.ledger.next_number()

    def _update_table(self, updater: Callable[[dict[int, Mapping[str, Any]]], None]) -> None:
        changes = Changes(self._read_table())
        updater(changes)  # type: ignore[arg-type]  # TinyDB says dict and means MutableMapping
        self._storage.ledger.change(self.name, changes.put(), changes.dropped())


class Documents(TinyDB):
    """A TinyDB whose tables are the ledger's."""

    table_class = LedgerTable

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger, storage=LedgerStorage)


class Changes(MutableMapping[int, Any]):
    """A table as an updater sees it: nothing is copied but what it looks at."""

    def __init__(self, table: Mapping[str, Document]) -> None:
        self._table = table
        self._seen: dict[int, Any] = {}
        self._gone: dict[int, None] = {}

    def __getitem__(self, key: int) -> Any:
        if key in self._gone:
            raise KeyError(key)
        if key not in self._seen:
            self._seen[key] = deepcopy(dict(self._table[str(key)]))
        return self._seen[key]

    def __setitem__(self, key: int, document: Any) -> None:
        self._gone.pop(key, None)
        self._seen[key] = document

    def __delitem__(self, key: int) -> None:
        if self._seen.pop(key, None) is None and str(key) not in self._table:
            raise KeyError(key)
        self._gone[key] = None

    def __iter__(self) -> Iterator[int]:
        old = [int(key) for key in self._table]
        yield from (key for key in old if key not in self._gone)
        yield from (key for key in self._seen if str(key) not in self._table)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def put(self) -> dict[int, Document]:
        """New documents and those that differ from what the table has."""
        return {key: new for key, new in self._seen.items() if self._table.get(str(key)) != new}

    def dropped(self) -> list[int]:
        """Those that are in the table and shall not be."""
        return [key for key in self._gone if str(key) in self._table]
