"""Expectations as JUnit XML."""

from collections.abc import Iterable
from pathlib import Path

import click

from aktify_sandbox import junit
from aktify_sandbox.atomic_write import readable_to_all, replaced
from aktify_sandbox.cli.expectations import VerifyResult

_SUITE = "aktify-sandbox expectations"


def write(file: Path, results: Iterable[VerifyResult], seconds: float) -> None:
    """Write the results. Ends the command if the file can't be written."""
    try:
        with replaced(file, mode=readable_to_all()) as out:
            out.write(document(list(results), seconds).encode())
    except OSError as error:
        raise click.ClickException(f"--junit {file} can't be written: {error.strerror}.") from None


def document(results: list[VerifyResult], seconds: float) -> str:
    """The whole document: a case for each expectation."""
    return junit.document(_SUITE, list(map(_case, results)), seconds)


def _case(result: VerifyResult) -> junit.Case:
    if result.ok:
        return junit.Case(result.name)
    first = result.text.partition("\n")[0]
    return junit.Case(result.name, junit.Failure("expectation", first, result.text))
