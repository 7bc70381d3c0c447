"""Leads in files, as the tests make and check them."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.errors import LeadFileError
from aktify_sandbox.leadfiles.checking import Findings, check, write_fixed, write_rejects
from aktify_sandbox.leadfiles.reader import read

Rows = Sequence[Sequence[str]]


def table(rows: Rows, encoding: str = "utf-8", **dialect: Any) -> bytes:
    """Rows as Python's csv writes them."""
    out = io.StringIO(newline="")
    csv.writer(out, **dialect).writerows(rows)
    return out.getvalue().encode(encoding)


def cells_or_error(content: bytes) -> list[list[str]] | LeadFileError:
    """The cells of each row that is read, or why none is."""
    try:
        return [row.cells for row in read(content, "leads.csv").rows()]
    except LeadFileError as error:
        return error


def checked(content: bytes, name: str = "leads.csv", profile: str = "default", **options: Any) -> Findings:
    """What `check` finds in a file."""
    return check(read(content, name, **options), LeadRules(Rulings.of(profile)), 100_000)


def fixed(findings: Findings) -> bytes:
    """What `--fixed` writes."""
    out = io.BytesIO()
    write_fixed(findings, out)
    return out.getvalue()


def rejects(findings: Findings, *, without_mended: bool = False) -> bytes:
    """What `--rejects` writes."""
    out = io.BytesIO()
    write_rejects(findings, out, without_mended=without_mended)
    return out.getvalue()


def rows_of(content: bytes) -> list[dict[str, str]]:
    """A table that was written here, each row by its columns' names."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
