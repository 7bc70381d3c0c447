"""`rulings`: our choices where Aktify's page is silent."""

from typing import TYPE_CHECKING, Any

import click

from aktify_sandbox.cli.client import Client, RefusedError, as_json, with_client
from aktify_sandbox.cli.output import print_json, print_table
from aktify_sandbox.cli.settings_options import settings_of, settings_options
from aktify_sandbox.contract.rulings import Rulings, table_of
from aktify_sandbox.errors import DocumentError
from aktify_sandbox.text import printable

if TYPE_CHECKING:
    from aktify_sandbox.calibration.file import Standing

_FIELDS = ("url", "startedAt", "verified", "differing")
_RULES = ("config", "profile", "rulings")


@click.command()
@settings_options(*_RULES)
@as_json
@with_client
def rulings(in_json: bool, client: Client, **flags: Any) -> None:
    """List the rulings: our choices where Aktify's page is silent.

    Shows the values of the running sandbox. If none runs, or with --config, --profile or --ruling, shows the values of
    the settings here.

    \b
    Example:
      aktify-sandbox rulings --profile strict
    """
    given = [name for name in _RULES if flags[name]]
    if given and client.target.source == "--url":
        flag = {"rulings": "ruling"}.get(given[0], given[0])
        raise click.UsageError(f"--url can't be combined with --{flag}. Fix: leave one of them out.")
    there = None if given else _rulings_there(client)
    table, calibration = _local_rulings(flags) if there is None else there
    if in_json:
        print_json({"rulings": table})
        return
    rows = [(row["name"], row["value"], _others(row), row["reason"]) for row in table]
    print_table(("ruling", "in force", "other values", "reason"), rows, empty="", is_wrapped=True)
    click.echo("Rulings are choices of the sandbox where Aktify's page is silent.")
    click.echo(f"Values of the sandbox at {client.url}." if there else "Values of the settings here.")
    if calibration:
        click.echo(f"Verified: {calibration}.")


def _rulings_there(client: Client) -> tuple[list[dict[str, Any]], str | None] | None:
    """The rulings in force in the running sandbox, and what is verified; None if none was named and none is found."""
    try:
        config = client.get("/config")
    except RefusedError:
        raise
    except click.ClickException:
        if client.target.is_named:
            raise
        return None
    from aktify_sandbox.calibration.file import Standing

    found = config.get("calibration")
    return config["rulings"], found and _said(Standing(*(found[name] for name in _FIELDS)))


def _said(standing: "Standing") -> str:
    from aktify_sandbox.journal.summary import local_time

    return printable(standing.said(local_time(standing.started_at)[:10]))


def _others(row: dict[str, Any]) -> str:
    others = [value for value in row["values"] if value != row["value"]]
    return ", ".join([*others, *([f"a {row['free']}"] if row["free"] else [])])


def _local_rulings(flags: dict[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
    from aktify_sandbox.calibration.file import read, standing

    settings = settings_of(flags)
    in_force, found = Rulings.of(settings.profile, settings.rulings), None
    if settings.calibration is not None:
        try:
            found = _said(standing(read(settings.calibration), in_force))
        except DocumentError as error:
            click.echo(f"aktify-sandbox: The calibration isn't shown: {error}", err=True)
    return table_of(in_force), found
