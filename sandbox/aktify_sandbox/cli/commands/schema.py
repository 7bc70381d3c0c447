"""`schema`: prints the JSON Schemas and the OpenAPI documents."""

import importlib
from typing import Any

import click

from aktify_sandbox.addresses import DEFAULT_URL
from aktify_sandbox.cli.output import print_json
from aktify_sandbox.cli.settings_options import settings_of, settings_options
from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.version import __version__

_FIXED = {
    "config": ("settings", "config_schema"),
    "scenario": ("scenarios.schema", "scenario_schema"),
    "expectations": ("matching.schema", "expectations_schema"),
    "report": ("report.formats.schema", "report_schema"),
    "drill": ("drill.result", "drill_schema"),
    "calibration": ("calibration.result", "calibration_schema"),
}
"""The schemas that no ruling changes: the module that has each, imported when it is asked for, and its function."""


@click.command()
@click.argument("kind", type=click.Choice(["lead", *_FIXED, "openapi"]))
@click.option("--portable", is_flag=True, help="For lead: use patterns that Go, Rust and RE2 support.")
@click.option("--admin", is_flag=True, help="For openapi: describe the admin API, /_sandbox.")
@settings_options("config", "profile", "rulings")
def schema(kind: str, portable: bool, admin: bool, **flags: Any) -> None:
    """Print a JSON Schema or the OpenAPI document.

    `config` is the schema of aktify-sandbox.yaml; the others are named after what they describe.

    \b
    Example:
      aktify-sandbox schema openapi > openapi.json
    """
    if portable and kind != "lead":
        raise click.UsageError("--portable works only with `schema lead`.")
    if admin and kind != "openapi":
        raise click.UsageError("--admin works only with `schema openapi`.")
    settings = settings_of(flags)
    in_force = Rulings.of(settings.profile, settings.rulings)
    if kind in _FIXED:
        module, name = _FIXED[kind]
        print_json(getattr(importlib.import_module(f"aktify_sandbox.{module}"), name)())
    elif kind == "lead":
        from aktify_sandbox.contract import schema as contract
        from aktify_sandbox.contract import validators

        printed = contract.lead_schema(in_force)
        print_json(validators.portable(printed) if portable else printed)
    elif admin:
        from aktify_sandbox.admin.openapi import admin_openapi

        print_json(admin_openapi(__version__, DEFAULT_URL))
    else:
        from aktify_sandbox.contract.openapi import openapi

        print_json(openapi(in_force, __version__, DEFAULT_URL))
