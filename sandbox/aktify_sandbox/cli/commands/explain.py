"""`explain`: what a lead would be answered, and why."""

from pathlib import Path

import click

from aktify_sandbox.cli.client import Client, as_json, with_client
from aktify_sandbox.cli.files import READABLE, text_of
from aktify_sandbox.cli.output import print_json


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
