"""`scenarios list|show|check|use|clear`: files that force answers."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aktify_sandbox.cli.client import Client, as_json, with_client
from aktify_sandbox.cli.files import text_of
from aktify_sandbox.cli.output import print_json, print_table
from aktify_sandbox.errors import DocumentError, ScenarioNotFoundError
from aktify_sandbox.text import plural

if TYPE_CHECKING:
    from aktify_sandbox.scenarios.library import ScenarioLibrary


@click.group()
def scenarios() -> None:
    """Files that force answers: outages, lost answers and so on.

    \b
    Example:
      aktify-sandbox scenarios list
    """


@scenarios.command("list")
@as_json
@with_client
def list_scenarios(in_json: bool, client: Client) -> None:
    """The scenarios that can be named, those in force first.

    \b
    Example:
      aktify-sandbox scenarios list
    """
    listed = client.get("/scenarios")
    if in_json:
        print_json(listed)
        return
    rows = [
        ("in force" if each["active"] else "", each["name"], len(each["rules"]), _purpose(each))
        for each in listed["scenarios"]
    ]
    print_table(("", "name", "rules", "what it is for"), rows, empty="No scenarios.")
    for each in listed["scenarios"]:
        if each["mistake"]:
            click.echo(each["mistake"], err=True)


def _purpose(scenario: dict[str, Any]) -> str:
    if not scenario["mistake"]:
        return str(scenario["description"])
    good = "; its last good version is in force" if scenario["active"] else ""
    return f"(it has a mistake{good}: see `scenarios check`)"


@scenarios.command()
@click.argument("name")
def show(name: str) -> None:
    """Print a scenario's file.

    NAME is a name in ./scenarios/ or among the shipped ones, or a path.

    \b
    Example:
      aktify-sandbox scenarios show flaky > scenarios/mine.yaml
    """
    click.echo(text_of(_found(name)), nl=False)


@scenarios.command()
@click.argument("files", nargs=-1, metavar="[FILE…]")
def check(files: tuple[str, ...]) -> None:
    """Say every mistake in scenario files.

    With line, column and the allowed words; the exit code is 1 if there is one, 2 if a file isn't there. Without a
    FILE, all in ./scenarios/ are checked.

    \b
    Example:
      aktify-sandbox scenarios check
      aktify-sandbox scenarios check mine.yaml flaky
    """
    from aktify_sandbox.scenarios.library import ScenarioLibrary
    from aktify_sandbox.scenarios.loader import read_scenario

    library = ScenarioLibrary(Path.cwd())
    named = files or _own(library)
    code = 0
    for file in named:
        try:
            count = len(read_scenario(library.find(file)).rules)
            click.echo(f"{file}: {plural(count, 'rule')}, no mistakes.")
        except DocumentError as error:
            click.echo(str(error), err=True)
            code = max(code, 1)
        except ScenarioNotFoundError as error:
            click.echo(f"{file}:1:1: {error}", err=True)
            code = 2
    if not files:
        click.echo(f"{plural(len(named), 'file')} in scenarios/ checked.")
    raise SystemExit(code)


def _own(library: "ScenarioLibrary") -> list[str]:
    """The user's own files, as paths from here."""
    found = [str(path.relative_to(Path.cwd())) for path in library.own()]
    if not found:
        raise click.UsageError("There is no file in ./scenarios/: give a FILE, or the name of a scenario.")
    return found


def _found(name: str) -> Path:
    from aktify_sandbox.scenarios.library import ScenarioLibrary

    try:
        return ScenarioLibrary(Path.cwd()).find(name)
    except ScenarioNotFoundError as error:
        raise click.UsageError(str(error)) from None


@scenarios.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@with_client
def use(names: tuple[str, ...], client: Client) -> None:
    """Put scenarios into force in a running sandbox.

    They take the place of those that were; the first that matches answers.

    \b
    Example:
      aktify-sandbox scenarios use flaky
    """
    active = client.ask("PUT", "/scenarios/active", content={"active": list(names)}).json()["active"]
    click.echo(f"In force at {client.url}: {', '.join(active)}.")


@scenarios.command()
@with_client
def clear(client: Client) -> None:
    """Put no scenario into force: answers are natural again.

    \b
    Example:
      aktify-sandbox scenarios clear
    """
    client.ask("PUT", "/scenarios/active", content={"active": []})
    click.echo(f"No scenario is in force at {client.url}.")
