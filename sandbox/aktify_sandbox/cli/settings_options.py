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
    shown = f"{flag.help}  [default: {default}]" if default else _help(flag)
    about: dict[str, Any] = {"help": shown, "metavar": flag.metavar, "default": None}
    if flag.kind == "boolean":
        about = {"help": flag.help, "is_flag": True, "default": None}
    elif flag.kind == "number":
        about["type"] = click.IntRange(flag.least, flag.most)
    elif flag.kind == "choice":
        about |= {"type": click.Choice(flag.choices), "metavar": None}
    elif flag.kind == "path":
        about["type"] = click.Path(path_type=Path)
    elif flag.kind == "many":
        about |= {"multiple": True, "default": ()}
    return click.option(f"--{flag.name}", flag.field, **about)


def _help(flag: Flag) -> str:
    shown = flag.default not in (None, (), {}) and flag.kind != "many" and not callable(flag.default)
    return f"{flag.help}  [default: {flag.default}]" if shown and flag.field != "config" else flag.help


def gather(flags: dict[str, Any], *, for_command: bool = False) -> tuple[Settings, list[str]]:
    """Settings from flags, environment and file. A mistake is wrong usage: exit code 2."""
    given = {name: value for name, value in flags.items() if value not in (None, ())}
    for flag in fields_for_flags():
        if flag.is_negated and given.get(flag.field):
            given[flag.field] = False
    try:
        return Settings.gather(given, os.environ, Path.cwd(), for_command=for_command)
    except SettingsError as mistake:
        raise click.UsageError(str(mistake)) from None


def settings_of(flags: dict[str, Any]) -> Settings:
    """The settings for a command that serves nothing; what is to be noticed about them goes to standard error."""
    settings, notices = gather(flags)
    for notice in notices:
        click.echo(f"aktify-sandbox: {notice}", err=True)
    return settings
