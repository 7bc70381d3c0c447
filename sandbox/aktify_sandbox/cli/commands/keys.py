"""`keys list|add|revoke`: who may post."""

import click

from aktify_sandbox.cli.client import Client, as_json, with_client
from aktify_sandbox.cli.output import print_json, print_table


@click.group()
def keys() -> None:
    """API keys and their campaigns.

    \b
    Example:
      aktify-sandbox keys list
    """


@keys.command("list")
@as_json
@with_client
def list_keys(in_json: bool, client: Client) -> None:
    """The keys that are known, masked or by their names.

    \b
    Example:
      aktify-sandbox keys list
    """
    listed = client.get("/keys")
    if in_json:
        print_json(listed)
        return
    rows = [
        (
            key["key"],
            key["campaign"],
            "revoked" if key["revoked"] else "valid",
            key["answer"],
            key["source"],
        )
        for key in listed["keys"]
    ]
    print_table(("key", "campaign", "state", "answer", "from"), rows, empty="No keys.")


@keys.command()
@click.argument("key", required=False)
@click.option("--campaign", metavar="NAME", help="Its campaign (default: the first one).")
@click.option("--name", metavar="NAME", help="How it is shown (default: masked).")
@as_json
@with_client
def add(key: str | None, campaign: str | None, name: str | None, in_json: bool, client: Client) -> None:
    """Add a key, KEY or a fresh one, and print it. It is shown only this once.

    \b
    Example:
      aktify-sandbox keys add --campaign demo --name ci
    """
    given = {"key": key, "campaign": campaign, "name": name}
    added = client.post("/keys", {word: value for word, value in given.items() if value is not None}).json()
    click.echo(f"Added to {added['campaign']} at {client.url}:", err=True)
    if in_json:
        print_json(added)
    else:
        click.echo(added["apiKey"])


@keys.command()
@click.argument("key")
@with_client
def revoke(key: str, client: Client) -> None:
    """Revoke a key: from now on it is a 401.

    KEY is the key itself or its name.

    \b
    Example:
      aktify-sandbox keys revoke ci
    """
    revoked = client.delete("/keys", {"key": key})
    click.echo(f"{revoked['revoked']} of {revoked['campaign']} is revoked at {client.url}.")
