"""`send --check`: files as they are, to a sandbox and to servers that aren't one."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from support.commands import call, run
from support.lead_fixtures import CASES, FOLDER
from support.running import HostSandbox, Sandboxed
from support.snapshots import Snapshot

Decide = Callable[[bytes, str], int]
"""A stranger's rules: the status for a body and a content type."""


def written_answer(body: bytes, media: str) -> int:
    """The status that is expected of these bytes."""
    [status] = {each.status for each in CASES.values() if (each.content, each.content_type) == (body, media)}
    return status


@contextmanager
def stranger(decide: Decide) -> Iterator[str]:
    """A server that knows nothing of sandboxes, and answers without any words."""

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0))
            known = self.path == "/api/v1/leads" and self.headers["x-api-key"] == "of-theirs"
            status = decide(body, self.headers["content-type"]) if known else 401
            answer = b'{"phoneNumber": "x"}' if status == 201 else b""
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name in the base class
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def compared(url: str, key: str, code: int = 1) -> Any:
    """The comparison in JSON."""
    done = call(*CHECK, "--url", url, "--json", environment={"AKTIFY_API_KEY": key})
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


CHECK = ("send", "--check", str(FOLDER))


def test_a_sandbox_answers_as_expected_and_gets_each_file_byte_for_byte(
    sandbox: Sandboxed, snapshot: Snapshot
) -> None:
    before = sandbox.get("/_sandbox/requests?limit=1")["requests"]
    snapshot("commands", run(sandbox, *CHECK, "--key", sandbox.api_key))
    after = before[0]["id"] if before else "r000000000"
    export = sandbox.get(f"/_sandbox/requests/export?format=json&after={after}&key={sandbox.api_key}")
    assert [each["body"].encode() for each in export["requests"]] == [each.content for each in CASES.values()]


def test_a_second_run_says_that_the_numbers_are_there_from_an_earlier_one(sandbox: Sandboxed) -> None:
    run(sandbox, *CHECK, "--key", sandbox.api_key)
    found = compared(sandbox.url, sandbox.api_key)
    accepted = [case.file for case in CASES.values() if case.status == 201]
    assert [each["file"] for each in found["differences"]] == accepted
    assert {each["status"] for each in found["differences"]} == {409}
    assert "earlier run" in found["hints"][0]
    run(sandbox, *CHECK, "--key", f"{sandbox.api_key}.second")


def test_a_sandbox_with_other_rulings_is_held_to_them(serve: HostSandbox) -> None:
    lenient = serve("--profile", "lenient")
    run(lenient, *CHECK)
    strict = serve("--profile", "strict", "--ruling", "links=exactly-one")
    run(strict, *CHECK)


def test_an_answer_that_is_forced_is_a_difference(sandbox: Sandboxed, snapshot: Snapshot) -> None:
    sandbox.http.post("/_sandbox/force", json={"status": 503, "key": sandbox.api_key, "times": 2})
    sandbox.http.post("/_sandbox/force", json={"fault": "reset", "key": sandbox.api_key})
    snapshot("commands", run(sandbox, *CHECK, "--key", sandbox.api_key, code=1))


def test_a_stranger_that_keeps_every_rule_passes() -> None:
    with stranger(written_answer) as url:
        found = compared(url, "of-theirs", 0)
    assert found == {"url": url, "isSandbox": False, "sent": len(CASES), "differences": [], "hints": []}


def test_a_stranger_that_differs_is_shown_what_differs_and_whose_rule_it_is(snapshot: Snapshot) -> None:
    def careless(body: bytes, media: str) -> int:
        """Accepts lower case, which is our choice, and numbers in metadata, which Aktify refuses."""
        name = next(
            each.file for each in CASES.values() if (each.content, each.content_type) == (body, media)
        )
        return (
            201 if name in ("region-lower-case.json", "metadata-number.json") else written_answer(body, media)
        )

    with stranger(careless) as url:
        snapshot("commands", run(None, *CHECK, "--url", url, "--key", "of-theirs", code=1))
        found = compared(url, "of-theirs")
    assert [
        (each["file"], each["expected"], each["status"], each["ruling"]) for each in found["differences"]
    ] == [
        ("metadata-number.json", 400, 201, None),
        ("region-lower-case.json", 400, 201, "region-case"),
    ]


def test_a_stranger_that_does_not_know_the_key_is_no_mystery() -> None:
    with stranger(written_answer) as url:
        found = compared(url, "test-key")
    assert len(found["differences"]) == len(CASES)
    assert "AKTIFY_API_KEY" in found["hints"][0]


def test_the_key_comes_from_the_environment() -> None:
    with stranger(written_answer) as url:
        run(None, *CHECK, "--url", url, AKTIFY_API_KEY="of-theirs")


def test_a_stranger_that_was_not_named_gets_nothing() -> None:
    asked: list[bytes] = []

    def listening(body: bytes, media: str) -> int:
        asked.append(body)
        return 201

    with stranger(listening) as url:
        said = run(
            None, *CHECK, code=1, AKTIFY_SANDBOX_PORT=url.rpartition(":")[2], AKTIFY_SANDBOX_IN_MEMORY="1"
        )
    assert "Nothing was sent" in said
    assert asked == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("more.json", "{}"),
        ("expected.json", '{"gone.json": {"status": 201}}'),
        ("expected.json", '{"both-links.json": {"status": "400"}}'),
        ("expected.json", "[]"),
        ("expected.json", "{"),
        ("expected.json", None),
    ],
)
def test_a_folder_without_its_expectations_is_refused(
    tmp_path: Path, name: str, content: str | None, snapshot: Snapshot
) -> None:
    expected = json.loads((FOLDER / "expected.json").read_text())["both-links.json"]
    shutil.copy(FOLDER / "both-links.json", tmp_path)
    (tmp_path / "expected.json").write_text(json.dumps({"both-links.json": expected}))
    (tmp_path / name).unlink(missing_ok=True)
    if content is not None:
        (tmp_path / name).write_text(content)
    snapshot("commands", run(None, "send", "--check", str(tmp_path), code=2).replace(str(tmp_path), "FOLDER"))


@pytest.mark.parametrize(
    "words", [["leads.csv"], ["--sample", "3"], ["--only-good"], ["--encoding", "utf-8"]]
)
def test_a_check_takes_nothing_else(words: list[str], tmp_path: Path, snapshot: Snapshot) -> None:
    (tmp_path / "leads.csv").write_text("phoneNumber\n")
    words = [str(tmp_path / each) if each.endswith(".csv") else each for each in words]
    snapshot("commands", run(None, *CHECK, *words, code=2).replace(str(FOLDER), "FOLDER"))
