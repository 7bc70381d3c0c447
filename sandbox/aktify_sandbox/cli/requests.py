"""`requests list|show|clear`: what came, and why it got its answer."""

from typing import Any
from urllib.parse import quote

import click

from aktify_sandbox.cli.client import Client, as_json, talks
from aktify_sandbox.cli.tables import clean, painted, print_json


@click.group()
def requests() -> None:
    """See every request, with the reason for its answer.

    \b
    Example:
      aktify-sandbox requests list --status 4xx
    """


@requests.command("list")
@click.option("--status", metavar="STATUS", help="409, 4xx, several by comma, or none for unanswered ones.")
@click.option("--key", metavar="KEY", help="The key that sent them.")
@click.option("--campaign", metavar="NAME", help="Their campaign.")
@click.option("--phone", metavar="NUMBER", help="The lead's number, in any spelling.")
@click.option(
    "--since", metavar="TIME", help="A moment (2026-11-24T09:30:00Z) or a duration back from now (10m)."
)
@click.option("--search", metavar="TEXT", help="A text anywhere in request or answer.")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 1_000), help="How many at most."
)
@click.option("--before", metavar="ID", help="Go on from here.")
@as_json
@talks
def list_requests(in_json: bool, url: str, token: str | None, **filters: Any) -> None:
    """The newest requests, newest first.

    \b
    Example:
      aktify-sandbox requests list --status 4xx --since 10m
    """
    page = Client(url, token).get("/requests", **filters)
    if in_json:
        print_json(page)
        return
    for record in page["requests"]:
        click.echo(_row(record))
    if not page["requests"]:
        click.echo(
            "No requests match."
            if any(filters[name] for name in filters if name != "limit")
            else "No requests yet."
        )
    if page["next"]:
        click.echo(f"There are more: --before {page['next']}")
    if page.get("dropped"):
        click.echo(f"{page['dropped']:,} older ones were dropped by --keep.")


def _row(record: dict[str, Any]) -> str:
    response = record["response"]
    status = painted(response["status"] if response else "---")
    where = "" if record["path"] == "/api/v1/leads" else f"{record['method']} {record['path']}: "
    cells = (record["receivedAt"], status, record["id"], f"{clean(record['phone']):<12}", record["campaign"])
    return (
        "  ".join(clean(cell) if cell is not status else status for cell in cells)
        + f"  {clean(where + record['reason']['rule'])}{_patience(record)}"
    )


def _patience(record: dict[str, Any]) -> str:
    waited = record.get("hungUpAfterMs")
    return f" The client hung up after {waited:,.0f} ms." if waited is not None else ""


@requests.command()
@click.argument("id")
@as_json
@talks
def show(id: str, in_json: bool, url: str, token: str | None) -> None:  # noqa: A002  the word on the command line
    """One request whole: what came, what was answered, why; for a 409 the first post beside it.

    \b
    Example:
      aktify-sandbox requests show r000000042
    """
    client, path = Client(url, token), f"/requests/{_segment(id)}"
    if in_json:
        print_json(client.get(path))
    else:
        click.echo(client.text(path), nl=False)


def _segment(name: str) -> str:
    """A name as one segment of a path; `.` and `..` alone would be a way up."""
    if not name.strip("."):
        raise click.ClickException(f"“{name}” isn't a request's id: write it as r000000042.")
    return quote(name, safe="")


@requests.command()
@talks
def clear(url: str, token: str | None) -> None:
    """Forget the record and take it off the disk; leads and their 409 stay.

    \b
    Example:
      aktify-sandbox requests clear
    """
    cleared = Client(url, token).delete("/requests")["cleared"]
    click.echo(f"{cleared:,} requests are forgotten; the leads stay.")
