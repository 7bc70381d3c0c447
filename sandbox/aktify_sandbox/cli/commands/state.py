"""`state save|load|check`: the whole state in one file."""

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
    """Save, load and check the whole state.

    The state holds leads, requests, keys (as digests) and campaigns.

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
    help="log for `state load`, or a TinyDB file.",
)
@as_json
@with_client
def save(file: Path, form: str, in_json: bool, client: Client) -> None:
    """Save the state to a file.

    FILE - writes to standard output. Only you can read the file, because it holds phone numbers; keys are stored as
    digests. TinyDB loads the whole file into memory; to read a large state from Python, use `open_state`.

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
    """Replace the state with a saved one.

    FILE was written by `state save`; - reads standard input. A damaged file changes nothing. Configured keys, campaigns
    and active scenarios stay; waiting forced answers are discarded.

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
    """A state in TinyDB's own format. Until it is complete it is an unnamed file next to its target."""
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
                f"The sandbox sent an invalid state: line {error.line}: {error}"
            ) from None
        yield from pieces_of(lines.tables())


@state.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@as_json
def check(folder: Path | None, in_json: bool) -> None:
    """Check the log of a state folder for damage.

    DIR defaults to the folder that `serve` would use here. Verifies the checksum of each line and changes nothing, so a
    sandbox may be running. Exit codes: 1 if a line is damaged, 2 if there is no state.

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
    count, lines = len(found.damaged), plural(found.lines, "line")
    what = f"{count:,} of {lines} damaged" if count else f"{lines}, all intact"
    held = _counted({"leads": found.leads, "requests": found.requests})
    cut = f" The last line is incomplete: {plural(found.unfinished, 'byte')}."
    return f"{found.file}: {what} ({held}).{cut if found.unfinished else ''}"


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
