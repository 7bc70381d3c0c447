"""What `init` writes loads as it stands, and nothing is ever overwritten."""

import json
import subprocess
from pathlib import Path

from aktify_sandbox.cli.commands.init import write_missing
from aktify_sandbox.settings import Settings
from support.running import COMMAND, unmeasured


def test_what_is_written_loads_and_names_its_schema(tmp_path: Path) -> None:
    written = dict(write_missing(tmp_path / "new"))
    assert set(written.values()) == {"written"}
    settings, notices = Settings.gather({}, {}, tmp_path / "new")
    assert settings.port == 8509
    assert notices == []
    first = (tmp_path / "new" / "aktify-sandbox.yaml").read_text().splitlines()[0]
    schema = first.partition("$schema=")[2]
    assert json.loads((tmp_path / "new" / schema).read_text())["title"] == "aktify-sandbox.yaml"


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "aktify-sandbox.yaml").write_text("port: 1\n")
    written = {path.name: what for path, what in write_missing(tmp_path)}
    assert written == {
        "aktify-sandbox.yaml": "exists",
        "mine.yaml": "written",
        "config.json": "written",
        "scenario.json": "written",
        "expectations.json": "written",
        "lead.json": "written",
    }
    assert (tmp_path / "aktify-sandbox.yaml").read_text() == "port: 1\n"
    assert set(dict(write_missing(tmp_path)).values()) == {"exists"}


def test_a_file_that_the_disk_cut_short_is_not_taken_for_the_users_own(tmp_path: Path) -> None:
    command = ["sh", "-c", 'ulimit -f 1; exec "$@"', "sh", *COMMAND, "init"]
    done = subprocess.run(command, cwd=tmp_path, env=unmeasured(), capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert set(dict(write_missing(tmp_path)).values()) == {"written"}
