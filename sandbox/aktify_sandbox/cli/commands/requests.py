"""`requests list|tail|show|export|clear`: what came, and why it got its answer."""

import json
import re
from pathlib import Path
from typing import Any

import click

from aktify_sandbox.cli.client import Client, Command, as_json, confirms, with_client
from aktify_sandbox.cli.files import STANDARD, atomic_output
from aktify_sandbox.cli.output import clean, colour_status, print_json, print_raw
from aktify_sandbox.cli.request_filters import request_filters
from aktify_sandbox.journal.summary import summary_of
from aktify_sandbox.text import are


@click.group()
def requests() -> None:
    """See every request, with the reason for its answer.

    \b
    Example:
      aktify-sandbox requests list --status 4xx
    """


def filters(command: Command) -> Command:
    """The options that say which requests are meant."""
    for option in (
        click.option("--search", metavar="TEXT", help="A text anywhere in request or answer."),
        click.option("--forced", metavar="WHAT", help="yes, no, or a part of what forced the answer."),
    ):
        command = option(command)
    phone = click.option(
        "--phone",
        metavar="NUMBER",
        help="The lead's number, in any spelling; seven digits for any area code, or its last four.",
    )
    return phone(request_filters(command))


@requests.command("list")
@filters
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 1_000), help="How many at most."
)
@click.option("--before", metavar="ID", help="Go on from here.")
@as_json
@with_client
def list_requests(in_json: bool, client: Client, **wanted: Any) -> None:
    """The newest requests, newest first.

    \b
    Example:
      aktify-sandbox requests list --status 4xx --since 10m
    """
    page = client.get("/requests", **wanted)
    if in_json:
        print_json(page)
        return
    for entry in page["requests"]:
        click.echo(row(entry))
    if not page["requests"]:
        click.echo(
            "No requests match."
            if any(wanted[name] for name in wanted if name != "limit")
            else "No requests yet.",
            err=True,
        )
    if page["next"]:
        click.echo(f"There are more: --before {page['next']}", err=True)
    if page.get("dropped"):
        click.echo(f"{page['dropped']:,} older ones were dropped by --keep.", err=True)


def row(entry: dict[str, Any]) -> str:
    """A request on one line."""
    summary = summary_of(entry)
    status = colour_status(summary.shown_status)
    where = "" if summary.is_ordinary else f"{summary.method} {summary.path}: "
    cells = (summary.received_at, status, summary.id, f"{clean(summary.phone):<12}", summary.campaign)
    return (
        "  ".join(clean(cell) if cell is not status else status for cell in cells)
        + f"  {clean(where + summary.reason)}{f' {summary.hung_up}' if summary.hung_up else ''}"
    )


@requests.command()
@filters
@click.option(
    "-n", "count", default=0, metavar="N", type=click.IntRange(0, 1_000), help="Show the last N first."
)
@click.option("--json", "in_json", is_flag=True, help="Print one JSON object per line.")
@with_client
def tail(count: int, in_json: bool, client: Client, **wanted: Any) -> None:
    """Show requests as they come, until Ctrl-C.

    When the sandbox is stopped and started again, it goes on.

    \b
    Example:
      aktify-sandbox requests tail --status 4xx -n 10
    """
    from aktify_sandbox.cli.tail import Tail

    def show(entry: dict[str, Any]) -> None:
        if in_json:
            print_raw(json.dumps(entry, ensure_ascii=False))
        else:
            click.echo(row(entry))

    Tail(client, wanted, show, lambda news: click.echo(news, err=True)).follow(count)


@requests.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["har", "curl", "jsonl", "json"]),
    default="jsonl",
    show_default=True,
    help="HAR opens in the developer tools of browsers; curl sends them again.",
)
@filters
@click.option("--output", metavar="FILE", type=click.Path(path_type=Path), help="Write it here instead.")
@with_client
def export(form: str, output: Path | None, client: Client, **wanted: Any) -> None:
    """Print requests whole, oldest first. A key is $AKTIFY_API_KEY in all of them.

    \b
    Example:
      aktify-sandbox requests export --format har --output requests.har
    """
    with (
        client.stream("/requests/export", format=form, **wanted) as answer,
        atomic_output(output or STANDARD) as out,
    ):
        for piece in answer.iter_bytes():
            out.write(piece)


@requests.command()
@click.argument("id")
@click.option(
    "--format",
    "form",
    type=click.Choice(["har", "curl", "python", "node", "pytest"]),
    help="As HAR, or as a line or code that sends it again.",
)
@as_json
@with_client
def show(id: str, form: str | None, in_json: bool, client: Client) -> None:  # noqa: A002  the word on the command line
    """One request whole: what came, what was answered, why.

    For a 409 the first post stands beside it.

    \b
    Example:
      aktify-sandbox requests show r000000042
    """
    if not re.fullmatch("r[0-9]+", id):
        raise click.UsageError(f"“{id}” isn't a request's id: write it as r000000042.")
    path = f"/requests/{id}"
    if form:
        print_raw(client.text(f"{path}/{form}").rstrip("\n"))
    elif in_json:
        print_json(client.get(path))
    else:
        click.echo(client.text(path), nl=False)


@requests.command()
@with_client
@confirms("Forget the record of requests")
def clear(client: Client) -> None:
    """Forget the record and take it off the disk.

    Leads and their 409 stay.

    \b
    Example:
      aktify-sandbox requests clear
    """
    cleared = client.delete("/requests")["cleared"]
    click.echo(f"{are(cleared, 'request')} forgotten at {client.url}; the leads stay.")
