"""Where the package's data is: `fixtures/` and `scenarios/`."""

from pathlib import Path

_HERE = Path(__file__).parent
_INSTALLED = _HERE / "bundled"
_ROOT = _INSTALLED if _INSTALLED.is_dir() else _HERE.parent.parent


def bundled(name: str) -> Path:
    """The folder of that name: in an installed package, or at the top of a checkout (also for editable installs)."""
    return _ROOT / name
