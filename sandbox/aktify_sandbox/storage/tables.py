"""TinyDB over the log: its document API for leads, keys and campaigns, without its file.

TinyDB's own storages rewrite (or copy) everything at each insert. Here `read` hands out live views and a table
writes only its differences, so that an insert costs one line whatever the number of documents.
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
"""Those of a state."""
_READ_ONLY = (
    "open_state only reads. Fix: change the state through its sandbox, e.g. by `aktify-sandbox leads import`."
)


class Ledger(Protocol):
    """What keeps the documents."""

    def views(self) -> dict[str, Mapping[str, Document]]:
        """Each table by name, its documents by id."""

    def next_number(self) -> int:
        """A number that was never used."""

    def change(self, table: str, put: Mapping[int, Document], drop: list[int]) -> None:
        """Keep and forget documents, durably, all or none."""


class Views(Protocol):
    """What shows documents."""

    def views(self) -> dict[str, Mapping[str, Document]]:
        """Each table by name, its documents by id."""

    def close(self) -> None:
        """Let go of them."""


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


class UncachedTable(Table):
    """A table that remembers no answer, whatever is asked for: documents also arrive from elsewhere."""

    def __init__(self, storage: Storage, name: str, *_: Any, **__: Any) -> None:
        """TinyDB's own options for it change nothing."""
        super().__init__(storage, name, cache_size=0)


class LedgerTable(UncachedTable):
    """A table that writes what has changed instead of all that there is."""

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
    """The tables as the file that `TinyDB(path)` opens, piece by piece. It is ASCII: TinyDB reads it in any locale."""
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
    """TinyDB's way to what is only read."""

    def __init__(self, views: "Views") -> None:
        self._views = views

    def read(self) -> dict[str, Any]:
        """The tables as they are now."""
        return self._views.views()

    def write(self, _: object) -> None:
        """Called by `drop_tables` and `drop_table`. Raises `StateError`."""
        raise StateError(_READ_ONLY)

    def close(self) -> None:
        """Let go of it."""
        self._views.close()


class ViewTable(UncachedTable):
    """A table that is only read."""

    def _get_next_id(self) -> int:
        raise StateError(_READ_ONLY)

    def _update_table(self, _: object) -> None:
        raise StateError(_READ_ONLY)


class State(TinyDB):
    """A state as a TinyDB, to be read and not written: every write raises `StateError`."""

    table_class = ViewTable

    def __init__(self, views: "Views", name: str) -> None:
        """`name` is how it shows itself."""
        super().__init__(views, storage=ViewStorage)
        self._name = name

    def table(self, name: str, **options: Any) -> Table:
        """The table: leads, requests, keys or campaigns. Raises `StateError` for any other."""
        if name not in TABLES:
            meant = suggest(name, TABLES, "Did you mean {}?") or f"There are: {', '.join(TABLES)}."
            raise StateError(f"A state has no table {name}. {meant}")
        return super().table(name, **options)

    def __getattr__(self, name: str) -> Any:
        """What TinyDB would do to a table without a name."""
        raise AttributeError(
            f"A state has no attribute {name!r}. Fix: name a table first, as in state.table('leads').search(…).",
            name=name,
            obj=self,
        )

    def __bool__(self) -> bool:
        """It is there."""
        return True

    def __repr__(self) -> str:
        """Where it is."""
        return f"<State {self._name}>"


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
