"""The settings as options of commands, merged with the environment and the configuration file."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from aktify_sandbox.cli.client import Command
from aktify_sandbox.cli.numbers import WholeNumber
from aktify_sandbox.errors import SettingsError
from aktify_sandbox.settings import Flag, Settings, fields_for_flags


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
    """None, or an empty list, means that the option wasn't given: then another source or the default decides."""
    about: dict[str, Any] = {"help": _help(flag, default), "metavar": flag.metavar, "default": None}
    match flag.kind:
        case "boolean":
            about |= {"is_flag": True, "flag_value": not flag.is_negated}
        case "number":
            about["type"] = WholeNumber(flag.least, flag.most)
        case "choice":
            about["type"] = click.Choice(flag.choices)
        case "path":
            about["type"] = click.Path(path_type=Path)
        case "many":
            about |= {"multiple": True, "default": ()}
            about["shell_complete"] = {"rulings": _rulings, "scenarios": scenario_names}.get(flag.field)
    return click.option(f"--{flag.name}", flag.field, **about)


def _rulings(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """Complete NAME=VALUE."""
    from aktify_sandbox.contract.rulings import Rulings, table_of

    known = (f"{row['name']}={value}" for row in table_of(Rulings.of()) for value in row["values"])
    return [each for each in known if each.startswith(begun)]


def scenario_names(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """Complete a scenario of ./scenarios/ or a shipped one."""
    from aktify_sandbox.scenarios.library import ScenarioLibrary

    return [name for name in ScenarioLibrary(Path.cwd()).listed() if name.startswith(begun)]


def _help(flag: Flag, default: str | None) -> str:
    own = None if flag.kind in ("boolean", "many") else flag.default
    shown = own if default is None else default
    return flag.help if shown in (None, "default") else f"{flag.help}  [default: {shown}]"


def gather(flags: dict[str, Any], *, for_command: bool = False) -> tuple[Settings, list[str]]:
    """Settings from flags, environment and file. A mistake is wrong usage: exit code 2."""
    given = {name: value for name, value in flags.items() if value not in (None, ())}
    try:
        return Settings.gather(given, os.environ, Path.cwd(), for_command=for_command)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


def settings_of(flags: dict[str, Any]) -> Settings:
    """The settings of a command that serves nothing; notices about them go to standard error."""
    settings, notices = gather(flags)
    for notice in notices:
        click.echo(f"aktify-sandbox: {notice}", err=True)
    return settings
