"""The state folder: the tests that need a process of its own."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from aktify_sandbox.cli import main
from aktify_sandbox.errors import (
    LogError,
)
from aktify_sandbox.storage import server_file
from aktify_sandbox.storage.store import Store
from support.folders import (
    HANDS,
    everything,
    opens,
)
from support.running import COMMAND, LEAD, Serve, clean_environment, needs
from support.snapshots import Snapshot


def test_serve_in_a_project_changes_nothing_of_it(tmp_path: Path, snapshot: Snapshot) -> None:
    (tmp_path / ".gitignore").write_text("node_modules\n")
    (tmp_path / "main.py").touch()
    before = everything(tmp_path)
    done = subprocess.run(
        [*COMMAND, "serve", "--port", "0", "--state", "."],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stderr.count("\n"), everything(tmp_path)) == (1, 1, before)
    snapshot("state", done.stderr)


def test_a_second_sandbox_in_a_renamed_folders_place_keeps_all_that_is_its_own(
    serve: Serve, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    first = serve("--quiet", "--state", str(state))
    assert first.post().status_code == 201
    state.rename(tmp_path / "renamed")
    second = serve("--quiet", "--state", str(state))
    assert second.post().status_code == 201
    before = everything(tmp_path / "renamed")
    assert first.post({**LEAD, "phoneNumber": "2125552000"}).status_code == 503
    for path in ("/_sandbox/reset", "/_sandbox/stop"):
        assert first.http.post(path).status_code == (503 if path.endswith("reset") else 202)
    assert first.end() == 1
    assert everything(tmp_path / "renamed") == before
    assert server_file.read(state).url == second.url
    assert second.post().status_code == 409
    assert second.post({**LEAD, "phoneNumber": "2125552001"}).status_code == 201
    assert second.stop() == 0
    again = Store(state)
    assert len(again.leads) == 2
    again.close()


def test_a_second_sandbox_beside_a_deleted_log_keeps_all_that_is_its_own(
    serve: Serve, tmp_path: Path
) -> None:
    """In the very same folder: the first one's lock went with its log."""
    state = tmp_path / "state"
    first = serve("--quiet", "--state", str(state))
    assert first.post().status_code == 201
    (state / "log.jsonl").unlink()
    second = serve("--quiet", "--state", str(state))
    assert second.post().status_code == 201
    before = everything(state)
    assert first.post({**LEAD, "phoneNumber": "2125552000"}).status_code == 503
    assert first.http.post("/_sandbox/reset").status_code == 503
    assert first.stop() == 1
    assert everything(state) == before
    assert server_file.read(state).url == second.url
    assert second.stop() == 0


@pytest.mark.parametrize("hand", HANDS, ids=lambda hand: hand.__name__)
def test_a_sandbox_says_in_each_answer_and_in_its_status_that_its_log_was_touched(
    serve: Serve, tmp_path: Path, hand: Callable[[Path], None]
) -> None:
    state = tmp_path / "state"
    sandbox = serve("--quiet", "--state", str(state))
    assert sandbox.post().status_code == 201
    assert sandbox.get("/_sandbox/status")["trouble"] is None
    hand(state)
    refused = sandbox.post({**LEAD, "phoneNumber": "2125552000"})
    assert refused.status_code == 503
    trouble = sandbox.get("/_sandbox/status")["trouble"]
    assert trouble
    assert trouble in refused.json()["message"]
    health = sandbox.http.get("/_sandbox/health")
    assert (health.status_code, health.json()["status"]) == (503, "failing")
    for path in ("requests", "requests/r000000001", "requests/export", "leads", "state", "config", "keys"):
        with contextlib.suppress(httpx.RemoteProtocolError):  # it was broken off
            assert sandbox.http.get(f"/_sandbox/{path}").status_code in (200, 404, 503)
    said = CliRunner().invoke(main, ["--url", sandbox.url, "status"])
    assert (said.exit_code, trouble in said.output) == (0, True)
    assert CliRunner().invoke(main, ["wait", "--url", sandbox.url, "--timeout", "0"]).exit_code == 1
    assert sandbox.stop() == 1
    assert trouble in sandbox.output()
    assert "Traceback" not in sandbox.output()


def as_anybody() -> list[str]:
    """What a command begins with so that permissions hold, though root runs the tests."""
    if os.geteuid():
        return []
    return [needs("setpriv"), "--bounding-set=-dac_override,-dac_read_search"]


def unreadable(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0)


def unwritable(folder: Path) -> None:
    folder.mkdir(mode=0o500)


def below_an_unwritable_one(folder: Path) -> None:
    folder.parent.mkdir(mode=0o500)


def below_a_file(folder: Path) -> None:
    folder.parent.touch()


def a_file(folder: Path) -> None:
    folder.parent.mkdir()
    folder.touch()


def with_an_unreadable_log(folder: Path) -> None:
    opens(folder).close()
    (folder / "log.jsonl").chmod(0)


def with_an_unwritable_log(folder: Path) -> None:
    opens(folder).close()
    (folder / "log.jsonl").chmod(0o400)


def in_an_unreadable_one(folder: Path) -> None:
    opens(folder).close()
    folder.parent.chmod(0)


UNUSABLE = [
    unreadable,
    unwritable,
    below_an_unwritable_one,
    below_a_file,
    a_file,
    with_an_unreadable_log,
    with_an_unwritable_log,
    in_an_unreadable_one,
]


@pytest.mark.parametrize("make", UNUSABLE, ids=lambda make: make.__name__)
def test_a_folder_that_cannot_be_used_is_said_without_a_traceback(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    parent = tmp_path / "parent"
    folder = parent / "state" if make not in (unreadable, unwritable) else parent
    make(folder)
    try:
        done = subprocess.run(
            [*as_anybody(), *COMMAND, "serve", "--port", "0", "--state", str(folder)],
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=30,
        )
    finally:
        if parent.is_dir():
            parent.chmod(0o700)
    assert "Traceback" not in done.stderr
    assert done.returncode == 2 or (done.returncode == 1 and done.stderr.count("\n") == 1)
    assert str(parent) in done.stderr


def test_a_file_that_cannot_be_read_beside_a_log_of_ours_keeps_nothing_from_starting(
    serve: Serve, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    opens(state).close()
    for name in ("reserve", ".gitignore", "incoming-12345678"):
        (state / name).touch()
        (state / name).chmod(0)
    sandbox = serve("--state", str(state), program=[*as_anybody(), *COMMAND])
    assert sandbox.http.post("/_sandbox/reset").status_code == 204
    assert sandbox.stop() == 0


def test_a_folder_that_cannot_be_reached_for_a_while_loses_nothing(serve: Serve, tmp_path: Path) -> None:
    state = tmp_path / "state"
    sandbox = serve("--quiet", "--state", str(state), program=[*as_anybody(), *COMMAND])
    assert sandbox.post().status_code == 201
    state.chmod(0)
    another = {**LEAD, "phoneNumber": "2125552000"}
    assert sandbox.post(another).status_code == 503
    assert sandbox.http.post("/_sandbox/reset").status_code == 503
    state.chmod(0o700)
    assert [sandbox.post(lead).status_code for lead in (LEAD, another, another)] == [409, 201, 409]
    assert sandbox.stop() == 0
    again = Store(state)
    assert len(again.leads) == 2
    again.close()


def test_a_read_only_file_system_is_said_without_a_traceback(tmp_path: Path, snapshot: Snapshot) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(disk)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting isn't permitted here")
    try:
        for folder in (disk, disk / "state"):
            with pytest.raises(LogError) as error:
                Store(folder)
            snapshot("state", str(error.value))
            assert str(disk) in str(error.value)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_sandbox_that_was_killed_leaves_its_folder_free_whatever_it_has_started(
    serve: Serve, tmp_path: Path
) -> None:
    """Its process that checks files has no handle of the log."""
    sandbox = serve("--quiet", "--state", str(tmp_path / "state"))
    checked = sandbox.http.post(
        "/_sandbox/check",
        content=b"phoneNumber,region\n5095551234,CA\n",
        headers={"content-type": "application/octet-stream"},
    )
    assert checked.status_code == 200
    sandbox.process.kill()
    sandbox.end()
    Store(tmp_path / "state").close()


@pytest.mark.parametrize("hand", ["rm -rf state", ": > state/log.jsonl", "mv state elsewhere"])
def test_exec_reports_no_success_over_a_state_that_was_touched(tmp_path: Path, hand: str) -> None:
    done = subprocess.run(
        [*COMMAND, "exec", "--state", "state", "--", "sh", "-c", hand],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "log.jsonl" in done.stderr
