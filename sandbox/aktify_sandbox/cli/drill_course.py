"""Runs a command through the stations of a drill, each run against a fresh sandbox in this process."""

import dataclasses
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

from aktify_sandbox.bundled import bundled
from aktify_sandbox.cli import child_process
from aktify_sandbox.client.local import LocalClient
from aktify_sandbox.client.messages import AdminRequest
from aktify_sandbox.drill.judging import Judge, Judgement, Run
from aktify_sandbox.drill.result import DrillResult, StationResult, Verdict
from aktify_sandbox.drill.stations import ORDINARY, Station
from aktify_sandbox.journal.entry import timestamp
from aktify_sandbox.redaction import Personal, Redaction
from aktify_sandbox.server.thread import ServerThread
from aktify_sandbox.settings import Settings
from aktify_sandbox.version import __version__

_TAIL_BYTES = 2_000
_TAIL_LINES = 8
_PAGE = 1_000
_SETTLE_SECONDS = 2.0
_WORST_FIRST: Sequence[Verdict] = ("failed", "not-reached", "passed")
NOTHING_TO_COMPARE = frozenset(("no-requests", "no-leads-accepted"))


class Done(NamedTuple):
    """A station, and the last lines that the command printed if more failed than its way of sending."""

    result: StationResult
    output: list[str]


class Course:
    """A drill under way."""

    def __init__(
        self,
        command: Sequence[str],
        settings: Settings,
        stations: Sequence[Station],
        seconds: float,
        personal: Personal,
        redaction: Redaction,
    ) -> None:
        """The stations begin with the ordinary one. Each run may take `seconds`."""
        self._command = command
        self._settings = settings
        self._stations = stations
        self._seconds = seconds
        self._judge = Judge(personal, settings.report_off)
        self._redaction = redaction
        self._started_at = timestamp(time.time())
        self._started = time.monotonic()
        self._done: list[StationResult] = []

    def run(self, entered: Callable[[int, Station], object]) -> Iterator[Done]:
        """Run station after station. `entered` is told the place, from 1, of each before it begins.

        Without an accepted lead in the ordinary station the others aren't run. Raises `UserError`.
        """
        for place, station in enumerate(self._stations, 1):
            entered(place, station)
            done = self._station(station)
            self._done.append(done.result)
            yield done
            problems = {each["id"] for run in done.result["runs"] for each in run["problems"]}
            if station.name == ORDINARY and problems & NOTHING_TO_COMPARE:
                for other in self._stations[place:]:
                    self._done.append(_not_run(other))
                return

    @property
    def has_done_any(self) -> bool:
        """Whether a station has been done."""
        return bool(self._done)

    def result(self) -> DrillResult:
        """What has been done so far."""
        complete = len(self._done) == len(self._stations)
        rest = [_not_run(station) for station in self._stations[len(self._done) :]]
        return {
            "version": __version__,
            "startedAt": self._started_at,
            "command": [self._redaction.masked(word) for word in self._command],
            "timeLimit": self._seconds,
            "seconds": round(time.monotonic() - self._started, 1),
            "complete": complete,
            "passed": complete and not any(each["verdict"] in ("failed", "not-run") for each in self._done),
            "stations": [*self._done, *rest],
        }

    def _station(self, station: Station) -> Done:
        judged: list[Judgement] = []
        output: list[str] = []
        for scenario in station.scenarios or (None,):
            run, said = self._run(scenario)
            judged.append(self._judge.judge(station, run))
            if any(each["id"] != "finding" for each in judged[-1].result["problems"]):
                output = said
        verdicts = {each.verdict for each in judged}
        verdict = next(each for each in _WORST_FIRST if each in verdicts)
        runs = [each.result for each in judged]
        return Done(
            {"station": station.name, "verdict": verdict, "expected": station.expected, "runs": runs}, output
        )

    def _run(self, scenario: str | None) -> tuple[Run, list[str]]:
        files = (str(bundled("scenarios") / f"{scenario}.yaml"),) if scenario else ()
        settings = dataclasses.replace(self._settings, scenarios=files)
        with ServerThread(settings) as thread, tempfile.TemporaryFile() as output:
            client = LocalClient(thread)
            started = time.monotonic()
            code = child_process.run_for(
                self._command, thread.environment_for_command(), self._seconds, output
            )
            seconds = self._seconds if code is None else time.monotonic() - started
            thread.check()
            run = Run(scenario, code, seconds, _entries(client), _accepted(client))
            return run, [self._redaction.masked(line) for line in _tail(output)]


def _not_run(station: Station) -> StationResult:
    return {"station": station.name, "verdict": "not-run", "expected": station.expected, "runs": []}


def _entries(client: LocalClient) -> list[dict[str, Any]]:
    """The requests, oldest first, once the sandbox has noticed which clients have hung up."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        text = client.ask(AdminRequest("GET", "/requests/export", query={"format": "jsonl"})).body
        entries = [json.loads(line) for line in text.splitlines()]
        waiting = any(each.get("fault") == "hang" and "hungUpAfterMs" not in each for each in entries)
        if not waiting or time.monotonic() > deadline:
            return entries
        time.sleep(0.05)


def _accepted(client: LocalClient) -> frozenset[str]:
    """The phone numbers of the leads that were kept."""
    found: set[str] = set()
    before = None
    while True:
        query = {"limit": _PAGE, "before": before}
        page = json.loads(client.ask(AdminRequest("GET", "/leads", query=query)).body)
        found |= {lead["phone"] for lead in page["leads"]}
        before = page["next"]
        if before is None:
            return frozenset(found)


def _tail(output: BinaryIO) -> list[str]:
    """The last lines of what the command printed."""
    end = output.seek(0, 2)
    output.seek(max(0, end - _TAIL_BYTES))
    return output.read().decode(errors="replace").splitlines()[-_TAIL_LINES:]
