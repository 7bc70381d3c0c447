"""What `init` writes loads as it stands, and nothing is ever overwritten."""

import json
from pathlib import Path

from aktify_sandbox.cli.commands.init import write_missing
from aktify_sandbox.settings import Settings


def test_written_files_load_and_name_their_schema(tmp_path: Path) -> None:
    written = dict(write_missing(tmp_path / "new"))
    assert set(written.values()) == {"written"}
    settings, notices = Settings.gather({}, {}, tmp_path / "new")
    assert settings.port == 8509
    assert notices == []
    first = (tmp_path / "new" / "aktify-sandbox.yaml").read_text().splitlines()[0]
    schema = first.partition("$schema=")[2]
    assert json.loads((tmp_path / "new" / schema).read_text())["title"] == "aktify-sandbox.yaml"


def test_existing_files_stay_unchanged(tmp_path: Path) -> None:
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
