"""`explain`: the answer that a lead would get, and why."""

from pathlib import Path

import click

from aktify_sandbox.cli.client import Client, as_json, with_client
from aktify_sandbox.cli.completion import built_in_keys
from aktify_sandbox.cli.files import READABLE, text_of
from aktify_sandbox.cli.output import print_json
from aktify_sandbox.cli.personal import mask_option, masked_query
from aktify_sandbox.redaction import Personal


@click.command()
@click.argument("file", type=READABLE)
@click.option(
    "--key",
    envvar="AKTIFY_API_KEY",
    metavar="KEY",
    shell_complete=built_in_keys,
    help="API key to check the lead with.",
)
@as_json
@mask_option
@with_client
def explain(file: Path, key: str | None, in_json: bool, personal: Personal, client: Client) -> None:
    """Explain the answer that a lead would get.

    FILE holds the lead as JSON; - reads standard input. The lead isn't stored or recorded.

    \b
    Example:
      echo '{"phoneNumber": "555-1234", "region": "ca"}' | aktify-sandbox explain -
    """
    if file.suffix.lower() in (".csv", ".tsv", ".jsonl", ".ndjson", ".xlsx"):
        raise click.UsageError(f"explain takes one lead as JSON. Fix: aktify-sandbox check {file}")
    content = {"body": text_of(file)} | ({"apiKey": key} if key else {})
    query = masked_query(personal)
    if in_json:
        print_json(client.post("/explain", content, **query).json())
    else:
        click.echo(client.post("/explain", content, accept="text/plain", **query).text, nl=False)
