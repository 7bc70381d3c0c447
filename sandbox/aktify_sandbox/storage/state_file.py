"""The whole state in one file: the log, and a last line that proves that it is complete.

An upload is written next to the log and verified line by line while the sandbox runs; then it replaces the log in one
step.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from aktify_sandbox.contract.phone import is_fictional
from aktify_sandbox.errors import LogDamagedError, StateFileError
from aktify_sandbox.jobs import Work
from aktify_sandbox.storage.index import Index
from aktify_sandbox.storage.log import FIRST, FORMAT, Line, Replacement, Snapshot, is_intact, request_id

_AT_ONCE = 50
"""The number of lines that take a fraction of a millisecond."""
_BEGINNING = re.compile(rb'\{"id":"r[0-9]{9,15}"(,"kind":"request","receivedAt":"[^"]{24}")?')
_KINDS = (None, "request", "amend", "put", "drop", "keep", "loaded", "end")
"""The kinds of lines; None is that of the first."""
DAMAGED = "Damaged line: its checksum is wrong."
MOVED = "The line's id isn't greater than the previous line's: the line was moved."
MEANINGLESS = "Invalid entry with a valid checksum: not written by aktify-sandbox."
NONSENSE = (AttributeError, LookupError, TypeError, ValueError)
"""The exceptions that nonsensical lines raise when they are applied."""
_NO_STATE = "The file isn't a state file. Fix: save one with `aktify-sandbox state save`."

Protects = Callable[[str | None], bool]
"""Whether a campaign accepts only fictional numbers (None: an unknown campaign)."""


class Upload:
    """A state that is being received, and its index. It is removed unless it replaces the log."""

    def __init__(self, log: Replacement) -> None:
        self._log = log
        self._last = b""

    def write(self, data: bytes) -> None:
        """Write a piece. Raises `LogWriteError`."""
        self._log.write(data)
        self._last = data[-1:] or self._last

    def verify(self) -> Work[tuple[Replacement, Index]]:
        """Verify each line. Returns the new log and its index. Raises `StateFileError`, `LogWriteError`."""
        self._refuse_cut()
        self._log.sync()  # most of it, ahead of time
        index, end = yield from verify_state(self._log.snapshot())
        self._log.cut(end)
        return self._log, index

    def _refuse_cut(self) -> None:
        """Raises `StateFileError` if the last line has no newline."""
        if self._log.size == 0:
            raise StateFileError(1, "The file is empty. Fix: save one with `aktify-sandbox state save`.")
        if self._last != b"\n":
            snapshot = self._log.snapshot()
            count = snapshot.count_before(snapshot.size)
            if not count or snapshot.read(min(len(FIRST), snapshot.size), 0) != FIRST:
                raise StateFileError(1, _NO_STATE)
            raise StateFileError(count + 1, "The file ends within this line: it was cut off.")

    def close(self) -> None:
        """Release it, and remove it unless it has replaced the log."""
        self._log.close()


def verify_state(log: Snapshot) -> Work[tuple[Index, int]]:
    """The index of a state file, each line verified, and the offset of its last line. Raises `StateFileError`."""
    index, end = Index(), 0
    for place, (line, content) in enumerate(_verified_lines(log), start=1):
        if place % _AT_ONCE == 0:
            yield
        if content.get("kind") == "end":
            end = line.offset
            continue
        try:
            index.apply(content)
        except NONSENSE:
            raise StateFileError(place, MEANINGLESS) from None
    return index, end


def _verified_lines(log: Snapshot) -> Iterator[tuple[Line, dict[str, Any]]]:
    last, place = -1, 0
    kind: str | None = ""
    for place, line in enumerate(log.lines(), start=1):
        if kind == "end":
            raise StateFileError(place, "Unexpected line after the end of the state: files were joined.")
        if place == 1 and not line.text.startswith(FIRST):
            raise StateFileError(1, _NO_STATE)
        if not is_intact(line.text):
            raise StateFileError(place, DAMAGED)
        content = _content_of(place, line)
        if line.number <= last:
            raise StateFileError(place, MOVED)
        last, kind = line.number, content.get("kind")
        yield line, content
    if kind != "end":
        raise StateFileError(
            place + 1,
            "The end is missing: the file was cut off, or it is a log.jsonl instead of a state file.",
        )


def _content_of(place: int, line: Line) -> dict[str, Any]:
    try:
        content = line.load()
    except LogDamagedError:
        raise StateFileError(place, "The line isn't JSON.") from None
    if place == 1 and content.get("version") != FORMAT:
        found = content.get("version")
        raise StateFileError(
            1, f"The state has format {found}; this version of aktify-sandbox reads only format {FORMAT}."
        )
    kind = content.get("kind")
    if (place == 1) != (kind is None) or kind not in _KINDS:
        raise StateFileError(
            place, "Unknown kind of line; a newer version of aktify-sandbox may have written it."
        )
    beginning = _BEGINNING.match(line.text)
    as_written = beginning is not None and bool(beginning[1]) == (kind == "request")
    if not as_written or content["id"] != request_id(line.number) or not _has_document(content):
        raise StateFileError(place, MEANINGLESS)
    return content


def _has_document(content: dict[str, Any]) -> bool:
    """Whether a line that puts a document into a table has one."""
    number, document = content.get("document"), content.get("content")
    return content.get("kind") != "put" or (type(number) is int and isinstance(document, dict))


def line_of(log: Replacement, table: str, document: str) -> int:
    """The position of the line with the document's current version."""
    contents = (line.load() for line in log.snapshot().lines())
    names = ("kind", "table", "document")
    return max(
        place
        for place, content in enumerate(contents, start=1)
        if [f"{content.get(name)}" for name in names] == ["put", table, document]
    )


def refuse_real_people(log: Replacement, protects: Protects) -> Work[None]:
    """Refuse real numbers where campaigns accept only fictional ones. Raises `StateFileError`."""
    for place, line in enumerate(log.snapshot().lines(), start=1):
        if place % _AT_ONCE == 0:
            yield
        try:
            _refuse_real_person(place, line.load(), protects)
        except StateFileError:
            raise
        except NONSENSE:
            raise StateFileError(place, MEANINGLESS) from None


def _refuse_real_person(place: int, content: dict[str, Any], protects: Protects) -> None:
    about = content
    if content.get("table") == "leads" and content.get("kind") == "put":
        about = content["content"]
    if content.get("kind") in ("request", "put") and "phone" in about and protects(about["campaign"]):
        _refuse_unless_made_up(place, content, about["phone"])


def _refuse_unless_made_up(place: int, content: dict[str, Any], phone: str | None) -> None:
    if content.get("bodyOmitted") == "fictional-only" or (phone is not None and is_fictional(phone)):
        return
    what = f"the request {content['id']}" if content["kind"] == "request" else "an imported lead"
    raise StateFileError(
        place,
        f"The line holds {what} without a number from 555-0100 to 555-0199, and --fictional-only is on. "
        "Fix: run `leads clear` and `requests clear` in the sandbox that saves the state.",
    )
