"""Requests as they arrive: the stream of server-sent events, followed across restarts of the sandbox."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from aktify_sandbox.cli.client import Client, NoAnswerError
from aktify_sandbox.journal.summary import BEFORE_ALL
from aktify_sandbox.storage.log import request_id

_STILL_HERE_SECONDS = 45
"""The sandbox sends something every 15 seconds; one that is silent for so long is gone."""
_AGAIN_SECONDS = 0.5


class ServerSentEvent(NamedTuple):
    """A server-sent event."""

    name: str
    content: Any
    id: str | None


def events(pieces: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    """The events in a stream. Only line feeds end lines: JSON may contain other characters that count as line
    breaks.
    """
    name, data, number = "", list[bytes](), None
    for line in _lines(pieces):
        word, _, value = line.partition(b": ")
        match word:
            case b"event":
                name = value.decode()
            case b"data":
                data.append(value)
            case b"id":
                number = value.decode()
            case b"" if not line and data:
                yield ServerSentEvent(name or "message", json.loads(b"\n".join(data)), number)
                name, data, number = "", [], None


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for piece in pieces:
        *lines, held = (held + piece).split(b"\n")
        yield from lines


class Tail:
    """Follows a stream."""

    def __init__(
        self,
        client: Client,
        wanted: Mapping[str, Any],
        show: Callable[[dict[str, Any]], None],
        say: Callable[[str], None],
    ) -> None:
        """`wanted` are filters, `show` prints a request, `say` reports changes of the sandbox."""
        self._client = client
        self._wanted = wanted
        self._show = show
        self._say = say
        self._last: str | None = None
        """The id after which to continue."""
        self._run = ""
        client.http.timeout = _STILL_HERE_SECONDS

    def follow(self, count: int) -> None:
        """Follow until Ctrl-C. Shows the last `count` requests first. Ends the command if no sandbox answers
        at first.
        """
        try:
            while True:
                try:
                    if self._listen(count):
                        continue
                except NoAnswerError:
                    if self._last is None:
                        raise
                self._say("The sandbox stopped. Waiting for it to restart.")
                self._wait()
        except KeyboardInterrupt:
            return

    def _wait(self) -> None:
        while True:
            time.sleep(_AGAIN_SECONDS)
            self._client.look_again(any_source=False)
            try:
                self._client.check()
            except NoAnswerError:
                continue
            return

    def _listen(self, count: int) -> bool:
        """Until the stream ends, or (True) must start again."""
        with self._client.stream("/requests/stream", **self._wanted, after=self._last) as answer:
            for event in events(answer.iter_raw()):
                if event.name == "hello" and not self._greeted(event.content, count):
                    return True
                if event.name == "cleared":
                    self._say("Requests were cleared.")
                elif event.name in ("message", "amended"):
                    self._last = event.id or self._last
                    self._show(event.content)
        return False

    def _greeted(self, hello: dict[str, Any], count: int) -> bool:
        """Whether this stream continues where the last one ended."""
        before, self._run = self._run, hello["run"]
        if self._last is None:
            self._last = hello["newest"]
            self._show_last(count)
        elif before != self._run:
            self._say("The sandbox restarted.")
            if hello["newest"] < self._last:  # without a state: ids have started again
                self._last = BEFORE_ALL
                return False
        return True

    def _show_last(self, count: int) -> None:
        if count and self._last:
            behind = request_id(int(self._last[1:]) + 1)
            page = self._client.get("/requests", **self._wanted, limit=count, before=behind)
            for entry in reversed(page["requests"]):
                self._show(entry)
