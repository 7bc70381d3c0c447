"""`scenarios list|show|check|use|clear`: files that force answers."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aktify_sandbox.cli.client import Client, as_json, with_client
from aktify_sandbox.cli.files import text_of
from aktify_sandbox.cli.output import print_json, print_table
from aktify_sandbox.cli.settings_options import scenario_names
from aktify_sandbox.errors import DocumentError, ScenarioNotFoundError
from aktify_sandbox.text import plural

if TYPE_CHECKING:
    from aktify_sandbox.scenarios.library import ScenarioLibrary


@click.group()
def scenarios() -> None:
    """List, show, check and activate scenarios.

    \b
    Example:
      aktify-sandbox scenarios list
    """


@scenarios.command("list")
@as_json
@with_client
def list_scenarios(in_json: bool, client: Client) -> None:
    """List the scenarios, active ones first.

    \b
    Example:
      aktify-sandbox scenarios list
    """
    listed = client.get("/scenarios")
    if in_json:
        print_json(listed)
        return
    rows = [
        ("active" if each["active"] else "", each["name"], len(each["rules"]), _purpose(each))
        for each in listed["scenarios"]
    ]
    print_table(("state", "name", "rules", "description"), rows, empty="No scenarios.", is_wrapped=True)
    for each in listed["scenarios"]:
        if each["mistake"]:
            click.echo(each["mistake"], err=True)


def _purpose(scenario: dict[str, Any]) -> str:
    if not scenario["mistake"]:
        return str(scenario["description"])
    good = "; its last valid version is active" if scenario["active"] else ""
    return f"(invalid{good}: see `scenarios check`)"


@scenarios.command()
@click.argument("name", shell_complete=scenario_names)
def show(name: str) -> None:
    """Print a scenario file.

    NAME is a scenario in ./scenarios/, a shipped one, or a path.

    \b
    Example:
      aktify-sandbox scenarios show flaky > scenarios/mine.yaml
    """
    click.echo(text_of(_found(name)), nl=False)


@scenarios.command()
@click.argument("files", nargs=-1, metavar="[FILE…]", shell_complete=scenario_names)
@as_json
def check(files: tuple[str, ...], in_json: bool) -> None:
    """Validate scenario files and list all errors.

    Each error has its line, column and fix. Without a FILE, checks all files in ./scenarios/. Exit codes: 1 if a file
    is invalid, 2 if a file doesn't exist.

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
    checked: list[dict[str, Any]] = []
    for file in named:
        try:
            count = len(read_scenario(library.find(file)).rules)
            checked.append({"file": file, "rules": count, "errors": []})
            if not in_json:
                click.echo(f"{file}: {plural(count, 'rule')}, no errors.")
        except DocumentError as error:
            click.echo(str(error), err=True)
            checked.append({"file": file, "rules": None, "errors": str(error).splitlines()})
            code = max(code, 1)
        except ScenarioNotFoundError as error:
            click.echo(f"{file}:1:1: {error}", err=True)
            checked.append({"file": file, "rules": None, "errors": [f"{file}:1:1: {error}"]})
            code = 2
    if in_json:
        print_json({"files": checked})
    elif not files:
        click.echo(f"{plural(len(named), 'file')} in scenarios/ checked.")
    raise SystemExit(code)


def _own(library: "ScenarioLibrary") -> list[str]:
    """The user's own files, as paths from here."""
    found = [str(path.relative_to(Path.cwd())) for path in library.own()]
    if not found:
        raise click.UsageError(
            "./scenarios/ has no scenario files. Fix: give a FILE or the name of a scenario."
        )
    return found


def _found(name: str) -> Path:
    from aktify_sandbox.scenarios.library import ScenarioLibrary

    try:
        return ScenarioLibrary(Path.cwd()).find(name)
    except ScenarioNotFoundError as error:
        raise click.UsageError(str(error)) from None


@scenarios.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME…", shell_complete=scenario_names)
@as_json
@with_client
def use(names: tuple[str, ...], in_json: bool, client: Client) -> None:
    """Activate scenarios in a running sandbox.

    Replaces the active scenarios. The first matching rule answers.

    \b
    Example:
      aktify-sandbox scenarios use flaky
    """
    active = client.ask("PUT", "/scenarios/active", content={"active": list(names)}).json()["active"]
    if in_json:
        print_json({"url": client.url, "active": active})
        return
    click.echo(f"Active at {client.url}: {', '.join(active)}.")


@scenarios.command()
@as_json
@with_client
def clear(in_json: bool, client: Client) -> None:
    """Deactivate all scenarios; requests get normal answers.

    \b
    Example:
      aktify-sandbox scenarios clear
    """
    active = client.ask("PUT", "/scenarios/active", content={"active": []}).json()["active"]
    if in_json:
        print_json({"url": client.url, "active": active})
        return
    click.echo(f"No scenario is active at {client.url}: requests get their normal answers.")
