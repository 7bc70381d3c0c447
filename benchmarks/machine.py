"""Statistics of a running server, and assignment of cores. Linux only: it reads `/proc`."""

import os
import platform
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("aktify-sandbox", "starlette", "uvicorn", "uvloop", "httptools", "orjson", "jsonschema-rs")
_CPU_CLOCK = 2


def cpu_seconds(pid: int) -> float:
    """CPU time of a process, user and system, of all its threads.

    It is the sum that `/proc/PID/stat` gives in hundredths of a second, in nanoseconds: see clock_getcpuclockid(3).
    """
    return time.clock_gettime(~pid << 3 | _CPU_CLOCK)


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB (millions of bytes)."""
    return _memory_mb(pid, "VmRSS")


def peak_mb(pid: int) -> float:
    """The most resident memory that a process has had, in MB."""
    return _memory_mb(pid, "VmHWM")


def _memory_mb(pid: int, name: str) -> float:
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def disk_mb(folder: Path) -> float:
    """Size of the files in a folder in MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def cores() -> tuple[int, int]:
    """The server's core and the load's; the same one if there is but one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[-1], usable[0]


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Programs started inside run on this core only, from their first instruction."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def description() -> str:
    """Machine and versions, as the results name them."""
    text = Path("/proc/cpuinfo").read_text()
    model = next(iter(re.findall(r"model name\s*: (.*)", text)), platform.machine())
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    date = time.strftime("%Y-%m-%d")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    server, load = cores()
    shared = "; server and load SHARED ONE CORE" if server == load else ""
    return (
        f"{date}; {model}, {len(os.sched_getaffinity(0))} cores{shared}; "
        f"{platform.system()} {platform.release()}; {python}; {packages}."
    )
