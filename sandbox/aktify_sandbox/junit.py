"""JUnit XML, the form in which every CI server shows results of tests."""

import html
import re
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

_NEVER_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WHITE_SPACE = {ord(char): f"&#{ord(char)};" for char in "\n\r\t"}


class Failure(NamedTuple):
    """Why a case failed."""

    type: str
    message: str
    """One line."""
    text: str


class Case(NamedTuple):
    """One test case: it passed unless it has a failure or was skipped."""

    name: str
    failure: Failure | None = None
    skipped: str | None = None
    """Why it was skipped."""
    group: str = "aktify-sandbox"


def document(suite: str, cases: Sequence[Case], seconds: float) -> str:
    """The whole document: one suite with its cases. `seconds` is how long it took."""
    failures = sum(case.failure is not None for case in cases)
    skipped = sum(case.skipped is not None for case in cases)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0" skipped="{skipped}"'
    host = _quoted(socket.gethostname() or "localhost")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<testsuites>",
        f'<testsuite id="0" package="aktify-sandbox" name={_quoted(suite)} timestamp="{now}" hostname={host}',
        f'  {counts} time="{seconds:.3f}">',
        "<properties/>",
        *map(_case, cases),
        "<system-out/>",
        "<system-err/>",
        "</testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _case(case: Case) -> str:
    head = f'<testcase classname={_quoted(case.group)} name={_quoted(case.name)} time="0.000"'
    if case.failure:
        kind, message, text = case.failure
        failure = f"<failure type={_quoted(kind)} message={_quoted(message)}>{_escaped(text)}</failure>"
        return f"{head}>{failure}</testcase>"
    if case.skipped is not None:
        return f"{head}><skipped message={_quoted(case.skipped)}/></testcase>"
    return f"{head}/>"


def _quoted(text: str) -> str:
    """As an attribute's value, with white space escaped, since a parser would normalise it."""
    return f'"{_escaped(text).translate(_WHITE_SPACE)}"'


def _escaped(text: str) -> str:
    """The text escaped for XML. HTML's escapes suffice, and `xml.sax` would import HTTP and TLS."""
    return html.escape(_NEVER_IN_XML.sub("\ufffd", text))
