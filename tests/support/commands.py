"""Commands of the program, as processes."""

import json
import subprocess
from typing import Any

from support.running import COMMAND, Running, clean_environment


def run(
    sandbox: Running | None, *words: str, text: str | None = None, code: int = 0, **environment: str
) -> str:
    """Run a command against the sandbox and return what it printed."""
    where = {"AKTIFY_SANDBOX_URL": sandbox.url, "AKTIFY_API_KEY": sandbox.api_key} if sandbox else {}
    env = clean_environment(**where, **environment)
    done = subprocess.run([*COMMAND, *words], env=env, input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stdout + done.stderr


def in_json(sandbox: Running, *words: str, **more: Any) -> Any:
    return json.loads(run(sandbox, *words, "--json", **more))
