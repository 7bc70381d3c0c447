"""The whole state in one file: what was saved is what is loaded, all of it or nothing."""

import asyncio
import json
import os
import random
import re
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from aktify_sandbox import Sandbox, SandboxMistake
from aktify_sandbox.app import Application, create_app
from aktify_sandbox.errors import LogWriteError, StateFileError
from aktify_sandbox.jobs import finished
from aktify_sandbox.settings import Settings
from aktify_sandbox.storage.folder import Folder
from aktify_sandbox.storage.log import Replacement, request_id
from aktify_sandbox.storage.state_file import Upload
from aktify_sandbox.storage.store import Store
from support.commands import run
from support.conditions import eventually
from support.examples import examples
from support.open_states import busy
from support.running import LEAD, HostSandbox, Sandboxed
from support.snapshots import Snapshot
from support.states import (
    END,
    FIRST,
    KEPT,
    NDJSON,
    OPERATIONS,
    RECORD,
    WORK,
    everything,
    lead,
    load,
    newest,
    post_whole,
    saved,
    sealed,
    untouched,
)
from support.stores import leads, phone, request_numbers
from support.stores import run as together


@pytest.fixture
def source(serve: HostSandbox) -> Sandboxed:
    """A sandbox that remembers something of every kind."""
    sandbox = serve()
    busy(sandbox)
    return sandbox


@pytest.mark.parametrize("place", ["memory", "disk"])
def test_a_loaded_state_equals_the_saved_one(
    serve: HostSandbox, source: Sandboxed, tmp_path: Path, place: str
) -> None:
    options = ("--state", str(tmp_path / "state")) if place == "disk" else ()
    other = serve(*options)
    other.post(lead(99))
    state = saved(source)
    answer = load(other, state)
    before = everything(source)
    counts = {"leads": len(before["leads"]), "requests": len(before["requests"]), "notices": []}
    assert (answer.status_code, answer.json()) == (200, counts)
    assert everything(other) == before
    assert saved(other).count(b"\n") == state.count(b"\n") + 1  # with the line that says where it was loaded
    if place == "disk":
        assert other.stop() == 0
        other = serve(*options)
        assert everything(other)["leads"] == before["leads"]
        assert [each["id"] for each in everything(other)["requests"]] == [e["id"] for e in before["requests"]]


def test_a_loaded_lead_is_a_409_and_one_that_was_removed_is_not(
    serve: HostSandbox, source: Sandboxed
) -> None:
    other = serve()
    assert other.post(lead(1)).status_code == 201
    assert other.post(lead(99)).status_code == 201
    assert load(other, saved(source)).status_code == 200
    assert other.post(lead(1)).status_code == 409
    assert other.post(lead(7)).status_code == 409
    assert other.post(lead(2)).status_code == 201
    assert other.post(lead(99)).status_code == 201
    assert other.post(lead(6)).status_code == 201
    assert other.post(lead(6), key="test-key.mine").status_code == 409


def test_keys_campaigns_and_short_links_work_where_they_are_loaded(
    serve: HostSandbox, source: Sandboxed
) -> None:
    other = serve()
    load(other, saved(source))
    assert other.post(lead(20, region="ca"), key="key-of-loose").status_code == 201
    assert other.post(key="revoked-key").status_code == 401
    [link] = [row["lead"]["link"] for row in everything(source)["leads"] if "link" in row["lead"]]
    opened = other.http.get(link.replace(source.url, ""))
    assert (opened.status_code, opened.headers["location"]) == (302, "https://example.com/long")


def test_run_time_changes_go_and_configuration_stays(serve: HostSandbox, source: Sandboxed) -> None:
    other = serve("--scenario", "flaky")
    fresh = other.http.post("/_sandbox/campaigns", json={"name": "fresh", "scenarios": ["outage"]}).json()
    other.http.request("DELETE", "/_sandbox/keys", json={"key": "test-key"})
    assert other.post(key=fresh["apiKey"]).status_code == 503
    other.http.post("/_sandbox/force", json={"status": 418, "times": 9})
    load(other, saved(source))
    assert other.post(key=fresh["apiKey"]).status_code == 401
    assert other.get("/_sandbox/force") == {"forced": []}
    assert [row["name"] for row in other.get("/_sandbox/scenarios")["scenarios"] if row["active"]] == [
        "flaky"
    ]
    assert [other.post(lead(50)).status_code for _ in range(4)] == [503, 503, 201, 409]
    campaign = {"name": "fresh", "profile": "lenient"}
    assert other.http.post("/_sandbox/campaigns", json=campaign).status_code == 201


def test_counters_begin_anew(serve: HostSandbox, source: Sandboxed) -> None:
    other = serve("--scenario", "flaky")
    assert [other.post(lead(50)).status_code for _ in range(2)] == [503, 503]
    load(other, saved(source))
    assert [other.post(lead(50)).status_code for _ in range(3)] == [503, 503, 201]


def test_a_campaign_keeps_its_scenarios_and_what_became_of_them_is_said(
    serve: HostSandbox, tmp_path: Path, snapshot: Snapshot
) -> None:
    source, other = serve(folder=tmp_path / "a"), serve(folder=tmp_path / "b")
    (tmp_path / "a" / "scenarios").mkdir()
    (tmp_path / "a" / "scenarios" / "mine.yaml").write_text("rules: [{answer: {status: 418}}]\n")
    made = [
        source.http.post("/_sandbox/campaigns", json={"name": name, "scenarios": [name]}).json()
        for name in ("outage", "mine")
    ]
    answer = load(other, saved(source)).json()
    [notice] = answer["notices"]
    snapshot("state", notice)
    assert [other.post(key=each["apiKey"]).status_code for each in made] == [503, 201]


def test_no_key_lies_in_the_file(serve: HostSandbox) -> None:
    sandbox = serve()
    added = sandbox.http.post("/_sandbox/keys", json={"key": "my-own-secret-key"}).json()["apiKey"]
    fresh = sandbox.http.post("/_sandbox/campaigns").json()["apiKey"]
    for key in (added, fresh):
        sandbox.post({**LEAD, "source": key}, key=key)
    assert not [key for key in (added, fresh) if key.encode() in saved(sandbox)]


def test_records_that_are_out_of_sight_are_not_given_out(serve: HostSandbox) -> None:
    sandbox, other = serve("--keep", "3"), serve()
    for ending in range(5):
        sandbox.post(lead(ending))
    assert sandbox.http.get("/_sandbox/state").headers["x-aktify-sandbox-requests"] == "3"
    assert sandbox.get("/_sandbox/status")["requests"] == 3
    load(other, saved(sandbox))
    assert len(everything(other)["requests"]) == 3
    assert other.get("/_sandbox/requests")["dropped"] == 2
    assert [other.post(lead(ending)).status_code for ending in range(5)] == [409] * 5


def test_a_loaded_record_is_bounded_by_keep(serve: HostSandbox, source: Sandboxed) -> None:
    other = serve("--keep", "3")
    load(other, saved(source))
    assert len(everything(other)["requests"]) == 3
    for ending in range(60, 70):
        other.post(lead(ending))
    assert [each["phone"][-2:] for each in everything(other)["requests"]] == ["69", "68", "67"]
    assert other.post(lead(1)).status_code == 409


# what is refused, and changes nothing


@pytest.fixture
def other(serve: HostSandbox, tmp_path: Path) -> Iterator[Sandboxed]:
    """A sandbox with a state of its own, of whose folder nothing must be left over."""
    sandbox = serve("--state", str(tmp_path / "of the other"))
    sandbox.post(lead(99))
    yield sandbox
    names = {path.name for path in (tmp_path / "of the other").iterdir()}
    assert names <= {".gitignore", "log.jsonl", "reserve", "server.json"}


def test_a_byte_changed_anywhere_is_refused_with_its_line(source: Sandboxed, other: Sandboxed) -> None:
    state = saved(source)
    chance = random.Random(5)
    for place in [*chance.sample(range(len(state)), 150), len(state) - 1]:
        changed = state[:place] + bytes([state[place] ^ 1]) + state[place + 1 :]
        answer = load(other, changed)
        assert answer.status_code == 400, place
        line = state.count(b"\n", 0, place) + 1
        assert answer.json()["line"] in (line, line + (state[place] == 10)), place
    assert untouched(other, changed).status_code == 400


def test_a_file_that_was_cut_anywhere_is_refused_with_its_line(source: Sandboxed, other: Sandboxed) -> None:
    state = saved(source)
    ends = [found.end() for found in re.finditer(b"\n", state)]
    for place in [*ends[:-1], *random.Random(6).sample(range(1, len(state)), 80)]:
        answer = load(other, state[:place])
        assert answer.status_code == 400, place
        assert answer.json()["line"] in (state.count(b"\n", 0, place) + 1, 1), place
    assert untouched(other, state[:place]).status_code == 400


PUT = {"id": "r000000001", "kind": "put", "table": "leads", "document": 1, "content": KEPT}
CAMPAIGN: dict[str, Any] = {"name": "x", "link": "link", "profile": None, "rulings": {}}


def test_the_smallest_state_and_one_of_each_made_up_line_are_taken(serve: HostSandbox) -> None:
    """So that what the refused ones lack is what they are refused for."""
    sandbox = serve()
    assert load(sandbox, sealed(FIRST, END)).json() == {"leads": 0, "requests": 0, "notices": []}
    assert load(sandbox, sealed(FIRST, PUT, END)).json()["leads"] == 1
    assert load(sandbox, sealed(FIRST, RECORD, END)).json()["requests"] == 1
    assert everything(sandbox)["requests"][0]["body"] == "{}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
LINES: list[dict[str, Any]] = [
    {"id": "r000000001", "kind": "put", "table": "campaigns", "document": 1, "content": CAMPAIGN},
    {
        "id": "r000000002",
        "kind": "put",
        "table": "keys",
        "document": 2,
        "content": {"digest": "x", "shown": "x", "campaign": "x", "revoked": False},
    },
    {**PUT, "id": "r000000003", "document": 3},
    {**RECORD, "id": "r000000004", "phone": "+15095550100", "lead": {"phoneNumber": "x"}, "short": None},
    {"id": "r000000005", "kind": "amend", "of": 4, "content": {"hungUpAfterMs": 1.5}},
    {"id": "r000000006", "kind": "drop", "table": "leads", "phones": [["demo", 15095551234]]},
    {"id": "r000000007", "kind": "drop", "table": "keys", "documents": [2]},
]


@given(data=st.data(), strict=st.booleans())
@examples(300, suppress_health_check=list(HealthCheck))
def test_a_line_of_nonsense_is_taken_or_named_and_never_half_loaded(
    data: st.DataObject, strict: bool
) -> None:
    """What made-up lines say under a right checksum is whatever may be written in JSON."""
    place = data.draw(st.integers(0, len(LINES) - 1))
    lines = [dict(line) for line in LINES]
    inside = data.draw(st.sampled_from([lines[place], lines[place].get("content")]))
    spoilt = dict(inside) if isinstance(inside, dict) else lines[place]
    name = data.draw(st.sampled_from(sorted(spoilt.keys() - {"id"})))
    spoilt[name] = data.draw(JSON)
    lines[place] = {**lines[place], "content": spoilt} if inside is not lines[place] and inside else spoilt
    other = Store(None)
    post_whole(other, "demo", 1)
    app = Application(
        Settings(in_memory=True, fictional_only=strict, rulings={"fictional-only": "on"} if strict else {}),
        other,
        "http://127.0.0.1:1",
        lambda _: None,
        None,
    )
    before = known(other), app.campaigns.keys(), app.campaigns.campaigns()

    async def put() -> httpx.Response:
        transport = httpx.ASGITransport(app.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            content = sealed(FIRST, *lines, END)
            return await client.put("/_sandbox/state", content=content, headers=NDJSON)

    answer = asyncio.run(put())
    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 400:
        assert 2 <= answer.json()["line"] <= len(LINES) + 1
        assert (known(other), app.campaigns.keys(), app.campaigns.campaigns()) == before


def test_lines_in_another_order_are_refused(source: Sandboxed, other: Sandboxed) -> None:
    first, *lines = saved(source).splitlines(keepends=True)
    lines[3], lines[4] = lines[4], lines[3]
    answer = untouched(other, b"".join([first, *lines]))
    assert (answer.status_code, answer.json()["line"]) == (400, 6)


def test_a_client_that_hangs_up_in_the_middle_changes_nothing(source: Sandboxed, other: Sandboxed) -> None:
    state, before = saved(source), everything(other)
    with socket.create_connection(("127.0.0.1", other.port)) as connection:
        head = f"PUT /_sandbox/state HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(state)}\r\n"
        connection.sendall(f"{head}Content-Type: application/x-ndjson\r\n\r\n".encode() + state[:-1])
    assert everything(other) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"host": "evil.example"},
    ],
)
def test_no_page_of_another_site_can_load_or_read_a_state(other: Sandboxed, headers: dict[str, str]) -> None:
    assert untouched(other, sealed(FIRST, END), **headers).status_code == 403
    assert other.http.get("/_sandbox/state", headers=headers).status_code == 403
    asked = {"access-control-request-method": "PUT", **headers}
    assert other.http.options("/_sandbox/state", headers=asked).status_code in (403, 405)


def test_lines_of_json_are_for_the_state_alone(other: Sandboxed) -> None:
    for method, path in (("PUT", "/_sandbox/scenarios/active"), ("POST", "/_sandbox/reset")):
        answer = other.http.request(method, path, content=b'{"active": []}', headers=NDJSON)
        assert answer.status_code == 415, path
    assert other.http.post("/_sandbox/state", content=b"{}", headers=NDJSON).status_code == 405
    for media in ("application/json", "text/plain", "application/x-ndjsonx"):
        assert untouched(other, sealed(FIRST, END), **{"content-type": media}).status_code == 415
    assert load(other, sealed(FIRST, END), **{"content-type": "application/x-ndjson; a=b"}).status_code == 200


@pytest.mark.parametrize("spoiling", ["lead", "record", "unknown", "import"])
def test_where_only_fictional_numbers_may_be_kept_no_other_comes_in_by_a_file(
    serve: HostSandbox, tmp_path: Path, spoiling: str
) -> None:
    source, strict = serve(), serve("--fictional-only", "--state", str(tmp_path / "strict"))
    source.post(lead(123))
    source.http.post("/_sandbox/leads", json={"leads": [lead(124)]})
    assert load(strict, saved(source)).status_code == 200
    if spoiling == "lead":
        source.post(lead(1234))
    elif spoiling == "record":
        source.post(lead(1234, region="nowhere"))
    elif spoiling == "unknown":
        source.post({"email": "real@example.com"})
    else:
        source.http.post("/_sandbox/leads", json={"leads": [lead(1234)]})
    answer = untouched(strict, saved(source))
    assert answer.status_code == 400
    assert "--fictional-only" in answer.json()["detail"]
    assert b"5551234" not in b"".join(path.read_bytes() for path in (tmp_path / "strict").iterdir())
    source.http.delete(
        "/_sandbox/leads", params={"phone": "5095551234"}
    )  # the way out that the message names
    source.http.delete("/_sandbox/requests")
    assert load(strict, saved(source)).json()["leads"] == 2


def test_a_fictional_only_sandbox_loads_its_own_state(serve: HostSandbox) -> None:
    source, other = serve("--fictional-only"), serve("--fictional-only")
    for body in (lead(123), lead(1234), {"email": "real@example.com"}):
        source.post(body)
    source.http.get("/anything/at/all")
    assert load(other, saved(source)).json()["requests"] == 4


def test_a_disk_that_is_full_is_said_and_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    folder = Folder(tmp_path)
    upload = Upload(Replacement(folder))
    with monkeypatch.context() as patch:
        patch.setattr("aktify_sandbox.storage.log.os.write", full)
        with pytest.raises(LogWriteError) as caught:
            upload.write(b"x")
        snapshot("state", str(caught.value))
    upload.close()
    folder.release()
    assert os.listdir(tmp_path) == ["log.jsonl"]


def test_a_state_that_cannot_take_the_logs_place_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    store = Store(tmp_path)
    post_whole(store, "demo", 1)
    upload = uploaded(store, sealed(FIRST, PUT, END))
    loaded = finished(upload.verify())

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("aktify_sandbox.storage.folder.os.replace", refuse)
        with pytest.raises(LogWriteError) as caught:
            store.load(*loaded)
        snapshot("state", str(caught.value))
    upload.close()
    assert (leads(store), request_numbers(store)) == ({("demo", phone(1))}, [1])
    post_whole(store, "demo", 2)
    store.close()
    assert leads(Store(tmp_path)) == {("demo", phone(1)), ("demo", phone(2))}
    assert not list(tmp_path.glob("incoming-*"))


def test_files_left_by_a_killed_load_are_removed_at_the_next_start(tmp_path: Path) -> None:
    store = Store(tmp_path)
    Upload(store.log.replacement()).write(b"x")
    assert len(os.listdir(tmp_path)) == 4
    store.close()
    Store(tmp_path).close()
    assert sorted(os.listdir(tmp_path)) == [".gitignore", "log.jsonl", "reserve"]


# while others are at work


def test_a_client_of_the_old_state_that_hangs_up_leaves_the_new_one_alone(
    serve: HostSandbox, source: Sandboxed
) -> None:
    """The request that hangs has a number, which in the loaded state is another request's."""
    other, state = serve(), saved(source)
    body = json.dumps(lead(160)).encode()
    head = f"POST /api/v1/leads HTTP/1.1\r\nHost: x\r\nx-api-key: test-key\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(("127.0.0.1", other.port)) as hanging:
        hanging.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
        eventually(lambda: other.get("/_sandbox/requests")["requests"])
        assert load(other, state).status_code == 200
        before = other.get("/_sandbox/requests/r000000001")
    newest(other)
    time.sleep(0.2)  # pause: the server's own notice of the hang-up would come now
    newest(other)
    assert other.get("/_sandbox/requests/r000000001") == before
    assert "hungUpAfterMs" not in before


# whatever was done before


def uploaded(store: Store, content: bytes) -> Upload:
    upload = Upload(store.log.replacement())
    for start in range(0, len(content), 1_000):
        upload.write(content[start : start + 1_000])
    return upload


async def content_of(store: Store) -> bytes:
    async with store.state() as (snapshot, end):
        return snapshot.read(snapshot.size, 0) + end


def known(store: Store) -> Any:
    """All that a store can be asked."""
    return (
        leads(store),
        [store.request(number) for number in request_numbers(store)],
        store.db.table("keys").all(),
        [(store.has(campaign, phone(n)), store.leads_in(campaign)) for campaign in "ab" for n in range(6)],
    )


@given(before=WORK, elsewhere=WORK, after=WORK, on_disk=st.booleans())
@examples(150, suppress_health_check=list(HealthCheck))
def test_after_any_operations_a_saved_state_loads_unchanged(
    before: list[Any], elsewhere: list[Any], after: list[Any], on_disk: bool
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) if on_disk else None
        source, other = Store(None), Store(folder)
        for store, work in ((source, before), (other, elsewhere)):
            for operation, campaign, number in work:
                OPERATIONS[operation](store, campaign, number)
        used = max(source.index.next, other.index.next)
        upload = uploaded(other, asyncio.run(content_of(source)))
        other.load(*finished(upload.verify()))
        upload.close()
        assert known(other) == known(source)
        assert other.index.next > used - 1
        for operation, campaign, number in after:
            for store in (source, other):
                if operation != "hang up":
                    OPERATIONS[operation](store, campaign, number)
        assert leads(other) == leads(source)
        if folder:
            expected = known(other)
            other.close()
            again = Store(folder)
            assert known(again) == expected
            again.close()


def test_pending_lines_are_saved_too() -> None:
    store = Store(None)

    async def work() -> bytes:
        place = store.next_number()
        content = {**RECORD, "id": request_id(place)}
        store.add(place, orjson.dumps(content), None, lambda _: None)
        return await content_of(store)

    [state] = together(work())
    assert finished(uploaded(store, state).verify())[1].came == 1


def test_a_damaged_draft_names_its_line_and_leaves_no_file(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    upload = Upload(Replacement(folder))
    upload.write(sealed(FIRST, PUT) + b"x\n")
    with pytest.raises(StateFileError) as mistake:
        finished(upload.verify())
    upload.close()
    assert mistake.value.line == 3
    assert os.listdir(tmp_path) == ["log.jsonl"]
    folder.release()


# the command line


def test_a_state_goes_from_one_sandbox_to_another_by_a_file(
    serve: HostSandbox, source: Sandboxed, tmp_path: Path, snapshot: Snapshot
) -> None:
    file, other = tmp_path / "known leads.jsonl", serve()
    said = run(source, "state", "save", str(file))
    snapshot("state", said)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    snapshot("state", run(other, "state", "load", str(file)))
    assert everything(other)["leads"] == everything(source)["leads"]
    assert json.loads(run(other, "state", "load", str(file), "--json"))["notices"] == []
    assert json.loads(run(other, "state", "save", str(file), "--json"))["file"] == str(file)


def test_a_damaged_file_is_named_with_its_line(
    other: Sandboxed, source: Sandboxed, tmp_path: Path, snapshot: Snapshot
) -> None:
    run(source, "state", "save", str(tmp_path / "a.jsonl"))
    state = (tmp_path / "a.jsonl").read_bytes()
    (tmp_path / "a.jsonl").write_bytes(state.replace(b'"status":409', b'"status":201'))
    said = run(other, "state", "load", str(tmp_path / "a.jsonl"), code=1)
    snapshot("state", said)


@pytest.mark.parametrize(
    "words",
    [
        ["load", "/nowhere"],
        ["load", "/"],
        ["save", "/nowhere/at/all"],
        ["save", "/"],
        ["load"],
    ],
)
def test_a_file_that_cannot_be_is_wrong_usage(
    sandbox: Sandboxed, words: list[str], snapshot: Snapshot
) -> None:
    said = run(sandbox, "state", *words, code=2)
    snapshot("state", said)


def test_a_save_that_breaks_off_leaves_the_old_file(tmp_path: Path, snapshot: Snapshot) -> None:
    """What answers proves to be a sandbox, and then promises more than it gives."""
    listening = socket.create_server(("127.0.0.1", 0))
    health = b'{"status": "ok", "version": "1"}'

    def answer() -> None:
        for length, content in ((len(health), health), (1_000, b"{")):
            connection, _ = listening.accept()
            connection.recv(10_000)
            head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
            connection.sendall(head.encode() + content)
            connection.close()

    thread = threading.Thread(target=answer)
    thread.start()
    (tmp_path / "a.jsonl").write_text("old")
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    said = run(None, "state", "save", str(tmp_path / "a.jsonl"), "--url", url, code=1)
    thread.join()
    listening.close()
    snapshot("state", said)
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]
    assert (tmp_path / "a.jsonl").read_text() == "old"


def test_a_token_is_needed_for_the_state_too(serve: HostSandbox, tmp_path: Path) -> None:
    sandbox = serve("--token", "let-me-in")
    assert "--token" in run(sandbox, "state", "save", str(tmp_path / "a"), code=1)
    run(sandbox, "state", "save", str(tmp_path / "a"), "--token", "let-me-in")
    assert "0 leads" in run(sandbox, "state", "load", str(tmp_path / "a"), AKTIFY_SANDBOX_TOKEN="let-me-in")


# at the start


@pytest.fixture
def file(source: Sandboxed, tmp_path: Path) -> Path:
    """A saved state of a sandbox that remembers something of every kind."""
    path = tmp_path / "seed.jsonl"
    path.write_bytes(saved(source))
    return path


@pytest.mark.parametrize("given", ["key", "campaign", "lead", "request"])
def test_every_kind_of_data_makes_a_folder_a_state(
    serve: HostSandbox, file: Path, tmp_path: Path, given: str
) -> None:
    first = serve("--state", str(tmp_path / "state"))
    {
        "key": lambda: first.http.post("/_sandbox/keys", json={"key": "an-own-key"}),
        "campaign": lambda: first.http.post("/_sandbox/campaigns", json={"name": "own"}),
        "lead": lambda: first.http.post("/_sandbox/leads", json={"leads": [lead(50)]}),
        "request": lambda: first.http.get("/nowhere"),
    }[given]()
    before = everything(first)
    first.stop()
    assert everything(serve("--state", str(tmp_path / "state"), "--from-state", str(file))) == before


def test_the_configuration_names_the_file_from_its_own_folder(
    serve: HostSandbox, source: Sandboxed, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "aktify-sandbox.yaml").write_text("from-state: seed.jsonl\n")
    other = serve("--config", str(tmp_path / "aktify-sandbox.yaml"), folder=tmp_path / "elsewhere")
    assert everything(other) == everything(source)


def test_a_sandbox_in_code_begins_with_it_too(file: Path, snapshot: Snapshot) -> None:
    async def post() -> int:
        transport = httpx.ASGITransport(create_app(Settings(in_memory=True, from_state=file)))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            headers = {"x-api-key": "test-key"}
            return (await client.post("/api/v1/leads", json=lead(1), headers=headers)).status_code

    assert asyncio.run(post()) == 409
    with Sandbox(from_state=file) as sandbox:
        headers = {"x-api-key": "test-key"}
        assert httpx.post(sandbox.endpoint, json=lead(1), headers=headers, trust_env=False).status_code == 409
    with pytest.raises(SandboxMistake) as caught:
        Sandbox(from_state="/nowhere").start()
    snapshot("state", str(caught.value))


def test_a_key_of_a_loaded_state_is_masked_wherever_it_is_sent(serve: HostSandbox) -> None:
    source, other = serve(), serve()
    fresh = source.http.post("/_sandbox/campaigns").json()["apiKey"]
    load(other, saved(source))
    answer = other.http.post("/api/v1/leads", json={**LEAD, "source": fresh})
    assert fresh not in json.dumps(other.record_of(answer))
