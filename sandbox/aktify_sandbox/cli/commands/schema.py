"""`schema`: prints the JSON Schemas and the OpenAPI documents."""

from typing import Any

import click

from aktify_sandbox.addresses import DEFAULT_URL
from aktify_sandbox.cli.output import print_json
from aktify_sandbox.cli.settings_options import settings_of, settings_options
from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.settings import config_schema
from aktify_sandbox.version import __version__


@click.command()
@click.argument("kind", type=click.Choice(["lead", "config", "scenario", "expectations", "openapi"]))
@click.option("--portable", is_flag=True, help="Of a lead, with patterns that Go, Rust and RE2 can read.")
@click.option("--admin", is_flag=True, help="OpenAPI of the sandbox's own routes, /_sandbox.")
@settings_options("config", "profile", "rulings")
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
