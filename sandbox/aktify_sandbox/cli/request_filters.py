"""The options that filter recorded requests."""

from collections.abc import Callable

import click

from aktify_sandbox.cli.client import Command
from aktify_sandbox.cli.completion import key_names, request_ids
from aktify_sandbox.matching.words import FILTERS

_HELP = {
    "status": "409, 4xx, none, or several separated by commas.",
    "phone": "A phone number in any format, or its last digits.",
    "reason": "What decided the answer, e.g. duplicate or forced.",
    "where": "A condition, e.g. region=CA; repeatable.",
}
"""Short help texts of filters that the admin API describes at length."""
_VALUES = {"key": key_names, "after": request_ids}
"""Completion of filters' values."""


def request_filters(*names: str) -> Callable[[Command], Command]:
    """Add these filters of the admin API as options."""

    def decorate(command: Command) -> Command:
        for name in reversed(names):
            metavar, description = FILTERS[name]
            words = _HELP.get(name) or f"{description[0].upper()}{description[1:]}."
            command = click.option(
                f"--{name}",
                metavar=metavar,
                multiple=name == "where",
                shell_complete=_VALUES.get(name),
                help=words,
            )(command)
        return command

    return decorate
