"""How long commands take that must answer at once, and how long `serve` takes to its first answer.

Each figure is the median of several starts, of processes that begin anew with the files in the system's cache.
A start ends when the answer to a lead has come; the request is sent again and again, a thousandth of a second
apart, until a server takes it.
"""

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import machine, results
from benchmarks.load import WRK, Load, put
from benchmarks.servers import ECHO, SERVE, Server, clean_environment, sandbox, served

Row = list[str]


def run(count: int, leads: int, to: Path | None) -> None:
    """Measure and write the section."""
    WRK.require()
    few = max(1, count // 3)
    nothing = [_wall_ms([sys.executable, "-c", "pass"]) for _ in range(count)]
    helps = [_wall_ms(sandbox("--help")) for _ in range(count)]
    rows = [
        results.figure("`python -c pass`", nothing, "ms", form=".0f"),
        results.figure("`aktify-sandbox --help`", helps, "ms", 100, ".0f"),
        *_empty("bare Starlette", ECHO, count, None, None),
        *_empty("`serve`, empty state", SERVE, count, 300, 50),
        *_filled(leads, few),
    ]
    introduction = f"Medians of {count} starts (least–most); after a load, of {few}."
    results.section("startup", "Start-up", [introduction, "", *results.figures(rows)], to)


def _wall_ms(command: list[str]) -> float:
    server_core, _ = machine.cores()
    began = time.perf_counter()
    with machine.on_core(server_core):
        subprocess.run(command, env=clean_environment(), stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) * 1e3


def _empty(what: str, command: list[str], count: int, ms: float | None, mb: float | None) -> list[Row]:
    first, resident = [], []
    for _ in range(count):
        with served(command) as server:
            first.append(server.first_answer * 1e3)
            resident.append(machine.resident_mb(server.pid))
    return [
        results.figure(f"{what}: first answer", first, "ms", ms, ".0f"),
        results.figure(f"{what}: resident memory then", resident, "MB", mb, ".1f"),
    ]


def _filled(leads: int, count: int) -> list[Row]:
    with TemporaryDirectory(prefix="aktify-benchmark-") as name:
        with served(SERVE, Path(name)) as server:
            put(Load(count=leads), WRK, server, {201})
        return starts(f"`serve`, {leads:,} leads and requests", Path(name), count)


def starts(what: str, folder: Path, count: int) -> list[Row]:
    """Rows of the starts on what a killed server left in the folder: after `kill -9`, after a clean stop, the stop."""
    crash, clean, stops = [], [], []
    for _ in range(count):
        with served(SERVE, folder) as server:
            crash.append(server.first_answer)
    Server(SERVE, folder).stop()
    for _ in range(count):
        server = Server(SERVE, folder)
        clean.append(server.first_answer)
        stops.append(server.stop())
    return [
        results.figure(f"{what}: first answer after `kill -9`", crash, "s", 2),
        results.figure(f"{what}: first answer after a clean stop", clean, "s", 1),
        results.figure(f"{what}: a clean stop", stops, "s"),
    ]
