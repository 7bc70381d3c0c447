"""The whole state in one file: the tests that need a process of its own."""

import os
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from aktify_sandbox.storage.log import request_id, seal
from aktify_sandbox.storage.store import Store
from support.commands import run
from support.open_states import busy
from support.running import COMMAND, Running, Serve, clean_environment
from support.snapshots import Snapshot
from support.states import (
    END,
    FIRST,
    KEPT,
    RECORD,
    everything,
    lead,
    load,
    newest,
    saved,
    sealed,
    untouched,
    without,
)


@pytest.fixture
def source(serve: Serve) -> Running:
    """A sandbox that remembers something of every kind."""
    sandbox = serve()
    busy(sandbox)
    return sandbox


@pytest.mark.parametrize("ahead", [True, False])
def test_ids_stay_and_the_sequence_never_goes_back(serve: Serve, tmp_path: Path, ahead: bool) -> None:
    source, other = serve(), serve("--state", str(tmp_path / "state"))
    for _ in range(3):
        newest(source)
    for _ in range(20 if ahead else 1):
        last = newest(other)
    load(other, saved(source))
    assert [each["id"] for each in everything(other)["requests"]] == [request_id(n) for n in (3, 2, 1)]
    other.process.kill()  # before anything more is written
    other.end()
    other = serve("--state", str(tmp_path / "state"))
    assert newest(other) > max(last, 3)


@pytest.fixture
def other(serve: Serve, tmp_path: Path) -> Iterator[Running]:
    """A sandbox with a state of its own, of whose folder nothing must be left over."""
    sandbox = serve("--state", str(tmp_path / "of the other"))
    sandbox.post(lead(99))
    yield sandbox
    names = {path.name for path in (tmp_path / "of the other").iterdir()}
    assert names <= {".gitignore", "log.jsonl", "reserve", "server.json"}


PUT = {"id": "r000000001", "kind": "put", "table": "leads", "document": 1, "content": KEPT}


CAMPAIGN: dict[str, Any] = {"name": "x", "link": "link", "profile": None, "rulings": {}}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", 1),
        (b"phoneNumber,region\n(509) 555-1234,CA\n", 1),
        (b'{"leads": []}', 1),
        (b"\n", 1),
        (b"\x00" * 100_000, 1),
        (sealed({**FIRST, "version": 2}, END), 1),
        (sealed({**FIRST, "log": "other"}, END), 1),
        (sealed(without(FIRST, "next"), END), 1),
        (sealed({**FIRST, "next": "1"}, END), 1),
        (sealed(FIRST), 2),
        (sealed(FIRST, PUT), 3),
        (sealed(FIRST, END, {**END, "id": "r000000010"}), 3),
        (sealed(FIRST, END) * 2, 3),
        (sealed(FIRST, FIRST, END), 2),
        (sealed(FIRST, {**PUT, "id": "r000000000"}, END), 2),
        (sealed(FIRST, PUT, {**PUT, "id": "r000000001"}, END), 3),
        (sealed(FIRST, {"id": "r000000001", "kind": "forecast"}, END), 2),
        (sealed(FIRST, {"id": "r000000001", "kind": ["put"]}, END), 2),
        (sealed(FIRST, {"id": "r1", "kind": "end"}), 2),
        (sealed(FIRST, {"id": "rx", "kind": "end"}), 2),
        (sealed(FIRST) + seal(b'{"id":"r000000001","id":"x","kind":"end"}'), 2),
        (sealed(FIRST) + seal(b'{"id":"r000000001",}'), 2),
        (sealed(FIRST) + seal(b'{"id":"r000000001","x":' + b"[" * 2_000 + b"}"), 2),
        *(
            (sealed(FIRST, broken, END), 2)
            for broken in (
                without(PUT, "table"),
                {**PUT, "table": "counters"},
                {**PUT, "content": {**KEPT, "phone": "+1x"}},
                {**PUT, "content": {**KEPT, "phone": 5}},
                {**PUT, "content": {**KEPT, "short": "x"}},
                {**PUT, "content": [KEPT]},
                without(PUT, "content"),
                {**PUT, "document": "one"},
                {**PUT, "table": "keys", "content": {"digest": "x"}},
                {**PUT, "table": "keys", "content": "x"},
                {**PUT, "table": "campaigns", "content": {"name": "x"}},
                {**PUT, "table": "campaigns", "content": {**CAMPAIGN, "rulings": 5}},
                {"id": "r000000001", "kind": "drop", "table": "leads", "phones": [["demo"]]},
                {"id": "r000000001", "kind": "drop", "table": "leads", "phones": [[["demo"], 1]]},
                {"id": "r000000001", "kind": "drop", "table": "keys", "documents": 5},
                {"id": "r000000001", "kind": "amend", "content": {}},
                {"id": "r000000001", "kind": "amend", "of": [1], "content": {}},
                {**RECORD, "lead": {}},
                {**RECORD, "receivedAt": "yesterday"},
                without(RECORD, "receivedAt"),
            )
        ),
        (sealed(FIRST, {**without(RECORD, "kind"), "kind": "request"}, END), 2),
        (b"\x7fELF\n\n\nsomething else", 1),
    ],
)
def test_what_is_no_state_is_refused_with_line_and_reason(
    shared_state_reader: Running, content: bytes, line: int, snapshot: Snapshot
) -> None:
    answer = untouched(shared_state_reader, content)
    assert (answer.status_code, answer.json()["line"]) == (400, line)
    snapshot("state", answer.json()["detail"])


@pytest.fixture(scope="module")
def shared_state_reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    sandbox = Running(tmp_path_factory.mktemp("reader"), "--state", str(tmp_path_factory.mktemp("state")))
    sandbox.post(lead(99))
    yield sandbox
    assert sandbox.stop() == 0


def test_leads_are_posted_while_states_are_saved_and_loaded(serve: Serve, tmp_path: Path) -> None:
    """Nothing but 201 and 409; what was acknowledged before a save began is in it."""
    sandbox, reader = serve("--state", str(tmp_path / "state")), serve()
    acknowledged: list[str] = []
    wrong: list[int] = []
    stop = threading.Event()

    def post(area: int) -> None:
        key = {"x-api-key": "test-key"}
        with httpx.Client(base_url=sandbox.url, trust_env=False, headers=key, timeout=60) as client:
            for number in range(10_000):
                if stop.is_set():
                    return
                body = {"phoneNumber": f"({area}) 556-{number:04d}", "region": "CA"}
                status = client.post("/api/v1/leads", json=body).status_code
                if status == 201:
                    acknowledged.append(f"+1{area}556{number:04d}")
                else:
                    wrong.append(status)

    threads = [threading.Thread(target=post, args=(area,)) for area in (201, 202, 203, 205)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(12):
            before = set(acknowledged)
            state = saved(sandbox)
            assert load(reader, state).status_code == 200
            assert before <= {row["phone"] for row in all_leads(reader)}
        first = saved(sandbox)
        for _ in range(8):
            assert load(sandbox, first).status_code == 200
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    after = {row["phone"] for row in all_leads(sandbox)}
    sandbox.process.kill()
    sandbox.end()
    again = serve("--state", str(tmp_path / "state"))
    assert {row["phone"] for row in all_leads(again)} == after


def all_leads(sandbox: Running) -> Iterator[dict[str, Any]]:
    before = ""
    while before is not None:
        page = sandbox.get(f"/_sandbox/leads?limit=1000{before and f'&before={before}'}")
        yield from page["leads"]
        before = page["next"]


def test_a_large_state_is_not_held_in_memory(serve: Serve, tmp_path: Path, snapshot: Snapshot) -> None:
    sandbox = serve("--state", str(tmp_path / "state"), "--max-body", "1000000")
    body = "x" * 500_000
    records = (
        seal(orjson.dumps({**RECORD, "id": request_id(number), "body": body})) for number in range(1, 401)
    )
    with (tmp_path / "large.jsonl").open("wb") as file:
        file.write(sealed(FIRST))
        file.writelines(records)
        file.write(sealed({"id": request_id(500), "kind": "end"}))
    assert (tmp_path / "large.jsonl").stat().st_size > 200_000_000
    before = peak(sandbox)
    snapshot("state", run(sandbox, "state", "load", str(tmp_path / "large.jsonl")))
    snapshot("state", run(sandbox, "state", "save", str(tmp_path / "again.jsonl")))
    assert peak(sandbox) - before < 40_000
    assert sandbox.get("/_sandbox/requests/r000000400")["body"] == body


def peak(sandbox: Running) -> int:
    """The most memory that it has had, in kB."""
    status = Path(f"/proc/{sandbox.process.pid}/status")
    if not status.exists():
        pytest.skip("needs /proc")
    return int(re.findall(r"VmHWM:\s+(\d+)", status.read_text())[0])


def test_a_state_goes_through_a_pipe(serve: Serve, source: Running) -> None:
    other = serve()
    shell = '"$@" state save - --url "$FROM" | "$@" state load - --url "$TO"'
    env = clean_environment(FROM=source.url, TO=other.url)
    done = subprocess.run(["sh", "-c", shell, "sh", *COMMAND], env=env, capture_output=True, text=True)
    assert (done.returncode, done.stdout.count("loaded"), done.stderr.count("saved")) == (0, 1, 1)
    assert other.post(lead(1)).status_code == 409


def test_what_is_no_file_is_written_into_and_stays(source: Running, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["cat", str(tmp_path / "pipe")], stdout=subprocess.PIPE)
    run(source, "state", "save", str(tmp_path / "pipe"))
    content, _ = reader.communicate(timeout=60)
    assert content.endswith(b"}\n")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.fixture
def file(source: Running, tmp_path: Path) -> Path:
    """A saved state of a sandbox that remembers something of every kind."""
    path = tmp_path / "seed.jsonl"
    path.write_bytes(saved(source))
    return path


@pytest.mark.parametrize("place", ["memory", "disk"])
def test_a_sandbox_begins_with_the_state_of_a_file(
    serve: Serve, source: Running, file: Path, tmp_path: Path, place: str
) -> None:
    options = ("--state", str(tmp_path / "state")) if place == "disk" else ()
    other = serve("--from-state", str(file), *options)
    assert everything(other) == everything(source)
    assert f"({len(everything(source)['leads'])} leads, " in other.banner()
    assert [other.post(lead(ending)).status_code for ending in (1, 99)] == [409, 201]
    assert other.post(lead(20, region="ca"), key="key-of-loose").status_code == 201
    assert len({path.name for path in (tmp_path / "state").glob("*.jsonl")}) == len(options) / 2


def test_a_folder_with_a_state_goes_on_with_it_and_says_so(
    serve: Serve, file: Path, tmp_path: Path, snapshot: Snapshot
) -> None:
    options = ("--from-state", str(file), "--state", str(tmp_path / "state"))
    first = serve(*options)
    assert "isn't loaded" not in first.banner()
    first.post(lead(99))
    before = everything(first)
    first.stop()
    again = serve(*options)
    assert everything(again)["leads"] == before["leads"]
    snapshot("state", again.banner())


def started_with(file: Path, tmp_path: Path, *options: str) -> tuple[int, str]:
    """Exit code and words of a `serve` that can't begin with the file; nothing of it may be kept."""
    state = tmp_path / "refused"
    words = ["serve", "--port", "0", "--state", str(state), "--from-state", str(file), *options]
    done = subprocess.run(
        [*COMMAND, *words], env=clean_environment(), capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stderr
    assert Store(state).is_empty
    assert not [path for path in state.iterdir() if path.name.startswith("incoming-")]
    return done.returncode, done.stderr


def test_a_damaged_file_ends_the_start_with_its_line(file: Path, tmp_path: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b'"status":409', b'"status":201', 1))
    code, said = started_with(file, tmp_path)
    assert (code, said.count("\n")) == (1, 1)
    assert f"{file}:4: " in said


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path, snapshot: Snapshot) -> None:
    code, said = started_with(tmp_path / "nothing.jsonl", tmp_path)
    assert code == 2
    snapshot("state", said)


def test_at_the_start_too_only_fictional_numbers_come_in(serve: Serve, tmp_path: Path) -> None:
    source, file = serve(), tmp_path / "real.jsonl"
    source.post(lead(1234))
    file.write_bytes(saved(source))
    code, said = started_with(file, tmp_path, "--fictional-only")
    assert code == 1
    assert f"{file}:2: " in said
    assert "--fictional-only" in said


def test_a_command_runs_with_the_state_of_a_file(source: Running, file: Path, tmp_path: Path) -> None:
    code = (
        "import os, json, urllib.request as r; "
        "print(json.load(r.urlopen(os.environ['AKTIFY_SANDBOX_URL'] + '/_sandbox/status'))['leads'])"
    )
    words = ["exec", "--from-state", str(file), "--", sys.executable, "-c", code]
    done = subprocess.run([*COMMAND, *words], cwd=tmp_path, env=clean_environment(), capture_output=True)
    assert (done.returncode, int(done.stdout)) == (0, len(everything(source)["leads"]))
