"""Where the CPU time of a request goes, by function, while the sandbox is under load.

With `py-spy` (`pip install py-spy`) the server is sampled from outside: a function's own share holds the C code that
it calls, such as `write(2)` and `orjson`, and the server runs as it always does. Without it the server runs under
`cProfile`, which names the C functions but slows Python functions down, small ones most of all: read it as an order.
Shares are turned into µs with the CPU time per request that was measured during the same load, so under `cProfile`
they hold its own cost too.
"""

import pstats
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import machine, results
from benchmarks.leads import Places
from benchmarks.load import Load, Measured, generator, put
from benchmarks.servers import ROOT, SANDBOX, Server, served

_TOP = 25
_RATE = 500


@dataclass(frozen=True, slots=True)
class Shares:
    """Of all time: what each function took itself, and with all that it called."""

    own: dict[str, float]
    whole: dict[str, float]


class NoSampling(Exception):
    """Why py-spy gave nothing: it isn't there, or may not look into another process."""


def run(seconds: float, to: Path) -> None:
    """Profile and write the section."""
    try:
        tool, (measured, shares) = "py-spy", _sampled(seconds)
    except NoSampling as reason:
        print(f"cProfile instead of py-spy: {reason}", file=sys.stderr)
        tool, (measured, shares) = "cProfile, whose own cost is in the figures", _traced(seconds)
    head = f"{generator()}, {measured.answered:,} requests, {measured.cpu_us:.1f} µs of CPU each; by {tool}."
    results.write("Profile", [head, "", *_table(shares, measured.cpu_us)], to)


def _spy() -> str:
    beside = Path(sys.executable).with_name("py-spy")
    found = str(beside) if beside.exists() else shutil.which("py-spy")
    if found is None:
        raise NoSampling("it isn't installed.")
    return found


def _table(shares: Shares, cpu_us: float) -> list[str]:
    top = sorted(shares.own, key=lambda name: -shares.own[name])[:_TOP]
    rows = [
        [
            f"`{name}`",
            f"{shares.own[name]:.1%}",
            f"{shares.own[name] * cpu_us:.1f} µs",
            f"{shares.whole[name]:.1%}",
        ]
        for name in top
    ]
    rest = 1 - sum(shares.own[name] for name in top)
    rows.append(["everything else", f"{rest:.1%}", f"{rest * cpu_us:.1f} µs", ""])
    return results.table(["function", "own share", "per request", "with what it calls"], rows)


def _sampled(seconds: float) -> tuple[Measured, Shares]:
    spy, places = _spy(), Places()
    with served(SANDBOX, places.take(1)) as server:
        put(Load(places.take(), seconds=1), server)
        file = server.folder / "stacks.txt"
        _, load_core = machine.cores()
        command = [spy, "record", "--pid", str(server.pid), "--duration", str(max(1, round(seconds)))]
        command += ["--rate", str(_RATE), "--format", "raw", "--output", str(file)]
        with machine.on_core(load_core):
            sampling = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        measured = put(Load(places.take(), seconds=seconds), server)
        said, _ = sampling.communicate()
        if sampling.returncode:
            raise NoSampling(said)
        return measured, of_stacks(file.read_text())


def of_stacks(text: str) -> Shares:
    """Shares from py-spy's lines: `outermost;…;innermost samples`."""
    own, whole = Counter[str](), Counter[str]()
    for line in text.splitlines():
        stack, _, samples = line.rpartition(" ")
        frames = [_without_line(frame) for frame in stack.split(";")]
        own[frames[-1]] += int(samples)
        for frame in set(frames):
            whole[frame] += int(samples)
    total = own.total() or 1
    return Shares({n: c / total for n, c in own.items()}, {n: c / total for n, c in whole.items()})


def _without_line(frame: str) -> str:
    """`function (file:12)` without the number, so that a function is counted once."""
    head, colon, number = frame.rstrip(")").rpartition(":")
    return f"{head})" if colon and number.isdigit() else frame


def _traced(seconds: float) -> tuple[Measured, Shares]:
    with TemporaryDirectory(prefix="aktify-benchmark-") as name:
        folder, places = Path(name), Places()
        launcher = [sys.executable, "-m", "cProfile", "-o", "profile.out", "-m", "aktify_sandbox"]
        launcher += ["serve", "--port", "{port}"]
        server = Server(SANDBOX, folder, places.take(1), launcher)
        try:
            measured = put(Load(places.take(), seconds=seconds), server)
        finally:
            server.stop()
        return measured, of_statistics(folder / "profile.out")


def of_statistics(file: Path) -> Shares:
    """Shares from what cProfile wrote, of the time in which the server wasn't waiting."""
    found: dict[tuple[str, int, str], tuple[int, int, float, float, Any]] = vars(pstats.Stats(str(file)))[
        "stats"
    ]
    own: dict[str, float] = defaultdict(float)
    whole: dict[str, float] = defaultdict(float)
    for (path, line, name), (_, _, own_seconds, all_seconds, _) in found.items():
        if "uvloop.loop.Loop" not in name:
            own[_named(name, path, line)] += own_seconds
            whole[_named(name, path, line)] += all_seconds
    total = sum(own.values()) or 1.0
    return Shares({n: t / total for n, t in own.items()}, {n: t / total for n, t in whole.items()})


def _named(name: str, file: str, line: int) -> str:
    if file == "~":
        return name
    short = file.removeprefix(str(ROOT) + "/").rpartition("site-packages/")[2]
    return f"{name} ({short}:{line})"
