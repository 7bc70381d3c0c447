"""The formats of a report, by their names: what a person, a program or a CI server reads."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import NamedTuple

from aktify_sandbox.atomic_write import readable_to_all, replaced
from aktify_sandbox.report.report import Report

from .terminal import as_terminal, counted


class Format(NamedTuple):
    """One format."""

    media: str
    """Its media type."""
    write: Callable[[Report], str]
    """The report in this format."""


def as_json(report: Report) -> str:
    """The report as JSON."""
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


# these import what a sandbox doesn't need until one of them is asked for


def _as_html(report: Report) -> str:
    from .html import as_html

    return as_html(report)


def _as_junit(report: Report) -> str:
    from .junit import as_junit

    return as_junit(report)


def _as_github(report: Report) -> str:
    from .github import as_github

    return as_github(report)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "text": Format("text/plain", as_terminal),
        "json": Format("application/json", as_json),
        "html": Format("text/html", _as_html),
        "junit": Format("application/xml", _as_junit),
        "github": Format("text/plain", _as_github),
    }
)

ENDINGS: Mapping[str, str] = MappingProxyType(
    {".html": "html", ".htm": "html", ".json": "json", ".xml": "junit"}
)
"""The format of a file by its ending; any other is text."""


def form_for(file: PurePath) -> str:
    """The format in which a report is written to this file."""
    return ENDINGS.get(file.suffix.lower(), "text")


def write_file(file: Path, report: Report) -> None:
    """Write the report to a file, in the format of its ending. Raises `OSError`."""
    with replaced(file, mode=readable_to_all()) as out:
        out.write(FORMATS[form_for(file)].write(report).encode())


def in_one_line(report: Report) -> str:
    """Coverage and the number of findings."""
    return f"{report['coverage']['percent']} % of the contract met, {counted(report)}"
