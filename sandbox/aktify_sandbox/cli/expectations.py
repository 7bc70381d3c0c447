"""The results of expectations, which only the sandbox evaluates, so that they mean the same everywhere."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from aktify_sandbox.cli.client import Client, RefusedError
from aktify_sandbox.cli.output import clean
from aktify_sandbox.errors import DocumentError
from aktify_sandbox.redaction import Personal, masked_name, masked_text


class WrittenExpectation(NamedTuple):
    """An expectation as the sandbox takes it."""

    content: dict[str, Any]

    def verify(self, client: Client, after: str | None) -> "VerifyResult":
        """Ask the sandbox. `after`: only requests newer than that id count."""
        [result] = verify_all(client, [self], after)
        return result


class VerifyResult(NamedTuple):
    """The result of an expectation."""

    name: str
    ok: bool
    text: str
    """What was wrong, with lines for each near miss; empty if it is met."""
    content: Mapping[str, Any]
    """As the sandbox says it."""
    last_names: frozenset[str] = frozenset()
    """Those that its words may repeat."""

    def shown(self, personal: Personal) -> "VerifyResult":
        """The same in words that are masked."""
        if personal.whole:
            return self
        return self._replace(
            name=_masked(self.name, self.last_names), text=_masked(self.text, self.last_names)
        )


_LAST_NAME = re.compile(r"\b(?:lastName|last_name)\b")


def _masked(text: str, last_names: frozenset[str]) -> str:
    """The words of an expectation; from a last name's field on, these names are masked."""
    label = _LAST_NAME.search(text)
    if label and last_names:
        names = "|".join(re.escape(each) for each in sorted(last_names, key=len, reverse=True))
        rest = text[label.end() :]
        text = text[: label.end()] + re.sub(rf"(?<!\w)(?:{names})(?!\w)", lambda m: masked_name(m[0]), rest)
    return masked_text(text)


def _last_names_in(value: Any, inside: bool = False) -> Iterator[str]:
    """The values and patterns that an expectation, or a difference from it, has for last names."""
    if isinstance(value, str):
        yield from (value,) if inside and value else ()
    elif isinstance(value, list):
        for each in value:
            yield from _last_names_in(each, inside)
    elif isinstance(value, dict):
        is_one = inside or bool(_LAST_NAME.search(str(value.get("field", ""))))
        for name, each in value.items():
            yield from _last_names_in(each, (is_one and name != "field") or bool(_LAST_NAME.search(name)))


def verify_all(
    client: Client, expected: Iterable[WrittenExpectation], after: str | None = None, seconds: float = 0
) -> list[VerifyResult]:
    """Ask the sandbox whether expectations are met, within `seconds`."""
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
    return [
        VerifyResult(
            told["name"], told["ok"], told.get("detail", ""), told, frozenset(_last_names_in([wanted, told]))
        )
        for wanted, told in zip(content["expectations"], results, strict=True)
    ]


def _beginning(expectation: dict[str, Any], after: str | None) -> dict[str, Any]:
    """The expectation limited to requests since then, unless it has its own limit."""
    if after is None:
        return expectation
    if "order" in expectation:
        return {**expectation, "order": [_later(step, after) for step in expectation["order"]]}
    return {**expectation, "where": _later(expectation.get("where", {}), after)}


def _later(where: dict[str, Any], after: str) -> dict[str, Any]:
    return where if where.keys() & {"after", "since"} else {**where, "after": after}


def expectations_in(files: Iterable[Path]) -> list[WrittenExpectation]:
    """The expectations in files of YAML or JSON. A mistake is wrong usage: exit code 2."""
    from aktify_sandbox.matching.expectation_file import read_expectations

    try:
        return [WrittenExpectation(each) for file in files for each in read_expectations(file)]
    except DocumentError as error:
        raise click.UsageError(str(error)) from None


def lines_of(result: VerifyResult) -> list[str]:
    """An expectation and what became of it, for a terminal."""
    if result.ok:
        return [f"met      {clean(result.name)}"]
    first, *others = result.text.split("\n")
    return [f"not met  {clean(first)}", *(f"         {clean(line)}" for line in others)]
