"""What became of expectations: asked of the sandbox, which alone decides, so that there is one meaning."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from aktify_sandbox.cli.client import Client, RefusedError
from aktify_sandbox.cli.output import clean
from aktify_sandbox.errors import DocumentError


class Expectation(NamedTuple):
    """An expectation as the sandbox takes it."""

    content: dict[str, Any]

    def verify(self, client: Client, after: str | None) -> "Result":
        """Ask the sandbox. `after`: only requests newer than that id count."""
        [result] = verify_all(client, [self], after)
        return result


class Result(NamedTuple):
    """What became of an expectation."""

    name: str
    ok: bool
    text: str
    """What was wrong, in words with lines for each near miss; empty if nothing was."""
    content: Mapping[str, Any]
    """As the sandbox says it."""


def verify_all(
    client: Client, expected: Iterable[Expectation], after: str | None = None, seconds: float = 0
) -> list[Result]:
    """Ask the sandbox whether expectations are met, within so many seconds."""
    content: dict[str, Any] = {"expectations": [_beginning(each.content, after) for each in expected]}
    if seconds:
        client.wait_longer(seconds)
        content["timeout"] = seconds
    try:
        results = client.post("/requests/verify", content).json()["results"]
    except RefusedError as refused:
        results = refused.content.get("results")
        if refused.status not in (409, 422) or not isinstance(results, list):
            raise
    return [Result(each["name"], each["ok"], each.get("detail", ""), each) for each in results]


def _beginning(expectation: dict[str, Any], after: str | None) -> dict[str, Any]:
    """The expectation of what has come since, unless it says itself from when on it looks."""
    if after is None:
        return expectation
    if "order" in expectation:
        return {**expectation, "order": [_later(step, after) for step in expectation["order"]]}
    return {**expectation, "where": _later(expectation.get("where", {}), after)}


def _later(where: dict[str, Any], after: str) -> dict[str, Any]:
    return where if where.keys() & {"after", "since"} else {**where, "after": after}


def expectations_in(files: Iterable[Path]) -> list[Expectation]:
    """The expectations in files of YAML or JSON. A mistake is wrong usage: exit code 2."""
    from aktify_sandbox.matching.expectation_file import read_expectations

    try:
        return [Expectation(each) for file in files for each in read_expectations(file)]
    except DocumentError as error:
        raise click.UsageError(str(error)) from None


def lines_of(result: Result) -> list[str]:
    """An expectation and what became of it, for a terminal."""
    if result.ok:
        return [f"met      {clean(result.name)}"]
    first, *others = result.text.split("\n")
    return [f"not met  {clean(first)}", *(f"         {clean(line)}" for line in others)]
