"""`open_state`: the tests that need a process of its own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from tinydb import TinyDB

from aktify_sandbox import open_state
from aktify_sandbox.storage.log import request_id, seal
from aktify_sandbox.storage.store import Store
from support.open_states import busy, seen, told
from support.paths import ROOT
from support.running import Running, Serve, clean_environment
from support.states import END, FIRST, RECORD, lead, load, sealed


@pytest.fixture
def sandbox(serve: Serve, tmp_path: Path) -> Running:
    return serve("--state", str(tmp_path / "state"))


@pytest.fixture
def state(sandbox: Running, tmp_path: Path) -> Iterator[TinyDB]:
    """The state of the sandbox, from another process than that."""
    with open_state(tmp_path / "state") as opened:
        yield opened


def test_another_process_that_is_given_the_folder_sees_it_too(sandbox: Running, tmp_path: Path) -> None:
    sandbox.post(lead(1))
    code = "from aktify_sandbox import open_state; print(len(open_state('state').table('leads')))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=clean_environment(), capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"1\n", b"")


def test_a_state_goes_on_to_be_read_when_its_sandbox_has_ended_and_begins_again(
    serve: Serve, sandbox: Running, state: TinyDB, tmp_path: Path
) -> None:
    busy(sandbox)
    expected = told(sandbox)
    sandbox.process.kill()
    sandbox.end()
    assert seen(state)["leads"] == expected["leads"]
    again = serve("--state", str(tmp_path / "state"))
    again.post(lead(30))
    assert len(state.table("leads")) == len(expected["leads"]) + 1
    assert again.stop() == 0
    assert len(state.table("leads")) == len(expected["leads"]) + 1
    assert seen(open_state(tmp_path / "state")) == seen(state)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log that nobody serves, with two requests and one lead."""
    store = Store(tmp_path / "state")
    store.close()
    path = tmp_path / "state" / "log.jsonl"
    post = {**RECORD, "phone": "+15095550001", "lead": {"phoneNumber": "5095550001"}, "short": None}
    path.write_bytes(sealed(FIRST, post, {**RECORD, "id": "r000000002"}))
    return path


def test_a_million_requests_would_not_be_held_in_memory(log: Path) -> None:
    body = "x" * 100_000
    with log.open("ab") as file:
        for number in range(3, 2_003):
            file.write(seal(orjson.dumps({**RECORD, "id": request_id(number), "body": body})))
    code = (
        "import resource; from aktify_sandbox import open_state; from tinydb import where\n"
        "state = open_state('.')\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "requests = state.table('requests')\n"
        "print(len(requests), requests.count(where('id') == 'r000001000'), requests.get(doc_id=77)['id'])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=log.parent, env=clean_environment(), capture_output=True, text=True
    )
    said, grown = done.stdout.splitlines()
    assert said == "2002 1 r000000077"
    assert int(grown) < 20_000


def test_the_questions_of_the_documentation_are_answered_as_it_says(sandbox: Running, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reference" / "state.md").read_text()
    questions = re.findall(r"```py\n(.*?)```\n\n```text\n(.*?)```", page, re.DOTALL)
    ada = lead(100, firstName="Ada", email="ada@example.com")
    for each in (ada, lead(101, firstName="Grace"), lead(102, region="California"), ada, ada):
        sandbox.post(each)
    (tmp_path / "state").rename(tmp_path / ".aktify-sandbox")
    for code, answer in questions:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=clean_environment(),
            capture_output=True,
            text=True,
        )
        assert (done.stdout, done.stderr) == (answer, "")
    assert len(questions) == 3


@pytest.mark.parametrize("keep", [1, 3])
def test_what_keep_puts_out_of_sight_is_not_seen(serve: Serve, tmp_path: Path, keep: int) -> None:
    options = ("--state", str(tmp_path / "state"))
    sandbox = serve(*options, "--keep", str(keep))
    with open_state(tmp_path / "state") as state:

        def agrees(sandbox: Running) -> bool:
            expected, found = told(sandbox), seen(state)
            return (found["leads"], found["requests"]) == (expected["leads"], expected["requests"])

        for ending in range(4 * keep):
            sandbox.post(lead(ending))
            assert agrees(sandbox)
            oldest = int(told(sandbox)["requests"][0]["id"][1:])
            assert state.table("requests").get(doc_id=oldest - 1) is None
        sandbox.process.kill()
        before = seen(state)
        assert len(before["requests"]) == keep
        assert sandbox.end() != 0
        sandbox = serve(*options)
        assert agrees(sandbox)
        load(sandbox, sealed(FIRST, *({**RECORD, "id": request_id(n)} for n in range(1, 9)), END))
        assert agrees(sandbox)
        sandbox.stop()
        sandbox = serve(*options, "--keep", str(keep + 1))
        assert agrees(sandbox)
        load(sandbox, sealed(FIRST, *({**RECORD, "id": request_id(n)} for n in range(1, 9)), END))
        assert agrees(sandbox)
        sandbox.http.post("/_sandbox/reset")
        for ending in range(4 * keep):
            sandbox.post(lead(ending))
            assert agrees(sandbox)
