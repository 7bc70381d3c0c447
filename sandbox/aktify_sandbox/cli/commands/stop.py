"""`stop`: stops a running sandbox."""

import click

from aktify_sandbox.cli.client import Client, as_json, confirms, with_client
from aktify_sandbox.cli.output import print_json


@click.command()
@as_json
@with_client
@confirms("Stop the sandbox")
def stop(in_json: bool, client: Client) -> None:
    """Stop a running sandbox.

    \b
    Example:
      aktify-sandbox stop
    """
    client.post("/stop")
    if in_json:
        print_json({"url": client.url, "stopped": True})
        return
    click.echo(f"Stopped the sandbox at {client.url}.")
