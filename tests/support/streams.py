"""Readers of the stream of requests."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import httpx

from support.running import Sandboxed

Event = tuple[str, str | None, Any]


class Viewer:
    """A reader of the stream."""

    def __init__(self, answer: httpx.Response) -> None:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        self._lines = answer.iter_lines()

    def next(self) -> Event:
        """The next event: its type, id and data. Comments are passed over."""
        kind, name, data = "message", None, ""
        for text in self._lines:
            word, _, value = text.partition(": ")
            if word == "event":
                kind = value
            elif word == "id":
                name = value
            elif word == "data":
                data = value
            elif not text and data:
                return kind, name, json.loads(data)
        raise EOFError

    def ids(self, count: int) -> list[str | None]:
        """The ids of the next events."""
        return [self.next()[1] for _ in range(count)]


@contextlib.contextmanager
def viewer(sandbox: Sandboxed, query: str = "", **headers: str) -> Iterator[Viewer]:
    """The stream, its greeting not read yet."""
    with httpx.Client(base_url=sandbox.url, trust_env=False, timeout=20) as client:
        path = f"/_sandbox/requests/stream{query}"
        with client.stream("GET", path, headers=headers) as answer:
            assert answer.status_code == 200
            yield Viewer(answer)


def request_ids(answers: list[httpx.Response]) -> list[str]:
    return [answer.headers["x-aktify-sandbox-request"] for answer in answers]
