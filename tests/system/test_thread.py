"""A sandbox in a thread: the tests that need a process of its own."""

import subprocess
import sys
from pathlib import Path

from support.running import clean_environment


def test_a_program_that_forgets_to_stop_it_ends_all_the_same(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from aktify_sandbox.server.thread import ServerThread\nfrom aktify_sandbox.settings import Settings\n"
        f"ServerThread(Settings(port=0, state=Path({str(tmp_path / 'state')!r}))).start()\nprint('end of the program')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean_environment(), capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "end of the program\n", "")
    assert not (tmp_path / "state" / "server.json").exists()


def test_a_fork_leaves_its_parents_sandbox_alone() -> None:
    code = (
        "import os, httpx\nfrom aktify_sandbox.server.thread import ServerThread\n"
        "from aktify_sandbox.settings import Settings\n"
        "b = ServerThread(Settings(port=0, in_memory=True)); b.start()\n"
        "child = os.fork()\n"
        "if not child:\n    b.stop(); raise SystemExit(7)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "print(httpx.get(b.url + '/_sandbox/health', trust_env=False).status_code); b.stop()"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.stdout, done.stderr) == ("7\n200\n", "")
