"""TinyDB on the log: its document API for leads, keys and campaigns, without its file.

TinyDB's own storages rewrite (or copy) everything at each insert. Here `read` returns live views and a table writes
only its differences, so an insert costs one line however many documents there are.
"""

import json
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from copy import deepcopy
from typing import Any, Protocol

import orjson
from tinydb import TinyDB
from tinydb.storages import Storage
from tinydb.table import Table

from aktify_sandbox.errors import StateError
from aktify_sandbox.text import suggest

Document = Mapping[str, Any]

TABLES = ("leads", "requests", "keys", "campaigns")
"""The tables of a state."""
_READ_ONLY = "open_state is read-only. Fix: use its sandbox, e.g. `aktify-sandbox leads import`."


class Ledger(Protocol):
    """Where the documents are stored."""

    def views(self) -> dict[str, Mapping[str, Document]]:
        """Each table by name, its documents by id."""

    def next_number(self) -> int:
        """A number that was never used."""

    def change(self, table: str, put: Mapping[int, Document], drop: list[int]) -> None:
        """Store and remove documents, durably, all or none."""


class Views(Protocol):
    """A source of documents."""

    def views(self) -> dict[str, Mapping[str, Document]]:
        """Each table by name, its documents by id."""

    def close(self) -> None:
        """Close it."""


class LedgerStorage(Storage):
    """Connects TinyDB: reads are views; writes arrive as differences, through `LedgerTable`."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def read(self) -> dict[str, Any]:
        """The live tables."""
        return self.ledger.views()

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Called only by `drop_tables`: remove everything that isn't in `data`."""
        for name, documents in self.ledger.views().items():
            self.ledger.change(name, {}, [int(key) for key in documents if key not in data.get(name, {})])


class UncachedTable(Table):
    """A table without a query cache: documents also arrive from elsewhere."""

    def __init__(self, storage: Storage, name: str, *_: Any, **__: Any) -> None:
        """Ignores TinyDB's options for the cache."""
        super().__init__(storage, name, cache_size=0)


class LedgerTable(UncachedTable):
    """A table that writes only what has changed."""

    _storage: LedgerStorage

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


def as_json(tables: Mapping[str, Mapping[str, Document]]) -> Iterator[bytes]:
    """The tables as a file that `TinyDB(path)` opens, piece by piece. It is ASCII, so TinyDB reads it in any locale."""
    for number, (name, documents) in enumerate(tables.items()):
        yield b'%b"%b":{' % (b"," if number else b"{", name.encode())
        for place, (key, document) in enumerate(documents.items()):
            yield b'%b\n"%b":%b' % (b"," if place else b"", key.encode(), _ascii(document))
        yield b"}\n"
    yield b"}\n"


def _ascii(document: Document) -> bytes:
    quick = orjson.dumps(document)
    return quick if quick.isascii() else json.dumps(document).encode()


class ViewStorage(Storage):
    """Connects TinyDB to read-only tables."""

    def __init__(self, views: "Views") -> None:
        self._views = views

    def read(self) -> dict[str, Any]:
        """The current tables."""
        return self._views.views()

    def write(self, _: object) -> None:
        """Called by `drop_tables` and `drop_table`. Raises `StateError`."""
        raise StateError(_READ_ONLY)

    def close(self) -> None:
        """Close it."""
        self._views.close()


class ViewTable(UncachedTable):
    """A read-only table."""

    def _get_next_id(self) -> int:
        raise StateError(_READ_ONLY)

    def _update_table(self, _: object) -> None:
        raise StateError(_READ_ONLY)


class State(TinyDB):
    """A state as a read-only TinyDB: every write raises `StateError`."""

    table_class = ViewTable

    def __init__(self, views: "Views", name: str) -> None:
        """`name` is used in its `repr`."""
        super().__init__(views, storage=ViewStorage)
        self._name = name

    def table(self, name: str, **options: Any) -> Table:
        """The table leads, requests, keys or campaigns. Raises `StateError` for any other name."""
        if name not in TABLES:
            meant = suggest(name, TABLES, "Did you mean {}?") or f"Choose from: {', '.join(TABLES)}."
            raise StateError(f"A state has no table {name}. {meant}")
        return super().table(name, **options)

    def __getattr__(self, name: str) -> Any:
        """Refuse the methods of TinyDB's default table."""
        raise AttributeError(
            f"A state has no attribute {name!r}. Fix: name a table first, as in state.table('leads').search(…).",
            name=name,
            obj=self,
        )

    def __bool__(self) -> bool:
        """True."""
        return True

    def __repr__(self) -> str:
        """Shows the folder."""
        return f"<State {self._name}>"


class Changes(MutableMapping[int, Any]):
    """A table as an updater sees it: only documents that it reads are copied."""

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
        if key not in self:
            raise KeyError(key)
        del self._seen[key]  # where the query put it
        self._gone[key] = None

    def __iter__(self) -> Iterator[int]:
        old = [int(key) for key in self._table]
        yield from (key for key in old if key not in self._gone)
        yield from (key for key in self._seen if str(key) not in self._table)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def put(self) -> dict[int, Document]:
        """New and changed documents."""
        return {key: new for key, new in self._seen.items() if self._table.get(str(key)) != new}

    def dropped(self) -> list[int]:
        """Removed documents."""
        return [key for key in self._gone if str(key) in self._table]
