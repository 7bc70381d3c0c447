"""`status`: which sandbox the commands talk to, how it was found, and how it is."""

import click

from aktify_sandbox.cli.client import Client, as_json, with_client
from aktify_sandbox.cli.output import clean, print_json
from aktify_sandbox.text import plural


@click.command()
@as_json
@with_client
def status(in_json: bool, client: Client) -> None:
    """Show which sandbox the commands talk to.

    Also shows how the sandbox was found and what it holds. The exit code is 1 if none answers.

    \b
    Example:
      aktify-sandbox status
    """
    target = client.target
    found = {"url": client.url, "foundBy": target.source, "tried": list(target.tried)}
    try:
        client.check()
    except click.ClickException:
        if in_json:
            print_json({**found, "answers": False})
        raise
    content = client.get("/status")
    if in_json:
        print_json({**found, "answers": True, **content})
        return
    rows = {
        "sandbox": client.url,
        "found by": "; ".join([target.source, *target.tried]),
        "version": content["version"],
        "state": content["state"] or "in memory",
        "scenarios": ", ".join(content["scenarios"]) or "none",
        "forced": f"{content['forced']:,} waiting",
        "leads": f"{content['leads']:,}",
        "requests": f"{content['requests']:,}",
    }
    if content.get("refusalsNotRecorded"):
        rows["requests"] += (
            f", and {plural(content['refusalsNotRecorded'], 'refusal')} of input that wasn't HTTP, not recorded"
        )
    if content.get("trouble"):
        rows["trouble"] = f"{content['trouble']} The sandbox no longer stores anything."
    for name, value in rows.items():
        click.echo(f"{name:<9}  {clean(value)}")
