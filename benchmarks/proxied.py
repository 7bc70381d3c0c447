"""Throughput and CPU of one process alone, of one behind HAProxy, and of four behind HAProxy.

The proxy has the configuration of examples/scale-out. Four clients post at the same time, each with a key of its own;
of four sandboxes, each has one of these keys. The system places all processes on the cores that there are: with few of
them, requests per second show what these permit, and CPU per request shows the cost.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import click
import httpx

from benchmarks import machine, results
from benchmarks.leads import HOST, KEY
from benchmarks.load import WRK, Client, Load, post
from benchmarks.servers import ROOT, SERVE, STATE, Server, clean_environment, free_port, served

_SANDBOXES = 4
_CONNECTIONS = 32
_PENDING = 4
_KEYS = [f"customer-{number}" for number in range(64)]
_CONFIGURATION = ROOT / "examples" / "scale-out" / "haproxy.cfg"
_PATIENCE = 30.0
_LOOK_AGAIN = 0.01
_OPEN = 1_000
"""Connections that are opened to see what one takes."""

CLIENTS = {
    "wrk": WRK,
    "aiohttp": Client("python", "aiohttp", _PENDING),
    "Node fetch": Client("node", "fetch", _PENDING),
    "Python requests, one session": Client("python", "requests-session"),
}
SETUPS = ("one alone", "one behind HAProxy", "four behind HAProxy")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a load cost: requests per second, and CPU time per request of the sandboxes and of the proxy, in µs."""

    rate: float
    sandbox_us: float
    proxy_us: float


@dataclass(frozen=True, slots=True)
class Setup:
    """A place to post to: its port, what answers there, and a key for each client."""

    port: int
    sandboxes: Sequence[Server]
    proxy: int | None
    keys: Sequence[str]

    def cpu(self) -> tuple[float, float]:
        """CPU seconds of the sandboxes and of the proxy until now."""
        proxy = machine.cpu_seconds(self.proxy) if self.proxy else 0.0
        return sum(machine.cpu_seconds(each.pid) for each in self.sandboxes), proxy


def run(rounds: int, load: Load, only: str, to: Path | None) -> None:
    """Measure and write the section; `only` is part of the name of a client."""
    if not _haproxy():
        raise click.ClickException("haproxy isn't installed.\nFix: apt-get install haproxy")
    clients = {name: client for name, client in CLIENTS.items() if only in name and not client.missing}
    for name, client in CLIENTS.items():
        if client.missing:
            print(f"skipped: {name}: {client.missing} isn't installed", file=sys.stderr)
    busy = os.getloadavg()[0]
    costs: dict[tuple[str, str], list[Cost]] = defaultdict(list)
    weights: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds):
        for name, client in clients.items():
            for setup in SETUPS:
                cost = _measured(setup, client, load, weights)
                costs[name, setup].append(cost)
                print(f"round {number + 1}: {name}: {setup}: {cost}", file=sys.stderr)
    _weigh_connections(weights)
    much = f"{load.count} requests" if load.count else f"{load.seconds:g} s"
    introduction = (
        f"Four clients at a time, each with a key of its own; each wrk has {_CONNECTIONS // _SANDBOXES} connections, "
        f"aiohttp and Node {_PENDING} pending requests. Clients, proxy and sandboxes share "
        f"{len(os.sched_getaffinity(0))} cores. {rounds} rounds of {much}: medians, and the least and the most. "
        f"The load average before the first round was {busy:.1f}."
    )
    head = ["client", "", "requests per second", "CPU per request: sandboxes", "proxy", "both, to one alone"]
    table = results.table(head, _rows(clients, costs))
    figures = results.figures(
        results.figure(what, values, unit, form=".1f") for what, (unit, values) in _named(weights)
    )
    results.section("proxied", "Behind a proxy", [introduction, "", *table, "", *figures], to)


def _haproxy() -> str | None:
    """The program; Debian puts it where only root looks."""
    return shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")


def _rows(clients: dict[str, Client], costs: dict[tuple[str, str], list[Cost]]) -> Iterator[list[str]]:
    for name in clients:
        alone = costs[name, SETUPS[0]]
        for setup in SETUPS:
            these = costs[name, setup]
            ratios = [
                (each.sandbox_us + each.proxy_us) / single.sandbox_us
                for each, single in zip(these, alone, strict=True)
            ]
            yield [
                name,
                setup,
                results.spread([each.rate for each in these], ",.0f"),
                f"{results.spread([each.sandbox_us for each in these], '.1f')} µs",
                f"{results.spread([each.proxy_us for each in these], '.1f')} µs"
                if setup != SETUPS[0]
                else "",
                results.spread(ratios) if setup != SETUPS[0] else "",
            ]


_UNITS = {
    "resident memory of HAProxy after a load": "MB",
    "resident memory of a sandbox of four after a load": "MB",
    "on disk, for each request": "bytes",
    f"memory of HAProxy for each of {_OPEN:,} open connections": "kB",
    f"memory of a sandbox for each of {_OPEN:,} open connections": "kB",
}


def _named(weights: dict[str, list[float]]) -> Iterator[tuple[str, tuple[str, list[float]]]]:
    for name, unit in _UNITS.items():
        yield name, (unit, weights[name])


def _measured(name: str, client: Client, load: Load, weights: dict[str, list[float]]) -> Cost:
    one = (
        replace(client, concurrency=max(1, _CONNECTIONS // _SANDBOXES)) if client.program == "wrk" else client
    )
    with _SETUPS[name]() as setup:
        for warm in (Load(count=50), replace(load, start=100)):
            before, began = setup.cpu(), time.perf_counter()
            with ThreadPoolExecutor(_SANDBOXES) as pool:
                loads = [pool.submit(post, warm, replace(one, key=key), setup.port) for key in setup.keys]
                answered = sum(_accepted(each.result()) for each in loads)
            took, after = time.perf_counter() - began, setup.cpu()
        sandboxes, proxy = (
            1e6 * (late - early) / answered for late, early in zip(after, before, strict=True)
        )
        if setup.proxy and len(setup.sandboxes) == _SANDBOXES:
            disk = sum(machine.disk_mb(each.folder / STATE) for each in setup.sandboxes)
            total = answered + _SANDBOXES * 50
            names = list(_UNITS)
            weights[names[0]].append(machine.resident_mb(setup.proxy))
            weights[names[1]].append(median(machine.resident_mb(each.pid) for each in setup.sandboxes))
            weights[names[2]].append(disk * 1e6 / total)
        seconds = load.seconds or took
        return Cost(answered / seconds, sandboxes, proxy)


def _accepted(said: dict[str, Any]) -> int:
    if set(said["statuses"]) != {"201"} or said.get("failed"):
        raise click.ClickException(f"Expected only 201; got {said}.")
    return int(said["statuses"]["201"])


def _weigh_connections(weights: dict[str, list[float]]) -> None:
    """Open connections, each after an answer, and see what they take."""
    with _behind(1) as setup, ExitStack() as opened:
        pids = [setup.proxy or 0, setup.sandboxes[0].pid]
        before = [machine.resident_mb(pid) for pid in pids]
        ask = f"GET /_sandbox/health HTTP/1.1\r\nHost: {HOST}\r\nx-api-key: {KEY}\r\n\r\n".encode()
        for _ in range(_OPEN):
            connection = opened.enter_context(socket.create_connection((HOST, setup.port), _PATIENCE))
            connection.sendall(ask)
            connection.recv(4096)
        names = list(_UNITS)[3:]
        for name, pid, early in zip(names, pids, before, strict=True):
            weights[name].append(1e3 * (machine.resident_mb(pid) - early) / _OPEN)


# what is started


@contextmanager
def _alone() -> Iterator[Setup]:
    with _sandboxes(1) as started:
        yield Setup(started[0].port, started, None, _KEYS[:_SANDBOXES])


@contextmanager
def _behind(count: int) -> Iterator[Setup]:
    with _sandboxes(count) as started, TemporaryDirectory(prefix="aktify-benchmark-") as name:
        port, path = free_port(), Path(name) / "haproxy.cfg"
        path.write_text(_configuration(port, [each.port for each in started]))
        with (Path(name) / "output.txt").open("w") as out:
            proxy = subprocess.Popen(
                [str(_haproxy()), "-db", "-f", str(path)], env=clean_environment(), stdout=out, stderr=out
            )
        try:
            yield Setup(port, started, proxy.pid, _keys(port, count))
        finally:
            proxy.kill()
            proxy.wait()


@contextmanager
def _sandboxes(count: int) -> Iterator[list[Server]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="aktify-benchmark-")))
        keys = "".join(f"  c{number}: {{keys: [{key}]}}\n" for number, key in enumerate([KEY, *_KEYS]))
        (folder / "keys.yaml").write_text(f"campaigns:\n{keys}")
        command = [*SERVE, "--config", str(folder / "keys.yaml")]
        yield [stack.enter_context(served(command, on_one_core=False)) for _ in range(count)]


_SETUPS: dict[str, Callable[[], AbstractContextManager[Setup]]] = {
    SETUPS[0]: _alone,
    SETUPS[1]: lambda: _behind(1),
    SETUPS[2]: lambda: _behind(_SANDBOXES),
}


def _configuration(port: int, ports: Sequence[int]) -> str:
    """That of the example, with these ports, and without the sections for a single sandbox."""
    text = _CONFIGURATION.read_text().partition("# Each sandbox whole")[0].replace(":8500", f":{port}")
    for number in range(1, _SANDBOXES + 1):
        old = f"127.0.0.1:851{number}"
        if number <= len(ports):
            text = text.replace(old, f"127.0.0.1:{ports[number - 1]}")
        else:
            text = re.sub(rf"^ +server s{number} {old}.*\n", "", text, flags=re.MULTILINE)
    return text


def _keys(port: int, count: int) -> list[str]:
    """A key for each client: of each sandbox one, or all of the only one."""
    found: dict[str, list[str]] = defaultdict(list)
    with httpx.Client(base_url=f"http://{HOST}:{port}", trust_env=False) as http:
        _await(http)
        for key in _KEYS:
            found[http.get("/_sandbox/health", headers={"x-api-key": key}).headers["x-sandbox"]].append(key)
    return [key for keys in found.values() for key in keys[: _SANDBOXES // count]]


def _await(http: httpx.Client) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            http.get("/_sandbox/health", headers={"x-api-key": KEY}).raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN)
        else:
            return
