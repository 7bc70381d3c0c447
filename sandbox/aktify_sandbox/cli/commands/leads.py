"""`leads list|export|import|clear`: what is kept."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aktify_sandbox.cli.client import Client, as_json, confirms, with_client
from aktify_sandbox.cli.files import READABLE, STANDARD, atomic_output
from aktify_sandbox.cli.lead_files import file_options, rows_of
from aktify_sandbox.cli.output import clean, print_json, print_table
from aktify_sandbox.journal.summary import BEFORE_ALL
from aktify_sandbox.text import are

if TYPE_CHECKING:
    from aktify_sandbox.leadfiles.reader import Row

_AT_ONCE = 1_000
_LONGEST_SHOWN = 100


@click.group()
def leads() -> None:
    """The leads that were accepted.

    \b
    Example:
      aktify-sandbox leads list --campaign demo
    """


@leads.command("list")
@click.option("--campaign", metavar="NAME", help="Only this campaign's.")
@click.option("--phone", metavar="NUMBER", help="Only this number's, in any spelling.")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 1_000), help="How many at most."
)
@click.option("--before", metavar="ID", help="Go on from here.")
@as_json
@with_client
def list_leads(in_json: bool, client: Client, **filters: Any) -> None:
    """The newest leads, newest first.

    \b
    Example:
      aktify-sandbox leads list --campaign demo
    """
    page = client.get("/leads", **filters)
    if in_json:
        print_json(page)
        return
    rows = [
        (lead["receivedAt"], lead["phone"], lead["campaign"], lead["request"] or "imported", _name(lead))
        for lead in page["leads"]
    ]
    print_table(("received", "phone", "campaign", "request", "name"), rows, empty="No leads.")
    if page["next"]:
        click.echo(f"There are more: --before {page['next']}", err=True)


def _name(lead: dict[str, Any]) -> str:
    return (
        " ".join(str(lead["lead"][name]) for name in ("firstName", "lastName") if lead["lead"].get(name))
        or "-"
    )


@leads.command()
@click.option(
    "--format", "form", type=click.Choice(["json", "jsonl", "csv"]), default="jsonl", show_default=True
)
@click.option("--campaign", metavar="NAME", help="Only this campaign's.")
@click.option("--output", metavar="FILE", type=click.Path(path_type=Path), help="Write it here instead.")
@with_client
def export(form: str, campaign: str | None, output: Path | None, client: Client) -> None:
    """Print all leads, oldest first. `leads import` takes each format again.

    \b
    Example:
      aktify-sandbox leads export --format csv --output leads.csv
    """
    everything = _all(client, campaign)
    with atomic_output(output or STANDARD) as out:
        for text in _in_form(form, everything):
            out.write(text.encode())


def _in_form(form: str, everything: Iterator[dict[str, Any]]) -> Iterator[str]:
    match form:
        case "jsonl":
            for lead in everything:
                yield json.dumps(lead, ensure_ascii=False) + "\n"
        case "json":
            yield json.dumps({"leads": list(everything)}, indent=2, ensure_ascii=False) + "\n"
        case _:
            from aktify_sandbox.leadfiles.export import as_csv

            yield as_csv(everything)


def _all(client: Client, campaign: str | None) -> Iterator[dict[str, Any]]:
    after: str | None = BEFORE_ALL
    while after is not None:
        page = client.get("/leads", campaign=campaign, limit=_AT_ONCE, after=after)
        yield from page["leads"]
        after = page["next"]


@leads.command("import")
@click.argument("file", type=READABLE)
@click.option("--campaign", metavar="NAME", help="Into which campaign, where the file doesn't say.")
@file_options
@with_client
def import_leads(
    file: Path,
    campaign: str | None,
    mapping: tuple[tuple[str, str], ...],
    encoding: str | None,
    delimiter: str | None,
    client: Client,
) -> None:
    """Import leads; posting one of them then returns 409.

    FILE is CSV, TSV, JSON or JSONL, - is standard input, read as `check` reads it. The leads keep their order.

    \b
    Example:
      aktify-sandbox leads import known.csv --campaign demo
    """
    from aktify_sandbox.contract.body import parse

    leads, rows = rows_of(file, mapping, encoding, delimiter)
    imported = already = 0
    refused: list[str] = []
    good: list[Row] = []
    for row in rows:
        problem = row.problem or parse(row.body)[1]
        if problem:
            refused.append(f"{leads.unit} {row.number}: {problem.message}")
        else:
            good.append(row)
    for start in range(0, len(good), _AT_ONCE):
        batch = good[start : start + _AT_ONCE]
        content: dict[str, Any] = {"leads": [row.document for row in batch]}
        done = client.post("/leads", content | ({"campaign": campaign} if campaign else {})).json()
        imported, already = imported + done["imported"], already + done["already"]
        refused += [
            _refusal(leads.unit, batch[each["index"]], each["problems"][0]) for each in done["refused"]
        ]
    for line in refused:
        click.echo(clean(line), err=True)
    counts = f"{imported:,} imported, {already:,} were there already, {len(refused):,} refused"
    click.echo(f"{counts} at {client.url}.")
    if refused:
        raise SystemExit(1)


def _refusal(unit: str, row: "Row", problem: dict[str, str]) -> str:
    """Where it stands, what stands there, and what is wrong with it."""
    field, place = problem["field"], f"{unit} {row.number}"
    if not field or not isinstance(row.lead, dict):
        return f"{place}: {problem['message']}"
    value = row.lead.get(field, (row.exported or {}).get("phone" if field == "phoneNumber" else field))
    shown = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    cut = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"
    return f"{place}: {field} is {cut}: {problem['message']}"


@leads.command()
@click.option("--campaign", metavar="NAME", help="Only this campaign's.")
@click.option("--phone", metavar="NUMBER", help="Only this number's, in any spelling.")
@with_client
@confirms("Forget leads")
def clear(campaign: str | None, phone: str | None, client: Client) -> None:
    """Forget leads, so that their numbers are accepted again.

    The record of requests stays.

    \b
    Example:
      aktify-sandbox leads clear --phone "(509) 555-1234"
    """
    removed = client.delete("/leads", campaign=campaign, phone=phone)["removed"]
    click.echo(f"{are(removed, 'lead')} forgotten at {client.url}.")
