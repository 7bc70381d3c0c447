"""Each command of benchmarks/ runs, in a tiny form, and writes its section; no time is asserted."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aktify_sandbox.contract.lead import identity
from benchmarks import machine, profiling, results
from benchmarks.leads import Places, phone_number
from inspector.browsing import chromium_or_skip
from running import unmeasured

ROOT = Path(__file__).parent.parent
TINY = {
    "speed": ("--rounds", "1", "--seconds", "0.3"),
    "growth": ("--most", "2000", "--repeats", "1"),
    "viewers": ("--rounds", "1", "--seconds", "0.3"),
    "startup": ("--starts", "1", "--leads", "200"),
    "files": ("--rows", "50", "--runs", "1"),
    "fixture": ("--runs", "1", "--tests", "3"),
    "profile": ("--seconds", "1"),
    "page": ("--loads", "1", "--posts", "3"),
}
TITLES = {
    "speed": "Speed",
    "growth": "Growth, quick form",
    "viewers": "Viewers",
    "startup": "Start-up",
    "files": "Files",
    "fixture": "Fixture",
    "profile": "Profile",
    "page": "Page",
}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="benchmarks read /proc")


def run(command: str, to: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", command, *TINY[command], "--to", str(to)],
        cwd=ROOT,
        env=unmeasured(**environment),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return results.read(to)[1][TITLES[command]]


@pytest.mark.parametrize("command", TINY)
def test_each_command_writes_its_section_and_leaves_the_others(command: str, tmp_path: Path) -> None:
    if command == "page":
        chromium_or_skip()
    to = tmp_path / "RESULTS.md"
    to.write_text("# Mine\n\n## Another\n\nstays\n")
    section = run(command, to)
    assert "NOT VALID" not in section
    assert "CPython" in section
    assert re.search(r"\| .*\d (µs|ms|MB|times)", section)
    assert to.read_text().startswith("# Mine\n")
    assert "stays" in results.read(to)[1]["Another"]


def test_without_wrk_the_load_comes_from_python(tmp_path: Path) -> None:
    section = run("speed", tmp_path / "RESULTS.md", PATH=str(tmp_path))
    assert "Python, 32 connections" in section
    assert re.search(r"All [\d,]+ answers were 201", section)


def test_without_py_spy_the_profile_names_our_functions(tmp_path: Path) -> None:
    if Path(sys.executable).with_name("py-spy").exists() or shutil.which("py-spy"):
        pytest.skip("py-spy is installed")
    assert "aktify_sandbox/" in run("profile", tmp_path / "RESULTS.md")


def test_a_section_is_replaced_where_it_stands(tmp_path: Path) -> None:
    to = tmp_path / "RESULTS.md"
    for title, line in (("Growth", "one"), ("Speed", "two"), ("Growth", "three")):
        results.write(title, [line], to)
    text = to.read_text()
    assert text.index("## Speed") < text.index("two") < text.index("## Growth") < text.index("three")
    assert "one" not in text.split()


def test_every_phone_number_is_one_that_the_sandbox_takes_and_none_comes_twice() -> None:
    places = [*range(0, 5_680_000_000, 3_333_331), *range(5_000)]
    numbers = {identity(phone_number(place)) for place in places}
    assert None not in numbers
    assert len(numbers) == len(set(places))
    assert not [number for number in numbers if number and number[5:8] == "555"]


@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk runs lead.lua")
def test_wrk_sends_the_same_phone_numbers(tmp_path: Path) -> None:
    script = tmp_path / "numbers.lua"
    lines = (ROOT / "benchmarks" / "lead.lua").read_text().partition("function setup")[0]
    wanted = [0, 9_999, 10_000, 3_550_000, 7_990_000, 5_679_999_999]
    script.write_text(lines + "\n".join(f"print(number({place}))" for place in wanted) + "\n")
    command = ["wrk", "-t1", "-c1", "-d1s", "-s", str(script), "http://127.0.0.1:9/"]
    said = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    assert set(said) >= {phone_number(place) for place in wanted}


def test_places_are_given_once() -> None:
    places = Places()
    first, second = places.take(5), places.take(1)
    assert (first, second) == (0, 5)


def test_the_clock_of_another_process_counts_its_cpu_time() -> None:
    code = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as busy:
        assert busy.stdout
        busy.stdout.readline()
        ticks = Path(f"/proc/{busy.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        spent = machine.cpu_seconds(busy.pid)
        busy.communicate(b"\n")
    assert spent == pytest.approx(sum(map(int, ticks)) / 100, abs=0.1)
    assert spent >= 0.3
    assert time.process_time() == pytest.approx(machine.cpu_seconds(0), abs=0.1)


def test_samples_are_counted_by_function() -> None:
    shares = profiling.of_stacks("run (a.py:1);answer (b.py:2) 3\nrun (a.py:9) 1\n")
    assert shares.own == {"answer (b.py)": 0.75, "run (a.py)": 0.25}
    assert shares.whole == {"answer (b.py)": 0.75, "run (a.py)": 1.0}
