"""What a request costs when there have been many: CPU, p99, memory, disk, and how long the next start takes.

Twice: with each lead different, so that every answer is 201, and with the same leads again and again, so that all
but the first round of them are 409. A figure “at N requests” is the median of several stretches of requests in a
row that begin there; the first figure, at 1,000, comes from as many fresh servers instead, since the second stretch
there would no longer be at 1,000. Where leads repeat, those servers get 500 leads again and again: 409 is compared
with 409.
"""

import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from benchmarks import goals, machine, results
from benchmarks.leads import HOST, Places, phone_number, pieces
from benchmarks.load import CONNECTIONS, Load, Measured, generator, put
from benchmarks.servers import SANDBOX, Server, ask, served
from benchmarks.startup import starts

_FULL, _QUICK = (1_000, 100_000, 1_000_000), (1_000, 100_000)
_PROGRESS_EVERY = 50_000
_START_GOALS_UP_TO = 200_000
_STARTS = 3
_STATE = ".aktify-sandbox"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: where, how long a stretch is, how many there are at each count."""

    counts: tuple[int, ...]
    same: int
    stretch: int = 5_000
    repeats: int = 5

    @property
    def title(self) -> str:
        """Of the section: a quick run doesn't replace the results of a full one."""
        return "Growth" if self.counts[-1] >= _FULL[-1] else "Growth, quick form"


def plan(*, quick: bool, most: int | None, repeats: int) -> Plan:
    """The whole, the quick form, or one that is smaller still."""
    if most:
        return Plan((most // 4, most), same=most // 2, stretch=most // 4, repeats=repeats)
    return Plan(_QUICK, same=20_000, repeats=repeats) if quick else Plan(_FULL, same=100_000, repeats=repeats)


@dataclass(slots=True)
class Point:
    """What was measured at a count of requests."""

    count: int
    stretches: list[Measured] = field(default_factory=list)
    resident_mb: float = 0.0
    disk_mb: float = 0.0

    @property
    def cpu_us(self) -> float:
        """CPU time per request."""
        return median(measured.cpu_us for measured in self.stretches)

    @property
    def p99_ms(self) -> float:
        """Of a stretch."""
        return median(measured.p99_ms for measured in self.stretches)


@dataclass(slots=True)
class Course:
    """All that one kind of lead came to."""

    different: int
    repeats: bool
    points: list[Point] = field(default_factory=list)
    between: list[Measured] = field(default_factory=list)
    sent: int = 0
    numbered: int = 0
    readable: bool = False
    stop: float = 0.0
    crash_starts: list[float] = field(default_factory=list)
    clean_starts: list[float] = field(default_factory=list)
    disk_mb: float = 0.0

    @property
    def name(self) -> str:
        """What the leads are."""
        return f"{self.different:,} different leads" if self.repeats else "different leads only"

    @property
    def grown(self) -> list[Measured]:
        """What was sent to the one server that grew."""
        return [*self.between, *(measured for point in self.points[1:] for measured in point.stretches)]

    @property
    def measured(self) -> list[Measured]:
        """Everything that was sent."""
        return [*self.points[0].stretches, *self.grown]


def run(plan: Plan, to: Path) -> None:
    """Measure and write the section."""
    courses = [_course(plan, repeats=False), _course(plan, repeats=True)]
    head = f"{generator()}. Stretches of {plan.stretch:,} requests, {plan.repeats} at each count; medians."
    lines = [line for course in courses for line in ("", *_report(course))]
    results.write(plan.title, [head, *lines], to)


def _course(plan: Plan, *, repeats: bool) -> Course:
    course = Course(plan.same if repeats else plan.counts[-1] * 2, repeats)
    places = Places()
    course.points.append(_early(plan, places, course))
    with TemporaryDirectory(prefix="aktify-benchmark-") as name:
        folder = Path(name)
        server = Server(SANDBOX, folder, places.take(1))
        try:
            _grow(course, plan, server, places.take())
            _look_back(course, server, places.take(1))
        finally:
            server.kill()
        course.crash_starts, _ = starts(folder, places, _STARTS, clean=False)
        course.clean_starts, stops = starts(folder, places, _STARTS, clean=True)
        course.stop, course.disk_mb = median(stops), machine.disk_mb(folder / _STATE)
    return course


def _early(plan: Plan, places: Places, course: Course) -> Point:
    point = Point(plan.counts[0])
    again = point.count // 2 if course.repeats else course.different
    for _ in range(plan.repeats):
        with served(SANDBOX, places.take(1)) as server:
            first = places.take()
            sent = put(Load(first, answers=point.count, different=again), server).sent
            point.stretches.append(
                put(Load(first, answers=plan.stretch, different=again, before=sent), server)
            )
            _take_sizes(point, server)
    return point


def _take_sizes(point: Point, server: Server) -> None:
    point.resident_mb = machine.resident_mb(server.pid)
    point.disk_mb = machine.disk_mb(server.folder / _STATE)


def _grow(course: Course, plan: Plan, server: Server, first: int) -> None:
    def send(answers: int) -> Measured:
        load = Load(first, answers=answers, different=course.different, before=course.sent)
        measured = put(load, server)
        course.sent += measured.sent
        return measured

    for count in plan.counts[1:]:
        while course.sent < count:
            course.between.append(send(min(_PROGRESS_EVERY, count - course.sent)))
            _progress(course, plan)
        point = Point(count, [send(plan.stretch) for _ in range(plan.repeats)])
        _take_sizes(point, server)
        course.points.append(point)


def _progress(course: Course, plan: Plan) -> None:
    latest = course.between[-1]
    print(
        f"{course.sent:,} of {plan.counts[-1]:,} requests on {course.name}: {latest.cpu_us:.1f} µs, "
        f"{latest.resident_mb:.0f} MB",
        file=sys.stderr,
    )


def _look_back(course: Course, server: Server, place: int) -> None:
    """How many requests the sandbox has numbered, and whether the first of them can still be read."""
    _, head = ask(server.port, phone_number(place).join(pieces(server.port)))
    found = re.search(r"x-aktify-sandbox-request: r(\d+)", head)
    course.numbered = int(found[1]) if found else 0
    with urlopen(f"http://{HOST}:{server.port}/_sandbox/requests/r000000001") as answer:
        course.readable = answer.status == 200


def _report(course: Course) -> list[str]:
    return [
        f"### On {course.name}",
        "",
        *results.table(
            ["at", "CPU per request", "p99", "resident memory", "on disk", "answers"], _rows(course)
        ),
        "",
        *results.table(["what", "measured", "goal"], _judged(course)),
        "",
        f"{_validity(course)} A clean stop took {course.stop:.2f} s.",
    ]


def _rows(course: Course) -> list[list[str]]:
    return [
        [
            f"{point.count:,} requests",
            f"{results.spread([measured.cpu_us for measured in point.stretches], '.1f')} µs",
            f"{results.spread([measured.p99_ms for measured in point.stretches], '.1f')} ms",
            f"{point.resident_mb:.0f} MB",
            f"{point.disk_mb:.1f} MB",
            ", ".join(sorted({status for measured in point.stretches for status in measured.statuses})),
        ]
        for point in course.points
    ]


def _judged(course: Course) -> list[list[str]]:
    first, last = course.points[0], course.points[-1]
    cpu, p99 = last.cpu_us / first.cpu_us, last.p99_ms / first.p99_ms
    slowest = max(measured.p99_ms for measured in course.between)
    between = median(measured.cpu_us for measured in course.between)
    crash, clean = median(course.crash_starts), median(course.clean_starts)
    resident = goals.RESIDENT_SAME_LEADS if course.repeats else goals.RESIDENT_OTHER_LEADS
    start = (goals.START_AFTER_CRASH, goals.START_AFTER_STOP) if course.sent < _START_GOALS_UP_TO else None
    return [
        [f"CPU at {last.count:,} to CPU at {first.count:,}", f"{cpu:.2f}", goals.CPU_GROWTH.verdict(cpu)],
        [f"p99 at {last.count:,} to p99 at {first.count:,}", f"{p99:.2f}", goals.P99_GROWTH.verdict(p99)],
        [f"CPU in between, stretches of at most {_PROGRESS_EVERY:,}", f"{between:.1f} µs", ""],
        ["p99 in between, the worst stretch", f"{slowest:.1f} ms", ""],
        ["resident memory at the end", f"{last.resident_mb:.0f} MB", resident.verdict(last.resident_mb)],
        ["first answer after `kill -9`", f"{crash:.2f} s", start[0].verdict(crash) if start else ""],
        ["first answer after a clean stop", f"{clean:.2f} s", start[1].verdict(clean) if start else ""],
        ["on disk after a clean stop", f"{course.disk_mb:.1f} MB", ""],
    ]


def _validity(course: Course) -> str:
    """Whether what was measured was the job: 201 for each new lead, 409 for each known one, nothing lost."""
    answered = sum((Counter(measured.statuses) for measured in course.measured), Counter[str]())
    new = sum(measured.answered for measured in course.grown)
    wrong = sum(count for status, count in answered.items() if status not in ("201", "409"))
    wrong += sum(measured.failed for measured in course.measured)
    first = sum(measured.statuses.get("201", 0) for measured in course.grown)
    accepted = min(new, course.different)
    uncounted = CONNECTIONS * len(course.grown)  # answers to what was on its way when a stretch ended
    right = not wrong and accepted - uncounted <= first <= accepted
    good = right and course.readable and course.numbered >= new
    counted = ", ".join(f"{count:,} times {status}" for status, count in sorted(answered.items()))
    mark = "" if good else "**NOT VALID** "
    return f"{mark}Answers: {counted}; request 1 is still read from disk: {_yes(course.readable)}."


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"
