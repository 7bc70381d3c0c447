"""The cost of `aktify-sandbox check` on a large file of leads, clean and damaged."""

import csv
import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks import results
from benchmarks.servers import clean_environment, sandbox

HEADER = ["First Name", "Phone", "State", "Zip", "Email", "Created Date", "Notes"]
SHARES = (0.0, 0.1, 0.5)
SECONDS, MEGABYTES = 5, 250
"""The goals."""


def run(count: int, runs: int, to: Path | None) -> None:
    """Measure and write the section."""
    rows = []
    with TemporaryDirectory(prefix="aktify-benchmark-") as name:
        for share in SHARES:
            file = Path(name) / "leads.csv"
            write_leads(file, count, share)
            seconds, megabytes = zip(*(_check(file) for _ in range(runs)), strict=True)
            what = f"{count:,} rows, {share:.0%} of them damaged"
            rows.append(results.figure(f"{what}: time", seconds, "s", SECONDS))
            rows.append(results.figure(f"{what}: memory", megabytes, "MB", MEGABYTES, ".0f"))
            print(f"measured: {what}", file=sys.stderr)
    introduction = f"`check` with `--rejects` and `--fixed`; medians of {runs} runs (least–most)."
    results.section("files", "Files", [introduction, "", *results.figures(rows)], to)


def write_leads(file: Path, count: int, share: float) -> None:
    """Leads as a CRM exports them, a share of them with damage that spreadsheets do."""
    random = Random(1)  # noqa: S311  # the same file in each run, no secret
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(HEADER)
        for number in range(count):
            row = ["Ann", _phone(number), "CA", "90210", "a@example.com", "2026-11-01T14:05:00Z", "x"]
            if random.random() < share:
                place, text = random.choice(_DAMAGE)
                row[place] = text.format(row[place])
            writer.writerow(row)


_DAMAGE = (
    (1, "2.12556E+09"),
    (1, "{}.0"),
    (2, "California"),
    (2, "ca"),
    (3, "2139"),
    (4, "a@b"),
    (5, "2026-11-01 14:05"),
    (5, "11/02/2026 9:04 AM"),
)


def _phone(number: int) -> str:
    return f"{212 + number // 1_000_000}{555 + number // 10_000 % 100}{number % 10_000:04d}"


def _check(file: Path) -> tuple[float, float]:
    """Seconds, and the most memory that was resident, in MB."""
    outputs = ["--rejects", str(file.with_name("rejects.csv")), "--fixed", str(file.with_name("fixed.csv"))]
    began = time.perf_counter()
    process = subprocess.Popen(
        sandbox("check", str(file), *outputs), env=clean_environment(), stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)  # of this process alone, not the maximum of earlier ones
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - began, usage.ru_maxrss / 1024
