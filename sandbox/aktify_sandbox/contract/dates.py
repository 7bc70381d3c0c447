"""ISO 8601 dates and times, stricter than `datetime.fromisoformat`."""

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
"""The form that each value of the ruling `external-created` requires."""

_FOURTHS = "(?:0[48]|[2468][048]|[13579][26])"
_IN_CALENDAR = (
    f"(?:{_YEAR}-(?:(?:0[13578]|1[02])-{_DAY}|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    f"|(?:[0-9]{{2}}{_FOURTHS}|{_FOURTHS}00)-02-29)"
)

CALENDAR_PATTERNS = {name: pattern.replace(_DATE, _IN_CALENDAR) for name, pattern in PATTERNS.items()}
"""The same including dates that aren't in the calendar; of the forms of `any`, only the extended one (2022-02-30)."""

EXAMPLE = "2022-11-15T21:04:28-0600"
"""The page's example."""
EXAMPLES = {"extended": EXAMPLE, "any": EXAMPLE, "rfc3339": "2022-11-15T21:04:28-06:00"}
"""An example in each form."""

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
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAMED = re.compile(
    r"(?:(?P<day>[0-9]{1,2})[ -](?P<month>[A-Za-z]{3,9})\.?,?[ -]"
    r"|(?P<name>[A-Za-z]{3,9})\.? (?P<of>[0-9]{1,2}),? )(?P<year>[0-9]{4})(?:,? +(?P<clock>\S.*))?"
)
_DAY_NUMBER = re.compile(r"([0-9]{5})(?:[.,]([0-9]{1,15}))?")
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001  a spreadsheet's days have no zone
_DAY_NUMBERS = range(36_526, 73_051)
"""The days of 2000 to 2099, as Excel and Google Sheets number them."""
_CLOCK_WRITTEN = re.compile(r"([0-9]{1,2}):([0-9]{2})(:[0-9]{2}(?:\.[0-9]{1,9})?)?(?: ?([AaPp])\.?[Mm]\.?)?")


def is_iso_8601(text: str) -> bool:
    """Whether it is a date, or a date and a time, in any of the forms of ISO 8601, and in the calendar."""
    return bool(re.search(PATTERNS["any"], text)) and is_real(text)


def is_real(text: str) -> bool:
    """Whether a date in the right form is in the calendar: 2022-02-30 isn't."""
    if text[4:5] == text[7:8] == "-" and text[8:10] < "29":
        return True
    try:
        _day(text)
    except ValueError:
        return False
    return True


def _day(text: str) -> date | None:
    """The day that a text in any form names; None where it names a longer period. Raises `ValueError`."""
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
    """What a date and time in the right form leaves open, in words."""
    if "T" not in text:
        return "has no time of day and no UTC offset"
    return None if re.search(r"(?:Z|[+-][0-9:]{2,5})$", text.partition("T")[2]) else "has no UTC offset"


def suggestion(text: str, form: str = "extended") -> str:
    """What to write instead of a text in the wrong form. A suggested date and time has the right form."""
    as_in = f"Write it as in {EXAMPLES[form]}."
    for hint, meant in _meant(text):
        moment = _as_rfc3339(meant) if form == "rfc3339" else meant
        if re.search(PATTERNS[form], moment):
            if is_real(moment):
                return f"{hint}{moment}."
            return f"{moment[:10]} doesn't exist: write a date as in {EXAMPLES[form]}."
    readings = _readings(text)
    if readings and all(re.search(PATTERNS[form], each) for each in readings):
        return f"Write {' or '.join(readings)}, whichever is meant."
    return as_in


def _meant(text: str) -> Iterator[tuple[str, str]]:
    """What to do about a text, and the date and time that it certainly means. Neither time nor zone is guessed."""
    if is_iso_8601(text):
        yield "Write ", _extended(text)
    year_last = _YEAR_LAST.fullmatch(text.strip())
    if year_last:
        one, other, year, clock = year_last.groups()
        if int(other) > 12 or int(one) == int(other):
            yield "Write the year first: ", _joined(year, one, other, clock)
        elif int(one) > 12:  # the day; for the rest see `_readings`
            yield "Write the year first: ", _joined(year, other, one, clock)
    yield from _meant_by_number(text)
    named = _MONTH_NAMED.fullmatch(text.strip())
    month = (named["month"] or named["name"]).lower()[:3] if named else ""
    if named and month in _MONTHS:
        of_year = str(_MONTHS.index(month) + 1)
        yield "Write ", _joined(named["year"], of_year, named["day"] or named["of"], named["clock"])
    spaced = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2}) +([0-9].*)", text.strip())
    if spaced:
        yield "Put T between date and time: ", _joined(*spaced.groups())
    year_first = _YEAR_FIRST.fullmatch(text.strip())
    if year_first:
        yield "Write ", _joined(*year_first.groups())
    yield "Remove the white space: ", "".join(text.split())
    if re.fullmatch(r"[0-9:tzT.+-]+", text):
        yield "Write T and Z in upper case: ", text.upper()


def _meant_by_number(text: str) -> Iterator[tuple[str, str]]:
    """The same for a Unix time and for a spreadsheet's day number."""
    if re.fullmatch(r"1[0-9]{9}(?:[0-9]{3})?", text):
        moment = datetime.fromtimestamp(int(text[:10]), UTC)
        part = f".{text[10:]}" if text[10:].strip("0") else ""
        yield "This is a Unix time: write ", f"{moment:%Y-%m-%dT%H:%M:%S}{part}Z"
    number = _DAY_NUMBER.fullmatch(text.strip())
    if number and int(number[1]) in _DAY_NUMBERS:
        yield "This looks like a spreadsheet's day number: write ", _numbered(number[1], number[2])


def _numbered(days: str, part: str | None) -> str:
    """The moment of a spreadsheet's day number, to the second if it has a part of a day."""
    moment = _DAY_ZERO + timedelta(int(days), round(float(f"0.{part or 0}") * 86_400))
    return moment.isoformat() if part and part.strip("0") else moment.date().isoformat()


def _readings(text: str) -> list[str]:
    """The two moments that a date like 4/5/2026 may mean, the month first and the day first."""
    year_last = _YEAR_LAST.fullmatch(text.strip())
    if year_last is None:
        return []
    one, other, year, clock = year_last.groups()
    moments = [_joined(year, one, other, clock), _joined(year, other, one, clock)]
    return moments if all(0 < int(each) < 13 for each in (one, other)) else []


def _joined(year: str, month: str, day: str, clock: str | None) -> str:
    """A date and a time in the extended form. A part that isn't a time stays unchanged and matches no form."""
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
    """The same date and time in the extended form, as far as that can express it."""
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
