"""What it costs to be looked at: the endpoint under load without viewers, with fifty, with fifty that don't read."""

import multiprocessing
import selectors
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from benchmarks import goals, machine, results
from benchmarks.leads import HOST, Places
from benchmarks.load import Load, Measured, generator, put
from benchmarks.servers import SANDBOX, Server, served

_VIEWERS = 50
_ABOUT = {
    "nobody": "nobody looks",
    "viewers": f"{_VIEWERS} viewers",
    "deaf": f"{_VIEWERS} viewers that don't read",
}
_ASK = b"GET /_sandbox/requests/stream HTTP/1.1\r\nhost: localhost\r\n\r\n"
_WARM_UP = 0.2

Round = dict[str, Measured]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: float


def run(plan: Plan, to: Path) -> None:
    """Measure and write the section."""
    places, names = Places(), list(_ABOUT)
    rounds: list[Round] = []
    seen: list[int] = []
    for number in range(plan.rounds):
        turn = number % len(names)
        rounds.append({name: _measured(name, plan, places, seen) for name in names[turn:] + names[:turn]})
        print(f"round {number + 1} of {plan.rounds}", file=sys.stderr)
    results.write("Viewers", _report(plan, rounds, seen), to)


def _measured(name: str, plan: Plan, places: Places, seen: list[int]) -> Measured:
    with served(SANDBOX, places.take(1)) as server:
        put(Load(places.take(), seconds=plan.seconds * _WARM_UP), server)
        if name == "nobody":
            return put(Load(places.take(), seconds=plan.seconds), server)
        with _watched(server, reads=name == "viewers") as events:
            measured = put(Load(places.take(), seconds=plan.seconds), server)
            if name == "viewers":
                seen.append(events())
            return measured


@contextmanager
def _watched(server: Server, *, reads: bool) -> Iterator["_Count"]:
    """Viewers in a process of their own, on the core of the load."""
    ours, theirs = multiprocessing.Pipe()
    _, core = machine.cores()
    process = multiprocessing.Process(target=_view, args=(server.port, reads, theirs))
    with machine.on_core(core):
        process.start()
    ours.recv()
    try:
        yield _Count(ours)
    finally:
        process.kill()
        process.join()


class _Count:
    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def __call__(self) -> int:
        """How many events all viewers together have seen."""
        self._pipe.send(None)
        return int(self._pipe.recv())


def _view(port: int, reads: bool, pipe: Connection) -> None:
    connections = []
    for _ in range(_VIEWERS):
        connection = socket.create_connection((HOST, port))
        connection.sendall(_ASK)
        connections.append(connection)
    waiting, events = selectors.DefaultSelector(), 0
    waiting.register(pipe, selectors.EVENT_READ)
    for connection in connections if reads else ():
        waiting.register(connection, selectors.EVENT_READ)
    pipe.send(None)
    while True:
        for key, _ in waiting.select():
            if key.fileobj is pipe:
                pipe.recv()
                pipe.send(events)
                continue
            assert isinstance(key.fileobj, socket.socket)  # noqa: S101  the rest of what is registered
            piece = key.fileobj.recv(1 << 18)
            events += piece.count(b"\nid: ")
            if not piece:
                waiting.unregister(key.fileobj)


def _report(plan: Plan, rounds: list[Round], seen: list[int]) -> list[str]:
    rows = [
        [
            about,
            f"{median(each[name].cpu_us for each in rounds):.1f} µs",
            f"{median(each[name].rate for each in rounds):,.0f}",
            f"{median(each[name].p99_ms for each in rounds):.2f} ms",
            _ratio(rounds, name),
        ]
        for name, about in _ABOUT.items()
    ]
    head = ["who looks", "CPU per request", "requests/s", "p99", "CPU to that without viewers"]
    what = f"{generator()}, {plan.rounds} rounds of {plan.seconds:g} s each. Viewers have the whole stream, "
    failed = sum(measured.failed for each in rounds for measured in each.values())
    taken = f"The {_VIEWERS} viewers together took {median(seen):,.0f} events a round"
    return [
        what + "unfiltered, and share the core of the load.",
        "",
        *results.table(head, rows),
        "",
        f"{taken}; what they haven't had yet comes later.",
        *([f"**NOT VALID**: {failed:,} failed."] if failed else []),
    ]


def _ratio(rounds: list[Round], name: str) -> str:
    if name == "nobody":
        return "1"
    ratios = [each[name].cpu_us / each["nobody"].cpu_us for each in rounds]
    return f"{results.spread(ratios)}, {goals.VIEWED.verdict(median(ratios))}"
