"""What is loaded, and when: a command answers at once, a server starts with what its first answer needs."""

import json
import re
import subprocess
import sys

from support.running import Serve, unmeasured


def test_help_imports_nothing_heavy() -> None:
    """`--help` must answer at once: what only a server or a refused lead needs isn't loaded."""
    code = (
        "import sys, json; from aktify_sandbox.cli import main; main(['--help'], standalone_mode=False);"
        "print('\\n' + json.dumps(list(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=unmeasured(), capture_output=True, check=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "aktify_sandbox.cli.commands.verify" in loaded
    assert not loaded & {"starlette", "uvicorn", "tinydb", "jsonschema", "httpx", "yaml", "orjson", "asyncio"}
    assert not loaded & {"phonenumbers", "email_validator", "html", "aktify_sandbox.cli.junit"}


def test_a_start_loads_nothing_that_the_first_answer_does_not_need(serve: Serve) -> None:
    """So it takes less memory and time; what only a refusal, a file or a browser needs is loaded then."""
    sandbox = serve("--in-memory", program=[sys.executable, "-X", "importtime", "-m", "aktify_sandbox"])
    assert sandbox.post().status_code == 201
    loaded = set(re.findall(r"^import time: .*\| +(\S+)$", sandbox.output(), re.MULTILINE))
    assert {"aktify_sandbox.storage.store", "yaml", "uvloop"} <= loaded
    assert not loaded & {"jsonschema", "httpx", "phonenumbers", "email_validator", "aktify_sandbox.testing"}
    assert not loaded & {"urllib.request", "xml.sax", "importlib.resources", "zipfile", "webbrowser"}
