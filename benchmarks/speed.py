"""CPU time of a request, by client and shape, beside that of a bare Starlette echo under the same client.

In each round, each row measures the echo and the sandbox one right after the other, both fresh and warmed up; which
one goes first alternates. A ratio is that of two such neighbours, so that a machine that slows down slows both.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile

import click

from benchmarks import results
from benchmarks.leads import LEAD, NUMBERS
from benchmarks.load import WRK, Client, Load, put
from benchmarks.servers import ECHO, SERVE, served

HTTPX_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "keep-alive",
    "User-Agent": "python-httpx/0.28.1",
}
SHORTENED = {("linkToShorten" if name == "link" else name): value for name, value in LEAD.items()}
_WARM_UP = 200
_RULES = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """A client and what it sends, the most that may be spent on it as a multiple of the echo, and the right status."""

    name: str
    goal: float | None
    client: Client
    status: int = 201
    different: int = NUMBERS
    with_rules: bool = False


ROWS = (
    Row("wrk, the same four headers each time", 0.75, WRK),
    Row("wrk, headers of httpx", 0.85, replace(WRK, headers=HTTPX_HEADERS)),
    Row(
        "wrk, a trace id in each request",
        0.9,
        replace(WRK, headers={"traceparent": "00-{trace}-00f067aa0ba902b7-01"}),
    ),
    Row("wrk, `Connection: close`", 1.1, replace(WRK, headers={"Connection": "close"})),
    Row("wrk, 409", 0.85, WRK, 409, different=1),
    Row("wrk, 401", 0.75, replace(WRK, headers={"x-api-key": "wrong-key"}), 401),
    Row("wrk, 400 (one wrong field)", 1.5, replace(WRK, lead={**LEAD, "zipCode": "9021"}), 400),
    Row("wrk, `linkToShorten`", 0.95, replace(WRK, lead=SHORTENED)),
    Row("wrk, 1,000 scenario rules that match no lead", None, WRK, with_rules=True),
    Row("Python requests, one session", 1.0, Client("python", "requests-session")),
    Row("Python requests, no session", 1.0, Client("python", "requests")),
    Row("httpx, one client", 1.0, Client("python", "httpx")),
    Row("aiohttp, 16 at a time", 0.95, Client("python", "aiohttp", 16)),
    Row("Node fetch, 16 at a time", 1.0, Client("node", "fetch", 16)),
    Row("Node http with an agent, 16 at a time", 0.9, Client("node", "http", 16)),
    Row("Java HttpClient over HTTP/1.1, 16 at a time", None, Client("java", "", 16)),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: a number of rounds, each with a time of load or a count of requests."""

    rounds: int
    seconds: float
    count: int = 0
    only: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """CPU time of the two servers per request, in µs."""

    echo: float
    sandbox: float

    @property
    def ratio(self) -> float:
        """The sandbox's to the echo's."""
        return self.sandbox / self.echo


Pairs = dict[str, list[Pair]]


def run(plan: Plan, to: Path | None, readme: Path | None) -> None:
    """Measure and write the section, and the README's lines."""
    rows = matching(plan.only)
    for row in rows:
        if row.client.missing:
            print(f"skipped: {row.name}: {row.client.missing} isn't installed", file=sys.stderr)
    pairs: Pairs = defaultdict(list)
    for number in range(plan.rounds):
        for row in rows:
            if not row.client.missing:
                pairs[row.name].append(_pair(row, plan, echo_first=number % 2 == 0))
                print(f"round {number + 1}: {row.name}: {pairs[row.name][-1].ratio:.2f}", file=sys.stderr)
    load = f"{plan.count} requests" if plan.count else f"{plan.seconds:g} s"
    introduction = (
        f"CPU time of the server per request, {plan.rounds} rounds of {load} each: medians, and the least and the "
        f"most of the ratios within a round. wrk has {WRK.concurrency} connections."
    )
    results.section("speed", "Speed", [introduction, "", *_table(rows, pairs)], to)
    if readme:
        results.write("speed", summary(pairs), readme)


def matching(text: str) -> list[Row]:
    """The rows whose names contain a text."""
    found = [row for row in ROWS if text.lower() in row.name.lower()]
    if not found:
        raise click.ClickException(f"No row contains “{text}”. Rows: {'; '.join(row.name for row in ROWS)}.")
    return found


def _pair(row: Row, plan: Plan, *, echo_first: bool) -> Pair:
    if echo_first:
        return Pair(echo=_measured(row, plan, ECHO, 201), sandbox=_sandbox(row, plan))
    sandbox = _sandbox(row, plan)
    return Pair(echo=_measured(row, plan, ECHO, 201), sandbox=sandbox)


def _sandbox(row: Row, plan: Plan) -> float:
    with _options(row) as options:
        return _measured(row, plan, [*SERVE, *options], row.status)


def _measured(row: Row, plan: Plan, command: list[str], status: int) -> float:
    """CPU time per request, in µs."""
    try:
        with served(command) as server:
            if plan.seconds:
                put(Load(count=_WARM_UP, different=row.different), row.client, server, {status})
            load = Load(10 * _WARM_UP, plan.seconds, plan.count, row.different)
            return put(load, row.client, server, {status}).cpu_us
    except click.ClickException as error:
        raise click.ClickException(f"{row.name}: {error.message}") from error


@contextmanager
def _options(row: Row) -> Iterator[list[str]]:
    """Of `serve`: none, or a scenario of rules on ZIP codes that no lead has."""
    if not row.with_rules:
        yield []
        return
    rules = [{"when": {"zipCode": f"{10_000 + n}"}, "answer": 503} for n in range(_RULES)]
    with NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"rules": rules}, file)
        file.flush()
        yield ["--scenario", file.name]


def _table(rows: list[Row], pairs: Pairs) -> list[str]:
    lines = []
    for row in rows:
        if row.client.missing:
            goal = f"≤ {row.goal:g}" if row.goal else ""
            lines.append([row.name, f"skipped: {row.client.missing} isn't installed", "", "", goal])
        else:
            measured = pairs[row.name]
            ratios = results.spread([pair.ratio for pair in measured])
            goal = results.verdict(_ratio(measured), row.goal)
            lines.append([row.name, *_medians(measured), ratios, goal])
    return results.table(["client, shape", "echo", "sandbox", "ratio", "goal"], lines)


def _medians(measured: list[Pair]) -> list[str]:
    return [f"{median(getattr(pair, name) for pair in measured):.1f} µs" for name in ("echo", "sandbox")]


def _ratio(measured: list[Pair]) -> float:
    return median(pair.ratio for pair in measured)


def summary(pairs: Pairs) -> list[str]:
    """The README's lines: the worst and the best of the real clients, and wrk."""
    real = [row.name for row in ROWS if row.client.program != "wrk" and row.name in pairs]
    real.sort(key=lambda name: _ratio(pairs[name]), reverse=True)
    names = [*real[:1], *real[1:][-1:], ROWS[0].name]
    lines = [[name, *_medians(pairs[name]), f"{_ratio(pairs[name]):.2f}"] for name in names if name in pairs]
    return results.table(["client", "echo", "sandbox", "ratio"], lines)
