"""The result of a drill as lines for a terminal."""

from collections.abc import Iterator, Mapping, Sequence

from aktify_sandbox.drill.result import DrillResult, RunResult, StationResult, Verdict
from aktify_sandbox.drill.stations import STATIONS
from aktify_sandbox.text import plural, printable

WORDS: Mapping[Verdict, str] = {
    "passed": "passed",
    "failed": "FAILED",
    "not-reached": "not reached",
    "not-run": "not run",
}
_INDENT = "  "


def station_lines(station: StationResult, output: Sequence[str] = ()) -> Iterator[str]:
    """What came of a station. For one that failed: why, what is right, and what the command printed last."""
    for run in station["runs"]:
        name = f"{run['scenario']}: " if len(station["runs"]) > 1 else ""
        yield f"{_INDENT}{name}{run['did']} {run['seconds']:.1f} s."
        yield from (f"{_INDENT * 2}{line}" for line in _run_lines(run))
    if station["verdict"] == "not-reached":
        yield f"{_INDENT}{_not_reached(station)}"
    if station["verdict"] == "failed":
        yield f"{_INDENT}Expected: {station['expected']}"
        for scenario in filter(None, (run["scenario"] for run in station["runs"] if run["problems"])):
            yield f"{_INDENT}Try it alone: aktify-sandbox exec --scenario {scenario} -- COMMAND"
        if output:
            yield f"{_INDENT}The command printed last:"
            yield from (f"{_INDENT * 2}{printable(line)}" for line in output)


def _not_reached(station: StationResult) -> str:
    may_stop = STATIONS[station["station"]].may_stop
    if may_stop and any("401" in run["answers"] for run in station["runs"]):
        return (
            "Every lead was under way before the first 401 was read, so whether the command stops can't be seen. "
            "Let it send fewer at a time, or give it more leads."
        )
    return "The command sent too few requests to meet this. Give it more leads."


def _run_lines(run: RunResult) -> Iterator[str]:
    for problem in run["problems"]:
        if problem["id"] != "finding":  # the findings follow, with their fixes
            yield printable(problem["message"])
    for finding in sorted(run["findings"], key=lambda each: each["level"] == "note"):
        note = "Note: " if finding["level"] == "note" else ""
        yield printable(f"{note}{finding['id']}: {finding['sentence']}")
        yield printable(f"{_times(finding['count'])}{finding['example']}")
        yield f"Fix: {finding['fix']}"


def _times(count: int) -> str:
    return f"{plural(count, 'time')}, first: " if count > 1 else "1 time: "


def summary(result: DrillResult) -> str:
    """The whole in one line."""
    counts = {word: sum(each["verdict"] == word for each in result["stations"]) for word in WORDS}
    told = ", ".join(f"{count} {WORDS[word].lower()}" for word, count in counts.items() if count)
    return f"{plural(len(result['stations']), 'station')}: {told}. {result['seconds']:.0f} s."
