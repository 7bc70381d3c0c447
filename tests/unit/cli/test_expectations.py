"""What `verify` and `exec` say of expectations that aren't met, masked."""

import pytest

from aktify_sandbox.cli.expectations import VerifyResult
from aktify_sandbox.redaction import Personal


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "Expected exactly 1 request with lastName van Doe, status 201. Found none among 1 request.",
            "Expected exactly 1 request with lastName v***, status 201. Found none among 1 request.",
        ),
        ("    body.lastName: expected Doe, found Smith", "    body.lastName: expected D***, found S***"),
        ("    lastName: expected Doe, found Smith", "    lastName: expected D***, found S***"),
        (
            "    last_name: expected Doe, found nothing",
            "    last_name: expected D***, found nothing",
        ),
        (
            "in this order: lastName missing; then lastName Doe",
            "in this order: lastName missing; then lastName D***",
        ),
        ("    firstName: expected Jane, found Ann", "    firstName: expected Jane, found Ann"),
        (
            "    phone: expected +15095551234, found nothing",
            "    phone: expected +1509***1234, found nothing",
        ),
    ],
)
def test_last_names_and_numbers_are_masked_in_the_words_of_a_near_miss(said: str, shown: str) -> None:
    result = VerifyResult("", False, said, {}, frozenset({"van Doe", "Doe", "Smith"}))
    assert result.shown(Personal()).text == shown
    assert result.shown(Personal(whole=True)).text == said
