"""The command line against a real sandbox: the tests that need a process of its own."""

import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from support.commands import in_json
from support.running import COMMAND, LEAD, Running, Serve, clean_environment
from support.snapshots import Snapshot


def test_a_terminal_is_shown_a_progress_bar(sandbox: Running, tmp_path: Path) -> None:
    """On a real (pseudo) terminal."""
    main_end, other_end = pty.openpty()
    env = clean_environment(AKTIFY_SANDBOX_URL=sandbox.url, AKTIFY_API_KEY=sandbox.api_key)
    command = [*COMMAND, "send", "--sample", "50"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=other_end, text=True)
    os.close(other_end)
    shown = b""
    try:
        while chunk := os.read(main_end, 4_096):
            shown += chunk
    except OSError:  # the other end is closed: Linux says EIO
        pass
    out, _ = process.communicate(timeout=30)
    assert b"Sending" in shown
    assert b"50 of 50" in shown
    assert "50 × 201" in out


@pytest.mark.parametrize(("leads", "lines"), [(3, 0), (600, 2), (3_100, 9)])
def test_the_log_of_a_job_gets_a_few_lines_of_progress(
    sandbox: Running, leads: int, lines: int, snapshot: Snapshot
) -> None:
    env = clean_environment(AKTIFY_SANDBOX_URL=sandbox.url, AKTIFY_API_KEY=sandbox.api_key)
    command = [*COMMAND, "send", "--sample", str(leads), "--seed", "1"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    shown = [line for line in done.stderr.splitlines() if line.startswith("sent ")]
    assert len(shown) == lines
    if shown:
        snapshot("commands", shown[-1])


def test_what_a_list_says_to_people_is_not_in_what_a_program_reads(serve: Serve) -> None:
    sandbox = serve("--keep", "2")

    def listed(*words: str) -> tuple[int, list[str]]:
        env = clean_environment(AKTIFY_SANDBOX_URL=sandbox.url)
        done = subprocess.run([*COMMAND, *words], env=env, capture_output=True, text=True)
        return len(done.stdout.splitlines()), [line.partition(":")[0] for line in done.stderr.splitlines()]

    assert listed("requests", "list") == (0, ["No requests yet."])
    for number in range(3):
        sandbox.post({**LEAD, "phoneNumber": f"(509) 555-000{number}"})
    dropped = "--keep dropped 1 older one."
    assert listed("requests", "list", "--limit", "1") == (2, ["More rows", dropped])
    assert listed("requests", "list", "--status", "500") == (0, ["No requests match.", dropped])
    assert listed("leads", "list", "--limit", "1") == (2, ["More rows"])


@pytest.mark.parametrize("command", ["send", "explain"])
def test_a_closed_standard_input_is_said_in_words(command: str, snapshot: Snapshot) -> None:
    shell = ["sh", "-c", 'exec "$@" <&-', "sh", *COMMAND, command, "-"]
    done = subprocess.run(shell, env=clean_environment(), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    snapshot("commands", done.stderr)


def test_each_run_makes_new_samples_and_says_how_to_make_them_again(sandbox: Running) -> None:
    env = clean_environment(AKTIFY_SANDBOX_URL=sandbox.url, AKTIFY_API_KEY=sandbox.api_key)
    command = [*COMMAND, "send", "--sample", "3", "--json"]
    runs = [subprocess.run(command, env=env, capture_output=True, text=True, timeout=60) for _ in range(3)]
    seeds = [re.search(r"--seed ([0-9]+) makes the same", done.stderr) for done in runs]
    assert None not in seeds
    assert len({seed[1] for seed in seeds if seed}) == 3
    again = in_json(sandbox, "send", "--sample", "3", "--seed", seeds[0][1] if seeds[0] else "")
    assert again["statuses"] == {"409": 3}
