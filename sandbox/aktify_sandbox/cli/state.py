"""`state save|load`: all that a sandbox remembers, in one file."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click

from aktify_sandbox.cli.client import Client, Refused, as_json, asks, talks
from aktify_sandbox.cli.files import READABLE, STANDARD, standard_input, written
from aktify_sandbox.cli.tables import clean, print_json

_MEDIA = "application/x-ndjson"
_CHUNK = 1 << 16


@click.group()
def state() -> None:
    """The whole state in one file.

    Leads, requests, keys (as digests) and campaigns.

    \b
    Example:
      aktify-sandbox state save known-leads.jsonl
    """


@state.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@as_json
@talks
def save(file: Path, in_json: bool, client: Client) -> None:
    """Write the state to a file, whole or not at all.

    FILE may be -, standard output. The file is for you alone: it holds phone numbers. Keys stand in it as digests
    only.

    \b
    Example:
      aktify-sandbox state save known-leads.jsonl
    """
    with client.stream("/state") as answer, written(file) as out:
        for piece in answer.iter_bytes():
            out.write(piece)
        counts = {
            name: int(answer.headers.get(f"x-aktify-sandbox-{name}", 0)) for name in ("leads", "requests")
        }
    if in_json and str(file) != "-":
        print_json({"file": str(file), **counts})
    else:
        click.echo(
            f"{_counted(counts)} saved{'' if str(file) == '-' else f' in {file}'}.", err=str(file) == "-"
        )


@state.command()
@click.argument("file", type=READABLE)
@as_json
@talks
@asks("Replace the whole state")
def load(file: Path, in_json: bool, client: Client) -> None:
    """Put a saved state in place of all that is remembered.

    FILE is what `state save` wrote, - is standard input. All or nothing: a damaged file changes nothing.
    Configured keys and campaigns and scenarios in force stay; forced answers that wait are forgotten.

    \b
    Example:
      aktify-sandbox state load known-leads.jsonl
    """
    client.check()
    with _opened(file) as source:
        try:
            loaded = client.put_stream("/state", iter(lambda: source.read(_CHUNK), b""), _MEDIA)
        except Refused as refused:
            line = refused.content.get("line")
            if line is None:
                raise
            what = refused.message.removeprefix(f"line {line}: ")
            raise click.ClickException(f"{file}:{line}: {what} Nothing was changed.") from None
    for notice in loaded["notices"]:
        click.echo(clean(notice), err=True)
    if in_json:
        print_json(loaded)
    else:
        click.echo(f"{_counted(loaded)} loaded into {client.url}.")


def _counted(counts: dict[str, int]) -> str:
    leads, requests = counts["leads"], counts["requests"]
    return f"{leads:,} lead{'' if leads == 1 else 's'} and {requests:,} request{'' if requests == 1 else 's'}"


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if file == STANDARD:
        yield standard_input()
        return
    try:
        source = file.open("rb")
    except OSError as error:
        raise click.UsageError(f"{file} can't be read: {error.strerror}.") from None
    with source:
        yield source
