"""`scenarios` and `force` as their user types them."""

import json
import re
from pathlib import Path

import httpx
import pytest

from support.commands import Outcome, call
from support.conditions import eventually
from support.running import LEAD, HostSandbox, Sandboxed
from support.snapshots import Snapshot


def run(*arguments: str, folder: Path, sandbox: Sandboxed | None = None) -> Outcome:
    where = {"AKTIFY_SANDBOX_URL": sandbox.url} if sandbox else {}
    return call(*arguments, folder=folder, environment=where)


def test_check_says_every_mistake_with_its_place_and_exits_with_1(tmp_path: Path, snapshot: Snapshot) -> None:
    (tmp_path / "good.yaml").write_text("rules: [{answer: 503}]")
    (tmp_path / "bad.yaml").write_text("rules:\n  - when: {regoin: CA}\n    answer: {fault: hnag}\n")
    done = run("scenarios", "check", "good.yaml", "bad.yaml", "flaky", folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines() == ["good.yaml: 1 rule, no errors.", "flaky: 1 rule, no errors."]
    snapshot("commands", done.stderr)
    assert run("scenarios", "check", "good.yaml", folder=tmp_path).returncode == 0
    none = run("scenarios", "check", "none.yaml", "bad.yaml", folder=tmp_path)
    assert none.returncode == 2
    snapshot("commands", none.stderr)
    (tmp_path / "both.yaml").write_text("rules:\n  - when: {attempt: 3-1}\n    answer: 503\n  - anwser: 1\n")
    both = run("scenarios", "check", "both.yaml", folder=tmp_path)
    snapshot("commands", both.stderr)


def test_check_without_a_file_checks_all_in_the_folder(tmp_path: Path, snapshot: Snapshot) -> None:
    nothing = run("scenarios", "check", folder=tmp_path)
    assert (nothing.returncode, nothing.stdout) == (2, "")
    snapshot("commands", nothing.stderr)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "good.yaml").write_text("rules: [{answer: 503}]")
    (tmp_path / "scenarios" / "notes.txt").write_text("not a scenario")
    one = run("scenarios", "check", folder=tmp_path)
    assert one.stdout.splitlines() == [
        "scenarios/good.yaml: 1 rule, no errors.",
        "1 file in scenarios/ checked.",
    ]
    assert one.returncode == 0
    (tmp_path / "scenarios" / "bad.json").write_text('{"rules": []}')
    both = run("scenarios", "check", folder=tmp_path)
    assert both.returncode == 1
    snapshot("commands", both.stderr)
    snapshot("commands", both.stdout.splitlines()[-1])


def test_show_prints_what_init_or_the_package_has(tmp_path: Path, snapshot: Snapshot) -> None:
    assert run("init", folder=tmp_path).returncode == 0
    assert (
        run("scenarios", "show", "mine", folder=tmp_path).stdout
        == (tmp_path / "scenarios/mine.yaml").read_text()
    )
    assert "attempt: 1-2" in run("scenarios", "show", "flaky", folder=tmp_path).stdout
    (tmp_path / "scenarios" / "flaky.yaml").write_text("rules: [{answer: 418}]\n")
    assert "418" in run("scenarios", "show", "flaky", folder=tmp_path).stdout
    unknown = run("scenarios", "show", "flakey", folder=tmp_path)
    assert unknown.returncode == 2
    snapshot("commands", unknown.stderr)
    assert (
        run("scenarios", "check", *map(str, (tmp_path / "scenarios").iterdir()), folder=tmp_path).returncode
        == 0
    )


def test_list_use_and_clear(sandbox: Sandboxed, tmp_path: Path, snapshot: Snapshot) -> None:
    snapshot("commands", run("scenarios", "use", "flaky", "race", folder=tmp_path, sandbox=sandbox).stdout)
    try:
        rows = run("scenarios", "list", folder=tmp_path, sandbox=sandbox).stdout.splitlines()
        snapshot("commands", rows[1])
        snapshot("commands", rows[2])
        assert len(rows) >= 18
        listed = json.loads(run("scenarios", "list", "--json", folder=tmp_path, sandbox=sandbox).stdout)
        assert listed["scenarios"][0]["name"] == "flaky"
    finally:
        assert run("scenarios", "clear", folder=tmp_path, sandbox=sandbox).returncode == 0
    assert sandbox.post().status_code == 201
    refused = run("scenarios", "use", "flakey", folder=tmp_path, sandbox=sandbox)
    assert refused.returncode == 2
    snapshot("commands", refused.stderr)


def test_force_says_what_it_did_and_does_it(serve: HostSandbox, tmp_path: Path, snapshot: Snapshot) -> None:
    """On a sandbox of its own: what others have forced is forgotten with it, and counted."""
    sandbox = serve()
    key = ["--key", sandbox.api_key]
    done = run(
        "force", "503", "--times", "2", *key, "--header", "Retry-After: 7", folder=tmp_path, sandbox=sandbox
    )
    snapshot("commands", done.stdout)
    assert [sandbox.post().headers.get("retry-after") for _ in range(3)] == ["7", "7", None]
    run("force", "500", *key, "--body", '{"a": 1}', "--any", folder=tmp_path, sandbox=sandbox)
    assert sandbox.post({}).json() == {"a": 1}
    run("force", "reset", "--phone", "2125552000", folder=tmp_path, sandbox=sandbox)
    cleared = run("force", "--clear", folder=tmp_path, sandbox=sandbox)
    snapshot("commands", cleared.stdout)
    assert sandbox.post({**LEAD, "phoneNumber": "2125552000"}).status_code == 201


def test_requests_list_says_after_how_long_a_client_hung_up(sandbox: Sandboxed, tmp_path: Path) -> None:
    run("force", "hang", "--key", sandbox.api_key, folder=tmp_path, sandbox=sandbox)
    with pytest.raises(httpx.ReadTimeout):
        sandbox.post(timeout=0.3)
    wanted = re.compile(
        r"no answer until the client gives up; the lead is not kept\. The client hung up after [0-9,]+ ms"
    )
    words = ("requests", "list", "--key", sandbox.api_key)
    eventually(lambda: wanted.search(run(*words, folder=tmp_path, sandbox=sandbox).stdout))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        (("999",), 2),
        (("201",), 2),
        (("503x",), 2),
        (("503", "--key", "nokey"), 1),
        (("hnag",), 2),
        (("503", "--times", "0"), 2),
        (("503", "--header", "x"), 2),
        (("503", "--phone", "12"), 2),
    ],
)
def test_force_says_what_is_wrong(
    sandbox: Sandboxed, tmp_path: Path, arguments: tuple[str, ...], code: int, snapshot: Snapshot
) -> None:
    done = run("force", *arguments, folder=tmp_path, sandbox=sandbox)
    assert done.returncode == code
    snapshot("commands", done.stderr)
