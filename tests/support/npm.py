"""Programs and packages that `npm ci` installs in the checkout."""

from pathlib import Path

from support.paths import ROOT
from support.running import needs, unmeasured

WORKSPACE = ROOT / "tests" / "openapi"
"""What only the tests of the OpenAPI documents use."""
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}


def npm_program(name: str, folder: Path = ROOT) -> str:
    """Where a program of a package is. Without it the test is skipped, or fails where nothing may be skipped."""
    needs("node")
    found = folder / "node_modules" / ".bin" / name
    return str(found) if found.exists() else needs(f"{name} (npm ci)")


def npm_environment() -> dict[str, str]:
    """The environment in which they reach nothing but this machine."""
    return unmeasured(
        **QUIET, http_proxy="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9", no_proxy="127.0.0.1"
    )
