"""`state save --format tinydb` and `state check`: the tests that need a process of its own."""

import subprocess
from pathlib import Path

import pytest

from support.open_states import busy
from support.running import COMMAND, Running, Serve, clean_environment
from support.states import lead


@pytest.fixture
def sandbox(serve: Serve, tmp_path: Path) -> Running:
    """A sandbox that remembers something of every kind."""
    sandbox = serve("--state", str(tmp_path / "state"))
    busy(sandbox)
    sandbox.post(lead(40, firstName="José \u2028 \U0001f600"))
    return sandbox


def test_the_state_that_serve_would_use_here_is_proved_unless_told(tmp_path: Path, sandbox: Running) -> None:
    sandbox.stop()
    (tmp_path / "aktify-sandbox.yaml").write_text("state: state\n")
    done = subprocess.run(
        [*COMMAND, "state", "check"], cwd=tmp_path, env=clean_environment(), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{tmp_path}/state/log.jsonl: ")
