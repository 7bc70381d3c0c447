"""Environment variables that keep requests to an address from going through a proxy."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

_EXEMPT = ("NO_PROXY", "no_proxy")
"""Programs read either; if both are set, they differ in which one they prefer.

Java reads neither, and never sends requests for a loopback address through `http.proxyHost`.
"""


def exempting(url: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables to set so that a program with that environment connects to the URL directly."""
    host = urlsplit(url).hostname or ""
    given = {name: environment[name] if name in environment else "" for name in _EXEMPT}  # noqa: SIM401  tests replace `os.environ.get`
    either = next(filter(None, given.values()), "")
    return {name: _with(host, value or either) for name, value in given.items()}


def _with(host: str, exempt: str) -> str:
    if exempt.strip() == "*" or host in re.split(r"[,\s]+", exempt):
        return exempt
    return f"{exempt},{host}" if exempt else host
