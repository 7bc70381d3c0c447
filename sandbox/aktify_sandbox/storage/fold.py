"""The state as one plain TinyDB file, for people and tools: `TinyDB(".aktify-sandbox/state.json")` opens it.

It is a copy, made at a clean stop; the log is the truth, so a fold that fails or is skipped loses nothing.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from aktify_sandbox.replacing import replaced
from aktify_sandbox.storage.log import fsync_folder


def fold(tables: Mapping[str, Mapping[str, Any]], path: Path, seconds: float) -> bool:
    """Put the tables into a TinyDB file, all or nothing. False when it didn't fit the time or the disk.

    A copy that couldn't be renewed is removed, since it would show what is no longer so.
    """
    deadline = time.monotonic() + seconds
    try:
        with replaced(path) as file:
            for piece in _pieces(tables):
                if time.monotonic() > deadline:
                    raise TimeoutError
                file.write(piece)
        fsync_folder(path.parent)
    except OSError:  # TimeoutError is one
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        return False
    return True


def _pieces(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[bytes]:
    for number, (name, documents) in enumerate(tables.items()):
        yield (b"," if number else b"{") + orjson.dumps(name) + b":{"
        for place, (key, document) in enumerate(documents.items()):
            yield (b"," if place else b"") + orjson.dumps(key) + b":" + orjson.dumps(document)
        yield b"}\n"
    yield b"}"
