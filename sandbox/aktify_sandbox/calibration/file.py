"""`calibration.json`: reads and writes it, and compares it with the rulings in force."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from aktify_sandbox.atomic_write import readable_to_all, replaced
from aktify_sandbox.contract.rulings import RULINGS
from aktify_sandbox.documents.document import read_file
from aktify_sandbox.errors import DocumentError, FileProblem
from aktify_sandbox.redaction import masked_key
from aktify_sandbox.text import plural

from .judging import differences
from .result import Calibration, calibration_schema

_AGAIN = "Run `aktify-sandbox calibrate` again."


def read(path: Path) -> Calibration:
    """The calibration in a file. Raises `DocumentError`, also if it names rulings that this version doesn't have."""
    document = read_file(path)
    content: Calibration = document.value(calibration_schema())
    problems: list[FileProblem] = []
    for number, each in enumerate(content["rulings"]):
        name, place = each["ruling"], ("rulings", number, "ruling")
        if name not in RULINGS:
            problems.append(document.problem(place, f"This version has no ruling {name}.", _AGAIN))
        elif each["verdict"] == "verified" and len(each["values"]) != 1:
            problems.append(document.problem(place, "A verified ruling has one value.", _AGAIN))
        else:
            unknown = [value for value in each["values"] if not RULINGS[name].allows(value)]
            problems += [
                document.problem(place, f"This version has no value {value} of the ruling {name}.", _AGAIN)
                for value in unknown
            ]
    if problems:
        raise DocumentError(problems)
    return content


def write(path: Path, calibration: Calibration) -> None:
    """Write the file, whole or not at all. Raises `OSError`."""
    with replaced(path, mode=readable_to_all()) as file:
        file.write(json.dumps(calibration, indent=2, ensure_ascii=False).encode() + b"\n")


def campaign_of(url: str, key: str) -> str:
    """How `usedNumbers` calls the campaign of a key."""
    return f"{url} {masked_key(key)}"


def continued(earlier: Calibration | None, new: Calibration) -> Calibration:
    """What to keep: the new result, unless it stopped early and the earlier one is complete; and all used numbers."""
    if earlier is None:
        return new
    used = dict(earlier["usedNumbers"])
    for campaign, numbers in new["usedNumbers"].items():
        used[campaign] = [*dict.fromkeys([*used.get(campaign, ()), *numbers])]
    kept = earlier if earlier["complete"] and not new["complete"] else new
    return {**kept, "usedNumbers": used}


class Standing(NamedTuple):
    """How the rulings in force stand against what was calibrated."""

    url: str
    started_at: str
    """RFC 3339, UTC."""
    verified: Sequence[str]
    """The rulings that the endpoint decides as they are in force."""
    differing: Mapping[str, str]
    """The rulings that it decides otherwise, with its values."""

    def said(self, date: str) -> str:
        """In one line."""
        line = f"{len(self.verified)} of {plural(len(RULINGS), 'ruling')} at {self.url} on {date}"
        if not self.differing:
            return line
        verb = "differs" if len(self.differing) == 1 else "differ"
        return f"{line}; {len(self.differing)} {verb}: {', '.join(self.differing)}"


def standing(calibration: Calibration, in_force: Mapping[str, str]) -> Standing:
    """Compare a calibration with the rulings in force."""
    differing = differences(calibration["rulings"], in_force)
    verified = [
        each["ruling"]
        for each in calibration["rulings"]
        if each["verdict"] == "verified" and each["values"][0] == in_force[each["ruling"]]
    ]
    return Standing(calibration["url"], calibration["startedAt"], verified, differing)
