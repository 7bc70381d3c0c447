"""Checks a log: each line's checksum, its place in the sequence and its meaning."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from aktify_sandbox.errors import LogError
from aktify_sandbox.storage.index import Index
from aktify_sandbox.storage.log import Line, is_intact, is_log
from aktify_sandbox.storage.reader import opened
from aktify_sandbox.storage.state_file import DAMAGED, MEANINGLESS, MOVED, NONSENSE

Progress = Callable[[int], AbstractContextManager[Callable[[], None]]]
"""Gets the number of lines, and returns what to call for each."""


class Damage(NamedTuple):
    """A damaged line."""

    line: int
    message: str


class LogCheck(NamedTuple):
    """The result of a check."""

    file: str
    bytes: int
    lines: int
    leads: int
    requests: int
    unfinished: int
    """Bytes after the last whole line, which is still being written or was cut short by a crash."""
    damaged: list[Damage]


def check_log(path: Path, progress: Progress) -> LogCheck:
    """Check the log at the path, even while a sandbox writes it. Raises `LogError` if it isn't a sandbox's log,
    `OSError`.
    """
    log = opened(path)
    snapshot = log.snapshot(log.size)
    first = next(snapshot.lines(chunk_size=1 << 12), None)
    if first is None or not is_log(first.text):
        raise LogError(f"{path} isn't a log of aktify-sandbox.")
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
