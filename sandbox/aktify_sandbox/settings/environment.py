"""The settings in environment variables."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.errors import RulingError, SettingsError
from aktify_sandbox.settings.flags import PREFIX, Flag
from aktify_sandbox.text import suggest

_OF_CLIENTS = ("URL", "TOKEN", "COMMAND")
"""Read by the commands, the pytest plugin and the helper for Node (`examples/node/sandbox.js`)."""
_OF_KUBERNETES = r"SERVICE_(?:HOST|PORT)(?:_.*)?|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_.*)?"
"""Set in every pod beside a service that is called aktify-sandbox."""
_ON = ("1", "true", "yes", "on")
_OFF = ("0", "false", "no", "off")


def settings_in(environ: Mapping[str, str], flags: Iterable[Flag]) -> dict[str, Any]:
    """The settings in the variables, by field. An empty variable counts as unset. Raises `SettingsError`."""
    found = {}
    for flag in flags:
        variable = next((each for each in flag.variables if environ.get(each)), None)
        if variable and not _is_of_kubernetes(flag, environ[variable]):
            found[flag.field] = _value(flag, environ[variable], variable)
    return found


def notices_of(environ: Mapping[str, str], flags: Iterable[Flag]) -> Iterator[str]:
    """Notices about variables that set nothing. A misspelt one is named without its value, which may be secret."""
    names = [*_OF_CLIENTS, *(each.removeprefix(PREFIX) for flag in flags for each in flag.variables)]
    for variable in sorted(environ):
        name = variable.removeprefix(PREFIX)
        if name == variable or name in names or re.fullmatch(_OF_KUBERNETES, name):
            continue
        yield f"Unknown variable {variable}: ignored.{suggest(name.upper(), names, f' Did you mean {PREFIX}{{}}?')}"
    for flag in flags:
        for variable in flag.variables:
            if _is_of_kubernetes(flag, environ.get(variable, "")):
                yield f"{variable}={environ[variable]} was set by Kubernetes and isn't a port: ignored."


def _is_of_kubernetes(flag: Flag, text: str) -> bool:
    return flag.field == "port" and "://" in text


def _value(flag: Flag, text: str, variable: str) -> Any:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    match flag.kind:
        case "boolean" if text.lower() in (*_ON, *_OFF):
            return (text.lower() in _ON) != flag.is_negated
        case "number" if re.fullmatch("[0-9]{1,16}", text) and flag.least <= int(text) <= flag.most:
            return int(text)
        case "choice" if text in flag.choices:
            return text
        case "path":
            return Path(text)
        case "many":
            return rulings_in(parts, variable) if flag.field == "rulings" else tuple(parts)
        case "text":
            return text
    raise SettingsError(f"{variable}: “{text}” is invalid. {_wanted(flag, text)}.")


def _wanted(flag: Flag, text: str) -> str:
    if flag.kind == "boolean":
        return "Fix: write true or false"
    if flag.kind == "number":
        return f"Fix: write a number from {flag.least} to {flag.most}"
    return f"{suggest(text, flag.choices)}Choose from: {', '.join(flag.choices)}"


def rulings_in(texts: Iterable[str], source: str) -> dict[str, str]:
    """Rulings by name from texts NAME=VALUE; `source` is what gave them. Raises `SettingsError`."""
    rulings = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise SettingsError(f"{source}: “{text}” isn't NAME=VALUE. Fix: write it as region-case=accept.")
        rulings[name.strip()] = value.strip()
    try:
        Rulings.of("default", rulings)
    except RulingError as error:
        raise SettingsError(f"{source}: {error}") from None
    return rulings
