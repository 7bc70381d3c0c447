"""What a log says, read without the sandbox's own code: the judge must not be the accused."""

from collections.abc import Callable
from typing import Any, NamedTuple

import orjson


class Told(NamedTuple):
    """What the lines of a log add up to."""

    leads: dict[tuple[str, str], int]
    """Campaign and phone of each lead, with the number of the line that keeps it."""
    requests: list[int]
    """The numbers of the recorded requests."""
    twice: list[tuple[str, str]]
    """Leads that were kept although they were there."""


def whole_lines(log: bytes) -> list[bytes]:
    """The lines that end in a newline, without it."""
    return log.split(b"\n")[:-1]


def told(log: bytes) -> Told:
    """Go through the whole lines, oldest first."""
    leads: dict[tuple[str, str], int] = {}
    requests: list[int] = []
    twice: list[tuple[str, str]] = []
    for text in whole_lines(log):
        line: dict[str, Any] = orjson.loads(text)
        number, lead = int(line["id"][1:]), _lead_in(line)
        if line.get("kind") == "request":
            requests.append(number)
        if lead in leads:
            twice.append(lead)
        if lead:
            leads[lead] = number
        if line.get("kind") == "drop" and line["table"] == "leads":
            leads = {each: at for each, at in leads.items() if each[0] not in line.get("campaigns", ())}
            for campaign, phone in line.get("phones", ()):
                leads.pop((campaign, f"+{phone}"), None)
    return Told(leads, requests, twice)


def _lead_in(line: dict[str, Any]) -> tuple[str, str] | None:
    if line.get("kind") == "request" and "lead" in line:
        return line["campaign"], line["phone"]
    if line.get("kind") == "put" and line["table"] == "leads":
        return line["content"]["campaign"], line["content"]["phone"]
    return None


Tell = Callable[[str], None]
"""Reports a figure at the end of the run."""
