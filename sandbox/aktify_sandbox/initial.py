"""What `init` writes: a commented configuration and the schemas with which an editor completes and checks it."""

import json
from pathlib import Path

from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.settings import FILE_NAME, config_schema

_CONFIG = """\
# yaml-language-server: $schema=.schema/config.json
# Configuration of aktify-sandbox. All of it is optional; a flag or AKTIFY_SANDBOX_… variable beats what stands here.

port: 8509

# How forgiving the sandbox is where the vendor's page is silent: lenient, default or strict.
profile: default

# Single silent points, decided otherwise. `aktify-sandbox rulings` shows them all.
rulings: {}
#  region-case: accept
#  phone-extension: drop

# Campaigns and the keys that post into them. `link` says what kind a campaign is: optional, link or tracking.
campaigns:
  demo:
    link: optional
    keys:
      - test-key
      - {key: old-key, name: old, revoked: true}
"""


def init(folder: Path) -> list[tuple[Path, str]]:
    """Write what is missing; what is there stays as it is. Returns each path with `written` or `exists`.

    Raises `OSError` when the folder can't be written.
    """
    from aktify_sandbox.contract.schema import lead_schema

    contents = {
        folder / FILE_NAME: _CONFIG,
        folder / ".schema" / "config.json": _json(config_schema()),
        folder / ".schema" / "lead.json": _json(lead_schema(Rulings.of())),
    }
    return [(path, _write(path, text)) for path, text in contents.items()]


def _json(schema: dict[str, object]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return "exists"
    return "written"
