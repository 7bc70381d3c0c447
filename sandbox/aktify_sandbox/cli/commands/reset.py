"""`reset`: deletes what a sandbox has received."""

import click

from aktify_sandbox.cli.client import Client, as_json, confirms, with_client
from aktify_sandbox.cli.output import print_json


@click.command()
@as_json
@with_client
@confirms("Delete leads, requests, forced answers and counters")
def reset(in_json: bool, client: Client) -> None:
    """Delete leads, requests, forced answers and counters.

    Keys, campaigns and configuration stay.

    \b
    Example:
      aktify-sandbox reset
    """
    client.post("/reset")
    if in_json:
        print_json({"url": client.url, "reset": True})
        return
    click.echo(f"Deleted leads, requests, forced answers and counters at {client.url}.")
