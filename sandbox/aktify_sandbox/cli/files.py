"""Leads in files: JSON, JSONL and CSV, by name or by content."""

import codecs
import contextlib
import csv
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol, TextIO

import click

from aktify_sandbox.cli.tables import on_terminal
from aktify_sandbox.masking import escaped
from aktify_sandbox.replacing import replaced

STANDARD = Path("-")
"""Standard input or output, in a file's place."""

READABLE = click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True, path_type=Path)
"""A file to be read; any other is wrong usage."""


class Body(NamedTuple):
    """One lead as it is sent."""

    place: str
    """Where it stands: `line 7`, `row 7`, `lead 7`."""
    content: bytes


class Item(NamedTuple):
    """One lead to be kept."""

    place: str
    lead: Any


def text_of(file: Path) -> str:
    """The text of a file, or of standard input for `-`. Ends the command when there is none to read."""
    try:
        content = standard_input().read() if str(file) == "-" else file.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise click.UsageError(f"{file} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise click.ClickException(f"{file}:{line}: this isn't UTF-8 text; save the file in UTF-8.") from None


def standard_input() -> BinaryIO:
    """Standard input. Ends the command when there is none."""
    if sys.stdin is None:
        raise click.ClickException("Standard input is closed: give a FILE, or pipe something in.")
    return sys.stdin.buffer


class Out(Protocol):
    """What is written to."""

    def write(self, content: bytes, /) -> int:
        """Take some more."""
        ...


class Shown:
    """A terminal as something to write to. What others have sent moves no cursor in it."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, content: bytes) -> int:
        """Show some more."""
        self._terminal.write(escaped(self._decoder.decode(content)))
        return len(content)


@contextlib.contextmanager
def written(file: Path) -> Iterator[Out]:
    """Where to write: what stands under the name afterwards is whole, and the owner's alone."""
    if file == STANDARD:
        yield Shown(sys.stdout) if on_terminal() else sys.stdout.buffer
        sys.stdout.flush()
        return
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise click.UsageError(f"{file} can't be written: its folder isn't there, or it is a folder itself.")
    try:
        with replaced(file) as out:
            yield out
    except OSError as error:
        raise click.ClickException(f"{file} can't be written: {error.strerror}.") from None


def bodies_to_send(file: Path) -> list[Body]:
    """Each lead of a file as it will be sent: JSON as it stands there; of what `leads export` prints, the lead."""
    return [Body(body.place, _exported(body.content) or body.content) for body in bodies_in(file)]


def _exported(content: bytes) -> bytes | None:
    """The lead inside a row of an export, which says campaign and phone beside it."""
    if b'"campaign"' not in content:
        return None
    try:
        row = _from_export(json.loads(content))
    except (ValueError, RecursionError):
        return None
    is_row = isinstance(row, dict) and "phone" in row and isinstance(row.get("lead"), dict)
    return json.dumps(row["lead"], ensure_ascii=False).encode() if is_row else None


def bodies_in(file: Path) -> list[Body]:
    """Each lead of a file: JSON as it stands there, CSV turned into JSON."""
    text = text_of(file)
    kind = file.suffix.lower()
    if kind == ".csv" or (
        kind not in (".json", ".jsonl", ".ndjson") and not text.lstrip().startswith(("{", "["))
    ):
        return list(_csv(file, text))
    if kind in (".jsonl", ".ndjson") or (kind != ".json" and _is_lines(text)):
        return [
            Body(f"line {n}", line.encode()) for n, line in enumerate(text.split("\n"), 1) if line.strip()
        ]
    return list(_json(file, text))


def leads_in(file: Path) -> list[Item]:
    """Each lead of a file as a value; what `leads export` prints is understood too."""
    found: list[Item] = []
    for body in bodies_in(file):
        lead = _value(file, body)
        if isinstance(lead, dict) and isinstance(lead.get("leads"), list):
            found += [Item(f"lead {number}", each) for number, each in enumerate(lead["leads"], 1)]
        else:
            found.append(Item(body.place, _from_export(lead)))
    return found


def _value(file: Path, body: Body) -> Any:
    try:
        value = json.loads(body.content)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except json.JSONDecodeError as error:
        raise click.ClickException(f"{file}, {body.place}: this isn't JSON: {error}.") from None
    except RecursionError:
        raise click.ClickException(f"{file}, {body.place}: it is nested too deep to be a lead.") from None
    except ValueError:  # half a character, or a number that no other JSON parser takes
        message = f"{file}, {body.place}: it has a value that JSON can't carry; all of a lead's are texts."
        raise click.ClickException(message) from None
    return value


def _from_export(lead: Any) -> Any:
    """A row of an exported CSV: campaign and phone beside the lead's own fields, perhaps with all of it as JSON."""
    if not isinstance(lead, dict) or "campaign" not in lead or "phone" not in lead:
        return lead
    own = {name: value for name, value in lead.items() if name not in ("campaign", "phone", "lead")}
    try:
        exact = json.loads(lead.get("lead", "{}"))
    except (ValueError, TypeError, RecursionError):  # it is no text: the row is one of an exported JSON
        return lead
    metadata = {**exact.get("metadata", {}), **own.get("metadata", {})}
    inner = {"metadata": metadata} if "metadata" in exact or "metadata" in own else {}
    return {"campaign": lead["campaign"], "phone": lead["phone"], "lead": {**exact, **own, **inner}}


def _is_lines(text: str) -> bool:
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) > 1 and all(line.lstrip().startswith("{") for line in lines)


_JSON = json.JSONDecoder(parse_int=str, parse_float=str)
"""Finds where values end, however many digits a number has."""


def _json(file: Path, text: str) -> Iterator[Body]:
    start = _skip(text, 0)
    start = start if text[start : start + 1] == "[" else _listed_leads(text, start)
    if start < 0:
        yield Body("lead 1", text.encode())
        return
    number = 0
    try:
        for number, (place, end) in enumerate(_elements(text, start), 1):
            yield Body(f"lead {number}", text[place:end].encode())
    except json.JSONDecodeError as error:
        where = f"{file}:{error.lineno}:{error.colno}"
        raise click.ClickException(f"{where}: this isn't JSON: {error.msg}.") from None
    except RecursionError:
        raise click.ClickException(
            f"{file}, lead {number + 1}: it is nested too deep to be a lead."
        ) from None


def _elements(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Where the elements of an array begin and end. Raises `JSONDecodeError`, also for what stands behind it."""
    place = _skip(text, start + 1)
    while text[place : place + 1] != "]":
        end = _JSON.raw_decode(text, place)[1]
        yield place, end
        place = _skip(text, end)
        if text[place : place + 1] == ",":
            place = _skip(text, place + 1)
            if text[place : place + 1] == "]":
                raise json.JSONDecodeError("Expecting value", text, place)
        elif text[place : place + 1] != "]":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, place)
    behind = _skip(text, place + 1)
    if start == _skip(text, 0) and behind < len(text):
        raise json.JSONDecodeError("Extra data", text, behind)


def _listed_leads(text: str, start: int) -> int:
    """Where the array of `{"leads": […]}` begins, or -1 when the text is anything else."""
    try:
        value, end = _JSON.raw_decode(text, start)
    except (ValueError, RecursionError):
        return -1
    if not isinstance(value, dict) or not isinstance(value.get("leads"), list) or text[_skip(text, end) :]:
        return -1
    place = start
    while True:
        name, place = _JSON.raw_decode(text, _skip(text, place + 1))
        place = _skip(text, _skip(text, place) + 1)
        if name == "leads" and text[place : place + 1] == "[":
            return place
        place = _skip(text, _JSON.raw_decode(text, place)[1])


def _skip(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n":
        place += 1
    return place


def _csv(file: Path, text: str) -> Iterator[Body]:
    text, delimiter, before = _delimited(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        columns = _columns(file, next(reader, []), before + 1)
        for number, cells in enumerate(reader, 1):
            if len(cells) > len(columns):
                many = f"{len(cells)} cells under {len(columns)} columns: is a quote missing?"
                raise click.ClickException(f"{file}:{before + reader.line_num}: {many}")
            if any(cells):
                yield Body(f"row {number}", json.dumps(_lead(columns, cells), ensure_ascii=False).encode())
    except csv.Error as error:
        what = (
            "a cell is larger than 131,072 characters: is a quote missing?"
            if "limit" in str(error)
            else error
        )
        raise click.ClickException(f"{file}:{before + reader.line_num}: {what}") from None


def _delimited(text: str) -> tuple[str, str, int]:
    """The table, what stands between its cells, and how many lines stand before it: Excel's `sep=;` is one."""
    first, _, rest = re.split(r"(\r\n|\r|\n|\Z)", text, maxsplit=1)
    said = re.fullmatch(r'"?sep=(.)"?', first, re.IGNORECASE)
    return (rest, said[1], 1) if said else (text, max(",;\t", key=first.count), 0)


def _columns(file: Path, first: list[str], line: int) -> list[str]:
    columns = [name.strip() for name in first]
    if not any(columns):
        raise click.ClickException(f"{file}: there is nothing in it.")
    twice = {name for name in columns if name and columns.count(name) > 1}
    if twice:
        raise click.ClickException(f"{file}:{line}: the column {min(twice)} stands there twice.")
    inside = next((name for name in columns if name.startswith("metadata.")), None)
    if inside and "metadata" in columns:
        message = f"the columns metadata and {inside} exclude each other: give each of its values a column."
        raise click.ClickException(f"{file}:{line}: {message}")
    return columns


def _lead(columns: list[str], cells: list[str]) -> dict[str, Any]:
    lead: dict[str, Any] = {}
    for name, cell in zip(columns, cells, strict=False):
        if cell == "" or name == "":
            continue
        if name.startswith("metadata."):
            lead.setdefault("metadata", {})[name.removeprefix("metadata.")] = cell
        else:
            lead[name] = cell
    return lead


def flattened(lead: dict[str, Any]) -> dict[str, str]:
    """A lead as a row: metadata in columns of its own, and the whole as JSON in one more where cells don't say it all.

    Cells are written as they are, also what a spreadsheet takes for a formula: a mark before it would come back.
    """
    metadata = lead.get("metadata")
    inner = metadata.items() if isinstance(metadata, dict) else ()
    named = [*lead.items(), *((f"metadata.{name}", value) for name, value in inner if _PLAIN.fullmatch(name))]
    row = {name: value for name, value in named if isinstance(value, str) and value}
    is_exact = _lead(list(row), list(row.values())) == lead
    return row if is_exact else {**row, "lead": json.dumps(lead, ensure_ascii=False)}


_PLAIN = re.compile(r"""(?!\s)[^,;\t\r\n"]+(?<!\s)""")
"""What a column may be called: nothing that is taken for a delimiter or trimmed."""
