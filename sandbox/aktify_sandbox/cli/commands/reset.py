"""`reset`: forgets all that a sandbox has met."""

import click

from aktify_sandbox.cli.client import Client, confirms, with_client


@click.command()
@with_client
@confirms("Forget leads, requests, forced answers and counters")
def reset(client: Client) -> None:
    """Forget leads, requests, forced answers and counters.

    Keys, campaigns and configuration stay.

    \b
    Example:
      aktify-sandbox reset
    """
    client.post("/reset")
    click.echo(f"Leads, requests, forced answers and counters are forgotten at {client.url}.")
