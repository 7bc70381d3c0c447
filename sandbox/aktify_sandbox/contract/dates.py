"""Moments as ISO 8601 writes them, without what `datetime.fromisoformat` would take besides."""

import re
from datetime import UTC, date, datetime

_DATE = "(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_SECONDS = r":[0-5][0-9](?:\.[0-9]{1,9})?"
_OFFSET = "[+-](?:[01][0-9]|2[0-3])"

PATTERNS = {
    "iso8601": rf"^{_DATE}(?:T{_CLOCK}(?:{_SECONDS})?(?:Z|{_OFFSET}(?::?[0-5][0-9])?)?)?$(?!\n)",
    "rfc3339": rf"^{_DATE}T{_CLOCK}{_SECONDS}(?:Z|{_OFFSET}:[0-5][0-9])$(?!\n)",
}
"""The form that each value of the ruling `external-created` wants."""

EXAMPLES = {"iso8601": "2022-11-15T21:04:28-0600", "rfc3339": "2022-11-15T21:04:28-06:00"}
"""A moment of each form."""

_US_DATE = re.compile(r"(0?[1-9]|1[0-2])/(0?[1-9]|[12][0-9]|3[01])/([0-9]{4})")


def is_real(text: str) -> bool:
    """Whether the date, whose form is right already, is in the calendar: 2022-02-30 isn't."""
    day = int(text[8:10])
    if day < 29:
        return True
    try:
        date(int(text[:4]), int(text[5:7]), day)
    except ValueError:
        return False
    return True


def missing_in(text: str) -> str | None:
    """What a moment of the right form leaves open, in words."""
    if len(text) == 10:
        return "has no time of day and no UTC offset"
    return None if re.search(r"Z|[+-][0-9:]{2,5}$", text[10:]) else "has no UTC offset"


def suggestion(text: str, form: str = "iso8601") -> str:
    """What would be right instead of a text of the wrong form. A moment that it names is of the right one."""
    meant = _meant(text)
    if meant is None:
        return f"Write it as in {EXAMPLES[form]}."
    hint, moment = meant
    if form == "rfc3339":
        moment = _as_rfc3339(moment)
    if not re.search(PATTERNS[form], moment):
        return f"Write it as in {EXAMPLES[form]}."
    if not is_real(moment):
        return f"{moment[:10]} isn't in the calendar: write it as in {EXAMPLES[form]}."
    return f"{hint}{moment}."


def _meant(text: str) -> tuple[str, str] | None:
    """What to do about a text, and the moment that it comes to."""
    us_date = _US_DATE.match(text)
    if us_date:
        month, day, year = us_date.groups()
        return "Write the year first, and the time: ", f"{year}-{int(month):02d}-{int(day):02d}T00:00:00-0600"
    if re.fullmatch(r"[0-9]{10}(?:[0-9]{3})?", text):
        moment = datetime.fromtimestamp(int(text[:10]), UTC)
        return "That is a Unix time: write ", moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2} +[0-9]", text):
        joined = re.sub(" +", "T", text.strip(), count=1)
        return "Put a T between date and time: ", joined.replace(" ", "")
    if re.search(PATTERNS["iso8601"], text):
        return "Write seconds, and a colon in the offset: ", text
    return None


def _as_rfc3339(moment: str) -> str:
    parts = re.fullmatch(r"(.{16})(:[0-9]{2}(?:\.[0-9]+)?)?(?:(Z)|([+-][0-9]{2}):?([0-9]{2})?)", moment)
    if parts is None:
        return moment
    clock, seconds, zulu, hours, minutes = parts.groups()
    return f"{clock}{seconds or ':00'}{zulu or hours + ':' + (minutes or '00')}"
