"""Phone numbers, with `phonenumbers` as the oracle."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.contract.phone import (
    identity,
    is_fictional,
    libphonenumber,
    pattern,
    problem_with,
    without_extension,
)
from support.snapshots import Snapshot

DIGITS = st.integers(2_000_000_000, 9_999_999_999).map(str)
SEPARATORS = st.text(" ().-/", max_size=3)
WRITTEN = st.builds(
    lambda front, parts: "".join([front, *(digit + between for digit, between in parts)]),
    st.sampled_from(["", "1", "+1", "+1 ", "1-", "(+1) ", " "]),
    st.lists(st.tuples(st.sampled_from("0123456789"), SEPARATORS), min_size=9, max_size=11),
)


def parsed(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@given(DIGITS)
def test_every_number_that_the_oracle_calls_valid_is_one(digits: str) -> None:
    """Its book takes any seven digits in the Dominican Republic; no exchange of the plan begins with 0 or 1."""
    number = phonenumbers.parse(digits, "US")
    if phonenumbers.is_valid_number(number) and digits[3] not in "01":
        for form in (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL):
            assert identity(phonenumbers.format_number(number, form)) == f"+1{digits}"


def test_no_area_code_that_the_oracle_knows_is_refused() -> None:
    """456 area codes were assigned when this was written; the book may only have grown."""
    known = [
        area
        for area in range(200, 1_000)
        if phonenumbers.is_valid_number(phonenumbers.parse(f"+1{area}2345678"))
    ]
    assert len(known) >= 400
    assert [area for area in known if identity(f"{area}2345678") is None] == []


@given(WRITTEN)
def test_the_oracle_reads_accepted_numbers_alike(text: str) -> None:
    ours = identity(text)
    if ours is not None:
        plain = "".join(char for char in text if char in "+0123456789")
        assert ours == parsed(plain)


@given(WRITTEN)
def test_the_schemas_pattern_and_the_identity_agree(text: str) -> None:
    import re

    assert bool(re.search(pattern(), text)) == (identity(text) is not None)


@given(st.text())
def test_any_text_is_read_or_explained(text: str) -> None:
    if identity(text) is None:
        found = problem_with(text)
        assert found.message
        assert found.hint
        no_digit = text != "" and not any(map(str.isdigit, text))
        assert found.source.source == ("documented" if no_digit else "ruling")


@pytest.mark.parametrize(
    "text",
    [
        "(509) 555-1234", "5095551234", "15095551234", "+15095551234", " 15095551234", "509.555.1234", "509/555/1234",
        "+1 (509) 555-1234", "1-509-555-1234", "509 555 1234",
    ],
)  # fmt: skip
def test_one_number_has_many_spellings(text: str) -> None:
    assert identity(text) == "+15095551234"


@pytest.mark.parametrize(
    "text",
    [
        "555-1234",
        "5.095551234E+09",
        "5.09555E+09",
        "5095551234.0",
        "509-555-1234 ext. 7",
        "509\u00a0555\u00a01234",
        "５０９５５５１２３４",
        "5095551234\n",
        "509-555-1234, 509-555-9999",
        "+44 20 7946 0958",
        "1-800-FLOWERS",
        "111-555-1234",
        "509-155-1234",
        "0000000000",
        "50955512345678",
        "",
        "509_555_1234",
        "#N/A",
    ],
)
def test_what_is_no_number_is_told_what_would_be_right(text: str, snapshot: Snapshot) -> None:
    assert identity(text) is None
    found = problem_with(text)
    snapshot("refusals", f"{found.message}\n{found.hint}")


def test_extensions_are_seen() -> None:
    for text in ("5095551234x1", "509-555-1234 ext 12", "(509) 555-1234 #99", "509-555-1234 extension: 5"):
        assert identity(without_extension(text) or "") == "+15095551234"
    assert without_extension("(509) 555-1234") is None


def test_fiction_is_555_0100_to_0199() -> None:
    assert [is_fictional(f"+1212555{ending}") for ending in ("0099", "0100", "0149", "0199", "0200")] == [
        False, True, True, True, False,
    ]  # fmt: skip


def test_libphonenumber_takes_the_pages_example() -> None:
    identify = libphonenumber()
    assert identify("(509) 555-1234") == "+15095551234"
    assert identify("(372) 555-1234") is None
    assert identify("x") is None
