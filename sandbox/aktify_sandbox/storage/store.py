"""What the sandbox remembers: requests on disk, the numbers of kept leads in memory, all of it in one log.

A lead is a part of the line of the request that brought it, so neither exists without the other. The write comes
before the answer: requests of one turn of the event loop share one write, a number is taken at once, and a failed
write gives it back.
"""

import contextlib
import errno
import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from aktify_sandbox.originals import asyncio
from aktify_sandbox.storage.fold import fold
from aktify_sandbox.storage.folder import Folder
from aktify_sandbox.storage.log import (
    Line,
    Log,
    LogError,
    LogUnwritable,
    Snapshot,
    header,
    number_in,
    request_id,
    seal,
)
from aktify_sandbox.storage.tables import Document, Documents

_PLAIN_TABLES = ("keys", "campaigns")
_SPELLING = 24
"""Bits for a number's spelling, so that with the number's own they fit into 64."""


Done = Callable[[LogUnwritable | None], None]
"""What is called when a request's line is written, or couldn't be."""


Watcher = Callable[[str, int], None]
"""What is called with news: `recorded` (requests), `amended` (the request of that number), `cleared` (the record)."""


class Kept(NamedTuple):
    """A lead that a request brings: whose number it takes, and the short link that shall open."""

    campaign: str
    identity: str
    """The number (E.164), or that, a space and how it is written: the ruling `duplicate-by`."""
    code: str | None = None


class Store:
    """Leads, keys, campaigns and the record of requests."""

    def __init__(
        self,
        folder: Path | None,
        *,
        fsync: bool = False,
        keep: int | None = None,
        log: Log | None = None,
    ) -> None:
        """Open the state folder (None: nothing on disk). `keep` bounds how many requests are kept.

        `log` is one that was opened already; the caller has the store `learn` its lines, one by one.
        Raises `LogError`: in use, damaged, of another version, not writable.
        """
        self.folder = folder
        self.keep = keep
        self.requests = 0  # how many are on disk
        self._dropped = 0
        self._next = 1
        self._shrink_at = 2 * (keep or 0)
        self._written = 0
        self._numbers: dict[str, dict[int, int]] = {}
        self._spelled: set[str] = set()  # the campaigns in which a number's spelling counts
        self._codes: dict[str, int] = {}
        self._amendments: dict[int, int] = {}
        self._loaded_at = 0
        self._plain: dict[str, dict[str, Document]] = {name: {} for name in _PLAIN_TABLES}
        self._lines: list[bytes] = []
        self._waiting: list[tuple[Done, Kept | None]] = []
        self._watchers: set[Watcher] = set()
        self._together: list[dict[str, Any]] | None = None
        self.state_folder = Folder(folder) if folder else None
        try:
            self.log = log or Log(self.state_folder, fsync=fsync)
            if log is None:
                self._replay()
        except BaseException:
            if self.state_folder:
                self.state_folder.release()
            raise
        if self.state_folder:
            self.state_folder.settle()
        self.db = Documents(self)
        self.leads = self.db.table("leads")

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing yet that a start remembers."""
        return not (self.requests or len(self.leads) or any(self._plain.values()))

    @property
    def trouble(self) -> str | None:
        """Why nothing more is written, in words: the log was deleted, moved or changed. After `close`: before it."""
        return self.log.trouble

    @property
    def warnings(self) -> list[str]:
        """What was noticed at opening."""
        return [*(self.state_folder.warnings if self.state_folder else ()), *self.log.warnings]

    @property
    def oldest_request(self) -> int:
        """The number of the oldest request in sight, when older ones were dropped; else 0."""
        if not self.dropped:
            return 0
        return min((line.number for line in self.newest_requests()), default=self._next)

    @property
    def dropped(self) -> int:
        """How many requests `keep` has put out of sight."""
        return self._dropped + max(0, self.requests - (self.keep or self.requests))

    # what the endpoint asks and says

    def has(self, campaign: str, identity: str) -> bool:
        """Whether the number (E.164, or with its spelling) was already taken in the campaign."""
        numbers = self._numbers.get(campaign)
        return numbers is not None and _place(identity) in numbers

    def next_number(self) -> int:
        """The next number of the sequence. It is never given again."""
        self._next += 1
        return self._next - 1

    def add(self, number: int, payload: bytes, kept: Kept | None, done: Done) -> None:
        """Record a request and take the number of its lead, at once; `done` is called when it may be answered.

        It is called with `LogUnwritable` if the write failed: then nothing was recorded and the number is free again.
        """
        if not self._lines:
            asyncio.get_running_loop().call_soon(self.flush)
        self._lines.append(seal(payload))
        if kept is not None:
            self._take(number, kept)
        self._waiting.append((done, kept))

    def amend(self, number: int, content: Mapping[str, Any]) -> None:
        """Add to a recorded request what became known only later. Raises `LogUnwritable`."""
        if number <= self._loaded_at:  # it went with its state; another one may have its number now
            return
        self.flush()
        head = {"id": request_id(self.next_number()), "kind": "amend", "of": number}
        line = {**head, "content": dict(content)}
        self.log.append([seal(orjson.dumps(line))])
        self.learn(line)
        self._tell("amended", number)

    def watch(self, watcher: Watcher) -> None:
        """Have it called with news of the record, from now on; it must be quick."""
        self._watchers.add(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Leave it in peace."""
        self._watchers.discard(watcher)

    def _tell(self, news: str, number: int) -> None:
        for watcher in self._watchers:
            watcher(news, number)

    @property
    def newest(self) -> int:
        """The number of the newest line that is written."""
        return self._written

    def flush(self) -> None:
        """Write what waits, in one go, and wake those who wait for it."""
        lines, waiting = self._lines, self._waiting
        if not lines:
            return
        self._lines, self._waiting = [], []
        try:
            self.log.append(lines)
        except LogUnwritable as error:
            self._take_back(waiting, error)
            return
        self.requests += len(waiting)
        self._written = number_in(lines[-1])  # a later one may be taken already by what isn't written yet
        for done, _ in waiting:
            done(None)
        if self._watchers:
            self._tell("recorded", self._written)
        if self.keep and self.requests >= self._shrink_at:
            self._keep_newest(self.keep)

    def _take(self, number: int, kept: Kept) -> None:
        if " " in kept.identity:
            self._spelled.add(kept.campaign)
        self._numbers.setdefault(kept.campaign, {})[_place(kept.identity)] = number
        if kept.code:
            self._codes[kept.code] = number

    def _take_back(self, waiting: list[tuple[Done, Kept | None]], error: LogUnwritable) -> None:
        for done, kept in waiting:
            if kept is not None:
                del self._numbers[kept.campaign][_place(kept.identity)]
                self._codes.pop(kept.code or "", None)
            done(error)

    # what is read

    def request(self, number: int) -> dict[str, Any] | None:
        """A recorded request, or None if there is none (any more)."""
        line = self.log.find(number)
        content = line.load() if line else {}
        return self.amended(content, number) if content.get("kind") == "request" else None

    def amended(self, content: dict[str, Any], number: int) -> dict[str, Any]:
        """A recorded request with what became known later."""
        amendment = self._amendments.get(number)
        line = self.log.find(amendment) if amendment is not None else None
        return {**content, **line.load()["content"]} if line else content

    def newest_requests(self, before: int | None = None, after: int = 0) -> Iterator[Line]:
        """The lines of recorded requests, newest first. Safe to use from another thread."""
        begin = None if self.keep else before  # what `keep` leaves is counted from the newest
        lines = self.log.backwards(begin)
        if after:
            lines = itertools.takewhile(lambda line: line.number > after, lines)
        requests = (line for line in lines if is_request(line))
        for line in itertools.islice(requests, self.keep):
            if before is None or line.number < before:
                yield line

    def lead_number(self, campaign: str, identity: str) -> int | None:
        """The number of the line that keeps the lead."""
        return self._numbers.get(campaign, {}).get(_place(identity))

    def leads_with(self, campaign: str, phone: str) -> list[int]:
        """The numbers of the lines that keep leads with this number (E.164), however it is written."""
        numbers, place = self._numbers.get(campaign, {}), int(phone[1:])
        if campaign not in self._spelled:
            return [numbers[place]] if place in numbers else []
        return [number for each, number in numbers.items() if place in (each, each >> _SPELLING)]

    def lead(self, number: int) -> Document | None:
        """A kept lead by its line's number."""
        line = self.log.find(number) if number <= self._written else None
        found = _lead_in(line.load()) if line else None
        return found if found and self.lead_number(found["campaign"], identity_in(found)) == number else None

    def all_leads(self) -> Iterator[tuple[str, Document]]:
        """Number and content of every kept lead, oldest first, in one pass over the log."""
        for line in self.log.lines():
            lead = _lead_in(line.load())
            if lead and self.lead_number(lead["campaign"], identity_in(lead)) == line.number:
                yield str(line.number), lead

    def long_url(self, code: str) -> str | None:
        """Where a short link leads."""
        lead = self.lead(self._codes[code]) if code in self._codes else None
        return lead["short"]["url"] if lead else None

    def leads_in(self, campaign: str) -> int:
        """How many leads the campaign has."""
        return len(self._numbers.get(campaign, {}))

    def campaigns_with_leads(self) -> list[str]:
        """The campaigns, namespaces included, that have a lead."""
        return [name for name, numbers in self._numbers.items() if numbers]

    def numbers(self, campaign: str | None = None) -> list[int]:
        """The numbers of the kept leads, oldest first."""
        groups = self._numbers.values() if campaign is None else [self._numbers.get(campaign, {})]
        return sorted(number for group in groups for number in group.values())

    # TinyDB's tables (the `Ledger` of tables.py)

    def views(self) -> dict[str, Mapping[str, Document]]:
        """The tables: leads read from the log when looked at, the rest in memory."""
        counters = {"requests": self.requests, "dropped": self.dropped}
        rows = {str(n): {"name": name, "value": value} for n, (name, value) in enumerate(counters.items(), 1)}
        return {"leads": Leads(self), **self._plain, "counters": rows}

    def change(self, table: str, put: Mapping[int, Document], drop: list[int]) -> None:
        """Keep and forget documents. Raises `LogUnwritable`; then nothing has changed."""
        self.flush()
        if drop:
            self._forget_copy()
        lines = list(self._lines_for(table, put, drop))
        if self._together is None:
            self._write_changes(lines)
        else:
            self._together += lines

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Changes that are made inside are written and known at the end, all or none. Inside, nothing is awaited.

        Raises `LogUnwritable`; then nothing has changed.
        """
        self._together = changes = list[dict[str, Any]]()
        try:
            yield
        finally:
            self._together = None
        self._write_changes(changes)

    def _write_changes(self, lines: list[dict[str, Any]]) -> None:
        self.log.append(seal(orjson.dumps(line)) for line in lines)
        for line in lines:
            self.learn(line)

    def _lines_for(
        self, table: str, put: Mapping[int, Document], drop: list[int]
    ) -> Iterator[dict[str, Any]]:
        for key, document in put.items():
            number = key if key > self._written else self.next_number()
            if number != key and table == "leads":
                raise ValueError("A kept lead doesn't change: remove it and insert another.")
            yield {
                "id": request_id(number),
                "kind": "put",
                "table": table,
                "document": key,
                "content": document,
            }
        if drop:
            what = {"phones": self._pairs(set(drop))} if table == "leads" else {"documents": drop}
            yield {"id": request_id(self.next_number()), "kind": "drop", "table": table, **what}

    def _pairs(self, wanted: set[int]) -> list[tuple[str, int]]:
        return [(c, phone) for c, group in self._numbers.items() for phone, n in group.items() if n in wanted]

    # rebuilding and shrinking

    def _replay(self) -> None:
        for line in self.log.replay():
            self.learn(line.load())

    def learn(self, content: Mapping[str, Any]) -> None:
        """Remember what a line of the log says."""
        self._written = int(content["id"][1:])
        self._next = max(self._next, self._written + 1)
        match content.get("kind"):
            case "request":
                self.requests += 1
                self._learn_lead(content)
            case "amend":
                self._amendments[content["of"]] = self._written
            case "put" if content["table"] == "leads":
                self._learn_lead(content)
            case "put":
                self._plain[content["table"]][str(content["document"])] = content["content"]
            case "drop" if content["table"] == "leads":
                for campaign, phone in content["phones"]:
                    self._numbers.get(campaign, {}).pop(phone, None)
            case "drop":
                for key in content["documents"]:
                    self._plain[content["table"]].pop(str(key), None)
            case None:
                self._next = max(self._next, content["next"])
                self._dropped = content.get("dropped", 0)

    def _learn_lead(self, content: Mapping[str, Any]) -> None:
        lead = _lead_in(content)
        if lead:
            code = lead["short"]["code"] if lead.get("short") else None
            self._take(int(content["id"][1:]), Kept(lead["campaign"], identity_in(lead), code))

    def clear_requests(self) -> int:
        """Forget the record and take it off the disk; leads stay. Returns how many were forgotten.

        Raises `LogUnwritable`; then all is as it was.
        """
        self.flush()
        cleared = self.requests
        self._shrink(self._next, left=0, dropped=0)
        return cleared

    def forget_all(self) -> None:
        """Forget leads and requests; keys and campaigns stay. Raises `LogUnwritable`; then all is as it was."""
        self.flush()
        self._forget_copy()  # first: killed in between, it must not show what is forgotten
        numbers, self._numbers = self._numbers, {}
        try:
            self._shrink(self._next, left=0, dropped=0)
        except LogError:
            self._numbers = numbers
            raise
        self._codes = {}

    def _forget_copy(self) -> None:
        """The copy of an earlier stop would still show what was forgotten."""
        if self.state_folder:
            self.state_folder.forget_copy()

    def _keep_newest(self, keep: int) -> None:
        """Drop what is older, and not again before as many requests have come as leads had to be copied.

        So a request's share of the copying stays small, however many leads there are.
        """
        newest = itertools.islice(self.newest_requests(), keep)
        oldest = min(line.number for line in newest)
        with contextlib.suppress(LogUnwritable):  # no room to shrink: tried again later
            self._shrink(oldest, left=keep, dropped=self._dropped + self.requests - keep)
        self._shrink_at = self.requests + max(keep, len(self.leads))

    def _shrink(self, requests_from: int, *, left: int, dropped: int) -> None:
        first = header(self._next, dropped=dropped)
        try:
            self.log.rewrite(first, self._surviving(requests_from))
        except LogUnwritable as error:
            if not _is_full(error) or not self._give_up_copies():
                raise
            try:
                self.log.rewrite(first, self._surviving(requests_from))
            finally:
                if self.state_folder:
                    self.state_folder.lay_reserve()
        self.requests, self._dropped = left, dropped
        if not left:
            self._tell("cleared", self._written)
        self._amendments = {of: at for of, at in self._amendments.items() if of >= requests_from}

    def _give_up_copies(self) -> bool:
        """Delete what the log doesn't need. False if there is nothing more to delete."""
        if self.state_folder is None:
            return False
        had_copy = self.state_folder.forget_copy()
        return self.state_folder.give_up_reserve() or had_copy

    def _surviving(self, requests_from: int) -> Iterator[bytes]:
        """Later requests as they stand, and of what was before them the leads, keys and campaigns that still count."""
        for line in self.log.lines():
            if line.number >= requests_from:
                yield line.text
                continue
            content = line.load()
            lead = _lead_in(content)
            if lead and self.lead_number(lead["campaign"], identity_in(lead)) == line.number:
                row = {
                    "id": content["id"],
                    "kind": "put",
                    "table": "leads",
                    "document": line.number,
                    "content": lead,
                }
                yield seal(orjson.dumps(row))[:-1]
            elif self._counts(content):
                yield line.text

    def _counts(self, content: Mapping[str, Any]) -> bool:
        """Whether the line put a document that is still there."""
        documents = self._plain.get(content.get("table", ""), {}) if content.get("kind") == "put" else {}
        return (
            str(content.get("document")) in documents
            and documents[str(content["document"])] == content["content"]
        )

    # the whole state

    @contextlib.contextmanager
    def state(self) -> Iterator[tuple[Snapshot, bytes]]:
        """All of it as it is now: the log, and the line that says that it came to its end."""
        self.flush()
        if self.keep and self.requests > self.keep:  # what is out of sight goes to nobody
            self._keep_newest(self.keep)
        with self.log.snapshot() as snapshot:
            yield snapshot, seal(orjson.dumps({"id": request_id(self._next), "kind": "end"}))

    def become(self, other: "Store") -> None:
        """Take over what the other knows, which was read from a log that lies beside this one's.

        Its ids stay, and the sequence goes on behind the larger of both. Raises `LogUnwritable`; then nothing has
        changed.
        """
        self.flush()
        self.log.refuse_if_changed()
        number = max(self._next, other._next)
        other.log.append([seal(orjson.dumps({"id": request_id(number), "kind": "loaded"}))])
        self._forget_copy()
        self.log.become(other.log)
        self._written = self._loaded_at = number
        self._next = number + 1
        self.requests, self._dropped = other.requests, other._dropped
        self._numbers, self._codes = other._numbers, other._codes
        self._amendments, self._plain = other._amendments, other._plain
        self._shrink_at = 2 * (self.keep or 0)
        self._tell("cleared", number)

    # the end

    def close(self, seconds_to_fold: float = 0.5) -> None:
        """Write what waits, fold into a plain TinyDB file if that fits the time, and let go of the folder.

        `trouble` then tells whether there was still a file to hold it all.
        """
        self.flush()
        if self.folder and not self.trouble:
            fold(self.views(), self.folder / "state.json", seconds_to_fold)
        self.log.close()


class Leads(Mapping[str, Document]):
    """The kept leads as a table; each is read from the log when it is looked at."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getitem__(self, key: str) -> Document:
        lead = self._store.lead(int(key))
        if lead is None:
            raise KeyError(key)
        return lead

    def __iter__(self) -> Iterator[str]:
        return map(str, self._store.numbers())

    def __len__(self) -> int:
        return sum(self._store.leads_in(campaign) for campaign in self._store.campaigns_with_leads())

    def items(self) -> Any:
        """All of them in one pass over the log instead of a search for each."""
        return self._store.all_leads()


def is_request(line: Line) -> bool:
    """Whether the line is the record of a request."""
    return line.text.find(b'","kind":"request"', 0, 64) > 0


def _lead_in(content: Mapping[str, Any]) -> dict[str, Any] | None:
    """The lead that a line keeps, as the leads table shows it."""
    if content.get("kind") == "put" and content["table"] == "leads":
        lead: dict[str, Any] = content["content"]
        return lead
    if content.get("kind") != "request" or "lead" not in content:
        return None
    names = ("campaign", "phone", "receivedAt", "lead", "identity")
    kept = {name: content[name] for name in names if name in content}
    return {**kept, "request": content["id"], "short": content.get("short")}


def identity_in(lead: Mapping[str, Any]) -> str:
    """What a lead, or the record of a request, is compared by."""
    identity: str = lead.get("identity") or lead["phone"]
    return identity


def _place(identity: str) -> int:
    """An identity as a number, which takes less room: the digits, and a digest of the spelling if that counts."""
    phone, space, written = identity.partition(" ")
    if not space:
        return int(phone[1:])
    digest = hashlib.blake2b(written.encode(errors="surrogatepass"), digest_size=_SPELLING // 8).digest()
    return int(phone[1:]) << _SPELLING | int.from_bytes(digest)


def _is_full(error: LogUnwritable) -> bool:
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)
