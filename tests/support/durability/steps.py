"""Kills a process at each step of what it does to the disk: `python -m support.durability.steps FOLDER ACTION`.

FOLDER/begin holds the state before. For each n a copy of it is made in FOLDER/n, a child opens the store there, and
kills itself with SIGKILL right before its n-th step: a call that opens, writes, syncs, renames, cuts or deletes. A
write is two steps, since a half of it may have been done. When a child comes to its end, all steps have been taken;
the names of the steps are printed.
"""

import asyncio
import builtins
import contextlib
import itertools
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from aktify_sandbox import atomic_write, originals
from aktify_sandbox.jobs import finished
from aktify_sandbox.storage import log
from aktify_sandbox.storage.state_file import Upload
from aktify_sandbox.storage.store import Store


class Steps:
    """Counts the steps and dies before one of them."""

    def __init__(self, die_before: int, names: Path) -> None:
        self._left = die_before
        self._names = names.open("a")

    def step(self, name: str) -> None:
        """One more."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._names.write(f"{name}\n")
        self._names.flush()

    def counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """The function with a step before it."""

        def call(*arguments: Any, **more: Any) -> Any:
            self.step(name)
            return real(*arguments, **more)

        return call

    def write(self, fd: int, data: bytes) -> int:
        """`os.write` in two steps."""
        self.step("write")
        done = _write(fd, data[: len(data) // 2])
        self.step("the other half")
        return done + _write(fd, data[done:])

    def open(self, fd: int, mode: str) -> Any:
        """`open` over a descriptor whose writes are steps; nothing stays in a buffer."""
        steps = self

        class File:
            def __enter__(self) -> Any:
                return self

            def __exit__(self, *_: object) -> None:
                os.close(fd)

            def write(self, data: bytes) -> int:
                return steps.write(fd, data)

            def flush(self) -> None:
                steps.step("flush")

            def fileno(self) -> int:
                return fd

        return File()


_FIRST = {"id": "r000000000", "log": "aktify-sandbox", "version": 1, "next": 1}
_LEAD: dict[str, object] = {
    "campaign": "demo",
    "phone": "+15095550088",
    "receivedAt": "x",
    "request": None,
    "lead": {},
}
_STATE = (
    _FIRST,
    {"id": "r000000003", "kind": "put", "table": "leads", "document": 3, "content": _LEAD},
    {"id": "r000000009", "kind": "end"},
)


def _load(store: Store) -> None:
    """Take a small state in."""
    upload = Upload(store.log.replacement())
    for content in _STATE:
        upload.write(log.seal(orjson.dumps(content)))
    store.load(*finished(upload.verify()))
    upload.close()


def _checkpoint(store: Store) -> None:
    """As it is written while the sandbox runs, and at its stop."""
    assert store.state_folder
    for _ in store.checkpoint(store.state_folder):
        pass


def _keep_the_newest(store: Store) -> None:
    asyncio.run(store._tidy(5))  # private: runs by itself, when enough has come


_write = os.write
_ACTIONS: dict[str, Callable[[Store], object]] = {
    "first checkpoint": _checkpoint,
    "next checkpoint": _checkpoint,
    "clear requests": lambda store: asyncio.run(store.clear_requests()),
    "forget all": lambda store: store.forget_all(),
    "keep the newest": _keep_the_newest,
    "load a state": _load,
}


def _act(folder: Path, action: str, die_before: int, names: Path) -> None:
    if action == "open":
        _watch(die_before, names)
        Store(folder)
        return
    store = Store(folder)
    if action == "keep the newest":
        store.max_requests = store.index.max_requests = 5
    _watch(die_before, names)
    _ACTIONS[action](store)


def _watch(die_before: int, names: Path) -> None:
    steps = Steps(die_before, names)
    for name in ("open", "fsync", "replace", "unlink", "ftruncate", "close"):
        counted = steps.counted(name, getattr(os, name))
        setattr(os, name, counted)
        setattr(originals.os, name, counted)
    os.write = originals.os.write = steps.write  # type: ignore[assignment]  # data is bytes wherever we write
    atomic_write.open = steps.open  # type: ignore[attr-defined]  # takes the place of the builtin


def main() -> None:
    """Run the action with a child per step."""
    log._CHUNK = 1_000  # private: a short log shall be read and rewritten in several pieces
    folder, action = Path(sys.argv[1]), sys.argv[2]
    assert atomic_write.__dict__.get("open", builtins.open) is builtins.open
    for die_before in itertools.count(1):
        state, names = folder / str(die_before), folder / f"{die_before}.txt"
        shutil.copytree(folder / "begin", state)
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                _act(state, action, die_before, names)
                os._exit(0)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.stdout.write(json.dumps([os.WEXITSTATUS(status), names.read_text().splitlines()]))
            return
        assert os.WTERMSIG(status) == signal.SIGKILL


if __name__ == "__main__":
    main()
