"""Where the data lies that comes with the package: `fixtures/` and `scenarios/`."""

from pathlib import Path

_HERE = Path(__file__).parent


def bundled(name: str) -> Path:
    """The folder of that name: inside an installed package, or at the top of a checkout (editable installs too)."""
    installed = _HERE / "bundled" / name
    return installed if installed.is_dir() else _HERE.parent.parent / name
