"""Moments as ISO 8601 writes them, without what `datetime.fromisoformat` would take besides."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

_YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9][0-9]|[0-9][1-9][0-9]{2}|[1-9][0-9]{3})"
_MONTH = "(?:0[1-9]|1[0-2])"
_DAY = "(?:0[1-9]|[12][0-9]|3[01])"
_WEEK = "W(?:0[1-9]|[1-4][0-9]|5[0-3])"
_ORDINAL = "(?:00[1-9]|0[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-6])"
_HOUR = "(?:[01][0-9]|2[0-3])"
_SIXTY = "[0-5][0-9]"

_DATE = f"{_YEAR}-{_MONTH}-{_DAY}"
_CLOCK = f"{_HOUR}:{_SIXTY}"
_SECONDS = rf":{_SIXTY}(?:\.[0-9]{{1,9}})?"
_OFFSET = f"[+-]{_HOUR}"

_ANY_OFFSET = f"(?:Z|{_OFFSET}(?::?{_SIXTY})?)?"
_PART = "(?:[.,][0-9]+)?"
_ANY_EXTENDED = (
    f"(?:{_DATE}|{_YEAR}-{_WEEK}-[1-7]|{_YEAR}-{_ORDINAL})"
    f"(?:T(?:(?:{_HOUR}(?::{_SIXTY}(?::(?:{_SIXTY}|60))?)?){_PART}|24(?::00(?::00)?)?){_ANY_OFFSET})?"
)
_ANY_BASIC = (
    f"(?:{_YEAR}{_MONTH}{_DAY}|{_YEAR}{_WEEK}[1-7]|{_YEAR}{_ORDINAL})"
    f"(?:T(?:(?:{_HOUR}(?:{_SIXTY}(?:{_SIXTY}|60)?)?){_PART}|24(?:00(?:00)?)?){_ANY_OFFSET})?"
)
_ANY_SHORTER = f"{_YEAR}(?:-{_MONTH}|-?{_WEEK})?"

PATTERNS = {
    "extended": rf"^{_DATE}(?:T{_CLOCK}(?:{_SECONDS})?(?:Z|{_OFFSET}(?::?{_SIXTY})?)?)?$(?!\n)",
    "any": rf"^(?:{_ANY_EXTENDED}|{_ANY_BASIC}|{_ANY_SHORTER})$(?!\n)",
    "rfc3339": rf"^{_DATE}T{_CLOCK}{_SECONDS}(?:Z|{_OFFSET}:{_SIXTY})$(?!\n)",
}
"""The form that each value of the ruling `external-created` wants."""

_FOURTHS = "(?:0[48]|[2468][048]|[13579][26])"
_IN_CALENDAR = (
    f"(?:{_YEAR}-(?:(?:0[13578]|1[02])-{_DAY}|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    f"|(?:[0-9]{{2}}{_FOURTHS}|{_FOURTHS}00)-02-29)"
)

CALENDAR_PATTERNS = {name: pattern.replace(_DATE, _IN_CALENDAR) for name, pattern in PATTERNS.items()}
"""The same, but for dates that aren't in the calendar; of the forms of `any` only the extended one, 2022-02-30."""

EXAMPLE = "2022-11-15T21:04:28-0600"
"""The page's own."""
EXAMPLES = {"extended": EXAMPLE, "any": EXAMPLE, "rfc3339": "2022-11-15T21:04:28-06:00"}
"""A moment of each form."""

_PARTS = re.compile(
    r"(?P<year>[0-9]{4})(?:-?W(?P<week>[0-9]{2})(?:-?(?P<weekday>[1-7]))?"
    r"|-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?(?![0-9])"
    r"|(?P<basic_month>[0-9]{2})(?P<basic_day>[0-9]{2})(?![0-9])"
    r"|-?(?P<ordinal>[0-9]{3})(?![0-9]))?(?=T|$)"
)
_TIME = re.compile(
    r"T([0-9]{2})(?::?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]{1,9})[0-9]*)?)?)?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)

_YEAR_LAST = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})(?:,? +(\S.*))?")
_YEAR_FIRST = re.compile(r"([0-9]{4})[/.-]([0-9]{1,2})[/.-]([0-9]{1,2})(?:[ T]+(\S.*))?")
_CLOCK_WRITTEN = re.compile(r"([0-9]{1,2}):([0-9]{2})(:[0-9]{2}(?:\.[0-9]{1,9})?)?(?: ?([AaPp])\.?[Mm]\.?)?")


def is_iso_8601(text: str) -> bool:
    """Whether it is a date, or a date and a time, in any of the forms of ISO 8601, and in the calendar."""
    return bool(re.search(PATTERNS["any"], text)) and is_real(text)


def is_real(text: str) -> bool:
    """Whether the date, whose form is right already, is in the calendar: 2022-02-30 isn't."""
    if text[4:5] == text[7:8] == "-" and text[8:10] < "29":
        return True
    try:
        _day(text)
    except ValueError:
        return False
    return True


def _day(text: str) -> date | None:
    """The day that a text of any form names, None where it names a longer time. Raises `ValueError`."""
    parts = _PARTS.match(text)
    if parts is None:
        raise ValueError(text)
    year = int(parts["year"])
    if parts["week"]:
        day = date.fromisocalendar(year, int(parts["week"]), int(parts["weekday"] or 1))
        return day if parts["weekday"] else None
    if parts["ordinal"]:
        day = date(year, 1, 1) + timedelta(int(parts["ordinal"]) - 1)
        if day.year != year:
            raise ValueError(text)
        return day
    month, of_month = parts["month"] or parts["basic_month"], parts["day"] or parts["basic_day"]
    day = date(year, int(month or 1), int(of_month or 1))
    return day if of_month else None


def missing_in(text: str) -> str | None:
    """What a moment of the right form leaves open, in words."""
    if "T" not in text:
        return "has no time of day and no UTC offset"
    return None if re.search(r"(?:Z|[+-][0-9:]{2,5})$", text.partition("T")[2]) else "has no UTC offset"


def suggestion(text: str, form: str = "extended") -> str:
    """What would be right instead of a text of the wrong form. A moment that it names is of the right one."""
    as_in = f"Write it as in {EXAMPLES[form]}."
    for hint, meant in _meant(text):
        moment = _as_rfc3339(meant) if form == "rfc3339" else meant
        if re.search(PATTERNS[form], moment):
            if is_real(moment):
                return f"{hint}{moment}."
            return f"{moment[:10]} isn't in the calendar: write it as in {EXAMPLES[form]}."
    return as_in


def _meant(text: str) -> Iterator[tuple[str, str]]:
    """What to do about a text, and the moment that it certainly comes to: nothing is guessed, no time and no zone."""
    if is_iso_8601(text):
        yield "Write ", _extended(text)
    year_last = _YEAR_LAST.fullmatch(text.strip())
    if year_last:
        one, other, year, clock = year_last.groups()
        if int(other) > 12 or int(one) == int(other):
            yield "Write the year first: ", _joined(year, one, other, clock)
        elif int(one) > 12:  # the day; otherwise which of the two it is, only the writer knows
            yield "Write the year first: ", _joined(year, other, one, clock)
    if re.fullmatch(r"1[0-9]{9}(?:[0-9]{3})?", text):
        moment = datetime.fromtimestamp(int(text[:10]), UTC)
        part = f".{text[10:]}" if text[10:].strip("0") else ""
        yield "That is a Unix time: write ", f"{moment:%Y-%m-%dT%H:%M:%S}{part}Z"
    spaced = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2}) +([0-9].*)", text.strip())
    if spaced:
        yield "Put a T between date and time: ", _joined(*spaced.groups())
    year_first = _YEAR_FIRST.fullmatch(text.strip())
    if year_first:
        yield "Write ", _joined(*year_first.groups())
    yield "Take out the white space: ", "".join(text.split())
    if re.fullmatch(r"[0-9:tzT.+-]+", text):
        yield "Write T and Z in capital letters: ", text.upper()


def _joined(year: str, month: str, day: str, clock: str | None) -> str:
    """A date and a time of day in the extended form; what isn't a time stays as it is, and fits no form."""
    written = f"{year}-{int(month):02d}-{int(day):02d}"
    if clock is None:
        return written
    found = _CLOCK_WRITTEN.fullmatch(clock)
    if found is None:
        return f"{written}T{clock.replace(' ', '')}"
    hour, half = int(found[1]), (found[4] or "").lower()
    if half and not 1 <= hour <= 12:
        return f"{written}T{clock}"
    hour = hour % 12 + 12 * (half == "p") if half else hour
    return f"{written}T{hour:02d}:{found[2]}{found[3] or ''}"


def _extended(text: str) -> str:
    """The same moment in the extended form, as far as that can say it."""
    day, time = _day(text), _TIME.fullmatch(text[text.find("T") :]) if "T" in text else None
    if day is None or ("T" in text and (time is None or time[2] is None)):
        return text
    if time is None:
        return day.isoformat()
    hour, minute, second, part, offset = time.groups()
    seconds = f":{second}{'.' + part if part else ''}" if second else ""
    return f"{day.isoformat()}T{hour}:{minute}{seconds}{offset or ''}"


def _as_rfc3339(moment: str) -> str:
    parts = re.fullmatch(r"(.{16})(:[0-9]{2}(?:\.[0-9]+)?)?(?:(Z)|([+-][0-9]{2}):?([0-9]{2})?)", moment)
    if parts is None:
        return moment
    clock, seconds, zulu, hours, minutes = parts.groups()
    return f"{clock}{seconds or ':00'}{zulu or hours + ':' + (minutes or '00')}"
