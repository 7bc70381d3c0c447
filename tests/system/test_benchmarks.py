"""Each command of benchmarks/ runs, in a tiny form, and writes its section; no time is asserted."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import httpx
import pytest

from aktify_sandbox.contract.lead import identity
from benchmarks import machine, pauses, prepared, results, speed
from benchmarks.leads import NUMBERS, phone_number
from benchmarks.load import WRK, Client, Load, put
from benchmarks.servers import SERVE, Server, served
from support.paths import ROOT
from support.running import needs, unmeasured

TINY = {
    "growth": ("--most", "2000", "--repeats", "1"),
    "startup": ("--starts", "1", "--scale", "20000"),
    "pauses": ("--rounds", "1", "--scale", "20000", "--only", "first 400"),
    "pages": ("--count", "1", "--scale", "20000"),
    "report": ("--scale", "1000", "--runs", "1"),
    "files": ("--rows", "50", "--runs", "1"),
    "fixture": ("--runs", "1", "--tests", "3"),
    "profile": ("--count", "500"),
    "proxied": ("--quick", "--only", "wrk"),
}
GOALS = {
    "wrk, the same four headers each time": "≤ 0.75",
    "wrk, headers of httpx": "≤ 0.85",
    "wrk, a trace id in each request": "≤ 0.9",
    "wrk, `Connection: close`": "≤ 1.1",
    "wrk, 409": "≤ 0.85",
    "wrk, 401": "≤ 0.75",
    "wrk, 400 (one wrong field)": "≤ 1.5",
    "wrk, `linkToShorten`": "≤ 0.95",
    "wrk, 1,000 scenario rules that match no lead": "",
    "Python requests, one session": "≤ 1",
    "Python requests, no session": "≤ 1",
    "httpx, one client": "≤ 1",
    "aiohttp, 16 at a time": "≤ 0.95",
    "Node fetch, 16 at a time": "≤ 1",
    "Node http with an agent, 16 at a time": "≤ 0.9",
    "Java HttpClient over HTTP/1.1, 16 at a time": "",
}
CLIENTS = {
    "wrk": WRK,
    **{row.name: row.client for row in speed.ROWS if row.client.program != "wrk"},
}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="benchmarks read /proc")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    env = unmeasured(**environment)
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def usable(client: Client) -> Client:
    if client.missing:
        needs(client.missing)
    return client


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served(SERVE) as server:
        yield server


@pytest.mark.parametrize("command", TINY)
def test_each_command_writes_its_section_and_leaves_the_others(command: str, tmp_path: Path) -> None:
    if command in ("growth", "profile", "proxied"):
        usable(WRK)
    if command == "proxied":
        needs("haproxy")
    to = tmp_path / "RESULTS.md"
    to.write_text("# Mine\n\n<!-- another -->\nstays\n<!-- /another -->\n")
    run(command, *TINY[command], "--to", str(to))
    before, section = to.read_text().split(f"<!-- {command} -->\n")
    assert before.startswith("# Mine\n\n<!-- another -->\nstays\n<!-- /another -->\n")
    assert section.endswith(f"<!-- /{command} -->\n")
    assert "CPython" in section
    assert re.search(r"\| .*\d (µs|ms|MB|times)|ncalls", section)


def test_the_table_of_speed_has_every_client_and_shape_with_its_goal(tmp_path: Path) -> None:
    for client in CLIENTS.values():
        usable(client)
    to = tmp_path / "RESULTS.md"
    run("speed", "--quick", "--to", str(to))
    lines = [line.strip("| ").split(" | ") for line in to.read_text().splitlines() if line.startswith("| ")]
    table = {name: cells for name, *cells in lines[2:]}
    assert {name: (cells[3:] or [""])[0].partition(":")[0] for name, cells in table.items()} == GOALS
    for name, (echo, sandbox, ratio, *_) in table.items():
        costs = [float(cost.removesuffix(" µs")) for cost in (echo, sandbox)]
        assert float(ratio) == pytest.approx(costs[1] / costs[0], abs=0.02), name


def test_a_client_that_is_not_installed_is_skipped_with_a_word(tmp_path: Path) -> None:
    done = run("speed", "--quick", "--only", "Node http", PATH=str(tmp_path))
    assert "skipped: Node http with an agent, 16 at a time: node isn't installed" in done.stderr
    row = "| Node http with an agent, 16 at a time | skipped: node isn't installed |  |  | ≤ 0.9 |"
    assert row in done.stdout.splitlines()


def test_a_part_of_the_table_is_only_printed() -> None:
    before = [(ROOT / name).read_bytes() for name in ("README.md", "benchmarks/RESULTS.md")]
    assert "| httpx, one client |" in run("speed", "--quick", "--only", "httpx, one").stdout
    assert [(ROOT / name).read_bytes() for name in ("README.md", "benchmarks/RESULTS.md")] == before


@pytest.mark.parametrize("name", CLIENTS)
def test_every_client_sends_the_phone_numbers_from_its_place_on(name: str) -> None:
    client = replace(usable(CLIENTS[name]), concurrency=1)
    place = 576 * 7_000 - 1
    with served(SERVE) as server:
        assert put(Load(place, count=3), client, server, {201}).statuses == {"201": 3}
        url = f"http://127.0.0.1:{server.port}/_sandbox/leads"
        kept = [each["lead"]["phoneNumber"] for each in httpx.get(url).json()["leads"]]
    assert sorted(kept[:3]) == sorted(phone_number(place + n) for n in range(3))


@pytest.mark.parametrize("name", CLIENTS)
def test_an_answer_with_another_status_is_an_error(name: str, server: Server) -> None:
    load = Load(0, count=20, different=1)
    with pytest.raises(click.ClickException, match=r"Expected answers with \[201\]; got \{'409': \d+\}"):
        put(load, usable(CLIENTS[name]), server, {201})


def test_a_row_with_wrong_answers_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    row = replace(speed.ROWS[0], client=Client("python", "httpx"), status=409)
    monkeypatch.setattr(speed, "ROWS", (row,))
    with pytest.raises(click.ClickException, match=f"{row.name}: .*201"):
        speed.run(speed.Plan(1, 0, count=5), None, None)


def test_a_server_that_ends_is_an_error_with_what_it_said() -> None:
    with (
        pytest.raises(click.ClickException, match="gave no answer: Usage: aktify-sandbox serve"),
        served([*SERVE, "--unheard-of"]),
    ):
        pass


def test_every_phone_number_is_one_that_the_sandbox_takes_and_none_comes_twice() -> None:
    places = {*range(0, NUMBERS, 1_111), *range(5_000), NUMBERS - 1}
    numbers = {identity(phone_number(place)) for place in places}
    assert None not in numbers
    assert len(numbers) == len(places)
    assert all(number and number[5:8] == "555" and number[8:] >= "1000" for number in numbers)


def test_the_readme_gets_the_worst_and_the_best_real_client_and_wrk() -> None:
    ratios = {"httpx, one client": 1.2, "aiohttp, 16 at a time": 0.5, "Node fetch, 16 at a time": 2.0}
    ratios |= {"wrk, the same four headers each time": 0.4, "wrk, 401": 9.0}
    pairs = {name: [speed.Pair(100.0, 100.0 * ratio)] for name, ratio in ratios.items()}
    lines = speed.summary(pairs)[2:]
    assert lines == [
        "| Node fetch, 16 at a time | 100.0 µs | 200.0 µs | 2.00 |",
        "| aiohttp, 16 at a time | 100.0 µs | 50.0 µs | 0.50 |",
        "| wrk, the same four headers each time | 100.0 µs | 40.0 µs | 0.40 |",
    ]


@pytest.mark.parametrize("name", [operation.name for operation in pauses.operations(20_000)])
def test_each_operation_that_may_make_the_loop_stand_still_is_measured(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pauses, "_IDLE", 0.2)
    monkeypatch.setattr(pauses, "_AFTER", 0.1)
    to = tmp_path / "RESULTS.md"
    pauses.run(20_000, name, 1, to)
    row = next(line.split(" | ") for line in to.read_text().splitlines() if name in line)
    assert "failed" not in row[1]
    assert re.fullmatch(r"≤ 25 ms: (met|\*\*missed\*\*) \|", row[-1])


def test_a_prepared_folder_is_what_a_server_leaves_that_took_as_many_leads(tmp_path: Path) -> None:
    prepared.prepare(tmp_path, 300)
    prepared.extend(tmp_path, range(300, 310))
    with served(SERVE, tmp_path) as server:
        leads = httpx.get(f"{server.url}/leads", params={"limit": 1_000}).json()["leads"]
        assert [each["lead"]["phoneNumber"] for each in leads[::-1]] == [phone_number(n) for n in range(310)]
        requests = httpx.get(f"{server.url}/requests", params={"limit": 1_000}).json()["requests"]
        assert [each["response"]["status"] for each in requests] == [409, *[201] * 10, 409, *[201] * 300]
        record = httpx.get(f"{server.url}/requests/{leads[-8]['request']}").json()
        assert phone_number(7) in record["body"]
        assert record["phone"] == leads[-8]["phone"] == identity(phone_number(7))


def test_a_section_is_replaced_where_it_stands(tmp_path: Path) -> None:
    to = tmp_path / "RESULTS.md"
    for name, line in (("growth", "one"), ("speed", "two"), ("growth", r"three \1")):
        results.write(name, [line], to)
    text = to.read_text()
    assert text.index(r"three \1") < text.index("two")
    assert "one" not in text.split()


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
