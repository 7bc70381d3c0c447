"""The options of lists that come in pages."""

from typing import Any

import click

from aktify_sandbox.cli.client import Command
from aktify_sandbox.cli.completion import request_ids
from aktify_sandbox.cli.numbers import WholeNumber


def paged(command: Command) -> Command:
    """Add --limit and --before."""
    limit = click.option(
        "--limit",
        default=20,
        show_default=True,
        type=WholeNumber(1, 1_000),
        metavar="N",
        help="Maximum number of rows.",
    )
    before = click.option(
        "--before", metavar="ID", shell_complete=request_ids, help="Continue before this id."
    )
    return limit(before(command))


def say_more(page: dict[str, Any]) -> None:
    """Print on standard error how to get the next page, if there is one."""
    if page["next"]:
        click.echo(f"More rows: add --before {page['next']}", err=True)
