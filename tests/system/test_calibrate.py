"""`calibrate` and `serve` as their user runs them: a dry run, a run, the block pasted, the banner."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from support.conditions import eventually
from support.running import COMMAND, Running, Serve, clean_environment


def run(*words: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = clean_environment(AKTIFY_API_KEY="test-key")
    return subprocess.run([*COMMAND, *words], cwd=folder, env=environment, capture_output=True, text=True)


def block_in(printed: str) -> str:
    return "rulings:" + printed.partition("\nrulings:")[2].partition("\n\n")[0] + "\n"


def test_what_is_pasted_and_written_is_shown_at_the_next_start(serve: Serve, tmp_path: Path) -> None:
    real = serve("--ruling", "region-case=accept", "--ruling", "null=absent")
    here = tmp_path / "here"
    here.mkdir()
    dry = run("calibrate", "--url", real.url, folder=here)
    assert dry.returncode == 0, dry.stderr
    assert real.get("/_sandbox/status")["requests"] == 0
    first = run("calibrate", "--url", real.url, "--send", "--yes", folder=here)
    assert first.returncode == 1
    (here / "aktify-sandbox.yaml").write_text(block_in(first.stdout))
    again = run("calibrate", "--url", real.url, "--send", "--yes", folder=here)
    assert again.returncode == 0, again.stdout
    shown = serve(folder=here)
    assert f"26 of 28 rulings at {real.url}" in shown.banner()
    strict = serve("--ruling", "null=refuse", folder=here)
    assert "1 differs: null" in strict.banner()


@pytest.mark.parametrize("content", ["{", "[1]", '{"rulings": []}'])
def test_a_damaged_file_is_a_notice_and_the_sandbox_runs(content: str, serve: Serve, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "calibration.json").write_text(content)
    sandbox = serve(folder=here)
    assert "calibration.json:1" in sandbox.banner()
    assert "Traceback" not in sandbox.output()
    assert sandbox.post().status_code == 201


def test_a_terminal_is_asked_by_host_and_campaign(serve: Serve, tmp_path: Path) -> None:
    real = serve()
    ours, theirs = pty.openpty()
    environment = clean_environment(AKTIFY_API_KEY="test-key")
    words = [*COMMAND, "calibrate", "--url", real.url, "--send"]
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        read = bytearray()

        def asked() -> bool:
            read.extend(os.read(ours, 1_000))
            return b"[y/N]" in read

        eventually(asked)
        os.write(ours, b"n\n")
        assert process.wait() == 1
    os.close(ours)
    assert real.url.encode() in read
    assert "tes…key".encode() in read
    assert real.get("/_sandbox/status")["requests"] == 0
    assert not (tmp_path / "calibration.json").exists()


def test_an_interrupted_run_says_what_it_did_not_ask(serve: Serve, tmp_path: Path) -> None:
    hanging = tmp_path / "hang.yaml"
    hanging.write_text(
        json.dumps({"rules": [{"when": {"source": "myCustomSource"}, "answer": {"fault": "hang"}}]})
    )
    real = serve("--scenario", str(hanging))
    words = [*COMMAND, "calibrate", "--url", real.url, "--send", "--yes"]
    environment = clean_environment(AKTIFY_API_KEY="test-key")
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        eventually(lambda: "myCustomSource" in newest_body(real))
        process.send_signal(2)
        out, _ = process.communicate()
    assert process.returncode == 130
    assert "Not asked:" in out
    assert "unknown-property" in out
    result = json.loads((tmp_path / "calibration.json").read_text())
    assert result["stopped"]


def newest_body(sandbox: Running) -> str:
    newest = sandbox.get("/_sandbox/requests?limit=1")["requests"]
    return "".join(sandbox.get(f"/_sandbox/requests/{each['id']}")["body"] or "" for each in newest)
