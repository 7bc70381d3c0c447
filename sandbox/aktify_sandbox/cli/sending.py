"""`send`: leads from a file to a sandbox, with progress and a summary."""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aktify_sandbox.cli.client import Client, as_json, fit_for_header, talks
from aktify_sandbox.cli.files import READABLE, Body, bodies_to_send
from aktify_sandbox.cli.samples import FICTIONAL
from aktify_sandbox.cli.tables import print_json, print_table

if TYPE_CHECKING:
    import httpx

_LINES = 10
_EVERY = 250
_LONGEST_EXAMPLE = 90


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
@as_json
@talks
def send(
    file: Path | None,
    sample: int | None,
    seed: int | None,
    key: str,
    in_json: bool,
    client: Client,
) -> None:
    """Post leads to a sandbox, and sum up its answers.

    FILE is JSON, JSONL or CSV, - is standard input. JSON goes out as it stands in the file. A CSV's columns have
    the names of the vendor's page; a column `metadata.colour` goes into metadata; empty cells are left out. Only a
    sandbox is ever sent anything.

    \b
    Example:
      aktify-sandbox send leads.csv
      aktify-sandbox send --sample 100
    """
    if (file is None) == (sample is None):
        raise click.UsageError("Give either a FILE or --sample N.")
    fit_for_header(key, "key")
    bodies = bodies_to_send(file) if file is not None else list(_sample(sample or 0, seed))
    if not bodies:
        raise click.ClickException(f"{file}: there is no lead in it.")
    client.check()
    if sample is not None:
        bodies = _fitted(client, key, bodies)
    summary = Summary()
    for body in _with_progress(bodies):
        _send(client, key, body, summary)
    if in_json:
        print_json(summary.content)
    else:
        summary.print(client.url)
    sys.exit(1 if summary.undelivered else 0)


def _sample(count: int, seed: int | None) -> Iterator[Body]:
    import secrets

    from aktify_sandbox.cli.samples import samples

    if seed is None:
        seed = secrets.randbelow(1_000_000)
        click.echo(f"New samples; --seed {seed} makes the same ones again.", err=True)
    return (Body(f"lead {number}", content) for number, content in enumerate(samples(count, seed), 1))


def _fitted(client: Client, key: str, bodies: list[Body]) -> list[Body]:
    """The samples, changed so far as the rulings of the key's campaign want it."""
    import json

    from aktify_sandbox.contract.examples import fitted
    from aktify_sandbox.contract.lead import LeadRules
    from aktify_sandbox.contract.rulings import Rulings

    name = (
        client.post("/explain", {"body": bodies[0].content.decode(), "apiKey": key}).json()["campaign"] or ""
    )
    campaigns = client.get("/config")["campaigns"]
    inside = [each for each in campaigns if f"{name}.".startswith(f"{each['campaign']}.")]
    campaign = max(inside, key=lambda each: len(each["campaign"]), default=None)
    if campaign is None or (not campaign["rulings"] and campaign["link"] == "optional"):
        return bodies
    rules = LeadRules(Rulings.of("default", campaign["rulings"]), campaign["link"])
    leads = [fitted(rules, json.loads(body.content)) for body in bodies]
    if leads[0] is None:
        changes = ", ".join(f"{ruling}={value}" for ruling, value in campaign["rulings"].items())
        raise click.ClickException(
            f"No sample is a 201 in the campaign {campaign['campaign']} under {changes}."
        )
    return [
        Body(body.place, json.dumps(lead).encode()) if lead else body
        for body, lead in zip(bodies, leads, strict=True)
    ]


def _with_progress(bodies: list[Body]) -> Iterator[Body]:
    if sys.stderr.isatty():
        with click.progressbar(bodies, label="Sending", file=sys.stderr, show_pos=True) as shown:
            yield from shown
        return
    every = max(_EVERY, -(-len(bodies) // _LINES))  # in the log of a job, a few lines are enough
    for number, body in enumerate(bodies, 1):
        yield body
        if number % every == 0 or number == len(bodies):
            click.echo(f"sent {number:,} of {len(bodies):,}", err=True)


def _send(client: Client, key: str, body: Body, summary: "Summary") -> None:
    import httpx

    headers = {"x-api-key": key, "content-type": "application/json"}
    try:
        answer = client.http.post("/api/v1/leads", content=body.content, headers=headers)
    except httpx.TransportError as error:
        summary.undelivered.append(f"{body.place}: {type(error).__name__}")
        return
    summary.add(body.place, answer.status_code, *_reason(client, answer))


def _reason(client: Client, answer: "httpx.Response") -> tuple[str, str]:
    """The field and the rule that decided, and what was said of this one in words, if that is more."""
    if answer.status_code == 201:
        return "accepted", ""
    try:
        content: Any = answer.json()
        problems, message = content["problems"], content["message"]
    except (ValueError, KeyError, TypeError):
        name = answer.headers.get("x-aktify-sandbox-request")
        if name is None:
            return "the answer doesn't say", ""
        record = client.get(f"/requests/{name}")
        problems, message = record["problems"], record["reason"]["rule"]
    if not problems:
        return str(message), ""
    first = problems[0]
    source = first["ruling"] or {"http": "HTTP", "limit": "a limit of the sandbox"}.get(
        first["source"], first["source"]
    )
    return f"{first['field'] or 'body'} ({source})", str(first["message"])


@dataclass
class Summary:
    """Answers by status and reason, each reason with the first place that had it and what was said of that."""

    counts: Counter[tuple[int, str]] = field(default_factory=Counter)
    first: dict[tuple[int, str], tuple[str, str]] = field(default_factory=dict)
    undelivered: list[str] = field(default_factory=list)

    def add(self, place: str, status: int, reason: str, example: str) -> None:
        """Count an answer."""
        self.counts[status, reason] += 1
        self.first.setdefault((status, reason), (place, example))

    @property
    def content(self) -> dict[str, Any]:
        """For programs."""
        statuses: Counter[str] = Counter()
        for (status, _), count in self.counts.items():
            statuses[str(status)] += count
        reasons = [
            {"status": status, "reason": reason, "count": count, "first": place, "example": example}
            for (status, reason), count in self._ordered()
            for place, example in [self.first[status, reason]]
        ]
        return {
            "sent": statuses.total(),
            "statuses": dict(sorted(statuses.items())),
            "reasons": reasons,
            "undelivered": self.undelivered,
        }

    def _ordered(self) -> list[tuple[tuple[int, str], int]]:
        return sorted(self.counts.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))

    def print(self, url: str) -> None:
        """For people."""
        content = self.content
        totals = ", ".join(f"{count:,} × {status}" for status, count in content["statuses"].items())
        click.echo(f"{content['sent']:,} sent to {url}: {totals or 'no answers'}")
        rows = [
            (row["status"], f"{row['count']:,}", row["reason"], row["first"], _cut(row["example"]))
            for row in content["reasons"]
        ]
        print_table(("status", "leads", "reason", "first", "which said"), rows, empty="")
        for line in self.undelivered[:10]:
            click.echo(f"not delivered: {line}", err=True)
        if len(self.undelivered) > 10:
            click.echo(f"not delivered: {len(self.undelivered) - 10:,} more", err=True)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_EXAMPLE else f"{text[:_LONGEST_EXAMPLE]}…"
