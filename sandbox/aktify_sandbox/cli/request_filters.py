"""The options that say which recorded requests are meant, of the commands that look at the record."""

import click

from aktify_sandbox.cli.client import Command


def request_filters(command: Command) -> Command:
    """Give the command the filters that it shares with others; `--phone` it explains itself."""
    for option in (
        click.option(
            "--where",
            multiple=True,
            metavar="FIELD=VALUE",
            help="A field of the lead, header.NAME, method, path, kept, ruling, forced or search; repeatable.",
        ),
        click.option(
            "--since", metavar="TIME", help="A moment (2026-11-24T09:30:00Z), or how long ago (10m)."
        ),
        click.option("--campaign", metavar="NAME", help="Their campaign."),
        click.option("--key", metavar="KEY", help="The key that sent them."),
        click.option(
            "--status", metavar="STATUS", help="409, 4xx, several by comma, or none for unanswered ones."
        ),
    ):
        command = option(command)
    return command
