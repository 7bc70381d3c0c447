"""What an entry of the journal says about the client."""

from typing import Any

import pytest

from aktify_sandbox.report.observed import observed
from support.recorded import LEAD, recorded


def test_the_answer_has_come_after_the_decision_and_the_delay() -> None:
    request = observed(recorded(1, at=2.5, durationMs=1.5, delayMs=250))
    assert request.ended == pytest.approx(request.at + 0.2515)
    assert observed(recorded(2)).at == request.at - 2.5


def test_a_client_that_hangs_up_has_no_answer() -> None:
    request = observed(recorded(1, delayMs=5_000, hungUpAfterMs=1_000.0))
    assert request.ended == request.at + 1
    assert request.is_lost
    assert request.is_failure


@pytest.mark.parametrize(
    ("fault", "is_lost"),
    [("reset", True), ("empty", True), ("truncate", True), ("hang", True), ("dribble", False)],
)
def test_a_fault_loses_the_answer_unless_all_of_it_comes(fault: str, is_lost: bool) -> None:
    request = observed(recorded(1, fault=fault))
    assert (request.is_lost, request.is_failure, request.is_ordinary) == (is_lost, is_lost, False)
    assert (request.ended is None) == (fault == "hang")


@pytest.mark.parametrize(
    ("status", "is_failure"), [(201, False), (409, False), (400, False), (429, True), (503, True)]
)
def test_a_429_and_a_5xx_are_to_be_sent_again(status: int, is_failure: bool) -> None:
    assert observed(recorded(1, status=status)).is_failure == is_failure


@pytest.mark.parametrize(
    "more",
    [
        {"body": "[1]"},
        {"body": "{"},
        {"body": "bm8=", "bodyEncoding": "base64"},
        {"truncated": True},
    ],
)
def test_a_body_that_is_no_whole_object_is_none(more: dict[str, Any]) -> None:
    assert observed(recorded(1, **more)).sent is None


def test_a_body_is_read_with_its_byte_order_mark() -> None:
    request = observed(recorded(1, body='\ufeff{"region": "CA"}'))
    assert request.sent == {"region": "CA"}
    assert request.sent is request.sent


def test_only_a_post_to_the_endpoint_is_one_of_a_lead() -> None:
    assert observed(recorded(1, LEAD, 400)).is_post_of_lead
    assert not observed(recorded(1, method="GET")).is_post_of_lead
    assert not observed(recorded(1, path="/leads")).is_post_of_lead


def test_headers_are_found_by_their_names_in_lower_case() -> None:
    request = observed(
        recorded(1, headers=[("Origin", "a"), ("origin", " b ")], answer_headers=[("retry-after", "2")])
    )
    assert (request.header("origin"), request.header("x-none")) == ("b", None)
    assert (request.response_header("retry-after"), request.response_header("x-none")) == ("2", None)
    assert observed(recorded(1, fault="reset")).response_header("retry-after") is None
