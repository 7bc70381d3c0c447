"""A state folder with a checkpoint, another checkpoint for it, and damage to its log."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from aktify_sandbox.storage.store import Store
from support.stores import post, run

KEY = {"digest": "x", "campaign": "demo", "revoked": False}


def write_checkpoint(store: Store) -> None:
    assert store.state_folder
    for _ in store.checkpoint(store.state_folder):
        pass


def folder_with_checkpoint(folder: Path) -> Path:
    """A state with a checkpoint and more behind it: leads posted, imported and dropped, links, keys, amendments."""
    store = Store(folder)
    run(*(post(store, "demo", number, code=f"c{number}") for number in range(9)))
    store.db.table("keys").insert({**KEY, "shown": "a"})
    store.amend(3, {"hungUpAfterMs": 5.0})
    store.leads.remove(doc_ids=[1])
    write_checkpoint(store)
    run(*(post(store, "other", number) for number in range(4)))
    store.leads.remove(doc_ids=[2])
    store.amend(3, {"hungUpAfterMs": 6.0})
    store.db.table("keys").insert({**KEY, "shown": "b"})
    run(post(store, "demo", 0, code="c19"))
    store.close()
    return folder


def rewritten(checkpoint: bytes, head: dict[str, Any], tail: dict[str, Any]) -> bytes:
    """The checkpoint with these values in its first line or in what it says of its arrays; its checksum is right."""
    first, _, rest = checkpoint[:-4].partition(b"\n")
    size = int.from_bytes(rest[-8:])
    arrays, said = rest[: -8 - size], rest[-8 - size : -8]
    end = orjson.dumps(orjson.loads(said) | tail)
    body = orjson.dumps(orjson.loads(first) | head) + b"\n" + arrays + end + len(end).to_bytes(8)
    return body + zlib.crc32(body).to_bytes(4)


def damaged(folder: Path, number: int, change: Callable[[bytes], bytes]) -> None:
    """Change a line that the checkpoint covers, without another length."""
    path = folder / "log.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    [place] = [place for place, line in enumerate(lines) if line.startswith(b'{"id":"r%09d"' % number)]
    lines[place] = change(lines[place])
    path.write_bytes(b"".join(lines))


def no_json(line: bytes) -> bytes:
    return line.replace(b'"receivedAt"', b'"receivedA\x00"')


def another_digit(line: bytes) -> bytes:
    return line.replace(b"1509555", b"1509556")
