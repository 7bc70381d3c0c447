"""How long commands take that must answer at once, and how long `serve` takes to its first answer.

Each figure is the median of several starts, of processes that begin anew with the files in the system's cache.
A start ends when the answer to a lead (201) has come; the request is sent again and again, a thousandth of a
second apart, until a server takes it.
"""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks import goals, machine, results
from benchmarks.leads import Places
from benchmarks.load import Load, put
from benchmarks.servers import SANDBOX, Server, clean_environment, sandbox_command, served

Row = list[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    starts: int
    leads: int


def run(plan: Plan, to: Path) -> None:
    """Measure and write the section."""
    places = Places()
    rows = [*_commands(plan), *_empty(plan, places), *_filled(plan, places)]
    introduction = f"Medians of {plan.starts} starts (least–most); after a load, of {_few(plan)}."
    results.write("Start-up", [introduction, "", *results.table(["what", "measured", "goal"], rows)], to)


def _commands(plan: Plan) -> list[Row]:
    nothing = [_wall_ms([sys.executable, "-c", "pass"]) for _ in range(plan.starts)]
    helps = [_wall_ms(sandbox_command("--help")) for _ in range(plan.starts)]
    return [
        ["`python -c pass`", f"{results.spread(nothing, '.0f')} ms", ""],
        ["`aktify-sandbox --help`", f"{results.spread(helps, '.0f')} ms", goals.HELP.verdict(median(helps))],
    ]


def _wall_ms(command: list[str]) -> float:
    server_core, _ = machine.cores()
    began = time.perf_counter()
    with machine.on_core(server_core):
        subprocess.run(command, env=clean_environment(), stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) * 1e3


def _empty(plan: Plan, places: Places) -> list[Row]:
    rows = []
    for name in ("hello", SANDBOX):
        first, resident = [], []
        for _ in range(plan.starts):
            with served(name, places.take(1)) as server:
                first.append(server.first_answer * 1e3)
                resident.append(machine.resident_mb(server.pid))
        rows += _of_empty(name, first, resident)
        _progress(f"{name} from nothing")
    return rows


def _of_empty(name: str, first: list[float], resident: list[float]) -> list[Row]:
    ours = name == SANDBOX
    what = "`serve`, empty state" if ours else "bare Starlette"
    return [
        [
            f"{what}: first answer",
            f"{results.spread(first, '.0f')} ms",
            goals.FIRST_ANSWER.verdict(median(first)) if ours else "",
        ],
        [
            f"{what}: resident memory then",
            f"{results.spread(resident, '.1f')} MB",
            goals.RESIDENT_AT_START.verdict(median(resident)) if ours else "",
        ],
    ]


def _filled(plan: Plan, places: Places) -> list[Row]:
    with TemporaryDirectory(prefix="aktify-benchmark-") as name:
        folder = Path(name)
        server = Server(SANDBOX, folder, places.take(1))
        put(Load(places.take(), answers=plan.leads), server)
        server.kill()
        crash, _ = starts(folder, places, _few(plan), clean=False)
        clean, stops = starts(folder, places, _few(plan), clean=True)
    what = f"`serve`, {plan.leads:,} leads and requests"
    _progress(what)
    return [
        [
            f"{what}: first answer after `kill -9`",
            f"{results.spread(crash)} s",
            goals.START_AFTER_CRASH.verdict(median(crash)),
        ],
        [
            f"{what}: first answer after a clean stop",
            f"{results.spread(clean)} s",
            goals.START_AFTER_STOP.verdict(median(clean)),
        ],
        [f"{what}: a clean stop", f"{results.spread(stops)} s", ""],
    ]


def starts(folder: Path, places: Places, count: int, *, clean: bool) -> tuple[list[float], list[float]]:
    """Seconds to the first answer on what is in the folder, and seconds to each stop.

    Each start comes after a stop of the kind that is asked for; the last process is stopped so, too.
    """
    firsts, stops = [], []
    if clean:
        Server(SANDBOX, folder, places.take(1)).stop()
    for _ in range(count):
        server = Server(SANDBOX, folder, places.take(1))
        firsts.append(server.first_answer)
        stops.append(server.stop() if clean else server.kill())
    return firsts, stops


def _few(plan: Plan) -> int:
    return max(1, plan.starts // 3)


def _progress(done: str) -> None:
    print(f"measured: {done}", file=sys.stderr)
