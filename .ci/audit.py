"""Known vulnerabilities in what an environment has: one is a failure; where advisories can't be had, that is said.

`python .ci/audit.py SITE_PACKAGES`, in an environment that has pip-audit.
"""

import json
import subprocess
import sys

_PATIENCE = 180


def audited(folder: str) -> list[dict[str, object]] | None:
    """What pip-audit says of each distribution; None when it says nothing."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--path",
        folder,
        "--format",
        "json",
        "--progress-spinner",
        "off",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        found: list[dict[str, object]] = json.loads(done.stdout)["dependencies"]
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
        return None
    return found


def main() -> int:
    """The exit code: 1 for a known vulnerability."""
    found = audited(sys.argv[1]) or []
    looked_at = [each for each in found if "skip_reason" not in each]
    vulnerable = [each for each in looked_at if each.get("vulns")]
    for each in vulnerable:
        print(f"{each['name']} {each['version']}: {each['vulns']}")
    skipped = len(found) - len(looked_at)
    print(
        f"pip-audit: {len(looked_at)} audited, {len(vulnerable)} vulnerable, {skipped} not known to the index."
    )
    if not looked_at:
        print("pip-audit: NOT AUDITED, since no advisories could be had here.")
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main())
