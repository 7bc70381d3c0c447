"""The whole state in one file: the log itself, and a line at its end that says that nothing is missing.

What arrives is written beside the log and verified there, line by line, while the sandbox goes on; then it takes the
log's place in one step.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from aktify_sandbox.contract.phone import is_fictional
from aktify_sandbox.errors import LogDamagedError, StateFileError
from aktify_sandbox.jobs import Work
from aktify_sandbox.storage.index import Index
from aktify_sandbox.storage.log import FORMAT, Line, Replacement, Snapshot, is_intact, request_id

_AT_ONCE = 50
"""So many lines are a fraction of a millisecond's work."""
_BEGINNING = re.compile(rb'\{"id":"r[0-9]{9,15}"(,"kind":"request","receivedAt":"[^"]{24}")?')
_FIRST = b'{"id":"r000000000","log":"aktify-sandbox",'
_KINDS = (None, "request", "amend", "put", "drop", "keep", "loaded", "end")
"""The kinds of lines; None is that of the first."""
DAMAGED = "This line is damaged: its checksum is wrong."
MOVED = "This line's id isn't larger than that of the line before: it was moved."
MEANINGLESS = "This line makes no sense, although its checksum is right: no sandbox wrote it."
NONSENSE = (AttributeError, LookupError, TypeError, ValueError)
"""What nonsense raises where it is applied."""
_NO_STATE = "This is no state file: it is what `aktify-sandbox state save` writes."

Protects = Callable[[str | None], bool]
"""Whether only fictional numbers may be kept in a campaign (None: one that isn't known)."""


class Upload:
    """A state on its way in: what may take the log's place, and what it says. It is gone unless it does."""

    def __init__(self, log: Replacement) -> None:
        self._log = log
        self._last = b""

    def write(self, data: bytes) -> None:
        """Add what came. Raises `LogWriteError`."""
        self._log.write(data)
        self._last = data[-1:] or self._last

    def verify(self) -> Work[tuple[Replacement, Index]]:
        """What came and what it says, each line verified. Raises `StateFileError`, `LogWriteError`."""
        self._refuse_cut()
        self._log.sync()  # the bulk of it, while nobody waits
        index, end = yield from verify_state(self._log.snapshot())
        self._log.cut(end)
        return self._log, index

    def _refuse_cut(self) -> None:
        """Raises `StateFileError` when what came doesn't end as a line does."""
        if self._log.size == 0:
            raise StateFileError(1, f"There is nothing in it. {_NO_STATE}")
        if self._last != b"\n":
            snapshot = self._log.snapshot()
            count = snapshot.count_before(snapshot.size)
            if not count or snapshot.read(min(len(_FIRST), snapshot.size), 0) != _FIRST:
                raise StateFileError(1, _NO_STATE)
            raise StateFileError(count + 1, "The file ends in the middle of this line: it was cut off.")

    def close(self) -> None:
        """Let go of it, and remove it unless it has taken the log's place."""
        self._log.close()


def verify_state(log: Snapshot) -> Work[tuple[Index, int]]:
    """What a state says, each line verified, and where its last line begins. Raises `StateFileError`."""
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
            raise StateFileError(place, "Something stands behind the end of the state: files were joined.")
        if place == 1 and not line.text.startswith(_FIRST):
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
            "The end is missing: the file was cut off. (A log.jsonl is no state file: its sandbox writes one.)",
        )


def _content_of(place: int, line: Line) -> dict[str, Any]:
    try:
        content = line.load()
    except LogDamagedError:
        raise StateFileError(place, "This line isn't JSON.") from None
    if place == 1 and content.get("version") != FORMAT:
        found = content.get("version")
        raise StateFileError(
            1, f"The state is in format {found}; this version of aktify-sandbox knows format {FORMAT} alone."
        )
    kind = content.get("kind")
    if (place == 1) != (kind is None) or kind not in _KINDS:
        raise StateFileError(
            place, "This kind of line isn't known to this version of aktify-sandbox: was it a newer one?"
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
    """The place of the line that put the document as it is."""
    contents = (line.load() for line in log.snapshot().lines())
    names = ("kind", "table", "document")
    return max(
        place
        for place, content in enumerate(contents, start=1)
        if [f"{content.get(name)}" for name in names] == ["put", table, document]
    )


def refuse_real_people(log: Replacement, protects: Protects) -> Work[None]:
    """Where only fictional numbers may be kept, nothing else comes in through a file. Raises `StateFileError`."""
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
        f"Here is {what} with a number outside 555-0100 to 555-0199, or none: --fictional-only lets in nothing "
        "that could be a real person's. (Where it comes from, `leads clear`, then `requests clear` leave it out.)",
    )
