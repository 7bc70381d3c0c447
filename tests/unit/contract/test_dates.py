"""Moments, with `datetime` as the oracle."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aktify_sandbox.contract.dates import PATTERNS, is_real, missing_in, suggestion
from support.snapshots import Snapshot

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(timezones=OFFSETS | st.just(UTC))
ALMOST = st.from_regex(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?([0-9]{2})?)?)?",
    fullmatch=True,
)


def accepted(text: str, value: str = "extended") -> bool:
    return bool(re.search(PATTERNS[value], text)) and is_real(text)


@given(MOMENTS, st.sampled_from(["seconds", "milliseconds", "microseconds", "minutes"]))
def test_dates_written_by_datetime_are_accepted(moment: datetime, precision: str) -> None:
    text = moment.isoformat(timespec=precision)
    assert accepted(text)
    assert accepted(text.replace("+00:00", "Z"))
    assert accepted(moment.strftime("%4Y-%m-%dT%H:%M:%S%z") if moment.year > 999 else text)
    assert accepted(text, "rfc3339") == (precision != "minutes")


@given(ALMOST)
@example("2023-02-29T10:00:00Z")
@example("2024-02-29T10:00:00Z")
@example("0000-01-01")
@example("2022-11-15T21:04:28-0660")
def test_datetime_reads_accepted_dates_as_the_same_day(text: str) -> None:
    if accepted(text):
        assert datetime.fromisoformat(text).date() == date.fromisoformat(text[:10])
    elif "T" not in text:
        with pytest.raises(ValueError, match=r".+"):
            date.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("2022-11-15T21:04:28-0600", True), ("2022-11-15T21:04", True), ("2022-11-15", True),
        ("2022-11-15T21:04:28.123Z", True),
        ("2022-11-15T21:04-06", True), ("2022-11-15 21:04:28", False), ("2022-11-15T21:04:28-0660", False),
        ("2022-02-30", False), ("20221115", False), ("now", False), ("11/15/2022", False), ("2022-11-15T24:00", False),
        ("2022-11-15T21:04:28-0600\n", False), ("٢٠٢٢-11-15", False), ("2022-11-15T21", False), ("", False),
    ],
)  # fmt: skip
def test_forms_of_iso_8601(text: str, right: bool) -> None:
    assert accepted(text) == right


def test_what_is_missing_is_said(snapshot: Snapshot) -> None:
    assert missing_in("2022-11-15T21:04:28-0600") is None
    assert missing_in("2022-11-15T21:04Z") is None
    snapshot("notices", missing_in("2022-11-15T21:04") or "", "no offset")
    snapshot("notices", missing_in("2022-11-15") or "", "no time of day")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("11/15/2022", "2022-11-15"),
        ("1668546268", "2022-11-15T21:04:28Z"),
        ("2022-11-15 21:04:28", "2022-11-15T21:04:28"),
        ("4/5/2022 9:04 PM", "2022-04-05T21:04 or 2022-05-04T21:04"),
        ("25-Nov-2022", "2022-11-25"),
        ("Nov 25, 2022 9:04 PM", "2022-11-25T21:04"),
        ("25 September 2022", "2022-09-25"),
        ("45967", "2025-11-06"),
        ("45967.5", "2025-11-06T12:00:00"),
        ("45967,25", "2025-11-06T06:00:00"),
        ("soon", "2022-"),
    ],
)
def test_a_hint_says_what_would_be_right(text: str, hint: str) -> None:
    assert hint in suggestion(text)
