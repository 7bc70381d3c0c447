"""`force`: forces the next answers."""

import json
from typing import Any

import click

from aktify_sandbox.cli.client import Client, as_json, with_client
from aktify_sandbox.cli.completion import built_in_keys
from aktify_sandbox.cli.numbers import WholeNumber
from aktify_sandbox.cli.output import clean, print_json
from aktify_sandbox.redaction import masked_key
from aktify_sandbox.scenarios.faults import OTHER_NAMES, Fault
from aktify_sandbox.text import plural, suggest

_CHOICES = f"give a status from 200 to 599, such as 503, or a fault: {', '.join(Fault)}"

_HELP = f"""Force the next answers.

STATUS is a status code or a fault.

Faults are {", ".join(fault for fault in Fault if not fault.has_answer)} (no answer), and
{", ".join(fault for fault in Fault if fault.has_answer)} (a broken or slow one).

Invalid requests still get their real 401 or 400, unless --any is given.

\b
Example:
  aktify-sandbox force 503 --times 2
  aktify-sandbox force reset --lead-kept --phone "(509) 555-1234"
"""


def _faults(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """Complete a fault."""
    return [fault.value for fault in Fault if fault.startswith(begun)]


@click.command(help=_HELP)
@click.argument("status", required=False, shell_complete=_faults)
@click.option(
    "--times",
    type=WholeNumber(1, 1_000_000),
    metavar="N",
    default=1,
    show_default=True,
    help="Number of answers to force.",
)
@click.option("--phone", metavar="NUMBER", help="Only for this phone number, in any format.")
@click.option("--key", metavar="KEY", shell_complete=built_in_keys, help="Only for this API key.")
@click.option("--campaign", metavar="NAME", help="Only in this campaign.")
@click.option("--delay", metavar="TIME", help="Delay the answer, e.g. 250ms or 2s.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    help="Add a header to the answer; repeatable.",
)
@click.option("--body", metavar="TEXT", help="Body of the answer, as text or JSON.")
@click.option("--lead-kept", is_flag=True, help="Store the lead although the answer fails.")
@click.option("--any", "applies_to_all", is_flag=True, help="Also force answers to invalid requests.")
@click.option("--clear", "clearing", is_flag=True, help="Discard the forced answers still waiting.")
@as_json
@with_client
def force(status: str | None, clearing: bool, in_json: bool, client: Client, **given: Any) -> None:
    """Force the next answers."""
    if clearing and status is not None:
        raise click.UsageError("--clear takes no STATUS. Fix: leave one of them out.")
    if clearing:
        cleared = sum(order["left"] for order in client.get("/force")["forced"])
        discarded = client.delete("/force")
        if in_json:
            print_json(discarded)
            return
        click.echo(
            f"{plural(cleared, 'forced answer')} discarded at {client.url}."
            if cleared
            else f"No forced answer was waiting at {client.url}."
        )
        return
    queued = client.post("/force", _content(status, given)).json()
    if in_json:
        print_json(queued)
        return
    times = queued["times"]
    next_ones, are = (f"{times:,} answers", "are") if times > 1 else ("answer", "is")
    outcome = f"; {'their leads are' if times > 1 else 'its lead is'} kept" if given["lead_kept"] else ""
    click.echo(
        f"The next {next_ones}{_aim(given)} at {client.url} {are} forced: {status or 'late'}{outcome}."
    )


def _aim(given: dict[str, Any]) -> str:
    """Which requests the forced answers are for; empty for all."""
    return "".join(
        f" {words} {masked_key(given[name]) if name == 'key' else clean(given[name])}"
        for name, words in (("phone", "for"), ("key", "for the key"), ("campaign", "in the campaign"))
        if given[name] is not None
    )


def _content(status: str | None, given: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"times": given["times"]}
    _check(status, given)
    if status is not None:
        content |= {"status": int(status)} if status.isdecimal() else {"fault": status}
    content |= {
        name: given[name] for name in ("phone", "key", "campaign", "delay") if given[name] is not None
    }
    if given["headers"]:
        content["headers"] = dict(map(_header, given["headers"]))
    if given["body"] is not None:
        content["body"] = _body(given["body"])
    return (
        content
        | ({"lead": "kept"} if given["lead_kept"] else {})
        | ({"applies": "any"} if given["applies_to_all"] else {})
    )


def _check(status: str | None, given: dict[str, Any]) -> None:
    """Raises `click.UsageError`."""
    if status is None and not given["delay"]:
        raise click.UsageError(f"STATUS is missing. Fix: {_CHOICES}.")
    if status is None or status in list(Fault):
        return
    if not status.isdecimal():
        raise click.UsageError(
            f"Unknown fault “{status}”. {suggest(status, Fault, also=OTHER_NAMES)}Choose from: {', '.join(Fault)}."
        )
    if not 200 <= int(status) <= 599:
        raise click.UsageError(f"Status {status} is out of range. Fix: {_CHOICES}.")
    if status == "201" and not given["delay"] and not given["headers"] and given["body"] is None:
        raise click.UsageError(
            "A forced 201 is the normal answer: a valid lead gets it anyway. "
            "Fix: force another status, such as 503, or add --delay 2s."
        )


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise click.UsageError(f"--header {text} has no colon. Fix: write it as 'Retry-After: 1'.")
    return name.strip(), value.strip()


def _body(text: str) -> Any:

    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, (dict, list)) else text
