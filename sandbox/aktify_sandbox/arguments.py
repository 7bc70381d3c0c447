"""What a `Sandbox` is given, as the server's settings and the door's conditions."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from aktify_sandbox.doors import SandboxMistake
from aktify_sandbox.settings import Flag, Settings, SettingsMistake, fields_for_flags

_NOT_HERE = frozenset(("host", "port", "ready_file", "open", "log_format", "quiet", "show_pii"))


def settings_of(given: Mapping[str, Any]) -> Settings:
    """Settings of `serve` for a sandbox that a test starts: in memory, on a free port, no matter what stands around.

    Raises `SandboxMistake`.
    """
    known = {flag.field: flag for flag in fields_for_flags() if flag.field not in _NOT_HERE}
    for name, value in given.items():
        if name not in known:
            close = get_close_matches(name, known, 1)
            meant = f"did you mean {close[0]}? " if close else ""
            raise SandboxMistake(f"There is no setting {name}; {meant}there are: {', '.join(known)}.")
        _check(known[name], value)
    flags = {name: _as_flag(known[name], value) for name, value in given.items() if value is not None}
    flags = {"in_memory": "state" not in flags, **flags, "port": 0}
    try:
        settings, _ = Settings.gather(
            flags, {}, Path(__file__)
        )  # which isn't a folder: no file is found by chance
    except SettingsMistake as mistake:
        raise SandboxMistake(str(mistake)) from None
    return settings


def _check(flag: Flag, value: Any) -> None:
    if flag.kind == "choice" and value not in flag.choices:
        raise SandboxMistake(f"{flag.field}={value!r} must be one of {', '.join(flag.choices)}.")
    if flag.kind == "boolean" and not isinstance(value, bool):
        raise SandboxMistake(f"{flag.field}={value!r} must be True or False.")
    if flag.kind == "number" and value is not None:
        least, most = flag.least or 0, flag.most or 0
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise SandboxMistake(f"{flag.field}={value!r} must be a number from {least} to {most}.")


def _as_flag(flag: Flag, value: Any) -> Any:
    if flag.kind == "path":
        return Path(value)
    return tuple(names_in(value)) if flag.kind == "many" else value


def names_in(given: str | Iterable[str]) -> list[str]:
    """One or several, as a list."""
    return [given] if isinstance(given, str) else list(given)


def condition(name: str, value: Any) -> Any:
    """A condition as the door takes it: a pattern, one of several, or the value itself."""
    if isinstance(value, re.Pattern):
        return {"matches": value.pattern}
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value) if name == "status" else {"in": list(value)}
    return value
