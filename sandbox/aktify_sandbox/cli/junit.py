"""Expectations as JUnit XML, the form in which every CI shows results of tests."""

import html
import re
import socket
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from aktify_sandbox.atomic_write import readable_to_all, replaced
from aktify_sandbox.cli.expectations import Result

_NEVER_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WHITE_SPACE = {ord(char): f"&#{ord(char)};" for char in "\n\r\t"}
_SUITE = "aktify-sandbox expectations"


def write(file: Path, results: Iterable[Result], seconds: float) -> None:
    """Write the results. Ends the command if the file can't be written."""
    try:
        with replaced(file, mode=readable_to_all()) as out:
            out.write(document(list(results), seconds).encode())
    except OSError as error:
        raise click.ClickException(f"--junit {file} can't be written: {error.strerror}.") from None


def document(results: list[Result], seconds: float) -> str:
    """The whole document: one suite, a case for each expectation."""
    failures = sum(not result.ok for result in results)
    counts = f'tests="{len(results)}" failures="{failures}" errors="0"'
    host = _quoted(socket.gethostname() or "localhost")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<testsuites>",
        f'<testsuite id="0" package="aktify-sandbox" name={_quoted(_SUITE)} timestamp="{now}" hostname={host}',
        f'  {counts} time="{seconds:.3f}">',
        "<properties/>",
        *map(_case, results),
        "<system-out/>",
        "<system-err/>",
        "</testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _case(result: Result) -> str:
    head = f'<testcase classname="aktify-sandbox" name={_quoted(result.name)} time="0.000"'
    if result.ok:
        return f"{head}/>"
    first = result.text.partition("\n")[0]
    failure = f'<failure type="expectation" message={_quoted(first)}>{_escaped(result.text)}</failure>'
    return f"{head}>{failure}</testcase>"


def _quoted(text: str) -> str:
    """As an attribute's value; white space in it would else be folded by whoever reads it."""
    return f'"{_escaped(text).translate(_WHITE_SPACE)}"'


def _escaped(text: str) -> str:
    """The text as XML can hold it. What HTML escapes is what XML does, and `xml.sax` would load HTTP and TLS."""
    return html.escape(_NEVER_IN_XML.sub("\ufffd", text))
