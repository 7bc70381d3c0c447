"""`leads list|export|import|clear`: what is kept."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from aktify_sandbox.cli.client import Client, as_json, asks, talks
from aktify_sandbox.cli.files import READABLE, STANDARD, Item, flattened, leads_in, written
from aktify_sandbox.cli.tables import clean, print_json, print_table

_AT_ONCE = 1_000
_LONGEST_SHOWN = 100
_BEFORE_ALL = "r000000000"


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
@talks
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
@talks
def export(form: str, campaign: str | None, output: Path | None, client: Client) -> None:
    """Print all leads, oldest first. `leads import` takes each format again.

    \b
    Example:
      aktify-sandbox leads export --format csv --output leads.csv
    """
    everything = _all(client, campaign)
    with written(output or STANDARD) as out:
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
            yield _as_csv(list(everything))


def _all(client: Client, campaign: str | None) -> Iterator[dict[str, Any]]:
    after = _BEFORE_ALL
    while after is not None:
        page = client.get("/leads", campaign=campaign, limit=_AT_ONCE, after=after)
        yield from page["leads"]
        after = page["next"]


def _as_csv(everything: list[dict[str, Any]]) -> str:
    rows = [
        {"campaign": lead["campaign"], "phone": lead["phone"], **flattened(lead["lead"])}
        for lead in everything
    ]
    columns = list(dict.fromkeys(["campaign", "phone", *(name for row in rows for name in row)]))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns)  # as RFC 4180 has it: a lone CR is quoted, too
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@leads.command("import")
@click.argument("file", type=READABLE)
@click.option("--campaign", metavar="NAME", help="Into which campaign, where the file doesn't say.")
@talks
def import_leads(file: Path, campaign: str | None, client: Client) -> None:
    """Keep leads from a file. Their first post will be a 409.

    FILE is JSON, JSONL or CSV, - is standard input. They are kept in the order of the file.

    \b
    Example:
      aktify-sandbox leads import known.csv --campaign demo
    """
    items = leads_in(file)
    if not items:
        raise click.ClickException(f"{file}: there is no lead in it.")
    imported = already = 0
    refused: list[str] = []
    for start in range(0, len(items), _AT_ONCE):
        batch = items[start : start + _AT_ONCE]
        content: dict[str, Any] = {"leads": [item.lead for item in batch]}
        done = client.post("/leads", content | ({"campaign": campaign} if campaign else {})).json()
        imported, already = imported + done["imported"], already + done["already"]
        refused += [_refusal(batch[each["index"]], each["problems"][0]) for each in done["refused"]]
    for line in refused:
        click.echo(clean(line), err=True)
    counts = f"{imported:,} imported, {already:,} were there already, {len(refused):,} refused"
    click.echo(f"{counts} at {client.url}.")
    if refused:
        raise SystemExit(1)


def _refusal(item: Item, problem: dict[str, str]) -> str:
    """Where it stands, what stands there, and what is wrong with it."""
    field, lead = problem["field"], item.lead
    inner = lead.get("lead", lead) if isinstance(lead, dict) else None
    if not field or not isinstance(inner, dict):
        return f"{item.place}: {problem['message']}"
    value = inner.get(field, lead.get("phone" if field == "phoneNumber" else field))
    shown = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    cut = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"
    return f"{item.place}: {field} is {cut}: {problem['message']}"


@leads.command()
@click.option("--campaign", metavar="NAME", help="Only this campaign's.")
@click.option("--phone", metavar="NUMBER", help="Only this number's, in any spelling.")
@talks
@asks("Forget leads")
def clear(campaign: str | None, phone: str | None, client: Client) -> None:
    """Forget leads, so that their numbers are accepted again.

    The record of requests stays.

    \b
    Example:
      aktify-sandbox leads clear --phone "(509) 555-1234"
    """
    removed = client.delete("/leads", campaign=campaign, phone=phone)["removed"]
    click.echo(f"{removed:,} leads are forgotten at {client.url}.")
