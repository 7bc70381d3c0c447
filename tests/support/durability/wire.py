"""Clients that speak HTTP by hand: what counts as acknowledged is an answer that came to its last byte."""

import contextlib
import itertools
import json
import random
import re
import socket
import threading
from typing import NamedTuple, Self

from benchmarks.leads import phone_number
from support.conditions import eventually

__all__ = ["Book", "Crowd", "Reply", "Wire", "e164", "phone_number"]


def e164(phone: str) -> str:
    """The number as the sandbox keeps it."""
    return "+1" + re.sub("[^0-9]", "", phone)


class Reply(NamedTuple):
    """An answer that came whole."""

    status: int
    number: int | None
    """That of its record."""


class Wire:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, phone: str, *, leave_out: int = 0) -> None:
        """Post a lead; `leave_out` bytes of its end stay unsent."""
        body = json.dumps({"phoneNumber": phone, "region": "CA"})
        head = (
            f"POST /api/v1/leads HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: test-key\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        whole = (head + body).encode()
        self._socket.sendall(whole[: len(whole) - leave_out])

    def receive(self) -> Reply:
        """The next answer. Raises `OSError` when it doesn't come whole."""
        head, _, self._rest = self._until(b"\r\n\r\n").partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: ([0-9]+)", head)
        assert length, head
        while len(self._rest) < int(length[1]):
            self._rest += self._more()
        self._rest = self._rest[int(length[1]) :]
        number = re.search(rb"\r\nx-aktify-sandbox-request: r([0-9]+)", head)
        return Reply(int(head[9:12]), int(number[1]) if number else None)

    def post(self, phone: str) -> Reply:
        """Send and receive."""
        self.send(phone)
        return self.receive()

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._rest:
            self._rest += self._more()
        return self._rest

    def _more(self) -> bytes:
        data = self._socket.recv(65_536)
        if not data:
            raise ConnectionError("The connection ended before the answer did.")
        return data


class Book:
    """What the clients know: which leads were acknowledged, over all starts of the sandbox."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, int] = {}
        """Phone (E.164) to the number of its record."""
        self.wrong: list[str] = []
        self.answers = 0
        self._places = itertools.count()
        self.newest = phone_number(next(self._places))

    def pick(self, chance: float) -> str:
        """Mostly a new number; sometimes the one that somebody else has just sent, or one acknowledged before."""
        if chance < 0.2:
            return self.newest
        if chance < 0.3:
            return phone_number(0)
        self.newest = phone_number(next(self._places))
        return self.newest

    def wait_for(self, count: int) -> None:
        """Until so many more answers have come."""
        enough = self.answers + count
        eventually(lambda: self.answers >= enough)

    def note(self, phone: str, reply: Reply, known: bool) -> None:
        """Take down an answer; `known`: the phone was acknowledged before it was sent."""
        self.answers += 1
        if reply.status == 201 and reply.number and phone not in self.acknowledged:
            self.acknowledged[phone] = reply.number
        elif reply.status != 409:
            self.wrong.append(f"{phone} got {reply.status} ({known=})")


class Crowd:
    """Clients that post without a rest until the sandbox is gone."""

    def __init__(self, port: int, book: Book, clients: int = 16) -> None:
        self._threads = [threading.Thread(target=self._work, args=(port, book)) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Until each has noticed the end."""
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive(), "a client still waits for its answer"

    def _work(self, port: int, book: Book) -> None:
        chance = random.Random()
        with contextlib.suppress(OSError), Wire(port) as wire:
            while True:
                phone = book.pick(chance.random())
                known = e164(phone) in book.acknowledged
                book.note(e164(phone), wire.post(phone), known)
