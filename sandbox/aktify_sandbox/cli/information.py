"""`explain`, `rulings`, `schema`: what would be answered, and by which rules."""

from pathlib import Path
from typing import Any

import click

from aktify_sandbox.addresses import DEFAULT_URL
from aktify_sandbox.cli.client import Client, Refused, as_json, with_client
from aktify_sandbox.cli.files import READABLE, text_of
from aktify_sandbox.cli.serve import settings_of, settings_options
from aktify_sandbox.cli.tables import print_json, print_table


@click.command()
@click.argument("file", type=READABLE)
@click.option("--key", envvar="AKTIFY_API_KEY", metavar="KEY", help="The key it would be sent with.")
@as_json
@with_client
def explain(file: Path, key: str | None, in_json: bool, client: Client) -> None:
    """What a lead would be answered, and why.

    FILE is the lead's JSON, - is standard input. Nothing is sent or kept.

    \b
    Example:
      echo '{"phoneNumber": "555-1234", "region": "ca"}' | aktify-sandbox explain -
    """
    if file.suffix.lower() in (".csv", ".tsv", ".jsonl", ".ndjson", ".xlsx"):
        raise click.UsageError(f"explain takes one lead as JSON. Fix: aktify-sandbox check {file}")
    content = {"body": text_of(file)} | ({"apiKey": key} if key else {})
    if in_json:
        print_json(client.post("/explain", content).json())
    else:
        click.echo(client.post("/explain", content, accept="text/plain").text, nl=False)


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
    except Refused:
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
    from aktify_sandbox.contract.rulings import RULINGS, Rulings

    settings = settings_of(flags)
    in_force = Rulings.of(settings.profile, settings.rulings)
    return [
        {
            "name": name,
            "value": in_force[name],
            "default": r.default,
            "values": list(r.values),
            "free": r.free,
            "reason": r.reason,
        }
        for name, r in RULINGS.items()
    ]


@click.command()
@click.argument("kind", type=click.Choice(["lead", "config", "scenario", "expectations", "openapi"]))
@click.option("--portable", is_flag=True, help="Of a lead, with patterns that Go, Rust and RE2 can read.")
@click.option("--admin", is_flag=True, help="OpenAPI of the sandbox's own routes, /_sandbox.")
@settings_options(*_RULES)
def schema(kind: str, portable: bool, admin: bool, **flags: Any) -> None:
    """Print a JSON Schema or the OpenAPI document.

    Of a lead, of aktify-sandbox.yaml, of a scenario file, or of a file of expectations.

    \b
    Example:
      aktify-sandbox schema openapi > openapi.json
    """
    if portable and kind != "lead":
        raise click.UsageError("--portable goes with `schema lead` only.")
    if admin and kind != "openapi":
        raise click.UsageError("--admin goes with `schema openapi` only.")
    from aktify_sandbox.contract import schema as contract
    from aktify_sandbox.contract import validators
    from aktify_sandbox.contract.openapi import openapi
    from aktify_sandbox.contract.rulings import Rulings
    from aktify_sandbox.settings import config_schema
    from aktify_sandbox.version import __version__

    settings = settings_of(flags)
    in_force = Rulings.of(settings.profile, settings.rulings)
    if kind == "config":
        print_json(config_schema())
    elif kind == "scenario":
        from aktify_sandbox.scenarios.schema import scenario_schema

        print_json(scenario_schema())
    elif kind == "expectations":
        from aktify_sandbox.matching.schema import expectations_schema

        print_json(expectations_schema())
    elif kind == "lead":
        printed = contract.lead_schema(in_force)
        print_json(validators.portable(printed) if portable else printed)
    elif admin:
        from aktify_sandbox.admin.openapi import admin_openapi

        print_json(admin_openapi(__version__, DEFAULT_URL))
    else:
        print_json(openapi(in_force, __version__, DEFAULT_URL))
