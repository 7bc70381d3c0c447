"""A state folder with many leads and requests, as `serve` leaves it, in seconds instead of minutes.

One lead is posted to a real `serve`; its line in the log is the pattern of all others, each with its own id and phone
number and sealed as the sandbox seals it. Then `serve` opens the folder, is asked what it has, and stops cleanly.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import click
import httpx

from aktify_sandbox.storage.log import number_in, request_id, seal
from benchmarks.leads import phone_number
from benchmarks.servers import SERVE, STATE, Server, served

LOG = Path(STATE) / "log.jsonl"
_AT_ONCE = 10_000
_LONGEST_LINE = 1 << 14


@contextmanager
def prepared(leads: int) -> Iterator[Path]:
    """A folder in which `serve` finds `leads` leads, those of the first places, and one more request."""
    with TemporaryDirectory(prefix="aktify-benchmark-") as name:
        folder = Path(name)
        prepare(folder, leads)
        yield folder


@contextmanager
def copied(folder: Path, more: range = range(0)) -> Iterator[Path]:
    """A copy of such a folder, to be changed, with the leads of more places."""
    with TemporaryDirectory(prefix="aktify-benchmark-") as name:
        copy = Path(name)
        shutil.copytree(folder / STATE, copy / STATE)
        extend(copy, more)
        yield copy


def prepare(folder: Path, leads: int) -> None:
    """Fill the folder."""
    _fill(folder, leads)
    server = Server(SERVE, folder)
    try:
        status = httpx.get(f"{server.url}/status", trust_env=False).json()
    finally:
        server.stop()
    found = status["leads"], status["requests"]
    if found != (leads, leads + 1):  # the server was asked once
        raise click.ClickException(f"{leads} leads and {leads + 1} requests were prepared; it has {found}.")


def extend(folder: Path, places: range) -> None:
    """Write the leads of these places behind the others, as a server does that is killed before its next checkpoint."""
    with (folder / LOG).open("r+b") as file:
        pattern = list(islice(file, 2))[1]
        file.seek(-_LONGEST_LINE, os.SEEK_END)
        last = number_in(file.readlines()[-1])
        _write(file, _lines(pattern, last + 1, places))


def _fill(folder: Path, leads: int) -> None:
    with served(SERVE, folder):  # it takes the lead of place 0
        log = folder / LOG
        first, pattern = log.read_bytes().splitlines(keepends=True)
    shutil.rmtree(folder / STATE)
    log.parent.mkdir(mode=0o700)
    with log.open("wb") as file:
        log.chmod(0o600)
        file.write(first)
        _write(file, _lines(pattern, 1, range(leads)))


def _write(file: BinaryIO, lines: Iterator[bytes]) -> None:
    while batch := b"".join(islice(lines, _AT_ONCE)):
        file.write(batch)


def _lines(pattern: bytes, number: int, places: Iterable[int]) -> Iterator[bytes]:
    """Lines like that of place 0, numbered from there on."""
    marks = _marks(1, 0)
    parts = re.split(b"(%b)" % b"|".join(map(re.escape, marks)), pattern[: pattern.rindex(b',"crc"')] + b"}")
    holes = [(index, marks.index(part)) for index, part in enumerate(parts) if part in marks]
    for own in map(_marks, count(number), places):
        for index, which in holes:
            parts[index] = own[which]
        yield seal(b"".join(parts))


def _marks(number: int, place: int) -> tuple[bytes, bytes, bytes]:
    """What is different in each line: the id, and the phone number in both spellings."""
    phone = phone_number(place)
    e164 = f"+1{phone[1:4]}555{phone[-4:]}"
    return request_id(number).encode(), phone.encode(), e164.encode()
