"""A test's view of a sandbox: leads, and requests with the reasons for their answers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from aktify_sandbox.errors import NotOne, hide_traceback
from aktify_sandbox.journal.summary import status_of, summary_of
from aktify_sandbox.originals import json

__tracebackhide__ = hide_traceback

_MOST_ROWS = 20


class Lead(dict[str, Any]):
    """An accepted lead: a dictionary of what its 201 said, under Aktify's names."""

    def __init__(self, row: dict[str, Any]) -> None:
        """`row` is one of `GET /_sandbox/leads`."""
        super().__init__(row["lead"])
        self.phone: str = row["phone"]
        """Its phone number in E.164."""
        self.request: str | None = row["request"]
        """The id of the request that brought it; None for an imported lead."""
        self.received_at: str = row["receivedAt"]
        """When it arrived: RFC 3339, UTC."""

    if not TYPE_CHECKING:  # a type checker knows the attributes

        def __getattr__(self, name: str) -> Any:
            """A field was looked for as an attribute."""
            meant = "" if name.startswith("_") else f". Fix: a lead is a dictionary, write lead[{name!r}]"
            raise AttributeError(f"'Lead' object has no attribute {name!r}{meant}")


class Leads(list[Lead]):
    """A list of the accepted leads, oldest first, as of the moment of the call."""

    def __init__(self, rows: Iterable[dict[str, Any]], explain: Callable[[], str]) -> None:
        """`explain` says what the sandbox saw."""
        super().__init__(map(Lead, rows))
        self._explain = explain

    def one(self) -> Lead:
        """The only lead. Raises `NotOne` if there is none or more than one."""
        if len(self) == 1:
            return self[0]
        shown = "".join(f"\n  {json.dumps(lead, ensure_ascii=False)}" for lead in self[:_MOST_ROWS])
        raise NotOne(
            f"Expected one lead; {_how_many(self)} kept{':' if shown else '.'}{shown}\n{self._explain()}"
        )


class Record(dict[str, Any]):
    """A recorded request, whole: a dictionary with `body`, `headers`, `response`, `reason` and more."""

    @property
    def id(self) -> str:
        """Its id: `r000000042`."""
        found: str = self["id"]
        return found

    @property
    def status(self) -> int | None:
        """The status of the answer; None if there was no answer."""
        return status_of(self)

    @property
    def rule(self) -> str:
        """The reason for the answer, in words."""
        found: str = self["reason"]["rule"]
        return found

    @property
    def json(self) -> Any:
        """The body that was sent, parsed as JSON. Raises `ValueError`."""
        return json.loads(self["body"] or "")

    def __repr__(self) -> str:
        """One line with the reason."""
        return f"<{row_of(self)}>"


class Requests(Sequence[Record]):
    """A sequence of recorded requests, oldest first, as of the moment of the call. Each is read when it is used."""

    def __init__(self, summaries: Iterable[dict[str, Any]], whole: Callable[[str], dict[str, Any]]) -> None:
        """`whole` reads a request by its id."""
        self._summaries = list(summaries)
        self._whole = whole
        self._read: dict[str, Record] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._summaries)

    @overload
    def __getitem__(self, place: int) -> Record: ...

    @overload
    def __getitem__(self, place: slice) -> "Requests": ...

    def __getitem__(self, place: int | slice) -> "Record | Requests":
        """One of them, whole, or several."""
        if isinstance(place, slice):
            return Requests(self._summaries[place], self._whole)
        name = self._summaries[place]["id"]
        if name not in self._read:
            self._read[name] = Record(self._whole(name))
        return self._read[name]

    def __iter__(self) -> Iterator[Record]:
        """Each of them, whole."""
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Whether the other has the same requests, whole."""
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # like a list

    @property
    def statuses(self) -> list[int | None]:
        """The statuses of the answers, in order."""
        return [status_of(each) for each in self._summaries]

    def one(self) -> Record:
        """The only request. Raises `NotOne` if there is none or more than one."""
        if len(self) == 1:
            return self[0]
        found = f":\n{self!r}" if self else "."
        raise NotOne(f"Expected one request; {_how_many(self)} recorded{found}")

    def __repr__(self) -> str:
        """A table with the reasons."""
        if not self._summaries:
            return "no requests"
        return "\n".join(rows_of(self._summaries, most=_MOST_ROWS))


def _how_many(found: Sequence[object]) -> str:
    """The subject and verb for a number that isn't one."""
    return f"{len(found):,} were" if found else "none was"


def row_of(record: dict[str, Any]) -> str:
    """A request on one line, with the reason for its answer."""
    summary = summary_of(record)
    return "  ".join(
        [
            summary.id,
            summary.time,
            summary.shown_status,
            summary.request or "no request",
            summary.phone or "-",
            summary.reason,
            *([f"[ruling {summary.ruling}]"] if summary.ruling else []),
            *([summary.hung_up] if summary.hung_up else []),
        ]
    )


def rows_of(records: Sequence[dict[str, Any]], *, most: int = _MOST_ROWS) -> list[str]:
    """A table, oldest first; of many the newest."""
    earlier = len(records) - most
    return [*([f"… {earlier:,} earlier"] if earlier > 0 else []), *map(row_of, records[-most:])]
