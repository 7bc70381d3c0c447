"""The arguments of a `Sandbox`, as settings of the server and conditions of the admin API."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aktify_sandbox.errors import SandboxMistake, SettingsError, hide_traceback
from aktify_sandbox.settings import Flag, Settings, fields_for_flags
from aktify_sandbox.text import suggest

__tracebackhide__ = hide_traceback

_NOT_HERE = frozenset(
    ("host", "port", "calibration", "ready_file", "open", "log_format", "quiet", "show_pii")
)
_FLAGS = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s", re.VERBOSE: "x"}


def settings_of(given: Mapping[str, Any]) -> Settings:
    """Settings of a sandbox that a test starts: in memory, on a free port, ignoring files and environment."""
    known = {flag.field: flag for flag in fields_for_flags() if flag.field not in _NOT_HERE}
    for name, value in given.items():
        if name not in known:
            meant = suggest(name, known)
            raise SandboxMistake(f"Unknown setting {name}. {meant}Choose from: {', '.join(known)}.")
        _check(known[name], value)
    flags = {name: _as_flag(known[name], value) for name, value in given.items() if value is not None}
    flags = {"in_memory": "state" not in flags, **flags, "port": 0}
    try:
        settings, _ = Settings.gather(
            flags, {}, Path(__file__)
        )  # which isn't a folder: no file is found by chance
    except SettingsError as error:
        raise SandboxMistake(str(error)) from None
    return settings


def _check(flag: Flag, value: Any) -> None:
    if flag.kind == "choice" and value not in flag.choices:
        raise SandboxMistake(f"{flag.field}={value!r} must be one of {', '.join(flag.choices)}.")
    if flag.kind == "boolean" and not isinstance(value, bool):
        raise SandboxMistake(f"{flag.field}={value!r} must be True or False.")
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if flag.kind == "number" and value is not None and not (is_number and flag.least <= value <= flag.most):
        raise SandboxMistake(f"{flag.field}={value!r} must be a number from {flag.least} to {flag.most}.")


def _as_flag(flag: Flag, value: Any) -> Any:
    if flag.kind == "path":
        return Path(value)
    return tuple(names_in(value)) if flag.kind == "many" else value


def names_in(given: str | Iterable[str] | None) -> list[str]:
    """None, one or several, as a list. Raises `SandboxMistake`."""
    names = [given] if isinstance(given, str) else list(given) if isinstance(given, Iterable) else given or []
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        return names
    raise SandboxMistake(f"Expected a name or a list of names, found {given!r}.")


def rulings_in(given: Mapping[str, str] | None) -> dict[str, str]:
    """Rulings by name. Raises `SandboxMistake`."""
    if given is None or isinstance(given, Mapping):
        return dict(given or {})
    raise SandboxMistake(f'rulings={given!r} must be a dictionary, such as {{"region-case": "accept"}}.')


def condition(name: str, value: Any) -> Any:
    """As the admin API takes it: a pattern, one of several, or the value itself. Raises `SandboxMistake`."""
    if isinstance(value, re.Pattern):
        return {"matches": _pattern(name, value)}
    if isinstance(value, Mapping):
        return {
            inner: condition(inner if inner == "in" else f"{name}.{inner}", each)
            for inner, each in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset, range)):
        values = [_plain(name, each) for each in value]
        return values if name in ("status", "in") else {"in": values}
    return _plain(name, value)


def _plain(name: str, value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    found = type(value).__name__  # not the value: it may be a key
    raise SandboxMistake(
        f"{name} can't be compared with {found}. Fix: use text, a number, a list or a pattern."
    )


def _pattern(name: str, pattern: re.Pattern[Any]) -> str:
    """As the sandbox's own engine takes it, the flags inside."""
    others = pattern.flags & ~sum((*_FLAGS, re.UNICODE))
    if not isinstance(pattern.pattern, str) or others:
        raise SandboxMistake(
            f"{name}={pattern!r} isn't supported. Fix: use a pattern of text, with no flags "
            "but IGNORECASE, MULTILINE, DOTALL and VERBOSE."
        )
    letters = "".join(letter for flag, letter in _FLAGS.items() if pattern.flags & flag)
    return f"(?{letters}){pattern.pattern}" if letters else pattern.pattern
