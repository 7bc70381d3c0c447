"""Imported leads: the tests that need a process of its own."""

import resource
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aktify_sandbox.server.thread import ServerThread
from aktify_sandbox.settings import Settings
from support.conditions import eventually
from support.lead_imports import leads, log
from support.running import Running


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[ServerThread]:
    with ServerThread(Settings(state=tmp_path / "state", port=0)) as running:
        yield running


def test_an_import_that_fills_the_disk_says_what_it_kept_and_can_be_repeated(tmp_path: Path) -> None:
    sandbox = Running(tmp_path, "--state", str(tmp_path / "state"))
    size = (tmp_path / "state" / "log.jsonl").stat().st_size
    everything = resource.prlimit(sandbox.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(sandbox.process.pid, resource.RLIMIT_FSIZE, (size + 200_000, everything[1]))
    refused = sandbox.http.post("/_sandbox/leads", json=leads(2_000))
    assert refused.status_code == 503
    kept = sandbox.get("/_sandbox/status")["leads"]
    assert 0 < kept < 2_000
    assert f"{kept:,} of 2,000" in refused.json()["detail"]
    assert sum(line.get("kind") == "put" for line in log(tmp_path)) == kept
    resource.prlimit(sandbox.process.pid, resource.RLIMIT_FSIZE, everything)
    again = sandbox.http.post("/_sandbox/leads", json=leads(2_000)).json()
    assert (again["imported"], again["already"]) == (2_000 - kept, kept)
    assert sandbox.stop() == 0


def test_a_signal_ends_an_import_and_what_it_kept_is_said(tmp_path: Path) -> None:
    sandbox = Running(tmp_path, "--state", str(tmp_path / "state"))
    answers: list[httpx.Response] = []
    content = leads(200_000)
    importing = threading.Thread(
        target=lambda: answers.append(httpx.post(f"{sandbox.url}/_sandbox/leads", json=content, timeout=60))
    )
    importing.start()
    eventually(lambda: sandbox.get("/_sandbox/status")["leads"])
    assert sandbox.stop() == 0
    importing.join()
    [answer] = answers
    kept = sum(line.get("kind") == "put" for line in log(tmp_path))
    assert answer.status_code == 503
    assert 0 < kept < 200_000
    assert f"{kept:,} of 200,000" in answer.json()["detail"]
