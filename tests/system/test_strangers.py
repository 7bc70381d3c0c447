"""Commands and strangers that answer in a sandbox's place: the tests that need a process of its own."""

import socket
import subprocess
import time
from pathlib import Path

from support.running import COMMAND, Running, clean_environment
from support.snapshots import Snapshot


def test_a_wait_ends_although_what_is_there_never_answers() -> None:
    """The test's own limit is far below a request's usual patience."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"127.0.0.1:{silent.getsockname()[1]}"
        done = subprocess.run(
            [*COMMAND, "wait", "--timeout", "0.1", "--url", url], env=clean_environment(), timeout=30
        )
    assert done.returncode == 1


def test_a_tail_stays_with_the_sandbox_of_its_folder(tmp_path: Path, snapshot: Snapshot) -> None:
    """Also while that one is down and another one answers where the commands would look next."""
    own, other = Running(tmp_path / "own"), Running(tmp_path / "other")
    tail = subprocess.Popen(
        [*COMMAND, "requests", "tail", "-n", "1"],
        cwd=tmp_path / "own",
        env=clean_environment(AKTIFY_SANDBOX_PORT=str(other.port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert tail.stdout
    assert tail.stderr
    try:
        own.http.get("/first")
        assert "/first" in tail.stdout.readline()
        own.stop()
        snapshot("commands", tail.stderr.readline())
        time.sleep(1.5)  # pause: so long it looks for its sandbox, twice at least
        other.http.get("/not-mine")
        own = Running(tmp_path / "own")
        own.http.get("/second")
        assert "/second" in tail.stdout.readline()
    finally:
        tail.kill()
        tail.communicate()
        own.stop()
        other.stop()
