"""Safe repairs of what spreadsheets and CRMs do to values. Digits, times and zones are never guessed."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from aktify_sandbox.contract.phone import identity
from aktify_sandbox.contract.regions import NAMES, region_of
from aktify_sandbox.contract.wrapping import wrapped

Lead = dict[str, Any]
Fits = Callable[[str, str], bool]
"""Whether nothing would be said against a field if it were this text."""


class Repair(NamedTuple):
    """One repair of one field."""

    field: str
    kind: str
    """One of `KINDS`."""
    before: str
    after: str


KINDS = {
    "blanks": "spaces around the value removed",
    "wrapping": '="…", tel:, p:, z: or an apostrophe around the value removed',
    "decimal": "“.0” after a number removed",
    "punctuation": "phone punctuation removed",
    "state-case": "state code written in upper case",
    "state-name": "state name replaced by its code",
    "leading-zero": "lost leading zeros of a ZIP code restored",
    "date-separator": "T inserted between date and time",
}
"""What was done, in words."""

_NUMBER_WITH_DECIMALS = re.compile(r"(\+?[0-9]+)\.0+")
_DATE_BLANK_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) +([0-9]{2}:[0-9]{2}.*)")
_INVISIBLE = ("Cf", "Zs", "Zl", "Zp", "Cc")
_PUNCTUATION = ("Pd", "Ps", "Pe")
_CODES = {name.lower(): code for code, name in NAMES.items()}


def without_blanks(text: str) -> str:
    """Without what can't be seen at either end: spaces, no-break spaces, tabs, marks of direction."""
    start, end = 0, len(text)
    while start < end and _is_invisible(text[start]):
        start += 1
    while end > start and _is_invisible(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_invisible(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) in _INVISIBLE


def unwrapped(text: str) -> str:
    """Without what keeps a spreadsheet from reading a number (`="…"`, `'`), and without a prefix such as `p:`."""
    found = wrapped(text)
    return unwrapped(without_blanks(found.inner)) if found else text


def without_decimals(text: str) -> str:
    """Without the `.0` that a spreadsheet adds to a number."""
    found = _NUMBER_WITH_DECIMALS.fullmatch(text)
    return found[1] if found else text


def without_punctuation(text: str) -> str:
    """A phone number's digits (and its `+`), if all else in it is punctuation; else the same text."""
    kept = "".join(char for char in text if not _is_phone_punctuation(char))
    return kept if re.fullmatch(r"\+?[0-9]+", kept) else text


def _is_phone_punctuation(char: str) -> bool:
    return char in "./·•" or _is_invisible(char) or unicodedata.category(char) in _PUNCTUATION


def in_capitals(text: str) -> str:
    """A state's code in capitals."""
    return text.upper() if text.upper() in NAMES else text


def code_of_state(text: str) -> str:
    """A state's code for its full name."""
    return _CODES.get(" ".join(text.lower().split()), text)


def with_leading_zeros(text: str, region: str | None) -> str:
    """A ZIP code of five digits for one of three or four, if it is in the region that is given."""
    padded = f"{text:0>5}"
    if not re.fullmatch("[0-9]{3,4}", text) or region_of(padded) is None:
        return text
    return padded if region in (None, region_of(padded)) else text


def with_date_separator(text: str) -> str:
    """`T` for the blank between date and time."""
    return _DATE_BLANK_TIME.sub(r"\1T\2", text) if _DATE_BLANK_TIME.fullmatch(text) else text


def phone_repaired(text: str) -> str | None:
    """The phone number after repairs, or None if it is still invalid."""
    for step in (without_blanks, unwrapped, without_decimals, without_punctuation):
        if identity(text):
            return text
        text = step(text)
    return text if identity(text) else None


def repaired(lead: Lead, wrong: Iterable[str], fits: Fits) -> tuple[Lead, list[Repair]]:
    """The lead with each wrong field repaired as far as that is safe, and what was done.

    `wrong` are the fields that something is said against. A repair is kept only when it makes its field right.
    """
    wrong = {*wrong}
    mended = dict(lead)
    done: list[Repair] = []
    for field in ("phoneNumber", "region", "zipCode", "email", "externalCreated", "link", "linkToShorten"):
        text = lead.get(field)
        if field not in wrong or not isinstance(text, str):
            continue
        steps = []
        for kind, step in _steps(field, mended):
            after = step(text)
            if after != text:
                steps.append(Repair(field, kind, text, after))
                text = after
            if steps and fits(field, text):
                mended[field] = text
                done += steps
                break
    return mended, done


def _steps(field: str, lead: Mapping[str, Any]) -> list[tuple[str, Callable[[str], str]]]:
    blanks = ("blanks", without_blanks)
    wrapping = ("wrapping", unwrapped)
    decimal = ("decimal", without_decimals)
    match field:
        case "phoneNumber":
            return [blanks, wrapping, decimal, ("punctuation", without_punctuation)]
        case "region":
            return [blanks, ("state-case", in_capitals), ("state-name", code_of_state)]
        case "zipCode":
            region = lead.get("region")

            def pad(text: str) -> str:
                return with_leading_zeros(text, region if isinstance(region, str) else None)

            return [blanks, wrapping, decimal, ("leading-zero", pad)]
        case "externalCreated":
            return [blanks, wrapping, ("date-separator", with_date_separator)]
        case _:
            return [blanks]
