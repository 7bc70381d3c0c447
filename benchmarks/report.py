"""The report on a million requests of a client that makes every mistake: seconds, memory, and how the loop is held up.

A careless client is recorded by a real `serve`, a round of a few dozen requests. The log is then filled with such
rounds, each with phone numbers of its own, so that every detector that looks for a sequence finds one in each. The
time is compared with that of exporting the same journal in the same run: that ratio hardly depends on the machine.
"""

import contextlib
import re
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import httpx

from aktify_sandbox.storage.log import request_id, seal
from benchmarks import machine, results
from benchmarks.leads import HOST, KEY, PATH, phone_number
from benchmarks.prepared import LOG
from benchmarks.servers import STATE, Server, served
from benchmarks.watched import Lag

GOAL_SECONDS, GOAL_MB, GOAL_MS = 60, 300, 25
_SERVE = ["-m", "benchmarks.watched", "serve"]
_AT_ONCE = 10_000
_PATIENCE = 600.0
_IDLE = 5.0
"""Seconds in which the loop is watched while nothing is asked: the machine holds it up as well."""
_PHONE = re.compile(rb"\+1[0-9]{3}555[0-9]{4}|\([0-9]{3}\) 555-[0-9]{4}")
_MOMENT = re.compile(rb'(?<="receivedAt":")[^"]+')

Lead = Mapping[str, Any]


def run(scale: int, runs: int, to: Path | None) -> None:
    """Measure and write the section."""
    with TemporaryDirectory(prefix="aktify-benchmark-") as name:
        folder = Path(name)
        _fill(folder, scale)
        rows = _measured(folder, scale, runs)
    introduction = (
        f"{scale:,} requests of a client that makes every mistake; medians of {runs} runs (least–most). "
        "“In the loop” is the longest time by which a timer of a millisecond in the event loop came late."
    )
    results.section("report", "Report", [introduction, "", *results.figures(rows)], to)


def _measured(folder: Path, scale: int, runs: int) -> list[list[str]]:
    took, cpu, exported, idle, lags = [], [], [], [], []
    with served([sys.executable, *_SERVE], folder, on_one_core=False) as server:
        server.await_calm()
        httpx.get(f"{server.url}/status", trust_env=False).raise_for_status()
        before, lag = machine.resident_mb(server.pid), Lag(folder)
        for _ in range(runs):
            lag.longest = 0.0
            time.sleep(_IDLE)
            idle.append(1e3 * lag.longest)
            lag.longest, worked = 0.0, machine.cpu_seconds(server.pid)
            seconds, report = _report(server)
            took.append(seconds)
            cpu.append(machine.cpu_seconds(server.pid) - worked)
            lags.append(1e3 * lag.longest)
            resident = machine.peak_mb(server.pid)
            exported.append(_export(server))
    if report["requests"] < scale:
        raise click.ClickException(f"{scale} requests were written; the report is on {report['requests']}.")
    found = report["findings"]
    occurrences = sum(each["count"] for each in found)
    added = [max(0.0, busy - calm) for busy, calm in zip(lags, idle, strict=True)]
    ratios = [mine / other for mine, other in zip(took, exported, strict=True)]
    return [
        results.figure("`GET /_sandbox/report`", took, "s", GOAL_SECONDS, ".1f"),
        results.figure("as a share of `requests export`", ratios, "times"),
        results.figure("CPU of the server meanwhile", cpu, "s", form=".1f"),
        results.figure("in the loop when idle", idle, "ms", form=".1f"),
        results.figure("in the loop meanwhile", lags, "ms", form=".1f"),
        results.figure("what the report adds", added, "ms", GOAL_MS, ".1f"),
        results.figure("memory of the server before", [before], "MB", form=".0f"),
        results.figure("at most", [resident], "MB", GOAL_MB, ".0f"),
        [
            f"{len(found)} findings, {occurrences:,} occurrences",
            f"{report['coverage']['percent']} % covered",
            "",
        ],
    ]


def _report(server: Server) -> tuple[float, dict[str, Any]]:
    began = time.monotonic()
    report = httpx.get(f"{server.url}/report", timeout=_PATIENCE, trust_env=False).raise_for_status()
    return time.monotonic() - began, report.json()


def _export(server: Server) -> float:
    began = time.monotonic()
    with httpx.stream("GET", f"{server.url}/requests/export", timeout=_PATIENCE, trust_env=False) as answer:
        for _ in answer.iter_raw():
            pass
    return time.monotonic() - began


# the journal


def _fill(folder: Path, scale: int) -> None:
    """Write the log of a folder in which `serve` finds `scale` requests."""
    with served([sys.executable, *_SERVE], folder, on_one_core=False) as server:
        _careless(server)
        first, *lines = (folder / LOG).read_bytes().splitlines()
    patterns = [line for line in lines if b'"kind":"request"' in line]
    with (folder / LOG).open("wb") as file:
        file.write(first + b"\n")
        made = islice(_lines(patterns), scale)
        while batch := b"".join(islice(made, _AT_ONCE)):
            file.write(batch)
    for path in (folder / STATE).glob("checkpoint*"):
        path.unlink()


def _lines(patterns: list[bytes]) -> Iterator[bytes]:
    """Round after round of the same requests; in each, the numbers, ids and moments are its own."""
    phones = {_digits(found) for line in patterns for found in _PHONE.findall(line)}
    places = {digits: place for place, digits in enumerate(sorted(phones))}
    start = datetime(2026, 11, 1, tzinfo=UTC)
    moments = [datetime.fromisoformat(_MOMENT.findall(line)[0].decode()) for line in patterns]
    numbers = count(1)
    for turn in count():
        base = turn * len(places)

        def own(found: re.Match[bytes], base: int = base) -> bytes:
            phone = phone_number(base + places[_digits(found[0])])
            return (f"+1{phone[1:4]}555{phone[-4:]}" if found[0][:1] == b"+" else phone).encode()

        for line, moment in zip(patterns, moments, strict=True):
            at = start + timedelta(seconds=10 * turn) + (moment - moments[0])
            text = _PHONE.sub(own, line[: line.rindex(b',"crc"')])
            shown = at.isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()
            text = _MOMENT.sub(shown, text, count=1)
            yield seal(text.replace(text[7:17], request_id(next(numbers)).encode(), 1) + b"}")


def _digits(phone: bytes) -> bytes:
    return re.sub(rb"[^0-9]", b"", phone.removeprefix(b"+1"))


def _careless(server: Server) -> None:
    """What a client sends that makes every mistake."""
    numbers = count(1)

    def lead(**more: Any) -> dict[str, Any]:
        return {"phoneNumber": phone_number(next(numbers)), "region": "CA", **more}

    with httpx.Client(base_url=f"http://{HOST}:{server.port}", trust_env=False, timeout=5) as http:

        def post(body: Any, key: str | None = KEY, query: str = "", **headers: str) -> None:
            given = {**({"x-api-key": key} if key else {}), **headers}
            with contextlib.suppress(httpx.TransportError):
                http.post(f"{PATH}{query}", json=body, headers=given)

        def force(**answer: Any) -> None:
            http.post("/_sandbox/force", json=answer).raise_for_status()

        for _ in range(3):
            post(lead(zipCode="90210", firstName="John", email="someone@example.com", externalLeadId="one"))
        wrong: list[Lead] = [
            {"phone": phone_number(next(numbers)), "state": "CA", "first_name": "John"},
            lead(region="California"),
            {"phoneNumber": phone_number(next(numbers)), "zipCode": "2138"},
            {"phoneNumber": phone_number(next(numbers))},
            lead(phoneNumber="5.095551234E9"),
            lead(firstName="undefined", lastName="{{last_name}}"),
            lead(metadata={"colour": 1}),
            lead(link="https://www.aktify.com", linkToShorten="https://www.aktify.com"),
            lead(externalCreated="11/15/2022"),
            lead(externalCreated="2022-11-15T21:04:28"),
            lead(externalCreated="2032-11-15T21:04:28Z"),
        ]
        for each in wrong:
            post(each)
        post(wrong[1])
        post([lead(), lead()])
        post(lead(), origin="https://shop.example.com")
        post(lead(), query="?phoneNumber=5095551234&x-api-key=secret-key")
        post(lead(), key="Bearer test-key")
        post(lead(), key=None, authorization="Bearer test-key")
        for answer in (
            {"status": 503},
            {"status": 429, "headers": {"Retry-After": "1"}},
            {"fault": "reset", "lead": "kept"},
        ):
            force(**answer)
            again = lead()
            for _ in range(3):
                post(again)
        force(status=500)
        post(lead())
        repeated = lead()
        post(repeated)
        httpx.post(
            f"http://{HOST}:{server.port}{PATH}", json=repeated, headers={"x-api-key": KEY}, trust_env=False
        )
