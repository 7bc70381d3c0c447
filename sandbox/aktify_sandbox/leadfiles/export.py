"""Leads as rows of a table, for `leads export` and `--fixed`."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from .columns import METADATA

_PLAIN = re.compile(r"""(?!\s)[^,;\t\r\n"]+(?<!\s)""")
"""What a column may be called: nothing that is taken for a delimiter or trimmed."""


def flattened(lead: dict[str, Any]) -> dict[str, Any]:
    """A lead as a row, with one column for each metadata value."""
    metadata = lead.get("metadata")
    if not isinstance(metadata, dict):
        return lead
    row = {name: value for name, value in lead.items() if name != "metadata"}
    return row | {f"{METADATA}{name}": value for name, value in metadata.items()}


def as_csv(exported: Iterable[dict[str, Any]]) -> str:
    """What `GET /_sandbox/leads` says of leads, as a table that `leads import` takes for exactly the same.

    Where cells don't say it all (an empty text, a name with a comma), the whole lead stands in one more column as JSON.
    Cells are written as they are, also what a spreadsheet takes for a formula: a mark before it would come back.
    """
    return "".join(csv_lines([csv_row(each) for each in exported]))


def csv_row(exported: dict[str, Any]) -> dict[str, str]:
    """A lead as `GET /_sandbox/leads` gives it, as a row of that table."""
    return {"campaign": exported["campaign"], "phone": exported["phone"], **_exact(exported["lead"])}


def csv_lines(rows: Iterable[dict[str, str]]) -> Iterator[str]:
    """The header and the lines of that table, one by one."""
    rows = list(rows)
    columns = list(dict.fromkeys(["campaign", "phone", *(name for row in rows for name in row)]))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns)  # as RFC 4180 has it: a lone CR is quoted, too
    writer.writeheader()
    for row in rows:
        writer.writerow(row)
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    yield out.getvalue()


def _exact(lead: dict[str, Any]) -> dict[str, str]:
    cells = {name: value for name, value in flattened(lead).items() if _is_plain(name, value)}
    is_exact = len(cells) == len(flattened(lead)) and lead.get("metadata") != {}
    return cells if is_exact else {**cells, "lead": json.dumps(lead, ensure_ascii=False)}


def _is_plain(name: str, value: Any) -> bool:
    inner = name.removeprefix(METADATA)
    return isinstance(value, str) and value != "" and _PLAIN.fullmatch(inner) is not None
