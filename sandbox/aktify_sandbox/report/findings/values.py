"""Findings about the values of fields: each is proved by one request."""

import functools
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from aktify_sandbox.contract import dates, page
from aktify_sandbox.contract.phone import identity
from aktify_sandbox.contract.placeholders import WORDS, is_placeholder
from aktify_sandbox.contract.regions import NAMES, region_of
from aktify_sandbox.contract.sources import documented, ruling
from aktify_sandbox.contract.wrapping import wrapped
from aktify_sandbox.report.observed import Observed

from .fields import may_be_wrong
from .rule import FindingRule, each_request

_SHORT_ZIP = re.compile(r"([0-9]{3,4})(?:\.0+)?(?:-[0-9]{4})?")
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,2}")
_DECIMAL = re.compile(r"\+?[0-9]{10,11}[.,]0+")
_NAMES = frozenset(name.lower() for name in NAMES.values())

_SIGNS = (*(f'"{word}' for word in WORDS), "{{", "${", "{%", "<%", "%%", "[object ", '" ')
"""A body with a placeholder has one of them in it."""

_SECONDS_OF_A_DAY = 86_400
_CLOCKS_DIFFER = 300
"""Seconds by which the clocks of client and sandbox may differ."""
_ZONES_DIFFER = 14 * 3_600
"""Seconds by which a time without an offset may be ahead of UTC."""


def lost_zero(request: Observed) -> str | None:
    """A ZIP code that lost its leading zero."""
    value = _value(request, "zipCode")
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        found = _SHORT_ZIP.fullmatch(str(value).strip())
        if found and region_of(f"{found[1]:0>5}"):
            return f"zipCode {value}"
    return None


def by_name(request: Observed) -> str | None:
    """A state's name instead of its code."""
    value = _value(request, "region")
    is_name = isinstance(value, str) and value.strip().lower() in _NAMES
    return f"region {value}" if is_name else None


def damaged_phone(request: Observed) -> str | None:
    """A phone number that a spreadsheet or a form has changed."""
    value = _value(request, "phoneNumber")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"the number {value} instead of a string"
    if not isinstance(value, str):
        return None
    text = value.strip()
    if _SCIENTIFIC.fullmatch(text) or _DECIMAL.fullmatch(text):
        return f"phoneNumber {text}"
    around = wrapped(text)
    return f"phoneNumber {text}" if around and identity(around.inner.strip().removeprefix("//")) else None


def placeholder(request: Observed) -> str | None:
    """A word of a program or template instead of a value."""
    body = request.entry["body"] if request.is_post_of_lead else None
    if not body or not _may_have_placeholder(body):
        return None
    for name, text in _texts(request.sent or {}):
        if is_placeholder(name, text):
            return f"{name} is {text.strip()[:60]}"
    return None


def _may_have_placeholder(body: str) -> bool:
    for sign in _SIGNS:  # noqa: SIM110  twice as fast as `any`, and asked for each of a million leads
        if sign in body:
            return True
    return False


def _texts(sent: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in sent.items():
        if isinstance(value, str):
            yield name, value
        elif name == "metadata" and isinstance(value, dict):
            yield from ((f"metadata.{inner}", text) for inner, text in value.items() if isinstance(text, str))


def wrong_date(request: Observed) -> str | None:
    """A date in another form than ISO 8601."""
    value = _value(request, "externalCreated")
    if value is None or value == "" or isinstance(value, (bool, list, dict)):
        return None
    text = str(value)
    is_other = isinstance(value, str) and (dates.is_iso_8601(text) or is_placeholder("externalCreated", text))
    return None if is_other else f"externalCreated {text[:60]}"


def no_offset(request: Observed) -> str | None:
    """A date and time that doesn't say to which offset from UTC it refers."""
    value = _moment(request)
    missing = value and dates.missing_in(value)
    return f"externalCreated {value} {missing}" if missing else None


@functools.lru_cache(maxsize=16)
def _day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def _in_future(request: Observed) -> str | None:
    value = _moment(request)
    if value is None or value[:10] < _day_before(request.entry["receivedAt"][:10]):
        return None  # in no time zone
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        ahead = _ZONES_DIFFER if "T" in value else _SECONDS_OF_A_DAY
        seconds = (
            moment - datetime.fromtimestamp(request.at, UTC).replace(tzinfo=None)
        ).total_seconds() - ahead
    else:
        seconds = moment.timestamp() - request.at
    return f"externalCreated {value}" if seconds > _CLOCKS_DIFFER else None


def _moment(request: Observed) -> str | None:
    """The date and time in the extended form that was sent."""
    sent = request.sent if request.is_post_of_lead else None
    value = sent.get("externalCreated") if sent else None
    if isinstance(value, str) and (not may_be_wrong(request) or _EXTENDED.match(value)):
        return value
    return None


_EXTENDED = re.compile(dates.CALENDAR_PATTERNS["extended"])


def _value(request: Observed, field: str) -> Any:
    """What was sent in a field whose form may be wrong."""
    sent = request.sent if may_be_wrong(request) else None
    return sent.get(field) if sent else None


ZIP_LOST_ZERO = FindingRule(
    id="zip-lost-zero",
    level="error",
    certainty="proved",
    sentence="A ZIP code has lost its leading zero, as spreadsheets and numbers do: 2138 was 02138.",
    fix="Treat ZIP codes as text everywhere, and fill up to five digits.",
    source=ruling("zip-format"),
    detector=each_request(lost_zero),
)
REGION_BY_NAME = FindingRule(
    id="region-by-name",
    level="error",
    certainty="proved",
    sentence="A region is the state's name instead of its code.",
    fix="Send the code in two capital letters: CA, not California.",
    source=documented(page.STATE_CODES),
    detector=each_request(by_name),
)
PHONE_DAMAGED = FindingRule(
    id="phone-damaged",
    level="error",
    certainty="proved",
    sentence="A phone number was changed by a spreadsheet or a form: scientific notation, .0, or signs around it.",
    fix="Treat phone numbers as text everywhere: format the column as text before you export it.",
    source=documented(page.PHONE),
    detector=each_request(damaged_phone),
)
PLACEHOLDER_VALUE = FindingRule(
    id="placeholder-value",
    level="error",
    certainty="proved",
    sentence="A field contains a word of the program or a template, such as undefined, null or {{first_name}}.",
    fix="Leave a field out if it has no value, and fill in templates before you send.",
    source=documented(page.INVALID),
    detector=each_request(placeholder),
)
DATE_FORM = FindingRule(
    id="date-form",
    level="error",
    certainty="proved",
    sentence="A date isn't in ISO 8601 form: it is a US date, a Unix time or free text.",
    fix=f"Write date, time and offset as in {dates.EXAMPLE}.",
    source=documented(page.CREATED),
    detector=each_request(wrong_date),
)
DATE_WITHOUT_OFFSET = FindingRule(
    id="date-without-offset",
    level="note",
    certainty="proved",
    sentence="A date has no offset from UTC, so its exact time is ambiguous. Outreach may be ordered by it.",
    fix=f"Add the offset, as in {dates.EXAMPLE}.",
    source=ruling("external-created"),
    detector=each_request(no_offset),
)
DATE_IN_FUTURE = FindingRule(
    id="date-in-future",
    level="warning",
    certainty="proved",
    sentence="externalCreated is later than the request: a wrong offset, a wrong clock or a wrong field.",
    fix="Send the time at which the lead was created, with its offset.",
    source=documented(page.CREATED),
    detector=each_request(_in_future),
)
