"""CPU time per request, requests per second and latency, side by side with what stands on the same stack.

In each round every server is started anew with nothing remembered, warmed up, and measured under load; the rounds
begin with another server each time. Ratios are taken within a round, so that a machine that slows down in between
slows all of them.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import goals, results
from benchmarks.leads import Places, phone_number, pieces
from benchmarks.load import Load, Measured, generator, put
from benchmarks.servers import SANDBOX, WITH_RULES, served

ABOUT = {
    SANDBOX: "`aktify-sandbox serve`, all defaults",
    WITH_RULES: "the same with 1,000 scenario rules that mention no lead",
    "echo": "Starlette, `JSONResponse(await request.json(), 201)`",
    "hello": "Starlette, constant 201",
    "raw": "raw ASGI, constant 201",
}
_WARM_UP = 0.2

Round = dict[str, Measured]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: float


def run(plan: Plan, to: Path) -> None:
    """Measure and write the section."""
    places, names = Places(), list(ABOUT)
    rounds: list[Round] = []
    for number in range(plan.rounds):
        turn = number % len(names)
        rounds.append({name: _measured(name, plan, places) for name in names[turn:] + names[:turn]})
        _progress(number + 1, plan.rounds, rounds[-1])
    results.write("Speed", [*_introduction(plan), *_table(rounds), "", *_answers(rounds)], to)


def _measured(name: str, plan: Plan, places: Places) -> Measured:
    with served(name, places.take(1)) as server:
        put(Load(places.take(), seconds=plan.seconds * _WARM_UP), server)
        return put(Load(places.take(), seconds=plan.seconds), server)


def _progress(done: int, of: int, latest: Round) -> None:
    figures = ", ".join(f"{name} {measured.cpu_us:.1f} µs" for name, measured in latest.items())
    print(f"round {done} of {of}: {figures}", file=sys.stderr)


def _introduction(plan: Plan) -> list[str]:
    size = len(phone_number(0).join(pieces(8509)))
    what = f"{generator()}, {plan.rounds} rounds of {plan.seconds:g} s each; requests of {size} bytes, 11 fields, "
    return [
        what + "a different phone number each. Medians, and least to most of the ratios within a round.",
        "",
    ]


def _table(rounds: list[Round]) -> list[str]:
    head = ["server", "CPU per request", "requests/s", "p50", "p99", "CPU to the echo's", "CPU to hello's"]
    rows = [
        [
            ABOUT[name],
            f"{_median(rounds, name, 'cpu_us'):.1f} µs",
            f"{_median(rounds, name, 'rate'):,.0f}",
            f"{_median(rounds, name, 'p50_ms'):.2f} ms",
            f"{_median(rounds, name, 'p99_ms'):.2f} ms",
            _ratio(rounds, name, "echo", goals.ECHO),
            _ratio(rounds, name, "hello", goals.HELLO),
        ]
        for name in ABOUT
    ]
    rules = results.spread([each[WITH_RULES].cpu_us / each[SANDBOX].cpu_us for each in rounds])
    return [*results.table(head, rows), "", f"CPU with 1,000 rules to CPU without: {rules}."]


def _median(rounds: list[Round], name: str, figure: str) -> float:
    return median(float(getattr(measured[name], figure)) for measured in rounds)


def _ratio(rounds: list[Round], name: str, other: str, goal: goals.Goal) -> str:
    ratios = [measured[name].cpu_us / measured[other].cpu_us for measured in rounds]
    text = "1" if name == other else results.spread(ratios)
    return f"{text}, {goal.verdict(median(ratios))}" if name == SANDBOX else text


def _answers(rounds: list[Round]) -> list[str]:
    runs = [measured for each in rounds for measured in each.values()]
    answered = sum(measured.answered for measured in runs)
    wrong = answered - sum(measured.statuses.get("201", 0) for measured in runs)
    failed = sum(measured.failed for measured in runs)
    good = f"All {answered:,} answers were 201."
    return [good if not wrong + failed else f"**NOT VALID**: {wrong:,} answers not 201, {failed:,} failed."]
