"""Checks one file in a process of its own, so that a server that is asked to does nothing else meanwhile.

Standard input is a line of `Options` and the file's bytes; standard output is a line with a status and a length, and so
many bytes of JSON. The process ends with the one that started it.
"""

import contextlib
import io
import json
import os
import sys
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.contract.schema import FIELDS
from aktify_sandbox.errors import LeadFileError

from . import sentences
from .checking import Findings, as_json, check, write_fixed, write_rejects
from .columns import metadata_for
from .reader import read

CODE = "import sys; sys.path += sys.argv[1:]; from aktify_sandbox.leadfiles.worker import main; main()"
"""The code that Python runs, with the folders of modules as arguments. It hides no module of the standard library."""


_BY_ROW = ("problems", "notes", "duplicateRows", "repairs")


class Options(NamedTuple):
    """How a file is to be checked."""

    name: str = ""
    encoding: str | None = None
    delimiter: str | None = None
    columns: Mapping[str, str] = {}
    rulings: Mapping[str, str] = {}
    """The values that differ from the default rulings."""
    link: str = "optional"
    max_body: int = 100_000
    by_row: bool = True
    """Whether to report problems and repairs for each row; for a large file that is too much for a browser."""


def question(options: Options, length: int) -> bytes:
    """The line before a file of that length on standard input."""
    return json.dumps([length, *options]).encode() + b"\n"


def main() -> None:
    """Read a question, write the answer."""
    length, *options = json.loads(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read(length)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    status, answer = answered(content, Options(*options))
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.buffer.write(b"%d %d\n" % (status, len(answer)))
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()


def _end_with_parent() -> None:
    os.read(0, 1)  # returns when the other end is closed
    os._exit(1)


def answered(content: bytes, options: Options) -> tuple[int, bytes]:
    """Status and JSON: 200 with the findings, or 422 with the error of the file."""
    try:
        columns = dict(options.columns)
        file = read(
            content, options.name, encoding=options.encoding, delimiter=options.delimiter, columns=columns
        )
        rules = LeadRules(Rulings.of("default", options.rulings), options.link)
        status, answer = 200, _findings(check(file, rules, options.max_body), options)
    except LeadFileError as error:
        status, answer = 422, _refusal(error)
    return status, json.dumps(answer, ensure_ascii=False).encode(errors="replace")


def _findings(findings: Findings, options: Options) -> dict[str, Any]:
    rejects, fixed = io.BytesIO(), io.BytesIO()
    counts = write_rejects(findings, rejects, without_mended=True), write_fixed(findings, fixed)
    whole = as_json(findings, options.name)
    return {
        **{name: part for name, part in whole.items() if options.by_row or name not in _BY_ROW},
        "kinds": [each._asdict() for each in sentences.kinds(findings.problems, findings.file.unit)],
        "summary": {
            "form": sentences.form(findings.file),
            "counts": sentences.counts(findings),
            "leftOut": [*map(sentences.left_out, findings.file.left_out)],
            "duplicates": sentences.duplicates(findings) if findings.duplicates else None,
            "repairs": sentences.repairs(findings, "repaired") if findings.mended else None,
            "advice": sentences.ways_on(findings.file, findings.problems),
            "notes": sentences.notices(findings),
        },
        "assignable": _assignable(findings.file.columns) if findings.file.header else None,
        "rejects": {"rows": counts[0], "content": rejects.getvalue().decode()},
        "fixed": {"rows": counts[1], "content": fixed.getvalue().decode()},
    }


def _refusal(error: LeadFileError) -> dict[str, Any]:
    assignable = None if error.columns is None else _assignable(error.columns)
    return {
        "detail": str(error),
        "message": error.message,
        "fix": error.fix,
        "line": error.line,
        "assignable": assignable,
        "likely": error.likely,
    }


def _assignable(columns: Mapping[str, str | None]) -> dict[str, Any]:
    """The fields that a column can be mapped to, or a name in metadata."""
    return {
        "columns": [
            {"column": name, "field": field, "metadata": metadata_for(name)}
            for name, field in columns.items()
        ],
        "fields": [field for field in FIELDS if field != "metadata"],
    }
