"""`requests list|tail|show|export|clear`: recorded requests and the reasons for their answers."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from aktify_sandbox.cli.client import Client, as_json, confirms, with_client
from aktify_sandbox.cli.completion import request_ids
from aktify_sandbox.cli.files import atomic_output, output_option
from aktify_sandbox.cli.numbers import WholeNumber
from aktify_sandbox.cli.output import (
    Table,
    colour_status,
    on_terminal,
    print_json,
    print_raw,
    print_table,
    when,
)
from aktify_sandbox.cli.paging import paged, say_more
from aktify_sandbox.cli.personal import mask_option, masked_query, masked_unless_asked
from aktify_sandbox.cli.request_filters import request_filters
from aktify_sandbox.journal.summary import summary_of
from aktify_sandbox.matching.words import FILTERS
from aktify_sandbox.redaction import Personal
from aktify_sandbox.text import plural

_COLUMNS = ("received", "status", "phone", "campaign", "took", "request", "reason")
_PAINT = {"status": colour_status}
_TAIL_WIDTHS = (14, 3, 14, 8, 11, 10, 6)


@click.group()
def requests() -> None:
    """List, show, follow, export and clear requests.

    \b
    Example:
      aktify-sandbox requests list --status 4xx
    """


_FILTERS = [name for name in FILTERS if name != "after"]
filters = request_filters(*_FILTERS)


@requests.command("list")
@filters
@paged
@as_json
@masked_unless_asked
@with_client
def list_requests(in_json: bool, personal: Personal, client: Client, **wanted: Any) -> None:
    """List requests, newest first.

    \b
    Example:
      aktify-sandbox requests list --status 4xx --since 10m
    """
    page = client.get("/requests", **wanted)
    if in_json:
        print_json(personal.document(page))
        return
    if page["requests"]:
        print_table(_COLUMNS, [row(entry, personal) for entry in page["requests"]], empty="", paint=_PAINT)
    else:
        click.echo(
            "No requests match."
            if any(wanted[name] for name in wanted if name != "limit")
            else "No requests yet.",
            err=True,
        )
    say_more(page)
    if page.get("dropped"):
        click.echo(f"--keep dropped {plural(page['dropped'], 'older one')}.", err=True)


def row(entry: dict[str, Any], personal: Personal) -> list[Any]:
    """A request in the columns of a table, which are those of the lines that `serve` prints."""
    summary = summary_of(entry)
    where = "" if summary.is_ordinary else f"{summary.method} {personal.text(summary.path)}: "
    return [
        when(summary.received_at),
        summary.shown_status,
        personal.phone(summary.phone) if summary.phone else None,
        summary.campaign,
        f"{entry['durationMs']:,.1f} ms",
        summary.id,
        f"{where}{personal.text(summary.reason)}{f' {summary.hung_up}' if summary.hung_up else ''}",
    ]


@requests.command()
@filters
@click.option(
    "-n",
    "count",
    default=0,
    metavar="N",
    type=WholeNumber(0, 1_000),
    help="Start with the last N requests.",
)
@click.option("--json", "in_json", is_flag=True, help="Print one JSON object per line.")
@masked_unless_asked
@with_client
def tail(count: int, in_json: bool, personal: Personal, client: Client, **wanted: Any) -> None:
    """Follow requests as they arrive, until Ctrl-C.

    Continues when the sandbox restarts.

    \b
    Example:
      aktify-sandbox requests tail --status 4xx -n 10
    """
    from aktify_sandbox.cli.tail import Tail

    table = Table(_COLUMNS, _TAIL_WIDTHS, paint=_PAINT)

    def show(entry: dict[str, Any]) -> None:
        if in_json:
            print_raw(json.dumps(personal.document(entry), ensure_ascii=False))
        else:
            table.print_row(row(entry, personal))

    if on_terminal() and not in_json:
        table.print_head()
    Tail(client, wanted, show, lambda news: click.echo(news, err=True)).follow(count)


@requests.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["har", "curl", "http", "jsonl", "json"]),
    default="jsonl",
    show_default=True,
    help="Format of the export.",
)
@filters
@mask_option
@output_option
@with_client
def export(form: str, output: Path, personal: Personal, client: Client, **wanted: Any) -> None:
    """Export requests with headers and bodies, oldest first.

    HAR opens in the developer tools of browsers. curl sends the requests again, and so does http in VS Code,
    JetBrains and httpYac. Secret keys are written as the variable AKTIFY_API_KEY.

    \b
    Example:
      aktify-sandbox requests export --format har --output requests.har
    """
    with (
        client.stream("/requests/export", format=form, **masked_query(personal), **wanted) as answer,
        atomic_output(output) as out,
    ):
        for piece in answer.iter_bytes():
            out.write(piece)


@requests.command()
@click.argument("id", shell_complete=request_ids)
@click.option(
    "--format",
    "form",
    type=click.Choice(["har", "curl", "http", "python", "node", "pytest"]),
    help="Print as HAR, or as code that sends it again.",
)
@as_json
@mask_option
@with_client
def show(id: str, form: str | None, in_json: bool, personal: Personal, client: Client) -> None:  # noqa: A002  the word on the command line
    """Show a request, its answer and the reason.

    For a 409, also shows the first post of the lead.

    \b
    Example:
      aktify-sandbox requests show r000000042
    """
    if not re.fullmatch("r?[0-9]+", id):
        raise click.UsageError(f"“{id}” isn't a request id. Fix: write it as r000000042.")
    path, query = f"/requests/r{id.removeprefix('r')}", masked_query(personal)
    if form:
        print_raw(client.text(f"{path}/{form}", **query).rstrip("\n"))
    elif in_json:
        print_json(client.get(path, **query))
    else:
        click.echo(client.text(path, **query), nl=False)


def _deleted(options: Mapping[str, Any]) -> str:
    return (
        f"Delete {'the requests that match' if any(options[name] for name in _FILTERS) else 'all requests'}"
    )


@requests.command()
@filters
@as_json
@with_client
@confirms(_deleted)
def clear(in_json: bool, client: Client, **wanted: Any) -> None:
    """Delete requests, all or those that match, also from disk.

    Leads stay, so posting one again still gets a 409.

    \b
    Example:
      aktify-sandbox requests clear --status 4xx
    """
    content = client.delete("/requests", **wanted)
    if in_json:
        print_json({"url": client.url, **content})
        return
    cleared = content["cleared"]
    click.echo(f"{plural(cleared, 'request')} deleted at {client.url}. The leads stay.")
