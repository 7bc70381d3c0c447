"""What `init` writes loads as it stands: the tests that need a process of its own."""

import subprocess
from pathlib import Path

from aktify_sandbox.cli.commands.init import write_missing
from support.running import COMMAND, unmeasured


def test_a_file_that_the_disk_cut_short_is_not_taken_for_the_users_own(tmp_path: Path) -> None:
    command = ["sh", "-c", 'ulimit -f 1; exec "$@"', "sh", *COMMAND, "init"]
    done = subprocess.run(command, cwd=tmp_path, env=unmeasured(), capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert set(dict(write_missing(tmp_path)).values()) == {"written"}
