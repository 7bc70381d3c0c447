"""`serve`, and what belongs to its life: init, wait, stop, reset."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from aktify_sandbox.cli.client import Client, Seconds, confirms, with_client
from aktify_sandbox.settings import Flag, Settings, SettingsMistake, fields_for_flags

Command = Callable[..., Any]

_LEAST_SECONDS = 0.5
"""For a last look, when hardly any time is left."""


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
        if flag.name.startswith("no-") and given.get(flag.field):
            given[flag.field] = False
    try:
        return Settings.gather(given, os.environ, Path.cwd(), for_command=for_command)
    except SettingsMistake as mistake:
        raise click.UsageError(str(mistake)) from None


def settings_of(flags: dict[str, Any]) -> Settings:
    """The settings for a command that serves nothing; what is to be noticed about them goes to standard error."""
    settings, notices = gather(flags)
    for notice in notices:
        click.echo(f"aktify-sandbox: {notice}", err=True)
    return settings


@click.command()
@settings_options()
def serve(**flags: Any) -> None:
    """Run the sandbox until Ctrl-C.

    Every option can also stand in aktify-sandbox.yaml and in the environment (--error-bodies as
    AKTIFY_SANDBOX_ERROR_BODIES; lists by comma). A flag beats the environment, the environment the file.

    \b
    Example:
      aktify-sandbox serve --port 0 --in-memory --scenario flaky
    """
    settings, notices = gather(flags)
    from aktify_sandbox.contract.rulings import RulingMistake
    from aktify_sandbox.documents.nodes import DocumentMistakes
    from aktify_sandbox.scenarios.library import NoSuchScenario
    from aktify_sandbox.server.run import serve as run

    try:
        code = run(settings, notices)
    except (RulingMistake, NoSuchScenario, DocumentMistakes, SettingsMistake) as mistake:
        raise click.UsageError(str(mistake)) from None
    sys.exit(code)


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Write a configuration and a scenario to start from.

    Both are commented, and schemas let an editor complete and check them. What is there already stays as it is.

    \b
    Example:
      aktify-sandbox init
    """
    from aktify_sandbox.cli.init import init as write

    try:
        written = write(folder)
    except OSError as error:
        raise click.ClickException(f"{folder} can't be written: {error.strerror}.") from None
    for path, what in written:
        click.echo(f"{what:<8} {path}")


@click.command()
@click.option(
    "--timeout", type=Seconds(0), default=10.0, show_default=True, metavar="SECONDS", help="How long to wait."
)
@with_client
def wait(timeout: float, client: Client) -> None:
    """Wait until a sandbox answers; exit code 1 if none does in time.

    \b
    Example:
      aktify-sandbox serve & aktify-sandbox wait --timeout 5
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            client.check(max(deadline - time.monotonic(), _LEAST_SECONDS))
            if client.is_failing:
                raise click.ClickException(
                    f"The sandbox at {client.url} answers, but keeps nothing: `aktify-sandbox status` says why."
                )
        except click.ClickException:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.05)
            client.look_again(for_any=True)
        else:
            return


@click.command()
@with_client
@confirms("End the sandbox")
def stop(client: Client) -> None:
    """End a running sandbox cleanly.

    \b
    Example:
      aktify-sandbox stop
    """
    client.post("/stop")
    click.echo(f"The sandbox at {client.url} stops.")


@click.command()
@with_client
@confirms("Forget leads, requests, forced answers and counters")
def reset(client: Client) -> None:
    """Forget leads, requests, forced answers and counters.

    Keys, campaigns and configuration stay.

    \b
    Example:
      aktify-sandbox reset
    """
    client.post("/reset")
    click.echo(f"Leads, requests, forced answers and counters are forgotten at {client.url}.")
