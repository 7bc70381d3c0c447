"""The settings as options of commands, and what they come to with environment and configuration file."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from aktify_sandbox.errors import SettingsError
from aktify_sandbox.settings import Flag, Settings, fields_for_flags

Command = Callable[..., Any]


def settings_options(*names: str, **defaults: str) -> Callable[[Command], Command]:
    """The flags of the settings (all, or those named), in the order of their fields.

    `defaults`: in words, what holds in this command where it isn't the settings' own default.
    """

    def decorate(command: Command) -> Command:
        for flag in reversed(fields_for_flags()):
            if not names or flag.field in names:
                command = _option(flag, defaults.get(flag.field))(command)
        return command

    return decorate


def _option(flag: Flag, default: str | None) -> Callable[[Command], Command]:
    """None, or an empty list, stands for what wasn't given: its value is said elsewhere, or is the default."""
    about: dict[str, Any] = {"help": _help(flag, default), "metavar": flag.metavar, "default": None}
    match flag.kind:
        case "boolean":
            about |= {"is_flag": True, "flag_value": not flag.is_negated}
        case "number":
            about["type"] = click.IntRange(flag.least, flag.most)
        case "choice":
            about["type"] = click.Choice(flag.choices)
        case "path":
            about["type"] = click.Path(path_type=Path)
        case "many":
            about |= {"multiple": True, "default": ()}
    return click.option(f"--{flag.name}", flag.field, **about)


def _help(flag: Flag, default: str | None) -> str:
    own = None if flag.kind in ("boolean", "many") else flag.default
    shown = own if default is None else default
    return flag.help if shown is None else f"{flag.help}  [default: {shown}]"


def gather(flags: dict[str, Any], *, for_command: bool = False) -> tuple[Settings, list[str]]:
    """Settings from flags, environment and file. A mistake is wrong usage: exit code 2."""
    given = {name: value for name, value in flags.items() if value not in (None, ())}
    try:
        return Settings.gather(given, os.environ, Path.cwd(), for_command=for_command)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


def settings_of(flags: dict[str, Any]) -> Settings:
    """The settings for a command that serves nothing; what is to be noticed about them goes to standard error."""
    settings, notices = gather(flags)
    for notice in notices:
        click.echo(f"aktify-sandbox: {notice}", err=True)
    return settings
