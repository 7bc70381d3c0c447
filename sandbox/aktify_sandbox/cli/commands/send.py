"""`send`: leads from a file to a sandbox, with progress and a summary."""

import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aktify_sandbox.cli.client import Client, as_json, check_header_value, with_client
from aktify_sandbox.cli.files import READABLE
from aktify_sandbox.cli.lead_files import file_options, readable, rows_of
from aktify_sandbox.cli.output import print_json
from aktify_sandbox.cli.sample_leads import FICTIONAL
from aktify_sandbox.cli.send_summary import Summary
from aktify_sandbox.contract.rulings import Rulings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from aktify_sandbox.contract.body import Problem
    from aktify_sandbox.contract.lead import LeadRules
    from aktify_sandbox.leadfiles.reader import LeadFile, Row

_LINES = 10
_EVERY = 250


@click.command()
@click.argument("file", required=False, type=READABLE)
@click.option(
    "--sample",
    metavar="N",
    type=click.IntRange(1, 400_000),
    help=f"Make N valid leads instead of reading a file. The first {FICTIONAL:,} have numbers reserved for fiction; "
    "those beyond are 555-2000 and up, which --fictional-only refuses.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    metavar="N",
    help="Make the samples of an earlier run again (default: a new seed, which is printed).",
)
@click.option(
    "--key",
    envvar="AKTIFY_API_KEY",
    default="test-key",
    show_default=True,
    metavar="KEY",
    help="The API key.",
)
@click.option("--only-good", is_flag=True, help="Send only what would be accepted; the rest is counted.")
@file_options
@as_json
@with_client
def send(
    file: Path | None,
    sample: int | None,
    seed: int | None,
    key: str,
    only_good: bool,
    mapping: tuple[tuple[str, str], ...],
    encoding: str | None,
    delimiter: str | None,
    in_json: bool,
    client: Client,
) -> None:
    """Post leads to a sandbox, and sum up its answers.

    FILE is CSV, TSV, JSON or JSONL, - is standard input, read as `check` reads it: columns by the vendor's names or
    the usual others, `metadata.colour` into metadata, empty cells absent. JSON goes out as it stands in the file.
    Nothing is sent before the whole file was read, and only a sandbox is ever sent anything.

    \b
    Example:
      aktify-sandbox send leads.csv
      aktify-sandbox send --sample 100
    """
    if (file is None) == (sample is None):
        raise click.UsageError("Give either a FILE or --sample N.")
    check_header_value(key, "key")
    if file is not None:
        leads, rows = rows_of(file, mapping, encoding, delimiter)
        summary = Summary(leads.unit)
    else:
        rows, summary = list(_sample(sample or 0, seed)), Summary("lead")
    client.check()
    if file is None:
        rows = _fitted(client, key, rows)
    elif only_good:
        with readable(file):
            rows = _good(client, key, leads, rows, summary)
    for row in _with_progress(rows):
        if row.problem:
            summary.not_sent["no lead can be made of it"] += 1
            _note(summary, row, row.problem)
        else:
            _send(client, key, row, summary)
    if in_json:
        print_json(summary.content)
    else:
        summary.print(client.url)
    sys.exit(1 if summary.undelivered else 0)


def _sample(count: int, seed: int | None) -> "Iterator[Row]":

    from aktify_sandbox.cli.sample_leads import sample_leads
    from aktify_sandbox.leadfiles.reader import Row

    if seed is None:
        seed = secrets.randbelow(1_000_000)
        click.echo(f"New samples; --seed {seed} makes the same ones again.", err=True)
    return (Row(number, content, []) for number, content in enumerate(sample_leads(count, seed), 1))


def _rules_of(client: Client, key: str) -> "tuple[str, LeadRules]":
    """The campaign of a key in a running sandbox, and its rules."""
    from aktify_sandbox.contract.lead import LeadRules

    name = client.post("/explain", {"body": "{}", "apiKey": key}).json()["campaign"] or ""
    config = client.get("/config")
    inside = [each for each in config["campaigns"] if f"{name}.".startswith(f"{each['campaign']}.")]
    campaign = max(inside, key=lambda each: len(each["campaign"]), default=None)
    if campaign is None:
        return name, LeadRules(Rulings({each["name"]: each["value"] for each in config["rulings"]}))
    return campaign["campaign"], LeadRules(Rulings.of("default", campaign["rulings"]), campaign["link"])


def _fitted(client: Client, key: str, rows: "list[Row]") -> "list[Row]":
    """The samples, changed so far as the rulings of the key's campaign want it."""
    from aktify_sandbox.contract.examples import fitted

    campaign, rules = _rules_of(client, key)
    if not rules.rulings.changes and rules.link == "optional":
        return rows
    leads = [fitted(rules, row.lead) for row in rows]
    if leads[0] is None:
        changes = ", ".join(f"{ruling}={value}" for ruling, value in rules.rulings.changes.items())
        raise click.ClickException(f"No sample is a 201 in the campaign {campaign} under {changes}.")
    return [
        row._replace(body=json.dumps(lead).encode()) if lead else row
        for row, lead in zip(rows, leads, strict=True)
    ]


def _good(client: Client, key: str, leads: "LeadFile", rows: "list[Row]", summary: Summary) -> "list[Row]":
    """The rows that would be accepted by the rules that hold in the sandbox; the others are counted."""
    from aktify_sandbox.leadfiles.checking import check

    largest = client.get("/config")["settings"]["max-body"]
    findings = check(leads, _rules_of(client, key)[1], largest)
    repeated = {row for row, _ in findings.duplicates}
    refused = {each.row for each in findings.problems}
    summary.problems += findings.problems
    for reason, numbers in (("refused", refused), ("repeats a row above", repeated)):
        if numbers:
            summary.not_sent[reason] = len(numbers)
    return [row for row in rows if row.number not in refused | repeated]


def _with_progress(rows: "list[Row]") -> "Iterator[Row]":
    if sys.stderr.isatty():
        with click.progressbar(rows, label="Sending", file=sys.stderr, show_pos=True) as shown:
            yield from shown
        return
    every = max(_EVERY, -(-len(rows) // _LINES))  # in the log of a job, a few lines are enough
    for number, row in enumerate(rows, 1):
        yield row
        if number % every == 0 or number == len(rows):
            click.echo(f"sent {number:,} of {len(rows):,}", err=True)


def _send(client: Client, key: str, row: "Row", summary: Summary) -> None:
    import httpx

    headers = {"x-api-key": key, "content-type": "application/json"}
    try:
        answer = client.http.post("/api/v1/leads", content=row.body, headers=headers)
    except httpx.TransportError as error:
        summary.undelivered.append(f"{summary.unit} {row.number}: {type(error).__name__}")
        return
    message, problems = ("Accepted.", []) if answer.status_code == 201 else _said(client, answer)
    summary.add(row.number, answer.status_code, message)
    for problem in problems:
        _note(summary, row, problem)


def _said(client: Client, answer: "httpx.Response") -> "tuple[str, list[Problem]]":
    """The reason in words, and what is wrong with the lead: from the body, or else from the record."""
    from aktify_sandbox.contract.body import Problem

    try:
        content: Any = answer.json()
        problems, message = content["problems"], content["message"]
    except (ValueError, KeyError, TypeError):
        name = answer.headers.get("x-aktify-sandbox-request")
        if name is None:
            return "The answer doesn't say why.", []
        entry = client.get(f"/requests/{name}")
        problems, message = entry["problems"], entry["reason"]["rule"]
    return str(message), [Problem(*(each[name] for name in Problem._fields)) for each in problems]


def _note(summary: Summary, row: "Row", problem: "Problem") -> None:
    from aktify_sandbox.leadfiles.checking import RowProblem, value_of

    summary.problems.append(RowProblem(row.number, problem, value_of(row.lead, problem.field)))
