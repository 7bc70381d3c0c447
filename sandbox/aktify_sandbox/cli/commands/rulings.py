"""`rulings`: what is ruled where the vendor's page is silent."""

from typing import Any

import click

from aktify_sandbox.cli.client import Client, RefusedError, as_json, with_client
from aktify_sandbox.cli.output import print_json, print_table
from aktify_sandbox.cli.settings_options import settings_of, settings_options
from aktify_sandbox.contract.rulings import Rulings, table_of

_RULES = ("config", "profile", "rulings")


@click.command()
@settings_options(*_RULES)
@as_json
@with_client
def rulings(in_json: bool, client: Client, **flags: Any) -> None:
    """What is ruled where the vendor's page is silent.

    These are the sandbox's rulings, not the vendor's word. Shown is what is in force in the running sandbox; what the
    settings here would put into force, if --config, --profile or --ruling is given or no sandbox runs.

    \b
    Example:
      aktify-sandbox rulings --profile strict
    """
    given = [name for name in _RULES if flags[name]]
    if given and client.target.source == "--url":
        flag = {"rulings": "ruling"}.get(given[0], given[0])
        raise click.UsageError(
            f"--url asks what is in force there, --{flag} what would be here: give one of them."
        )
    there = None if given else _rulings_there(client)
    table = _local_rulings(flags) if there is None else there
    if in_json:
        print_json({"rulings": table})
        return
    rows = [(row["name"], row["value"], _others(row), row["reason"]) for row in table]
    print_table(("ruling", "in force", "other values", "reason"), rows, empty="")
    click.echo(
        "These are the sandbox's own rulings where the vendor's page is silent, not the vendor's word."
    )
    click.echo(f"In force at {client.url}." if there else "In force with the settings here.")


def _rulings_there(client: Client) -> list[dict[str, Any]] | None:
    """The rulings in force in the running sandbox; None if none was named and none is found."""
    try:
        there: list[dict[str, Any]] = client.get("/config")["rulings"]
    except RefusedError:
        raise
    except click.ClickException:
        if client.target.is_named:
            raise
        return None
    return there


def _others(row: dict[str, Any]) -> str:
    others = [value for value in row["values"] if value != row["value"]]
    return ", ".join([*others, *([f"a {row['free']}"] if row["free"] else [])])


def _local_rulings(flags: dict[str, Any]) -> list[dict[str, Any]]:
    settings = settings_of(flags)
    return table_of(Rulings.of(settings.profile, settings.rulings))
