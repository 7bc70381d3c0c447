"""The longest time that the event loop stands still, whatever else is asked, with a million leads and requests.

Each operation has a server of its own, over a copy of one prepared folder. A client in another process posts a lead
every two milliseconds; a pause is the longest time that it waits for an answer while the operation is under way, less
the longest while nothing is. Besides, a timer in the loop says by how much it came late at most (`watched.py`).
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import BinaryIO, NamedTuple

import click
import httpx

from aktify_sandbox.admin.guard import STATE_MEDIA
from benchmarks import results
from benchmarks.leads import HOST, KEY, LEAD, PATH, phone_number
from benchmarks.prepared import LOG, copied, prepared
from benchmarks.servers import STATE, Server, clean_environment, sandbox, served
from benchmarks.watched import Lag

GOAL_MS = 25
_IDLE, _AFTER = 2.0, 1.0
"""Seconds that are measured before an operation, and behind its answer: what it began may go on."""
_PATIENCE = 300.0
_CHANGE_SECONDS = 60.0
_LINES_BEFORE_CHECKPOINT = 93_000
"""The client's own posts bring them to the 100,000 after which a checkpoint is written.

The last one is that of a clean stop, which writes none for fewer than 10,000.
"""
_POSTS_BEFORE_TIDYING = 2_500
_NOTHING = "no-such-text-anywhere"
_SAVED = "saved.jsonl"

Do = Callable[[Server], object]


@dataclass(frozen=True, slots=True)
class Operation:
    """What is asked of the server while the client posts."""

    name: str
    do: Do
    """It returns when that is done."""
    prepare: Do = lambda _: None
    """What has to be done before, while nobody measures."""
    share: int = 1
    """One in this many leads is in the state."""
    keeps_half: bool = False
    more: int = 0
    """The number of leads that came after the last checkpoint."""
    at_start: bool = False
    """Whether it begins with the server itself, so that the idle stretch comes behind it."""


class Answer(NamedTuple):
    """What the client says of one: when the lead was sent, how many seconds it took."""

    sent: float
    took: float
    status: int


class Pause(NamedTuple):
    """What was measured: seconds that the operation took, the others in milliseconds."""

    took: float
    idle: float
    during: float
    lag: float

    @property
    def length(self) -> float:
        """What the operation adds."""
        return max(0.0, self.during - self.idle)


def run(scale: int, only: str, rounds: int, to: Path | None) -> None:
    """Measure and write the section."""
    chosen = [operation for operation in operations(scale) if only.lower() in operation.name.lower()]
    if not chosen:
        raise click.ClickException(f"No operation has “{only}” in its name.")
    rows = []
    for share, some in groupby(chosen, lambda operation: operation.share):
        with prepared(scale // share) as folder:
            for operation in some:
                rows.append(_row(operation, folder, scale, rounds))
                print(" | ".join(rows[-1]), file=sys.stderr)
    head = [
        "meanwhile",
        "it takes",
        "longest answer when idle",
        "and meanwhile",
        "pause",
        "in the loop",
        "goal",
    ]
    introduction = (
        f"{scale:,} leads and requests; a lead every 2 ms over one connection; medians of {rounds} rounds "
        "(least–most)."
    )
    table = results.table(head, rows)
    results.section("pauses", "Pauses", [introduction, "", *table], to)


def _row(operation: Operation, folder: Path, scale: int, rounds: int) -> list[str]:
    try:
        pauses = [_measured(operation, folder, scale) for _ in range(rounds)]
    except click.ClickException as failure:
        return [operation.name, f"**failed**: {failure.message}", "", "", "", "", f"≤ {GOAL_MS} ms"]
    took, idle, during, lag = zip(*pauses, strict=True)
    lengths = [pause.length for pause in pauses]
    return [
        operation.name,
        f"{results.spread(took, '.1f')} s",
        *(f"{results.spread(each, '.1f')} ms" for each in (idle, during, lengths, lag)),
        results.verdict(median(lengths), GOAL_MS, "ms"),
    ]


def _measured(operation: Operation, folder: Path, scale: int) -> Pause:
    leads = scale // operation.share
    keep = ["--keep", str((leads + _POSTS_BEFORE_TIDYING) // 2)] if operation.keeps_half else []
    command = [sys.executable, "-m", "benchmarks.watched", "serve", *keep]
    with (
        copied(folder, range(leads, leads + operation.more)) as copy,
        served(command, copy, on_one_core=False) as server,
        _steady(server, 2 * scale) as client,
    ):
        lag = Lag(copy)
        idle = None
        if not operation.at_start:
            operation.prepare(server)
            server.await_calm()
            idle = _stretch(lambda: time.sleep(_IDLE))
            lag.longest = 0.0
        busy = _stretch(lambda: operation.do(server))
        time.sleep(_AFTER)
        longest = lag.longest
        idle = idle or _stretch(lambda: time.sleep(_IDLE))
        answers = client.answers()
    during = Stretch(busy.began, busy.ended + _AFTER)
    took, *waits = (busy.ended - busy.began, _longest(answers, idle), _longest(answers, during), longest)
    return Pause(took, *(1e3 * seconds for seconds in waits))


class Stretch(NamedTuple):
    """When something began and ended, by the system's monotonic clock."""

    began: float
    ended: float


def _stretch(do: Callable[[], object]) -> Stretch:
    began = time.monotonic()
    do()
    return Stretch(began, time.monotonic())


def _longest(answers: list[Answer], stretch: Stretch) -> float:
    return max(took for sent, took, _ in answers if sent < stretch.ended and stretch.began < sent + took)


class Steady:
    """The client that posts all the time."""

    def __init__(self, server: Server, place: int) -> None:
        """Start it, and wait for its first answer."""
        command = [sys.executable, "-m", "benchmarks.clients.steady", str(server.port), str(place)]
        self.process = subprocess.Popen(
            command, env=clean_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if self.process.stdout:
            self.process.stdout.readline()

    def answers(self) -> list[Answer]:
        """End it. Answers that no such lead gets are an error."""
        printed, _ = self.process.communicate()
        answers = [Answer(*each) for each in json.loads(printed or "[]")]
        statuses = Counter(answer.status for answer in answers)
        if not answers or not statuses.keys() <= {201, 409}:
            raise click.ClickException(f"the client's answers: {dict(statuses)}")
        return answers


@contextmanager
def _steady(server: Server, place: int) -> Iterator[Steady]:
    client = Steady(server, place)
    try:
        yield client
    finally:
        client.process.kill()
        client.process.communicate()


# what is asked


def operations(scale: int) -> list[Operation]:
    """All of them."""
    many = scale // 5
    return [
        Operation(f"`--keep` tidying {many:,} leads", _tidied, share=5, keeps_half=True),
        Operation("`requests clear`", _asking("DELETE", "/requests")),
        Operation(
            "`requests clear --phone 0007`, which leaves most", _asking("DELETE", "/requests?phone=0007")
        ),
        Operation("`reset`", _asking("POST", "/reset")),
        Operation("a search of requests that finds nothing", _asking("GET", f"/requests?search={_NOTHING}")),
        Operation("a search of leads that finds nothing", _asking("GET", f"/leads?search={_NOTHING}")),
        Operation("`leads export`", _export_leads),
        Operation("`requests export`", _asking("GET", "/requests/export")),
        Operation("`state save`", _asking("GET", "/state")),
        Operation("`state load`", _load_state, prepare=_save_state),
        Operation(f"`POST /_sandbox/leads` of {many:,} leads", _importing(scale, many)),
        Operation("a checkpoint being written", _checkpoint_written, more=_LINES_BEFORE_CHECKPOINT),
        Operation("the proof in the background, from the start on", Server.await_calm, at_start=True),
        Operation("the first 400", _post_a_wrong_lead),
        Operation("the first scenario", _asking("PUT", "/scenarios/active", b'{"active": ["shuffle"]}')),
    ]


def _asking(method: str, path: str, body: bytes | None = None) -> Do:
    def ask(server: Server) -> None:
        _ask(server, method, path, body)

    return ask


def _ask(
    server: Server,
    method: str,
    path: str,
    body: bytes | BinaryIO | None = None,
    into: Path = Path(os.devnull),
    **headers: str,
) -> None:
    """Ask the admin API, and read the whole answer. One that is no success is an error."""
    given = {
        "content-type": "application/json",
        **{n.replace("_", "-"): value for n, value in headers.items()},
    }
    with (
        httpx.stream(
            method, f"{server.url}{path}", content=body, headers=given, timeout=_PATIENCE, trust_env=False
        ) as answer,
        into.open("wb") as out,
    ):
        if answer.is_error:
            raise click.ClickException(f"{method} {path}: {answer.status_code} {answer.read().decode()}")
        for piece in answer.iter_raw():
            out.write(piece)


def _post_a_wrong_lead(server: Server) -> None:
    lead = {**LEAD, "phoneNumber": phone_number(0), "region": "Kalifornien", "email": "someone"}
    url = f"http://{HOST}:{server.port}{PATH}"
    answer = httpx.post(url, json=lead, headers={"x-api-key": KEY}, timeout=_PATIENCE, trust_env=False)
    if answer.status_code != 400:
        raise click.ClickException(f"a wrong lead was answered {answer.status_code}")


def _export_leads(server: Server) -> None:
    command = sandbox("--url", f"http://{HOST}:{server.port}", "leads", "export", "--output", os.devnull)
    subprocess.run(command, env=clean_environment(), cwd=server.folder, check=True)


def _save_state(server: Server) -> None:
    _ask(server, "GET", "/state", into=server.folder / _SAVED)


def _load_state(server: Server) -> None:
    file = server.folder / _SAVED
    with file.open("rb") as body:
        size = str(file.stat().st_size)
        _ask(server, "PUT", "/state", body, content_type=STATE_MEDIA, content_length=size)


def _importing(scale: int, many: int) -> Do:
    def ask(server: Server) -> None:
        # the fields that most have: with all eleven the body would be larger than what the sandbox takes at once
        common = {name: LEAD[name] for name in ("region", "firstName", "lastName", "email")}
        leads = [{"phoneNumber": phone_number(scale + place), **common} for place in range(many)]
        _ask(server, "POST", "/leads", json.dumps({"leads": leads}).encode())

    return ask


def _tidied(server: Server) -> None:
    _await_change(server.folder / LOG, lambda stat: stat.st_ino)


def _checkpoint_written(server: Server) -> None:
    _await_change(server.folder / STATE / "checkpoint", lambda stat: stat.st_mtime_ns)


def _await_change(path: Path, aspect: Callable[[os.stat_result], int]) -> None:
    """Wait until another file stands there."""

    def now() -> int | None:
        return aspect(path.stat()) if path.exists() else None

    before, deadline = now(), time.monotonic() + _CHANGE_SECONDS
    while now() == before:
        if time.monotonic() > deadline:
            raise click.ClickException(f"{path.name} stays as it was")
        time.sleep(0.01)
