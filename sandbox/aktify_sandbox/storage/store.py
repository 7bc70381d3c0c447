"""The state: requests on disk, the numbers of leads in memory, everything in one log.

A lead is part of the line of its request, so neither exists without the other. Lines are written before answers are
sent: requests of one turn of the event loop share one write, a number is taken immediately, and a failed write frees
it.
"""

import contextlib
import errno
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import orjson

from aktify_sandbox.contract.answers import number_of_code
from aktify_sandbox.errors import LogError, LogWriteError, StoppingError
from aktify_sandbox.jobs import Jobs, Work, finished
from aktify_sandbox.originals import asyncio, threading
from aktify_sandbox.storage import checkpoint
from aktify_sandbox.storage.checkpoint import Checkpoint, Mark
from aktify_sandbox.storage.compaction import Compaction
from aktify_sandbox.storage.folder import CHECKPOINT, Folder
from aktify_sandbox.storage.index import Document, Index, LeadEntry, Tables, identity_in, lead_in, place_of
from aktify_sandbox.storage.log import (
    REQUEST_SIGN,
    Line,
    Log,
    Replacement,
    Snapshot,
    is_next,
    is_request,
    request_id,
    seal,
)
from aktify_sandbox.storage.shards import Shards
from aktify_sandbox.storage.tables import Documents

T = TypeVar("T")

_CHECKPOINT_LINES = 100_000
"""The number of lines that a start reads in about a second."""
_CHECKPOINT_AT_STOP = 10_000
_MANY = 100_000


Done = Callable[[LogWriteError | None], None]
"""Called when a request's line is written, or couldn't be."""


Watcher = Callable[[str, int], None]
"""Called with changes: `recorded` (requests), `amended` (the request of that number), `cleared` (all requests)."""


class Store:
    """Leads, keys, campaigns and requests."""

    def __init__(self, folder: Path | None, *, fsync: bool = False, max_requests: int | None = None) -> None:
        """Open the state folder (None: keep everything in memory). `max_requests` limits how many requests are kept.

        Raises `LogError`: in use, damaged, of another version, not writable.
        """
        self.max_requests = max_requests
        self._loaded_at = 0
        self._lines: list[bytes] = []
        self._waiting: list[tuple[int, Done, LeadEntry | None]] = []
        self._watchers: set[Watcher] = set()
        self._together: list[dict[str, Any]] | None = None
        self.jobs = Jobs()
        self._compacting = asyncio.Lock()
        self._tidying: asyncio.Future[None] | None = None
        self._checkpointing: asyncio.Future[None] | None = None
        self.state_folder = Folder(folder) if folder else None
        self.folder = self.state_folder.path if self.state_folder else None
        try:
            self.log = Log(self.state_folder, fsync=fsync)
            self._replay()
        except BaseException:
            if self.state_folder:
                self.state_folder.release()
            raise
        if self.state_folder:
            self.state_folder.settle()
        self._tidy_at = 2 * (max_requests or 0)
        self.db = Documents(self)
        self.leads = self.db.table("leads")

    def _replay(self) -> None:
        found = None
        content = self.state_folder.checkpoint() if self.state_folder else b""
        if content:
            with self.log.snapshot() as snapshot:
                found = checkpoint.read(content, snapshot)
        self.index, start = found or (Index(), 0)
        self.unverified = start
        """How many bytes of the log were trusted because a checkpoint covers them."""
        self._since_checkpoint = 0
        for line in self.log.replay(start):
            self.index.apply(line.load())
            self._since_checkpoint += 1
        if self.index.max_requests != self.max_requests:
            self._write_max_requests()

    def _write_max_requests(self) -> None:
        """Record how many requests are shown, for programs that read the log."""
        if self.folder:
            line = {"id": request_id(self.next_number()), "kind": "keep", "keep": self.max_requests}
            with contextlib.suppress(LogWriteError):  # otherwise they would see more than this sandbox shows
                self._write_changes([line])
        self.index.max_requests = self.max_requests

    def verify(self) -> Work[str | None]:
        """Verify what was trusted at the start. Returns what is wrong, in words, or None."""
        with self.log.snapshot() as snapshot:
            last = -1
            for place, line in enumerate(snapshot.lines(), start=1):
                if line.offset >= self.unverified:
                    return None
                if not is_next(line, last):
                    return f"{self.log.path}:{place}: {line.damage()}"
                last = line.number
                yield
        return None

    @property
    def is_empty(self) -> bool:
        """Whether there is no state yet."""
        return not (self.index.requests or len(self.leads) or any(self.index.plain.values()))

    @property
    def trouble(self) -> str | None:
        """Why nothing more is written, in words: the log was deleted, moved or changed. After `close`, its
        last value.
        """
        return self.log.trouble

    @property
    def warnings(self) -> list[str]:
        """Problems noticed when the log was opened."""
        return [*(self.state_folder.warnings if self.state_folder else ()), *self.log.warnings]

    @property
    def requests(self) -> int:
        """How many are visible: those that `max_requests` hides don't count."""
        return self.index.requests - self.index.hidden

    @property
    def dropped(self) -> int:
        """How many requests `max_requests` hides."""
        return self.index.dropped + self.index.hidden

    @property
    def oldest_request(self) -> int:
        """The number of the oldest visible request, if older ones were dropped; else 0."""
        return self._oldest_in_sight() if self.dropped else 0

    def _oldest_in_sight(self) -> int:
        with self.log.snapshot() as snapshot:
            return self.index.oldest_in_sight(snapshot)

    # used by the endpoint

    def has(self, campaign: str, identity: str) -> bool:
        """Whether the campaign already has a lead with this number (E.164, or with its spelling)."""
        leads = self.index.leads.get(campaign)
        return leads is not None and place_of(identity) in leads.lines

    def next_number(self) -> int:
        """The next number of the sequence, which is never used again."""
        self.index.next += 1
        return self.index.next - 1

    def add(self, number: int, payload: bytes, lead: LeadEntry | None, done: Done) -> None:
        """Record a request and take its lead's number immediately; `done` is called when it may be answered.

        If the write failed, `done` gets a `LogWriteError`: then nothing was recorded and the number is free again.
        """
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._end_turn)
        if lead is not None:
            self.index.reserve(number, lead)
        self._lines.append(seal(payload))
        self._waiting.append((number, done, lead))

    def amend(self, number: int, content: Mapping[str, Any]) -> None:
        """Record a later event of a request. Raises `LogWriteError`."""
        if number <= self._loaded_at:  # its state was replaced; another request may have the number now
            return
        self.flush()
        head = {"id": request_id(self.next_number()), "kind": "amend", "of": number}
        self._write_changes([{**head, "content": dict(content)}])
        self._tell("amended", number)

    def watch(self, watcher: Watcher) -> None:
        """Call it with changes from now on; it must be fast."""
        self._watchers.add(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Stop calling it."""
        self._watchers.discard(watcher)

    def _tell(self, news: str, number: int) -> None:
        for watcher in self._watchers:
            watcher(news, number)

    @property
    def newest(self) -> int:
        """The number of the newest written line."""
        return self.index.written

    def flush(self) -> None:
        """Write pending lines in one call, and wake their callers."""
        lines, waiting = self._lines, self._waiting
        if not lines:
            return
        self._lines, self._waiting = [], []
        try:
            self.log.append(lines)
        except BaseException as error:
            broke_off = LogWriteError(f"the write failed ({error!r}). Please report it.")
            why = error if isinstance(error, LogWriteError) else broke_off
            for _, done, lead in waiting:
                if lead is not None:
                    self.index.rollback(lead)
                done(why)
            if why is error:
                return
            raise
        index = self.index
        for number, done, _ in waiting:
            index.count_request(number)
            done(None)
        index.written = waiting[-1][0]
        if self._watchers:
            self._tell("recorded", index.written)
        self._since_checkpoint += len(lines)

    def _end_turn(self) -> None:
        """Write the lines of this turn of the event loop, and start due long work."""
        self.flush()
        if self._since_checkpoint >= _CHECKPOINT_LINES and self.state_folder and self._checkpointing is None:
            self._checkpointing = asyncio.ensure_future(self._write_checkpoint(self.state_folder))
        if self.max_requests and self.index.requests >= self._tidy_at and self._tidying is None:
            self._tidying = asyncio.ensure_future(self._tidy(self.max_requests))

    # reading

    def request(self, number: int) -> dict[str, Any] | None:
        """A recorded request, or None."""
        line = self.log.find(number)
        content = line.load() if line else {}
        return self.amended(content, number) if content.get("kind") == "request" else None

    def amended(self, content: dict[str, Any], number: int) -> dict[str, Any]:
        """A recorded request with its later events."""
        amendment = self.index.amendments.get(number)
        line = self.log.find(amendment) if amendment is not None else None
        return {**content, **line.load()["content"]} if line else content

    def newest_requests(self, before: int | None = None, after: int = 0) -> Iterator[Line]:
        """The lines of recorded requests, newest first. Safe to use from another thread."""
        floor = max(after + 1, self._oldest_in_sight() if self.index.hidden else 0)
        for line in self.log.backwards(before, sign=REQUEST_SIGN):
            if line.number < floor:
                return
            if is_request(line):
                yield line

    def lead_number(self, campaign: str, identity: str) -> int | None:
        """The line number of the lead."""
        return self.index.line_of(campaign, identity)

    def leads_with(self, campaign: str, phone: str) -> list[int]:
        """The line numbers of the leads with this phone number (E.164), in any spelling."""
        return self.index.lines_with(campaign, phone)

    def lead(self, number: int) -> Document | None:
        """A lead by its line number."""
        line = self.log.find(number) if number <= self.index.written else None
        return self.lead_on(line) if line else None

    def lead_on(self, line: Line) -> Document | None:
        """The lead on the line, if it is current."""
        lead = lead_in(line.load())
        is_kept = lead and self.index.is_current(lead["campaign"], identity_in(lead), line.number)
        return lead if is_kept else None

    def newest_leads(self, campaign: str | None = None, before: int | None = None) -> Iterator[Line]:
        """The lines of current or former leads (see `lead_on`) of one campaign or all, newest first.

        Every line costs about the same, wherever it is. Safe to use from another thread.
        """
        return self._lines_of(self.index.newest_leads(campaign, before), Snapshot.backwards_from)

    def oldest_leads(self, campaign: str | None = None, after: int = 0) -> Iterator[Line]:
        """The same, oldest first, of those with greater numbers than `after`."""
        return self._lines_of(self.index.oldest_leads(campaign, after), Snapshot.forwards_from)

    def _lines_of(
        self, numbers: Iterator[int], walk: Callable[[Snapshot, int], Iterator[Line]]
    ) -> Iterator[Line]:
        written = self.index.written
        with self.log.snapshot() as snapshot:
            yield from snapshot.find_all((number for number in numbers if number <= written), walk)

    def all_leads(self) -> Iterator[tuple[str, Document]]:
        """Number and content of every lead, oldest first, in one pass over the log."""
        for line in self.oldest_leads():
            lead = self.lead_on(line)
            if lead:
                yield str(line.number), lead

    def long_url(self, code: str) -> str | None:
        """The target of a short link."""
        try:
            number = self.index.links.get(number_of_code(code))
        except ValueError:
            return None
        lead = self.lead(number) if number is not None else None
        return lead["short"]["url"] if lead and lead["short"]["code"] == code else None

    def leads_in(self, campaign: str) -> int:
        """How many leads the campaign has."""
        return len(self.index.leads.get(campaign, ()))

    def campaigns_with_leads(self) -> list[str]:
        """The campaigns, including namespaces, that have leads."""
        return [name for name, leads in self.index.leads.items() if leads]

    # TinyDB's tables (the `Ledger` of tables.py)

    def views(self) -> dict[str, Mapping[str, Document]]:
        """The tables: leads are read from the log when used, the rest is in memory."""
        return {"leads": LeadTable(self), **self.index.plain}

    def change(self, table: str, put: Mapping[int, Document], drop: list[int]) -> None:
        """Store and remove documents. Raises `LogWriteError`; then nothing has changed."""
        self.flush()
        self._change(list(self._lines_for(table, put, drop)))

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Changes inside are written and visible at the end, all or none. Don't await inside.

        Raises `LogWriteError`; then nothing has changed.
        """
        self._together = changes = list[dict[str, Any]]()
        try:
            yield
        finally:
            self._together = None
        self._write_changes(changes)

    def clear_leads(self, campaigns: list[str]) -> int:
        """Remove all leads of these campaigns. Returns how many. Raises `LogWriteError`; then nothing has changed."""
        self.flush()
        there = [name for name in campaigns if self.leads_in(name)]
        count = sum(map(self.leads_in, there))
        if there:
            head = {"id": request_id(self.next_number()), "kind": "drop", "table": "leads"}
            self._change([{**head, "campaigns": there}])
        return count

    def _change(self, lines: list[dict[str, Any]]) -> None:
        """Now, or at the end of `together`."""
        if self._together is None:
            self._write_changes(lines)
        else:
            self._together += lines

    def _write_changes(self, lines: list[dict[str, Any]]) -> None:
        self.log.append(seal(orjson.dumps(line)) for line in lines)
        for line in lines:
            self.index.apply(line)
        self._since_checkpoint += len(lines)
        if self._since_checkpoint >= _CHECKPOINT_LINES:
            with contextlib.suppress(RuntimeError):  # without a loop, the stop writes a checkpoint
                asyncio.get_running_loop().call_soon(self._end_turn)
        discarded, self.index.discarded = self.index.discarded, []
        _free([leads.lines for leads in discarded])

    def _lines_for(
        self, table: str, put: Mapping[int, Document], drop: list[int]
    ) -> Iterator[dict[str, Any]]:
        for key, document in put.items():
            number = key if key > self.index.written else self.next_number()
            if number != key and table == "leads":
                raise ValueError("A stored lead can't be changed: remove it and insert another.")
            yield {
                "id": request_id(number),
                "kind": "put",
                "table": table,
                "document": key,
                "content": document,
            }
        if drop:
            what = {"phones": self._pairs(drop)} if table == "leads" else {"documents": drop}
            yield {"id": request_id(self.next_number()), "kind": "drop", "table": table, **what}

    def _pairs(self, numbers: list[int]) -> list[tuple[str, int]]:
        leads = (self.lead(number) for number in numbers)
        return [(lead["campaign"], place_of(identity_in(lead))) for lead in leads if lead]

    # removing

    def forget_all(self) -> None:
        """Remove leads and requests; keys and campaigns stay. Raises `LogWriteError`; then nothing has changed."""
        self.flush()
        self._with_room(self._replace_with_tables)
        self._tell("cleared", self.index.written)

    def _replace_with_tables(self) -> None:
        """A new log with only keys and campaigns."""
        before, index = self.index, Index()
        lines = [before.header(), *(seal(orjson.dumps(row)) for row in _rows(before.plain))]
        with contextlib.closing(self.replacement()) as new:
            new.write(b"".join(lines))
            for line in lines:
                index.apply(orjson.loads(line))
            self.replace_with(new, index)

    def replacement(self) -> Replacement:
        """An empty log that may replace this one. Raises `LogWriteError`."""
        self.log.refuse_if_changed()
        return self.log.replacement()

    def replace_with(self, log: Replacement, index: Index) -> None:
        """Replace the state by another log and index. Raises `LogWriteError`; then nothing has changed."""
        self.log.replace_with(log)
        before, self.index = self.index, index
        self._tidy_at = 2 * (self.max_requests or 0)
        self._since_checkpoint = index.requests + sum(map(len, index.leads.values()))
        _free([*(leads.lines for leads in before.leads.values()), before.links, before.amendments])

    def load(self, log: Replacement, index: Index) -> None:
        """Load another sandbox's state. Its ids stay, and the sequence continues after the larger of both last ids.

        Raises `LogWriteError`; then nothing has changed.
        """
        self.flush()
        self.log.refuse_if_changed()
        index.next = max(index.next, self.index.next)
        line = {"id": request_id(index.next), "kind": "loaded", "keep": self.max_requests}
        log.write(seal(orjson.dumps(line)))
        index.apply(line)
        self.replace_with(log, index)
        self._loaded_at = index.written
        self._tell("cleared", index.written)

    async def clear_requests(self, matches: Callable[[Line], bool] | None = None) -> int:
        """Remove the requests, also from disk; leads stay. Returns how many were removed.

        With `matches`, removes only those whose lines match; it is called from another thread. Requests that arrive
        meanwhile stay. Raises `LogWriteError`; then nothing has changed.
        """
        compaction = await self._compact(lambda: self._without(matches))
        if compaction.is_done:
            self._tell("cleared", 0 if matches else compaction.requests_from - 1)
        return compaction.cleared

    def _without(self, matches: Callable[[Line], bool] | None) -> Compaction:
        self.flush()
        self.log.refuse_if_changed()
        count, end = self.index.requests, self.index.written + 1
        if matches is None:
            return Compaction(self.log, self.index, end, count, 0)
        oldest, dropped = self._oldest_in_sight(), self.dropped

        def stays(line: Line) -> bool:
            return line.number >= oldest and not matches(line)

        return Compaction(self.log, self.index, end, count, dropped, stays)

    async def _tidy(self, max_requests: int) -> None:
        """Remove what `max_requests` hides, then wait for as many new requests as leads had to be copied.

        So each request pays only a small share of the copying, however many leads there are.
        """
        try:
            with contextlib.suppress(LogError, StoppingError):  # no space: tried again later
                await self._compact(self._without_hidden)
        finally:
            self._tidying = None
            self._tidy_at = self.index.requests + max(max_requests, len(self.leads))

    def _without_hidden(self) -> Compaction:
        hidden = self.index.hidden
        return Compaction(self.log, self.index, self._oldest_in_sight(), hidden, self.index.dropped + hidden)

    async def _compact(self, begin: Callable[[], Compaction]) -> Compaction:
        """Rewrite the log without what was removed, while it is in use. Several calls run one after another.

        Does nothing if another log has replaced it meanwhile. Raises `LogWriteError`; then nothing has changed.
        """
        async with self._compacting:
            compaction = begin()
            try:
                await self._run(compaction.copy())
            except LogWriteError as error:
                if not (_is_full(error) and self.state_folder and self.state_folder.give_up_reserve()):
                    raise
                try:
                    await self._run((compaction := begin()).copy())
                finally:
                    self.state_folder.lay_reserve()
            compaction.finish()
        self._since_checkpoint = self.index.requests + len(self.leads)
        return compaction

    async def _run(self, work: Work[T]) -> T:
        end = self.jobs.at_once(work)
        return end.result if end else await self.jobs.run(work)

    def _with_room(self, work: Callable[[], None]) -> None:
        """Run it, using the reserve if the disk is full. Raises `LogWriteError`."""
        try:
            work()
        except LogWriteError as error:
            if not (_is_full(error) and self.state_folder and self.state_folder.give_up_reserve()):
                raise
            try:
                work()
            finally:
                self.state_folder.lay_reserve()

    # the whole state

    @contextlib.asynccontextmanager
    async def state(self) -> AsyncIterator[tuple[Snapshot, bytes]]:
        """The current state: the log, and the line that proves that it is complete. Raises `LogWriteError`."""
        self.flush()
        with contextlib.ExitStack() as stack:
            if self.index.hidden:  # hidden requests aren't saved
                copy = await self._run(self._without_hidden().copy())
                snapshot = stack.enter_context(contextlib.closing(copy)).snapshot()
            else:
                snapshot = stack.enter_context(self.log.snapshot())
            yield snapshot, seal(orjson.dumps({"id": request_id(self.index.next), "kind": "end"}))

    # checkpoints and the end

    async def _write_checkpoint(self, folder: Folder) -> None:
        """Write a checkpoint in the background. Errors are ignored, since a start without one is only slower.

        If the sandbox stops meanwhile, `close` writes it.
        """
        covered = self._since_checkpoint
        try:
            with contextlib.suppress(OSError, LogWriteError):
                await self._run(self.checkpoint(folder))
            self._since_checkpoint = max(0, self._since_checkpoint - covered)
        except StoppingError:
            pass
        finally:
            self._checkpointing = None

    def checkpoint(self, folder: Folder) -> Work[None]:
        """Write the file that makes the next start fast, in steps. Raises `OSError`, `LogWriteError`."""
        with self.log.snapshot() as snapshot:
            taken = Checkpoint(self.index, Mark.of(snapshot))
        yield
        with folder.replaced(CHECKPOINT, is_durable=False) as file:
            yield from taken.write(file)

    def close(self) -> None:
        """Write pending lines and a checkpoint, and release the folder.

        Afterwards `trouble` tells whether the log was still in place.
        """
        self.flush()
        self.jobs.close()
        if self._since_checkpoint >= _CHECKPOINT_AT_STOP and self.state_folder and not self.trouble:
            with contextlib.suppress(OSError, LogWriteError):
                finished(self.checkpoint(self.state_folder))
        self.log.close()


class LeadTable(Mapping[str, Document]):
    """The leads as a table; each is read from the log when it is used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getitem__(self, key: str) -> Document:
        lead = self._store.lead(int(key))
        if lead is None:
            raise KeyError(key)
        return lead

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self._store.all_leads())

    def __len__(self) -> int:
        return sum(map(len, self._store.index.leads.values()))

    def items(self) -> Any:
        """All of them in one pass over the log, which is faster than searching for each."""
        return self._store.all_leads()


def _rows(tables: Tables) -> Iterator[dict[str, Any]]:
    """Lines that store all documents, in the order of their ids, which are the lines' own."""
    found = [(int(key), table, row) for table, rows in tables.items() for key, row in rows.items()]
    for key, table, row in sorted(found, key=itemgetter(0)):
        yield {"id": request_id(key), "kind": "put", "table": table, "document": key, "content": row}


def _free(maps: list[Shards]) -> None:
    """Free them piece by piece in a thread: freeing a million entries in one step would block everything else."""
    pieces = [piece for each in maps for piece in each.taken_apart()]
    if sum(map(len, pieces)) > _MANY:
        threading.Thread(target=_pop_all, args=(pieces,), daemon=True).start()


def _pop_all(pieces: list[dict[int, int]]) -> None:
    while pieces:
        pieces.pop()


def _is_full(error: LogWriteError) -> bool:
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)
