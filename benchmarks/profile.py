"""Where the time of a request goes: `serve` under cProfile and a load, the functions by their own time.

cProfile slows small functions down: read the order, not the times. The event loop's own line holds the waiting too.
"""

import io
import pstats
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import results
from benchmarks.load import Load, put
from benchmarks.servers import Server
from benchmarks.speed import Row

_TOP = 30


def run(row: Row, count: int, to: Path | None) -> None:
    """Profile and write the section."""
    row.client.require()
    with TemporaryDirectory(prefix="aktify-benchmark-") as name:
        file = Path(name) / "profile.out"
        command = [sys.executable, "-m", "cProfile", "-o", str(file), "-m", "aktify_sandbox", "serve"]
        server = Server(command, Path(name))
        try:
            load = Load(count=count, different=row.different)
            measured = put(load, row.client, server, {row.status})
        finally:
            server.stop()
        out = io.StringIO()
        pstats.Stats(str(file), stream=out).strip_dirs().sort_stats("tottime").print_stats(_TOP)
    text = out.getvalue().partition("   ncalls")
    introduction = f"{row.name}: {measured.answered:,} requests under cProfile."
    lines = ["```text", f"{text[1]}{text[2].rstrip()}", "```"]
    results.section("profile", "Profile", [introduction, "", *lines], to)
