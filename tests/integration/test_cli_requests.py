"""`requests tail`, `export` and `show`: the terminal's twin of the inspector."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from aktify_sandbox.cli.tail import ServerSentEvent, events
from aktify_sandbox.matching.words import FILTERS
from support.all_kinds import ids, record_all_kinds
from support.commands import run
from support.paths import SUPPORT
from support.running import Hosted, HostSandbox, Sandboxed
from support.snapshots import Snapshot
from support.words import VALUES

HAR = json.loads((SUPPORT / "har.schema.json").read_text())


def test_without_a_sandbox_a_tail_ends_in_one_line(sandbox: Sandboxed, snapshot: Snapshot) -> None:
    assert run(None, "requests", "tail", "--url", "http://127.0.0.1:9", code=1).count("\n") == 1
    snapshot("commands", run(sandbox, "requests", "tail", "--status", "abc", code=2))


@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_is_an_option(sandbox: Sandboxed, name: str) -> None:
    """A wrong one is refused by the admin API, so that it is known there."""
    value = "region=CA" if name == "where" else VALUES.get(name, "x")
    flag = "--after" if name == "after" else f"--{name}"
    command = ["report"] if name == "after" else ["requests", "list"]
    run(sandbox, *command, flag, value)


def test_a_get_of_the_endpoint_does_not_look_like_a_post(serve: HostSandbox) -> None:
    sandbox = serve()
    sandbox.post()
    assert sandbox.http.get("/api/v1/leads").status_code == 405
    _, got, posted = run(sandbox, "requests", "list").splitlines()
    assert "GET /api/v1/leads: " in got
    assert "/api/v1/leads" not in posted


def test_events_are_read_however_they_are_cut() -> None:
    stream = b'retry: 1000\nevent: hello\ndata: {"a": 1}\n\n: still here\n\nid: r1\ndata: "\xc2\x85\xe2\x80\xa8"\n\n'
    expected = [ServerSentEvent("hello", {"a": 1}, None), ServerSentEvent("message", "\x85\u2028", "r1")]
    for size in range(1, len(stream) + 1):
        pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
        assert list(events(pieces)) == expected


# export


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandboxed]:
    """A sandbox that has seen all kinds of requests."""
    sandbox = Hosted(tmp_path_factory.mktemp("exported"), "--in-memory")
    record_all_kinds(sandbox)
    yield sandbox
    assert sandbox.stop() == 0


def test_json_and_jsonl_hold_every_request_whole(recorded: Sandboxed) -> None:
    lines = run(recorded, "requests", "export").splitlines()
    assert [json.loads(line)["id"] for line in lines] == ids(recorded)
    for line in lines:
        record = json.loads(line)
        assert record == recorded.get(f"/_sandbox/requests/{record['id']}")
    assert json.loads(run(recorded, "requests", "export", "--format", "json"))["requests"] == [
        json.loads(line) for line in lines
    ]


def test_har_is_valid_and_holds_every_request(recorded: Sandboxed) -> None:
    text = run(recorded, "requests", "export", "--format", "har")
    har = json.loads(text)
    jsonschema.validate(har, HAR, format_checker=jsonschema.FormatChecker())
    assert len(har["log"]["entries"]) == len(ids(recorded))
    assert "secret" not in text
    for name in ids(recorded):
        jsonschema.validate(json.loads(run(recorded, "requests", "show", name, "--format", "har")), HAR)


def test_filters_choose_what_is_exported(recorded: Sandboxed, snapshot: Snapshot) -> None:
    words = ["requests", "export", "--status", "404"]
    assert [json.loads(line)["path"] for line in run(recorded, *words).splitlines()] == ["/no/such/päth"]
    assert run(recorded, "requests", "export", "--phone", "2125550000") == ""
    [forced] = run(recorded, "requests", "export", "--forced", "yes").splitlines()
    assert json.loads(forced)["reason"]["scenario"] == "force 1"
    snapshot("commands", run(recorded, "requests", "export", "--status", "abc", code=2))


def test_an_export_goes_into_a_file_of_its_owner_alone(
    recorded: Sandboxed, tmp_path: Path, snapshot: Snapshot
) -> None:
    file = tmp_path / "out.har"
    assert run(recorded, "requests", "export", "--format", "har", "--output", str(file)) == ""
    jsonschema.validate(json.loads(file.read_text()), HAR)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    said = run(recorded, "requests", "export", "--output", "/no/such/folder/x", code=2)
    snapshot("commands", said)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("curl", "curl"),
        ("python", "os.environ"),
        ("node", "process.env"),
        ("pytest", "def test_"),
        ("har", "1.2"),
        ("http", "{{baseUrl}}"),
    ],
)
def test_one_request_is_shown_as_code(recorded: Sandboxed, form: str, words: str) -> None:
    assert words in run(recorded, "requests", "show", ids(recorded)[0], "--format", form)
