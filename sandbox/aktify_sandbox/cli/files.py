"""Leads in files: JSON, JSONL and CSV, by name or by content."""

import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click


class Body(NamedTuple):
    """One lead as it is sent."""

    place: str
    """Where it stands: `line 7`, `row 7`, `lead 7`."""
    content: bytes


def text_of(file: Path) -> str:
    """The text of a file, or of standard input for `-`. Ends the command when there is none to read."""
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise click.ClickException(f"{file} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise click.ClickException(f"{file}:{line}: this isn't UTF-8 text; save the file in UTF-8.") from None


def bodies_in(file: Path) -> list[Body]:
    """Each lead of a file as it will be sent: JSON as it stands there, CSV turned into JSON."""
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


def leads_in(file: Path) -> list[Any]:
    """Each lead of a file as a value; what `leads export` prints is understood too."""
    found: list[Any] = []
    for body in bodies_in(file):
        try:
            lead = json.loads(body.content)
        except ValueError as error:
            raise click.ClickException(f"{file}, {body.place}: this isn't JSON: {error}.") from None
        found += (
            lead["leads"]
            if isinstance(lead, dict) and isinstance(lead.get("leads"), list)
            else [_from_export(lead)]
        )
    return found


def _from_export(lead: Any) -> Any:
    """A row of an exported CSV says campaign and phone beside the lead's own fields."""
    if not isinstance(lead, dict) or "lead" in lead or "campaign" not in lead or "phone" not in lead:
        return lead
    own = {name: value for name, value in lead.items() if name not in ("campaign", "phone")}
    return {"campaign": lead["campaign"], "phone": lead["phone"], "lead": own}


def _is_lines(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    return len(lines) > 1 and all(line.lstrip().startswith("{") for line in lines)


def _json(file: Path, text: str) -> Iterator[Body]:
    start = len(text) - len(text.lstrip())
    if not text[start:].startswith("["):
        yield Body("lead 1", text.encode())
        return
    decoder, place, number = json.JSONDecoder(), start + 1, 0
    try:
        while True:
            place = _skip(text, place, ",")
            if text[place : place + 1] == "]":
                return
            _, end = decoder.raw_decode(text, place)
            number += 1
            yield Body(f"lead {number}", text[place:end].encode())
            place = _skip(text, end, "")
    except json.JSONDecodeError as error:
        raise click.ClickException(
            f"{file}:{error.lineno}:{error.colno}: this isn't JSON: {error.msg}."
        ) from None


def _skip(text: str, place: int, more: str) -> int:
    while place < len(text) and text[place] in " \t\r\n" + more:
        place += 1
    return place


def _csv(file: Path, text: str) -> Iterator[Body]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    columns = [name.strip() for name in next(reader, [])]
    if not any(columns):
        raise click.ClickException(f"{file}: there is nothing in it.")
    twice = {name for name in columns if name and columns.count(name) > 1}
    if twice:
        raise click.ClickException(f"{file}:1: the column {min(twice)} stands there twice.")
    for number, cells in enumerate(reader, 1):
        if len(cells) > len(columns):
            raise click.ClickException(
                f"{file}:{reader.line_num}: {len(cells)} cells under {len(columns)} columns: is a quote missing?"
            )
        if any(cells):
            yield Body(f"row {number}", json.dumps(_lead(columns, cells), ensure_ascii=False).encode())


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


def flattened(lead: dict[str, Any]) -> dict[str, Any]:
    """A lead as a row: metadata in columns of its own."""
    row = {name: value for name, value in lead.items() if name != "metadata"}
    metadata = lead.get("metadata")
    return row | (
        {f"metadata.{name}": value for name, value in metadata.items()} if isinstance(metadata, dict) else {}
    )
