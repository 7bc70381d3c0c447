"""How long commands take that must answer at once, and how long `serve` takes to its first answer.

Each figure is the median of several starts, of processes that begin anew with the files in the system's cache.
A start ends when the answer to a lead has come; the request is sent again and again, a thousandth of a second
apart, until a server takes it.
"""

import contextlib
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import machine, results
from benchmarks.leads import HOST
from benchmarks.prepared import extend, prepared
from benchmarks.servers import ECHO, SERVE, Server, clean_environment, sandbox, served

Row = list[str]

_SINCE_CHECKPOINT = 95_000
"""A checkpoint is written after 100,000."""
_SEARCHES = 8
_SEARCH = "/_sandbox/requests?search=no-such-text-anywhere"
_UNDER_WAY_SECONDS = 0.2


def run(count: int, scale: int, to: Path | None) -> None:
    """Measure and write the section."""
    few = max(1, count // 3)
    nothing = [_wall_ms([sys.executable, "-c", "pass"]) for _ in range(count)]
    helps = [_wall_ms(sandbox("--help")) for _ in range(count)]
    rows = [
        results.figure("`python -c pass`", nothing, "ms", form=".0f"),
        results.figure("`aktify-sandbox --help`", helps, "ms", 100, ".0f"),
        *_empty("bare Starlette", ECHO, count, None, None),
        *_empty("`serve`, empty state", SERVE, count, 300, 50),
        *_filled(scale, few),
    ]
    introduction = f"Medians of {count} starts (least–most); with {scale:,} leads and requests, of {few}."
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


def _filled(scale: int, count: int) -> list[Row]:
    what = f"`serve`, {scale:,} leads and requests"
    clean, resident, stops, crash = [], [], [], []
    with prepared(scale) as folder:
        for _ in range(count):
            server = Server(SERVE, folder)
            clean.append(server.first_answer)
            resident.append(machine.resident_mb(server.pid))
            stops.append(server.stop())
        searched = [_stop_while_searches_run(folder) for _ in range(count)]
        since = min(_SINCE_CHECKPOINT, scale // 10)
        extend(folder, range(scale, scale + since))
        for _ in range(count):
            with served(SERVE, folder) as server:
                crash.append(server.first_answer)
    killed = f"`kill -9`, {since:,} more since the last checkpoint"
    return [
        results.figure(f"{what}: first answer after a clean stop", clean, "s", 1),
        results.figure(f"{what}: first answer after {killed}", crash, "s", 2),
        results.figure(f"{what}: resident memory then", resident, "MB", 160, ".0f"),
        results.figure(f"{what}: a clean stop", stops, "s"),
        results.figure(f"{what}: SIGTERM while {_SEARCHES} searches run", searched, "s", 2),
    ]


def _stop_while_searches_run(folder: Path) -> float:
    server = Server(SERVE, folder)
    with contextlib.ExitStack() as stack:
        searches = [
            stack.enter_context(socket.create_connection((HOST, server.port))) for _ in range(_SEARCHES)
        ]
        for search in searches:
            search.sendall(f"GET {_SEARCH} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        time.sleep(_UNDER_WAY_SECONDS)
        answered, _, _ = select.select(searches, [], [], 0)
        if len(answered) == _SEARCHES:
            print("the searches ended before SIGTERM came: too few requests", file=sys.stderr)
        return server.stop()
