"""`send`: leads from a file to a sandbox, with progress and a summary; or files as they are to any server."""

import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from aktify_sandbox.cli.client import Client, as_json, check_header_value, with_client
from aktify_sandbox.cli.completion import built_in_keys
from aktify_sandbox.cli.files import READABLE
from aktify_sandbox.cli.lead_files import FileOptions, file_options, progress, readable, rows_of
from aktify_sandbox.cli.numbers import WholeNumber
from aktify_sandbox.cli.output import print_json
from aktify_sandbox.cli.personal import masked_unless_asked
from aktify_sandbox.cli.send_summary import SendSummary
from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.redaction import Personal
from aktify_sandbox.text import plural

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
    type=WholeNumber(1, 400_000),
    help="Generate N valid leads instead of reading a file.",
)
@click.option(
    "--seed",
    type=WholeNumber(0),
    metavar="N",
    help="Seed of --sample, to repeat an earlier run.",
)
@click.option(
    "--key",
    envvar="AKTIFY_API_KEY",
    default="test-key",
    show_default=True,
    metavar="KEY",
    shell_complete=built_in_keys,
    help="API key to send with.",
)
@click.option(
    "--check",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Post each file of FOLDER as it is; compare the answers.",
)
@click.option("--only-good", is_flag=True, help="Send only leads that would be accepted.")
@file_options
@as_json
@masked_unless_asked
@with_client
def send(
    file: Path | None,
    sample: int | None,
    seed: int | None,
    key: str,
    folder: Path | None,
    only_good: bool,
    reading: FileOptions,
    in_json: bool,
    personal: Personal,
    client: Client,
) -> None:
    """Post leads to a sandbox and summarize its answers.

    FILE is CSV, TSV, JSON or JSONL; - reads standard input. Columns may have Aktify's field names or common other ones;
    `metadata.colour` goes into metadata, and empty cells are left out. JSON is sent as written. The command reads the
    whole file before it sends anything, and it sends leads of a FILE to sandboxes only.

    The first 12,480 leads of --sample have phone numbers reserved for fiction; later ones start at 555-2000, which
    --fictional-only refuses.

    --check sends the files of FOLDER as they are to any server at --url, and compares the answers with those in
    FOLDER/expected.json.

    Exit codes: 0 if at least one lead is accepted or is a duplicate (201 or 409), 1 if none is or if a lead gets no
    answer, 2 if the file can't be read or has no column of phone numbers. With --check: 0 if every answer is as
    expected, 1 if one differs, 2 if a file has no expectation.

    \b
    Example:
      aktify-sandbox send leads.csv
      aktify-sandbox send --sample 100
      aktify-sandbox send --check fixtures/leads --url http://127.0.0.1:3000
    """
    if sum(each is not None for each in (file, sample, folder)) != 1:
        raise click.UsageError("Give one of FILE, --sample N and --check FOLDER.")
    check_header_value(key, "key")
    if folder is not None:
        if only_good or any(reading):
            raise click.UsageError(
                "--check sends files as they are: leave out --only-good and options of files."
            )
        _check(client, key, folder, in_json=in_json)
    if file is not None:
        leads, rows = rows_of(file, reading, personal)
        summary = SendSummary(leads.unit, leads)
    else:
        rows, summary = list(_sample(sample or 0, seed)), SendSummary("lead")
    client.check()
    if file is None:
        rows = _fitted(client, key, rows)
    elif only_good:
        with readable(file):
            rows = _good(client, key, leads, rows, summary)
    for row in _with_progress(rows):
        if row.problem:
            summary.not_sent["no lead can be made of it"] += 1
            _add_problem(summary, row, row.problem)
        else:
            _send(client, key, row, summary)
    if in_json:
        print_json(personal.document(summary.content))
    else:
        summary.print(client.url, personal)
    sys.exit(0 if summary.arrived and not summary.undelivered else 1)


def _check(client: Client, key: str, folder: Path, *, in_json: bool) -> NoReturn:
    """Compare the answers to the files of a folder, also those of a server that is no sandbox if it was named."""
    from aktify_sandbox.cli.conformance import cases_in, compare, in_force

    cases = cases_in(folder)
    is_sandbox = client.is_sandbox()
    if is_sandbox:
        rules = _rules_of(client, key)[1]
        cases = [in_force(case, rules) for case in cases]
    elif not client.target.is_named:
        client.check()
    else:
        told = f"{client.url} isn't a sandbox"
        if sys.stdin and sys.stdin.isatty() and sys.stderr.isatty():
            click.confirm(f"{told}. Post {plural(len(cases), 'file')} to it?", err=True, abort=True)
        else:
            click.echo(f"{told}: only statuses are compared.", err=True)
    found = compare(client, key, cases, is_sandbox=is_sandbox)
    if in_json:
        print_json(found.content)
    else:
        for line in found.lines():
            click.echo(line)
    sys.exit(1 if found.differences else 0)


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
        raise click.ClickException(f"No sample gets a 201 in the campaign {campaign} with {changes}.")
    return [
        row._replace(body=json.dumps(lead).encode()) if lead else row
        for row, lead in zip(rows, leads, strict=True)
    ]


def _good(
    client: Client, key: str, leads: "LeadFile", rows: "list[Row]", summary: SendSummary
) -> "list[Row]":
    """The rows that the sandbox's rules would accept; the others are counted."""
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
        with progress("Sending", len(rows), 1) as step:
            for row in rows:
                yield row
                step()
        return
    every = max(_EVERY, -(-len(rows) // _LINES))  # in the log of a job, a few lines are enough
    for number, row in enumerate(rows, 1):
        yield row
        if number % every == 0 and number < len(rows):  # the summary says the rest
            click.echo(f"sent {number:,} of {len(rows):,}", err=True)


def _send(client: Client, key: str, row: "Row", summary: SendSummary) -> None:
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
        _add_problem(summary, row, problem)


def _said(client: Client, answer: "httpx.Response") -> "tuple[str, list[Problem]]":
    """The reason in words, and what is wrong with the lead: from the body, or else from the journal."""
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


def _add_problem(summary: SendSummary, row: "Row", problem: "Problem") -> None:
    from aktify_sandbox.leadfiles.checking import RowProblem, value_of

    summary.problems.append(RowProblem(row.number, problem, value_of(row.lead, problem.field)))
