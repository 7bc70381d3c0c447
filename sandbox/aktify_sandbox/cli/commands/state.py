"""`state save|load|check`: all that a sandbox remembers, in one file, and whether it is what was written."""

import contextlib
import functools
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from aktify_sandbox.cli.client import Client, RefusedError, as_json, confirms, with_client
from aktify_sandbox.cli.files import READABLE, STANDARD, atomic_output, standard_input
from aktify_sandbox.cli.lead_files import progress
from aktify_sandbox.cli.output import clean, print_json
from aktify_sandbox.cli.settings_options import settings_of
from aktify_sandbox.errors import LogError, StateFileError
from aktify_sandbox.text import plural

if TYPE_CHECKING:
    from aktify_sandbox.storage.check import LogCheck

_MEDIA = "application/x-ndjson"
_CHUNK = 1 << 16


@click.group()
def state() -> None:
    """The whole state: save it, load it, prove it.

    Leads, requests, keys (as digests) and campaigns.

    \b
    Example:
      aktify-sandbox state save known-leads.jsonl
    """


@state.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--format",
    "form",
    type=click.Choice(("log", "tinydb")),
    default="log",
    show_default=True,
    help="What `state load` reads, or a file for TinyDB(path).",
)
@as_json
@with_client
def save(file: Path, form: str, in_json: bool, client: Client) -> None:
    """Write the state to a file, whole or not at all.

    FILE may be -, standard output. The file is for you alone: it holds phone numbers. Keys stand in it as digests
    only. TinyDB holds such a file in memory; `open_state` of Python reads a state where it is.

    \b
    Example:
      aktify-sandbox state save known-leads.jsonl
      aktify-sandbox state save --format tinydb state.json
    """
    with client.stream("/state") as answer, atomic_output(file) as out:
        pieces = answer.iter_bytes()
        for piece in pieces if form == "log" else _as_tinydb(pieces, file):
            out.write(piece)
        counts = {
            name: int(answer.headers.get(f"x-aktify-sandbox-{name}", 0)) for name in ("leads", "requests")
        }
    is_standard = file == STANDARD
    if in_json and not is_standard:
        print_json({"file": str(file), **counts})
    else:
        click.echo(f"{_counted(counts)} saved{'' if is_standard else f' in {file}'}.", err=is_standard)


@state.command()
@click.argument("file", type=READABLE)
@as_json
@with_client
@confirms("Replace the whole state")
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
        except RefusedError as refused:
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


def _as_tinydb(log: Iterable[bytes], file: Path) -> Iterator[bytes]:
    """A state as TinyDB's own storage writes it. Until all of it is there it lies, without a name, beside the file."""
    from aktify_sandbox.storage.reader import Lines
    from aktify_sandbox.storage.tables import as_json as pieces_of

    with tempfile.TemporaryFile(dir=None if file == STANDARD else file.absolute().parent) as copy:
        for piece in log:
            copy.write(piece)
        copy.flush()
        try:
            lines = Lines.of_state(os.dup(copy.fileno()))
        except StateFileError as error:
            raise click.ClickException(
                f"What the sandbox gave is no state: line {error.line}: {error}"
            ) from None
        yield from pieces_of(lines.tables())


@state.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@as_json
def check(folder: Path | None, in_json: bool) -> None:
    """Prove each line of a state folder's log by its checksum.

    DIR is the folder that `serve` would use here, unless told. Nothing is locked or changed, so a sandbox may run. The
    exit code is 1 if a line is damaged, 2 if there is no state.

    \b
    Example:
      aktify-sandbox state check
    """
    from aktify_sandbox.storage.check import check_log
    from aktify_sandbox.storage.server_file import LOG

    path = (folder or settings_of({}).state) / LOG
    try:
        found = check_log(path, functools.partial(progress, "Checking"))
    except LogError as error:
        raise click.UsageError(f"{error}") from None
    except OSError as error:
        raise click.UsageError(f"{path} can't be read: {error.strerror}.") from None
    if in_json:
        print_json({**found._asdict(), "damaged": [each._asdict() for each in found.damaged]})
    else:
        for damage in found.damaged:
            click.echo(f"{path}:{damage.line}: {damage.message}")
        click.echo(_in_words(found))
    raise SystemExit(1 if found.damaged else 0)


def _in_words(found: "LogCheck") -> str:
    count = len(found.damaged)
    what = f"{count:,} of {found.lines:,} lines damaged" if count else f"{found.lines:,} lines, all intact"
    cut = f" {found.unfinished:,} bytes of a line without an end follow it." if found.unfinished else ""
    return f"{found.file}: {what} ({_counted({'leads': found.leads, 'requests': found.requests})}).{cut}"


def _counted(counts: dict[str, int]) -> str:
    leads, requests = counts["leads"], counts["requests"]
    return f"{plural(leads, 'lead')} and {plural(requests, 'request')}"


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
