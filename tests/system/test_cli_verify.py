"""`verify`: the tests that need a process of its own."""

import subprocess

import pytest

from support.running import COMMAND, Serve, clean_environment


def test_what_comes_in_time_is_waited_for(serve: Serve) -> None:
    sandbox = serve()
    command = [*COMMAND, "verify", "--count", "1", "--timeout", "60", "--url", sandbox.url]
    waiting = subprocess.Popen(command, env=clean_environment(), stdout=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(1.5)
    sandbox.post()
    waiting.communicate(timeout=90)
    assert waiting.returncode == 0
