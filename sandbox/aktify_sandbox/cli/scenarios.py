"""`scenarios list|show|check|use|clear` and `force`: answers that the natural course wouldn't give."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aktify_sandbox.cli.client import Client, as_json, with_client
from aktify_sandbox.cli.tables import print_json, print_table
from aktify_sandbox.text import plural

if TYPE_CHECKING:
    from aktify_sandbox.scenarios.library import ScenarioLibrary

FAULTS = ("hang", "reset", "empty", "truncate", "malformed-chunk", "dribble")


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
    from aktify_sandbox.cli.files import text_of

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
    from aktify_sandbox.documents.nodes import DocumentMistakes
    from aktify_sandbox.scenarios.library import NoSuchScenario, ScenarioLibrary
    from aktify_sandbox.scenarios.loader import read_scenario

    named = files or _own(ScenarioLibrary(Path.cwd()))
    code = 0
    for file in named:
        try:
            count = len(read_scenario(ScenarioLibrary(Path.cwd()).find(file)).rules)
            click.echo(f"{file}: {plural(count, 'rule')}, no mistakes.")
        except DocumentMistakes as mistakes:
            click.echo(str(mistakes), err=True)
            code = max(code, 1)
        except NoSuchScenario as mistake:
            click.echo(f"{file}:1:1: {mistake}", err=True)
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
    from aktify_sandbox.scenarios.library import NoSuchScenario, ScenarioLibrary

    try:
        return ScenarioLibrary(Path.cwd()).find(name)
    except NoSuchScenario as mistake:
        raise click.UsageError(str(mistake)) from None


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


@click.command()
@click.argument("status", required=False)
@click.option(
    "--times", type=click.IntRange(1, 1_000_000), default=1, show_default=True, help="How many answers."
)
@click.option("--phone", metavar="NUMBER", help="Only for this number, in any spelling.")
@click.option("--key", metavar="KEY", help="Only for this key.")
@click.option("--campaign", metavar="NAME", help="Only in this campaign.")
@click.option("--delay", metavar="TIME", help="So late, as in 250ms or 2s.")
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
        raise click.UsageError(f"Give a STATUS, such as 503, or one of {', '.join(FAULTS)}.")
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
    import json

    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, (dict, list)) else text
