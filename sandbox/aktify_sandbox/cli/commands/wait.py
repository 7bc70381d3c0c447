"""`wait`: returns when a sandbox answers."""

import time

import click

from aktify_sandbox.cli.client import Client, Seconds, as_json, with_client
from aktify_sandbox.cli.output import print_json

_LEAST_SECONDS = 0.5
"""For a last look, when hardly any time is left."""


@click.command()
@click.option(
    "--timeout", type=Seconds(0), default=10.0, show_default=True, metavar="SECONDS", help="Time to wait."
)
@as_json
@with_client
def wait(timeout: float, in_json: bool, client: Client) -> None:
    """Wait until a sandbox answers.

    The exit code is 1 if none answers in time.

    \b
    Example:
      aktify-sandbox serve & aktify-sandbox wait --timeout 5
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            client.check(max(deadline - time.monotonic(), _LEAST_SECONDS))
            if client.is_failing:
                raise click.ClickException(
                    f"The sandbox at {client.url} answers but can't store anything. Fix: see `aktify-sandbox status`."
                )
        except click.ClickException:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.05)
            client.look_again(any_source=True)
        else:
            if in_json:
                print_json({"url": client.url, "ready": True})
            return
