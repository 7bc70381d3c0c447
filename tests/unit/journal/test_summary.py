"""One request in a few words."""

from datetime import datetime
from typing import Any

import pytest

from aktify_sandbox.journal.summary import NO_ANSWER, Summary, status_of, summary_of

ENTRY: dict[str, Any] = {
    "id": "r000000042",
    "receivedAt": "2026-11-24T09:30:00.125Z",
    "method": "POST",
    "path": "/api/v1/leads",
    "phone": "+15095551234",
    "campaign": "demo",
    "response": {"status": 409},
    "reason": {"rule": "There is a lead.", "objection": "duplicate", "ruling": None, "scenario": "force 1"},
}


def summary(**changes: Any) -> Summary:
    return summary_of({**ENTRY, **changes})


def test_it_has_the_time_of_day_and_the_status_as_they_are_shown() -> None:
    found, moment = summary(), datetime.fromisoformat(ENTRY["receivedAt"]).astimezone()
    assert (found.time, found.shown_status) == (moment.timetz().isoformat("milliseconds"), "409")


def test_without_an_answer_there_is_no_status() -> None:
    found = summary(response=None)
    assert (found.status, found.shown_status) == (None, NO_ANSWER)
    assert status_of({"response": None}) is None


@pytest.mark.parametrize(("method", "path", "request_line"), [("GET", "/s/x", "GET /s/x"), ("", "", "")])
def test_without_an_http_request_there_is_no_request_line(method: str, path: str, request_line: str) -> None:
    assert summary(method=method, path=path).request == request_line


@pytest.mark.parametrize(
    ("method", "path", "is_ordinary"),
    [
        ("POST", "/api/v1/leads", True),
        ("", "", True),
        ("GET", "/api/v1/leads", False),
        ("POST", "/api/v1/leads/", False),
        ("POST", "", False),
    ],
)
def test_a_post_of_a_lead_is_ordinary_and_a_get_is_not(method: str, path: str, is_ordinary: bool) -> None:
    assert summary(method=method, path=path).is_ordinary is is_ordinary


def test_it_says_after_how_long_the_client_hung_up() -> None:
    assert summary(hungUpAfterMs=1234.5).hung_up == "The client hung up after 1,234 ms."
    assert not summary().hung_up


def test_it_says_what_forced_the_answer() -> None:
    assert summary().forced_by == "force 1"
