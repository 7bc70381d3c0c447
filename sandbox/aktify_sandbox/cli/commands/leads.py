"""`leads list|export|import|clear`: stored leads."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aktify_sandbox.cli.client import Client, as_json, confirms, with_client
from aktify_sandbox.cli.files import READABLE, atomic_output, output_option
from aktify_sandbox.cli.lead_files import FileOptions, file_options, rows_of
from aktify_sandbox.cli.output import clean, print_json, print_table, when
from aktify_sandbox.cli.paging import paged, say_more
from aktify_sandbox.cli.personal import mask_option, masked_unless_asked, show_option
from aktify_sandbox.journal.summary import BEFORE_ALL
from aktify_sandbox.redaction import Personal
from aktify_sandbox.text import plural

if TYPE_CHECKING:
    from aktify_sandbox.leadfiles.reader import Row

_AT_ONCE = 1_000
_LONGEST_SHOWN = 100


@click.group()
def leads() -> None:
    """List, export, import and clear stored leads.

    \b
    Example:
      aktify-sandbox leads list --campaign demo
    """


@leads.command("list")
@click.option("--campaign", metavar="NAME", help="Only this campaign.")
@click.option("--phone", metavar="NUMBER", help="Only this phone number, in any format.")
@paged
@as_json
@masked_unless_asked
@with_client
def list_leads(in_json: bool, personal: Personal, client: Client, **filters: Any) -> None:
    """List leads, newest first.

    \b
    Example:
      aktify-sandbox leads list --campaign demo
    """
    page = client.get("/leads", **filters)
    if in_json:
        print_json(personal.document(page))
        return
    rows = [
        (
            when(lead["receivedAt"]),
            personal.phone(lead["phone"]),
            lead["campaign"],
            lead["request"] or "imported",
            _name(lead, personal),
        )
        for lead in page["leads"]
    ]
    print_table(("received", "phone", "campaign", "request", "name"), rows, empty="No leads.")
    say_more(page)


def _name(lead: dict[str, Any], personal: Personal) -> str:
    first, last = (str(lead["lead"].get(name) or "") for name in ("firstName", "lastName"))
    return " ".join(filter(None, (personal.text(first), personal.name(last)))) or "-"


@leads.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="Format of the export.",
)
@click.option("--campaign", metavar="NAME", help="Only this campaign.")
@mask_option
@output_option
@with_client
def export(form: str, campaign: str | None, output: Path, personal: Personal, client: Client) -> None:
    """Export all leads, oldest first.

    `leads import` reads every format.

    \b
    Example:
      aktify-sandbox leads export --format csv --output leads.csv
    """
    everything = map(personal.document, _all(client, campaign))
    with atomic_output(output) as out:
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
@click.option("--campaign", metavar="NAME", help="Campaign of leads that name none.")
@file_options
@show_option
@with_client
def import_leads(
    file: Path, campaign: str | None, reading: FileOptions, personal: Personal, client: Client
) -> None:
    """Import leads; posting one of them then returns 409.

    FILE is CSV, TSV, JSON or JSONL, read as by `check`; - reads standard input. The leads keep their order.

    \b
    Example:
      aktify-sandbox leads import known.csv --campaign demo
    """
    from aktify_sandbox.contract.body import parse

    leads, rows = rows_of(file, reading, personal)
    imported = already = 0
    refused: list[str] = []
    good: list[Row] = []
    for row in rows:
        problem = row.problem or parse(row.body)[1]
        if problem:
            refused.append(f"{leads.unit} {row.number}: {personal.text(problem.message)}")
        else:
            good.append(row)
    for start in range(0, len(good), _AT_ONCE):
        batch = good[start : start + _AT_ONCE]
        content: dict[str, Any] = {"leads": [row.document for row in batch]}
        done = client.post("/leads", content | ({"campaign": campaign} if campaign else {})).json()
        imported, already = imported + done["imported"], already + done["already"]
        refused += [
            _refusal(leads.unit, batch[each["index"]], each["problems"][0], personal)
            for each in done["refused"]
        ]
    for line in refused:
        click.echo(clean(line), err=True)
    counts = f"{imported:,} imported, {already:,} already there, {len(refused):,} refused"
    click.echo(f"{counts} at {client.url}.")
    if refused:
        raise SystemExit(1)


def _refusal(unit: str, row: "Row", problem: dict[str, str], personal: Personal) -> str:
    """The position of a refused lead, the lead, and what is wrong with it."""
    field, place = problem["field"], f"{unit} {row.number}"
    if not field or not isinstance(row.lead, dict):
        return f"{place}: {personal.text(problem['message'])}"
    value = row.lead.get(field, (row.exported or {}).get("phone" if field == "phoneNumber" else field))
    told = personal.value(value, field)
    if value is None:
        from aktify_sandbox.contract.answers import in_words

        return f"{place}: {in_words(field, personal.text(problem['message'], field))}"
    shown = json.dumps(told, ensure_ascii=False)
    cut = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"
    return f"{place}: {field} is {cut}: {personal.text(problem['message'], field)}"


@leads.command()
@click.option("--campaign", metavar="NAME", help="Only this campaign.")
@click.option("--phone", metavar="NUMBER", help="Only this phone number, in any format.")
@as_json
@with_client
@confirms("Delete leads")
def clear(campaign: str | None, phone: str | None, in_json: bool, client: Client) -> None:
    """Delete leads, so that their numbers are accepted again.

    The request journal isn't changed.

    \b
    Example:
      aktify-sandbox leads clear --phone "(509) 555-1234"
    """
    content = client.delete("/leads", campaign=campaign, phone=phone)
    if in_json:
        print_json({"url": client.url, **content})
        return
    removed = content["removed"]
    click.echo(f"{plural(removed, 'lead')} deleted at {client.url}.")
