"""Compares the request journal with expectations: now, or until they are met."""

from collections.abc import Iterable

from aktify_sandbox.history.filters import Filters
from aktify_sandbox.history.stream import Cursor, Stream
from aktify_sandbox.jobs import Runs, Work
from aktify_sandbox.matching.expectation import Expectation, Result, Scope, Verifier
from aktify_sandbox.matching.recorded import RecordedRequest
from aktify_sandbox.originals import asyncio
from aktify_sandbox.storage.index import restored
from aktify_sandbox.storage.log import Line, is_request
from aktify_sandbox.storage.store import Store


class Verification:
    """Expectations and their progress through the request journal, which is read once."""

    def __init__(self, store: Store, expectations: Iterable[Expectation]) -> None:
        """Raises `FilterError` when a scope can't be understood."""
        self._store = store
        self._oldest = 0
        self._verifiers = [(each, _filters(each.scope), Verifier(each)) for each in expectations]

    @property
    def begins(self) -> int:
        """The number of the first relevant line."""
        return 1 + min((filters.after_number for _, filters, _ in self._verifiers), default=0)

    def read_until(self, cursor: Cursor) -> Work[None]:
        """Read every line up to the cursor."""
        self._oldest = self._store.oldest_request
        with self._store.log.snapshot() as snapshot:
            for line in snapshot.lines(snapshot.offset_of(self.begins)):
                if line.number > cursor.number:
                    return
                self.read(line)
                yield

    def read(self, line: Line) -> None:
        """Read this line too."""
        if not is_request(line) or line.number < self._oldest:
            return
        meant = [verifier for _, filters, verifier in self._verifiers if filters.admits(line)]
        if meant:
            request = RecordedRequest(restored(line.load()))
            for verifier in meant:
                verifier.add(request)

    def results(self) -> list[Result]:
        """The verdicts so far."""
        return [
            verifier.result(self._lost(each.scope, filters)) for each, filters, verifier in self._verifiers
        ]

    def _lost(self, scope: Scope, filters: Filters) -> int:
        """The most dropped requests that may have been in the scope."""
        if not self._oldest or filters.after_number >= self._oldest - 1 or self._begins_later(scope):
            return 0
        first = self._store.request(self._oldest)
        return 0 if first and filters.since and filters.since > first["receivedAt"] else self._store.dropped

    def _begins_later(self, scope: Scope) -> bool:
        """Whether the campaign was added after the dropped requests."""
        added = (row.doc_id for row in self._store.db.table("campaigns") if row["name"] == scope.campaign)
        return next(added, 0) > self._oldest


def _filters(scope: Scope) -> Filters:
    given = {"campaign": scope.campaign, "after": scope.after, "since": scope.since}
    return Filters.of({name: value for name, value in given.items() if value is not None})


async def verify(
    store: Store, stream: Stream, expectations: list[Expectation], seconds: float, run: Runs
) -> list[Result]:
    """Compares the requests with the expectations; with `seconds`, returns when all are met or the time is up.

    `run` searches those that are already recorded. A request counts once it is answered. Raises `FilterError`.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    verification = await stream.settled(lambda: _verified(store, stream, expectations, deadline, run))
    return verification.results()


async def _verified(
    store: Store, stream: Stream, expectations: list[Expectation], deadline: float, run: Runs
) -> Verification:
    """Ends early when requests are cleared; the caller must then start again."""
    store.flush()
    cleared, cursor, verification = stream.cleared, stream.cursor(), Verification(store, expectations)
    await run(verification.read_until(cursor))
    if stream.cleared == cleared and not _holds(verification):
        async for lines in stream.coming(cursor, deadline):
            for line in lines:
                verification.read(line)
            if _holds(verification):
                break
    return verification


def _holds(verification: Verification) -> bool:
    return all(result.ok for result in verification.results())
