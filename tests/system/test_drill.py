"""`drill`: a client's own command, station after station."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator

from aktify_sandbox.drill.result import drill_schema
from aktify_sandbox.drill.stations import ORDINARY, STATIONS
from support.conditions import eventually
from support.running import COMMAND, clean_environment

POST = """
import json, os, sys, time, urllib.error, urllib.request
def post(number):
    body = json.dumps({"phoneNumber": f"(509) 555-01{number:02d}", "region": "CA"}).encode()
    headers = {"x-api-key": os.environ["AKTIFY_API_KEY"], "content-type": "application/json"}
    try:
        request = urllib.request.Request(os.environ["AKTIFY_BASE_URL"] + "/api/v1/leads", body, headers)
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code
"""


class Done(NamedTuple):
    """What became of a drill."""

    code: int
    out: str
    err: str
    result: dict[str, Any]

    def station(self, name: str) -> dict[str, Any]:
        [found] = [each for each in self.result["stations"] if each["station"] == name]
        assert isinstance(found, dict)
        return found

    def problems(self, name: str) -> set[str]:
        return {problem["id"] for run in self.station(name)["runs"] for problem in run["problems"]}


def words_of(folder: Path, code: str, *options: str) -> list[str]:
    """A drill of a client that runs this Python code, with `post` at hand."""
    path = folder / "client.py"
    path.write_text(POST + code)
    return [*COMMAND, "drill", "--json", "drill.json", *options, "--", sys.executable, str(path)]


def drill(folder: Path, code: str, *options: str) -> Done:
    done = subprocess.run(
        words_of(folder, code, *options),
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    return Done(done.returncode, done.stdout, done.stderr, result_in(folder))


def result_in(folder: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((folder / "drill.json").read_text())
    assert list(Draft202012Validator(drill_schema()).iter_errors(result)) == []
    return result


def test_a_client_that_takes_no_notice_of_a_503_loses_its_leads(tmp_path: Path) -> None:
    done = drill(tmp_path, "[post(n) for n in range(3)]", "--only", "outage")
    assert done.code == 1
    assert [each["station"] for each in done.result["stations"]] == [ORDINARY, "outage"]
    assert done.station(ORDINARY)["verdict"] == "passed"
    assert "leads-lost" in done.problems("outage")
    flaky = done.station("outage")["runs"][0]
    assert (flaky["scenario"], flaky["answers"], flaky["leadsIn"]) == ("flaky", {"503": 3}, 0)
    assert flaky["leadsLost"] == ["+1509***0100", "+1509***0101", "+1509***0102"]
    assert done.result["passed"] is False
    assert len(done.result["startedAt"]) == len("2026-11-26T10:00:00.000Z")


def test_a_client_that_repeats_a_503_passes(tmp_path: Path) -> None:
    code = "for n in range(3):\n    while post(n) not in (201, 409): time.sleep(0.2)"
    done = drill(tmp_path, code, "--only", "html-page")
    assert (done.code, done.result["passed"], done.result["complete"]) == (0, True, True)
    assert {each["verdict"] for each in done.result["stations"]} == {"passed"}


@pytest.mark.parametrize("code", ["pass", "os.environ['AKTIFY_API_KEY'] = 'wrong'; post(1)"])
def test_without_an_accepted_lead_nothing_else_is_run(tmp_path: Path, code: str) -> None:
    done = drill(tmp_path, code)
    assert done.code == 1
    verdicts = [each["verdict"] for each in done.result["stations"]]
    assert verdicts == ["failed", *["not-run"] * (len(STATIONS) - 1)]


def test_a_station_that_is_not_reached_fails_nothing(tmp_path: Path) -> None:
    done = drill(tmp_path, "post(1)", "--only", "rate-limit")
    assert (done.code, done.station("rate-limit")["verdict"]) == (0, "not-reached")


WORKERS = """
import itertools, threading
leads, stopped = itertools.count(), threading.Event()
def work():
    while (number := next(leads)) < 20 and not (STOPS and stopped.is_set()):
        if post(number) == 401: stopped.set()
threads = [threading.Thread(target=work) for _ in range(5)]
[each.start() for each in threads]
[each.join() for each in threads]
"""


def test_workers_that_stop_at_the_first_401_pass_though_others_were_under_way(tmp_path: Path) -> None:
    done = drill(tmp_path, WORKERS.replace("STOPS", "True"), "--only", "key-revoked")
    station = done.station("key-revoked")
    assert station["runs"][0]["problems"] == []
    assert station["verdict"] == "passed"


def test_workers_that_go_on_after_a_401_fail(tmp_path: Path) -> None:
    done = drill(tmp_path, WORKERS.replace("STOPS", "False"), "--only", "key-revoked")
    assert done.problems("key-revoked") == {"needless-retries", "finding"}


def test_scenarios_of_a_campaign_take_no_part(tmp_path: Path) -> None:
    """They would take the place of a station's own, and each client would pass."""
    campaign = {"scenarios": ["slow"], "keys": ["test-key"]}
    (tmp_path / "aktify-sandbox.yaml").write_text(json.dumps({"campaigns": {"demo": campaign}}))
    done = drill(tmp_path, "post(1)", "--only", "outage")
    assert done.station("outage")["verdict"] == "failed"


def test_a_run_is_stopped_at_the_limit_with_all_that_it_started(tmp_path: Path) -> None:
    code = "import subprocess\nchild = subprocess.Popen(['sleep', '300'])\nopen('pid', 'w').write(str(child.pid))\n"
    done = drill(tmp_path, code + "post(1)\nchild.wait()", "--only", ORDINARY, "--timeout", "10")
    assert done.code == 1
    assert done.problems(ORDINARY) == {"time-limit"}
    eventually(lambda: not is_running(int((tmp_path / "pid").read_text())))


def is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it ended before or while it was read
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_drill_that_is_interrupted_ends_the_command_and_says_what_was_done(
    tmp_path: Path, number: signal.Signals
) -> None:
    code = """
post(1)
if os.path.exists("second"):
    open("pid.tmp", "w").write(str(os.getpid()))
    os.rename("pid.tmp", "pid")
    time.sleep(300)
open("second", "w")
"""
    words = words_of(tmp_path, code, "--only", "outage")
    with subprocess.Popen(
        words, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        eventually((tmp_path / "pid").exists)
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out.startswith("1 of 2: ordinary")
    result = result_in(tmp_path)
    assert (result["complete"], result["passed"]) == (False, False)
    assert [each["verdict"] for each in result["stations"]] == ["passed", "not-run"]
    assert not is_running(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_leaves_nothing_of_the_command_running(
    tmp_path: Path, number: signal.Signals
) -> None:
    code = """
import signal, subprocess
signal.signal(signal.SIGTERM, signal.SIG_IGN)
children = [subprocess.Popen(["sleep", "300"]) for _ in range(2)]
signal.signal(signal.SIGTERM, lambda *_: open("asked", "w").close())
open("pids.tmp", "w").write(" ".join(str(each.pid) for each in children))
os.rename("pids.tmp", "pids")
time.sleep(300)
"""
    words = words_of(tmp_path, code, "--only", ORDINARY)
    with subprocess.Popen(
        words, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        eventually((tmp_path / "pids").exists)
        process.send_signal(number)
        eventually((tmp_path / "asked").exists)
        process.send_signal(number)
        said = process.communicate(timeout=30)[0]
    assert process.returncode == 130
    assert said.startswith("1 of 1: ordinary … stopping … interrupted\n")
    pids = (tmp_path / "pids").read_text().split()
    eventually(lambda: not any(is_running(int(pid)) for pid in pids))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--only", "outtage"], "outage"),
        (["--skip", "reste"], "reset"),
        (["--skip", ORDINARY], ORDINARY),
        (["--only", "slow", "--skip", "slow"], "slow"),
        (["--timeout", "0"], "--timeout"),
    ],
)
def test_wrong_usage_is_told_with_what_was_meant(tmp_path: Path, options: list[str], named: str) -> None:
    done = subprocess.run(
        words_of(tmp_path, "", *options),
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert named in done.stderr
    assert not (tmp_path / "drill.json").exists()


def test_a_command_that_is_not_there_is_told_like_exec_does(tmp_path: Path) -> None:
    words = [*COMMAND, "drill", "--json", "drill.json", "--", "no-such-command"]
    done = subprocess.run(words, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 127
    assert done.stderr.startswith("Error: ")
    assert done.stdout.endswith("\n")
    assert not (tmp_path / "drill.json").exists()


def test_a_drill_that_breaks_off_by_an_error_says_what_was_done(tmp_path: Path) -> None:
    code = """
post(1)
if os.path.exists("second"):
    stop = urllib.request.Request(os.environ["AKTIFY_SANDBOX_URL"] + "/_sandbox/stop", method="POST")
    urllib.request.urlopen(stop).read()
open("second", "w")
"""
    done = drill(tmp_path, code, "--only", "duplicate")
    assert done.code == 1
    assert (done.result["complete"], done.result["passed"]) == (False, False)
    assert [each["verdict"] for each in done.result["stations"]] == ["passed", "not-run"]
    assert done.out.splitlines()[-1].startswith("2 stations: 1 passed, 1 not run.")
    assert "Error: " in done.err


def test_a_result_that_cannot_be_written_fails_the_drill_after_its_summary(tmp_path: Path) -> None:
    code = "os.path.isdir('drill.json') or os.mkdir('drill.json'); post(1)"
    done = subprocess.run(
        words_of(tmp_path, code, "--only", ORDINARY),
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, "1 passed" in done.stdout) == (1, True)
    assert "--json drill.json" in done.stderr
