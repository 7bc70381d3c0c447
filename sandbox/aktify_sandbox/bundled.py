"""Where the data lies that comes with the package: `fixtures/` and `scenarios/`."""

from pathlib import Path

_HERE = Path(__file__).parent
_INSTALLED = _HERE / "bundled"
_ROOT = _INSTALLED if _INSTALLED.is_dir() else _HERE.parent.parent


def bundled(name: str) -> Path:
    """The folder of that name: inside an installed package, or at the top of a checkout (editable installs too)."""
    return _ROOT / name
