"""What a sandbox has seen, as a test looks at it: leads and requests with the reasons for their answers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, overload

from aktify_sandbox.errors import NotOne, hide_traceback
from aktify_sandbox.journal.summary import status_of, summary_of
from aktify_sandbox.originals import json

__tracebackhide__ = hide_traceback

_MOST_ROWS = 20


class Lead(dict[str, Any]):
    """A kept lead: what its 201 said, under the vendor's names."""

    def __init__(self, row: dict[str, Any]) -> None:
        """`row` is one of `GET /_sandbox/leads`."""
        super().__init__(row["lead"])
        self.phone: str = row["phone"]
        """Its number in E.164."""
        self.request: str | None = row["request"]
        """The id of the request that brought it."""
        self.received_at: str = row["receivedAt"]


class Leads(list[Lead]):
    """Kept leads, oldest first, as they were when they were asked for."""

    def __init__(self, rows: Iterable[dict[str, Any]], explain: Callable[[], str]) -> None:
        """`explain` says what the sandbox saw."""
        super().__init__(map(Lead, rows))
        self._explain = explain

    def one(self) -> Lead:
        """The only lead. Raises `NotOne`."""
        if len(self) == 1:
            return self[0]
        shown = "".join(f"\n  {json.dumps(lead, ensure_ascii=False)}" for lead in self[:_MOST_ROWS])
        raise NotOne(f"{_how_many(self, 'lead')} kept, not one.{shown}\n{self._explain()}")


class Record(dict[str, Any]):
    """A request as it was recorded, whole: `record["body"]`, `record["response"]["body"]`, `record["reason"]`."""

    @property
    def id(self) -> str:
        """Its id: `r000000042`."""
        found: str = self["id"]
        return found

    @property
    def status(self) -> int | None:
        """What was answered; None when nothing was."""
        return status_of(self)

    @property
    def rule(self) -> str:
        """Why, in words."""
        found: str = self["reason"]["rule"]
        return found

    @property
    def json(self) -> Any:
        """The body that was sent, read as JSON. Raises `ValueError`."""
        return json.loads(self["body"] or "")

    def __repr__(self) -> str:
        """One line with the reason."""
        return f"<{row_of(self)}>"


class Requests(Sequence[Record]):
    """Recorded requests, oldest first, as they were when asked for; each is read whole when it is looked at."""

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
        """What was answered, in order."""
        return [status_of(each) for each in self._summaries]

    def one(self) -> Record:
        """The only request. Raises `NotOne`."""
        if len(self) == 1:
            return self[0]
        raise NotOne(f"{_how_many(self, 'request')}, not one.\n{self!r}")

    def __repr__(self) -> str:
        """A table with the reasons."""
        if not self._summaries:
            return "no requests"
        return "\n".join(rows_of(self._summaries, most=_MOST_ROWS))


def _how_many(found: Sequence[object], what: str) -> str:
    count = len(found)
    return f"There is 1 {what}" if count == 1 else f"There are {count or 'no'} {what}s"


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
    return [*([f"… {earlier} earlier"] if earlier > 0 else []), *map(row_of, records[-most:])]
