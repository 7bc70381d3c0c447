"""`force`: decides the next answers."""

import json
from typing import Any

import click

from aktify_sandbox.cli.client import Client, with_client
from aktify_sandbox.text import plural


@click.command()
@click.argument("status", required=False)
@click.option(
    "--times", type=click.IntRange(1, 1_000_000), default=1, show_default=True, help="How many answers."
)
@click.option("--phone", metavar="NUMBER", help="Only for this number, in any spelling.")
@click.option("--key", metavar="KEY", help="Only for this key.")
@click.option("--campaign", metavar="NAME", help="Only in this campaign.")
@click.option("--delay", metavar="TIME", help="Delay the answer, e.g. 250ms or 2s.")
@click.option(
    "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="With this header; repeatable."
)
@click.option("--body", metavar="TEXT", help="With this body; JSON stays JSON.")
@click.option("--lead-kept", is_flag=True, help="Keep the lead although the answer doesn't say so.")
@click.option(
    "--any", "applies_to_all", is_flag=True, help="For every request, even with a wrong key or body."
)
@click.option("--clear", "clearing", is_flag=True, help="Forget the forced answers that are still waiting.")
@with_client
def force(status: str | None, clearing: bool, client: Client, **given: Any) -> None:
    """Force the next answers to be a status or a fault.

    STATUS is a status or a fault; the next answer, or the next --times answers, will be that.

    Faults are hang, reset, empty (no answer), and truncate, malformed-chunk, dribble (a broken or slow one).

    Requests with a wrong key or body keep their true 401 or 400, unless --any is given.

    \b
    Example:
      aktify-sandbox force 503 --times 2
      aktify-sandbox force reset --lead-kept --phone "(509) 555-1234"
    """
    if clearing and status is not None:
        raise click.UsageError("--clear forgets forced answers; it takes no STATUS.")
    if clearing:
        cleared = client.delete("/force")["cleared"]
        click.echo(f"{plural(cleared, 'forced answer')} forgotten at {client.url}.")
        return
    queued = client.post("/force", _content(status, given)).json()
    times = queued["times"]
    are = f"{times:,} answers at {client.url} are" if times > 1 else f"answer at {client.url} is"
    click.echo(f"The next {are} forced: {status or 'late'}.")


def _content(status: str | None, given: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"times": given["times"]}
    if status is None and not given["delay"]:
        from aktify_sandbox.scenarios.faults import Fault

        raise click.UsageError(f"Give a STATUS, such as 503, or one of {', '.join(Fault)}.")
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


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise click.UsageError(f"--header {text}: write it as 'Retry-After: 1'.")
    return name.strip(), value.strip()


def _body(text: str) -> Any:

    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, (dict, list)) else text
