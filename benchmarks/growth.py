"""What a request costs when there have been many: CPU, p99, memory, disk.

Twice: with each lead different, so that every answer is 201, and with the same leads again and again, so that all
but the first round of them are 409. A figure “at N requests” is the median of several stretches of requests in a
row that begin there; the first figure, at 1,000, comes from as many fresh servers instead, since the second stretch
there would no longer be at 1,000. These are measured between the last stretches, since a machine drifts. Where leads
repeat, those servers get 500 leads again and again: 409 is compared with 409. At each 100,000 a checkpoint is
written, so one or two of the stretches there have it: the spread shows it.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import click

from benchmarks import machine, results
from benchmarks.leads import HOST, NUMBERS
from benchmarks.load import CONNECTIONS, WRK, Load, Measured, put
from benchmarks.servers import SERVE, STATE, Server, served

_PROGRESS_EVERY = 50_000
_RESIDENT_MB = 160


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: where, how many leads are the same, how long a stretch is, how many are at a count."""

    counts: tuple[int, ...]
    same: int
    stretch: int
    repeats: int


@dataclass(slots=True)
class Point:
    """The measurements at a count of requests."""

    count: int
    stretches: list[Measured] = field(default_factory=list)
    resident_mb: float = 0.0
    disk_mb: float = 0.0

    def weigh(self, server: Server) -> None:
        """Keep what the server weighs now."""
        self.resident_mb = machine.resident_mb(server.pid)
        self.disk_mb = machine.disk_mb(server.folder / STATE)

    @property
    def cpu_us(self) -> list[float]:
        """CPU time per request, of each stretch."""
        return [measured.cpu_us for measured in self.stretches]

    @property
    def p99_ms(self) -> list[float]:
        """The 99th percentile of the latency, of each stretch."""
        return [measured.p99_ms for measured in self.stretches]


def plan(*, quick: bool, most: int | None, repeats: int) -> Plan:
    """The whole, the quick form, or one that is smaller still."""
    if most:
        return Plan((most // 4, most), most // 2, most // 4, repeats)
    return Plan((1_000, 100_000) if quick else (1_000, 100_000, 1_000_000), 100_000, 5_000, repeats)


def run(plan: Plan, to: Path | None) -> None:
    """Measure and write the section."""
    WRK.require()
    introduction = f"Stretches of {plan.stretch:,} requests by wrk, {plan.repeats} at each count; medians."
    different = [*_course(plan, NUMBERS, "different leads only")]
    same = [*_course(plan, plan.same, f"{plan.same:,} different leads")]
    results.section("growth", "Growth", [introduction, *different, *same], to)


def _course(plan: Plan, different: int, name: str) -> list[str]:
    points = [Point(plan.counts[0])]
    between: list[Measured] = []
    sent, created = 1, 0
    with served(SERVE) as server:

        def send(count: int) -> Measured:
            nonlocal sent, created
            measured = put(Load(sent, count=count, different=different), WRK, server, {201, 409})
            sent += measured.sent
            created += measured.statuses.get("201", 0)
            return measured

        for count in plan.counts[1:]:
            while sent < count:
                between.append(send(min(_PROGRESS_EVERY, count - sent)))
                print(f"{sent:,} requests on {name}: {between[-1].cpu_us:.1f} µs", file=sys.stderr)
            points.append(Point(count))
            points[-1].weigh(server)
            for _ in range(plan.repeats):
                points[-1].stretches.append(send(plan.stretch))
                if count == plan.counts[-1]:
                    _take_early(points[0], plan, different)
        stretches = len(between) + plan.repeats * (len(points) - 1)
        _look_back(server, sent, created, min(sent, different), stretches)
    head = ["at", "CPU per request", "p99", "resident memory", "on disk", "answers"]
    table = results.table(head, map(_row, points))
    grown = results.figures(_grown(points[0], points[-1], between))
    return ["", f"### On {name}", "", *table, "", *grown]


def _take_early(point: Point, plan: Plan, different: int) -> None:
    different = point.count // 2 if different == plan.same else different
    with served(SERVE) as server:
        before = put(Load(count=point.count, different=different), WRK, server, {201, 409}).sent
        point.weigh(server)
        load = Load(1 + before, count=plan.stretch, different=different)
        point.stretches.append(put(load, WRK, server, {201, 409}))


def _look_back(server: Server, sent: int, created: int, leads: int, stretches: int) -> None:
    """Whether it was the job: each lead created once, each request numbered, the first still read from disk."""
    found = re.search(r"x-aktify-sandbox-request: r(\d+)", server.ask())
    numbered = int(found[1]) if found else 0
    unseen = CONNECTIONS * stretches  # answers to requests that were pending when a stretch ended
    if not (leads - unseen <= created <= leads and sent - unseen <= numbered <= sent + 1):
        raise click.ClickException(f"{sent} sent, {numbered} numbered; {created} created of {leads}.")
    with urlopen(f"http://{HOST}:{server.port}/_sandbox/requests/r000000001") as answer:
        answer.read()


def _row(point: Point) -> list[str]:
    return [
        f"{point.count:,} requests",
        f"{results.spread(point.cpu_us, '.1f')} µs",
        f"{results.spread(point.p99_ms, '.1f')} ms",
        f"{point.resident_mb:.0f} MB",
        f"{point.disk_mb:.1f} MB",
        ", ".join(sorted({status for measured in point.stretches for status in measured.statuses})),
    ]


def _grown(first: Point, last: Point, between: list[Measured]) -> list[list[str]]:
    cpu = [late / early for early, late in zip(first.cpu_us, last.cpu_us, strict=True)]
    p99 = [late / early for early, late in zip(first.p99_ms, last.p99_ms, strict=True)]
    return [
        results.figure(f"CPU at {last.count:,} to CPU at {first.count:,}", cpu, "times", 1.1),
        results.figure(f"p99 at {last.count:,} to p99 at {first.count:,}", p99, "times", 1.3),
        results.figure("CPU in between", [each.cpu_us for each in between], "µs", form=".1f"),
        results.figure("p99 in between", [each.p99_ms for each in between], "ms", form=".1f"),
        results.figure(f"resident memory at {last.count:,}", [last.resident_mb], "MB", _RESIDENT_MB, ".0f"),
    ]
