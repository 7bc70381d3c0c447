"""`keys list|add|revoke`: API keys."""

import click

from aktify_sandbox.cli.client import Client, as_json, with_client
from aktify_sandbox.cli.completion import key_names
from aktify_sandbox.cli.output import print_json, print_table


@click.group()
def keys() -> None:
    """List, add and revoke API keys.

    \b
    Example:
      aktify-sandbox keys list
    """


@keys.command("list")
@as_json
@with_client
def list_keys(in_json: bool, client: Client) -> None:
    """List the API keys, masked or by name.

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
@click.option("--campaign", metavar="NAME", help="Campaign of the key (default: the first).")
@click.option("--name", metavar="NAME", help="Name to show instead of the masked key.")
@as_json
@with_client
def add(key: str | None, campaign: str | None, name: str | None, in_json: bool, client: Client) -> None:
    """Add an API key and print it.

    Without KEY, makes a new one. The key is shown only once.

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
@click.argument("key", shell_complete=key_names)
@as_json
@with_client
def revoke(key: str, in_json: bool, client: Client) -> None:
    """Revoke an API key; its requests then get a 401.

    KEY is the key itself or its name.

    \b
    Example:
      aktify-sandbox keys revoke ci
    """
    revoked = client.delete("/keys", {"key": key})
    if in_json:
        print_json({"url": client.url, **revoked})
        return
    click.echo(f"{revoked['revoked']} of {revoked['campaign']} is revoked at {client.url}.")
