"""The command line. Commands import what only they need when they run, so that `--help` is fast."""

import functools
import importlib
import os
import pkgutil
from typing import Any

import click

from aktify_sandbox.cli import commands
from aktify_sandbox.cli.client import connection_options
from aktify_sandbox.cli.standard_streams import run
from aktify_sandbox.text import suggest
from aktify_sandbox.version import __version__

__all__ = ["main"]


class Group(click.Group):
    """The commands of the folder `commands`, each loaded on demand. Suggests the nearest name for an unknown one."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run as a program."""
        return run(functools.partial(super().main, *args, **options))

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's own signature
        """The names of the files, which are those of the commands."""
        return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command in the file of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{commands.__name__}.{cmd_name}")
        found = (each for each in vars(module).values() if isinstance(each, click.Command))
        return next(each for each in found if each.name == cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a misspelt one gets the nearest as a hint."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            names = self.list_commands(ctx)
            ctx.fail(f"Unknown command {args[0]}. {suggest(args[0], names)}Choose from: {', '.join(names)}.")
        return super().resolve_command(ctx, args)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="aktify-sandbox %(version)s")
@connection_options
@click.pass_context
def main(ctx: click.Context, url: str | None, token: str | None) -> None:
    """A local stand-in for Aktify's lead API, POST /api/v1/leads.

    Start with `aktify-sandbox serve` and paste the curl line that it prints.

    \b
    The other commands look for the running sandbox in this order:
      --url, AKTIFY_SANDBOX_URL, the state folder that serve would use here,
      AKTIFY_SANDBOX_PORT or port in aktify-sandbox.yaml, http://127.0.0.1:8509

    \b
    Example:
      aktify-sandbox status
    """
    if os.environ.get("NO_COLOR"):
        ctx.color = False
    elif os.environ.get("FORCE_COLOR"):
        ctx.color = True
    command = main.get_command(ctx, ctx.invoked_subcommand or "")
    if (url or token) and command and not _is_connected(command):
        raise click.UsageError(
            f"{command.name} doesn't use a running sandbox. Fix: leave out --url and --token."
        )


def _is_connected(command: click.Command) -> bool:
    inner = command.commands.values() if isinstance(command, click.Group) else (command,)
    return any(option.name == "url" for each in inner for option in each.params)
