"""`stop`: ends a running sandbox."""

import click

from aktify_sandbox.cli.client import Client, confirms, with_client


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
