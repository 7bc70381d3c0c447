"""Whether a log is what was written: each line's checksum, its place in the sequence and its meaning."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from aktify_sandbox.errors import LogError
from aktify_sandbox.storage.index import Index
from aktify_sandbox.storage.log import Line, is_intact
from aktify_sandbox.storage.reader import opened
from aktify_sandbox.storage.state_file import DAMAGED, MEANINGLESS, MOVED, NONSENSE

Progress = Callable[[int], AbstractContextManager[Callable[[], None]]]
"""Is told how many lines there are, and gives what is called for each."""
_MARKS = (b'{"id":"r000000000"', b'"log":"aktify-sandbox"')


class Damage(NamedTuple):
    """A line that isn't what was written."""

    line: int
    message: str


class LogCheck(NamedTuple):
    """What was found."""

    file: str
    bytes: int
    lines: int
    leads: int
    requests: int
    unfinished: int
    """How many bytes stand behind the last line: it is being written, or a crash tore it."""
    damaged: list[Damage]


def check_log(path: Path, progress: Progress) -> LogCheck:
    """Read the log at the path, whoever writes it. Raises `LogError` when it is no log of a sandbox, `OSError`."""
    log = opened(path)
    snapshot = log.snapshot(log.size)
    first = next(snapshot.lines(chunk_size=1 << 12), None)
    if first is None or not any(mark in first.text for mark in _MARKS):
        raise LogError(f"{path} is no log of a sandbox.")
    count = snapshot.count_before(snapshot.size)
    index, damaged, end, last = Index(), list[Damage](), 0, -1
    with progress(count) as step:
        for place, line in enumerate(snapshot.lines(), start=1):
            reason = _damage(line, last, index)
            if reason:
                damaged.append(Damage(place, reason))
            else:
                last = line.number
            end = line.offset + len(line.text) + 1
            step()
    leads = sum(map(len, index.leads.values()))
    return LogCheck(f"{path}", end, count, leads, index.requests, snapshot.size - end, damaged)


def _damage(line: Line, last: int, index: Index) -> str | None:
    if not is_intact(line.text):
        return DAMAGED
    try:
        if line.number <= last:
            return MOVED
        index.apply(line.load())
    except NONSENSE:
        return MEANINGLESS
    return None
