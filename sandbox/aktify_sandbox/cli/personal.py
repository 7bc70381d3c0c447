"""The options that say what commands show of people."""

import functools
from typing import Any, cast

import click

from aktify_sandbox.cli.client import Command
from aktify_sandbox.redaction import Personal
from aktify_sandbox.settings import PREFIX

_MASK = click.option("--mask", is_flag=True, help="Mask phone numbers, e-mail addresses and last names.")
_MASK_JSON = click.option("--mask", is_flag=True, help="Also mask personal data in --json.")
_SHOW = click.option(
    "--show-pii",
    is_flag=True,
    envvar=f"{PREFIX}SHOW_PII",
    help="Show phone numbers, e-mail addresses, last names whole.",
)

IS_MASKED = "Phone numbers, e-mail addresses and last names are masked; --show-pii shows them."


def masked_unless_asked(command: Command) -> Command:
    """Give a command that prints a table, or JSON with `--json`, the `personal` that its options say.

    A table is masked and JSON is whole; `--show-pii` shows the table whole and `--mask` masks JSON.
    """

    @functools.wraps(command)
    def told(*args: Any, mask: bool, show_pii: bool, **more: Any) -> Any:
        return command(*args, personal=Personal(not mask and (more.get("in_json") or show_pii)), **more)

    return cast("Command", _SHOW(_MASK_JSON(told)))


def mask_option(command: Command) -> Command:
    """Give a command that shows everything whole the option `--mask`, and what it says as `personal`."""

    @functools.wraps(command)
    def told(*args: Any, mask: bool, **more: Any) -> Any:
        return command(*args, personal=Personal(not mask), **more)

    return cast("Command", _MASK(told))


def show_option(command: Command) -> Command:
    """Give a command that masks personal data the option `--show-pii`, and its choice as `personal`."""

    @functools.wraps(command)
    def told(*args: Any, show_pii: bool, **more: Any) -> Any:
        return command(*args, personal=Personal(show_pii), **more)

    return cast("Command", _SHOW(told))


def of_reports() -> Personal:
    """How the running command shows personal data in a report: masked unless `--show-pii` is given, even with
    `--json`.
    """
    return Personal(bool(click.get_current_context().params["show_pii"]))


def masked_query(personal: Personal) -> dict[str, str]:
    """The same for the admin API, as parameters of its query."""
    return {} if personal.whole else {"mask": "yes"}
