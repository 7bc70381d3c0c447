"""Leads in JSON: an array, `{"leads": […]}`, one object, or one per line. Each is cut out as it is written."""

import json
from collections.abc import Iterator
from typing import NamedTuple

from aktify_sandbox.errors import LeadFileError

DECODER = json.JSONDecoder(parse_int=str, parse_float=str)
"""Finds where values end, however many digits a number has."""


class LeadText(NamedTuple):
    """One lead as written in the file."""

    number: int
    """The line of JSONL, or the place in the array from 1."""
    line: int
    text: str


def is_lines(text: str) -> bool:
    """Whether each line is one lead."""
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) > 1 and all(line.lstrip().startswith("{") for line in lines)


def lines(text: str) -> Iterator[LeadText]:
    """JSONL. Blank lines are nothing."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield LeadText(number, number, line.strip("\r"))


def elements(text: str) -> Iterator[LeadText]:
    """The elements of an array or of `{"leads": […]}`; anything else is one lead. Raises `LeadFileError`."""
    start = skip(text, 0)
    start = start if text[start : start + 1] == "[" else _listed_leads(text, start)
    if start < 0:
        yield LeadText(1, 1, text)
        return
    number, line, counted = 0, 1, 0
    try:
        for number, (place, end) in enumerate(spans(text, start), 1):
            line += text.count("\n", counted, place)
            counted = place
            yield LeadText(number, line, text[place:end])
    except json.JSONDecodeError as error:
        message = f"invalid JSON: {error.msg} (column {error.colno:,})."
        raise LeadFileError(message, "write the file with a JSON library.", error.lineno) from None
    except RecursionError:
        raise LeadFileError(
            f"lead {number + 1:,} is nested too deeply.", "send flat leads; only metadata is an object."
        ) from None


def spans(text: str, start: int) -> Iterator[tuple[int, int]]:
    """The start and end of each element of an array. Raises `JSONDecodeError`, also for text after the array."""
    place = skip(text, start + 1)
    while text[place : place + 1] != "]":
        end = DECODER.raw_decode(text, place)[1]
        yield place, end
        place = skip(text, end)
        if text[place : place + 1] == ",":
            place = skip(text, place + 1)
            if text[place : place + 1] == "]":
                raise json.JSONDecodeError("trailing comma before the closing bracket", text, place)
        elif text[place : place + 1] != "]":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, place)
    behind = skip(text, place + 1)
    if start == skip(text, 0) and behind < len(text):
        raise json.JSONDecodeError("Extra data", text, behind)


def _listed_leads(text: str, start: int) -> int:
    """Where the array of `{"leads": […]}` begins, or -1 when the text is anything else."""
    try:
        value, end = DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return -1
    if not isinstance(value, dict) or not isinstance(value.get("leads"), list) or text[skip(text, end) :]:
        return -1
    place = start
    while True:
        name, place = DECODER.raw_decode(text, skip(text, place + 1))
        place = skip(text, skip(text, place) + 1)
        if name == "leads" and text[place : place + 1] == "[":
            return place
        place = skip(text, DECODER.raw_decode(text, place)[1])


def skip(text: str, place: int) -> int:
    """The position after white space."""
    while place < len(text) and text[place] in " \t\r\n":
        place += 1
    return place
