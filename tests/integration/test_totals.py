"""Totals of the record: how many requests have each status and each reason."""

import json
from typing import Any

import pytest

from aktify_sandbox.admin import requests
from support.running import LEAD, HostSandbox, Sandboxed


@pytest.fixture
def empty(serve: HostSandbox) -> Sandboxed:
    """A sandbox without requests."""
    return serve("--quiet")


@pytest.fixture
def mixed(empty: Sandboxed) -> Sandboxed:
    """Two accepted, one duplicate, one invalid, one without an answer."""
    sandbox = empty
    sandbox.post()
    sandbox.post({**LEAD, "phoneNumber": "(509) 557-0001"})
    sandbox.post()
    sandbox.post({**LEAD, "region": "ca"})
    sandbox.http.post("/_sandbox/force", json={"fault": "reset"})
    sandbox.http.post(
        "/_sandbox/requests",
        json={"body": json.dumps({**LEAD, "phoneNumber": "(509) 557-0002"}), "apiKey": sandbox.api_key},
    )
    return sandbox


def totals(sandbox: Sandboxed, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = sandbox.get(f"/_sandbox/requests/totals{query}")
    return found


def test_requests_are_counted_by_status_and_by_reason(mixed: Sandboxed) -> None:
    newest = mixed.get("/_sandbox/requests?limit=1")["requests"][0]["id"]
    assert totals(mixed) == {
        "counted": 5,
        "isComplete": True,
        "newest": newest,
        "statuses": {"201": 2, "none": 1, "400": 1, "409": 1},
        "reasons": {"accepted": 2, "forced": 1, "body": 1, "duplicate": 1},
    }
    assert next(iter(totals(mixed)["statuses"])) == "201"


def test_a_status_that_is_filtered_by_leaves_the_other_statuses_to_choose(mixed: Sandboxed) -> None:
    found = totals(mixed, "?status=409")
    assert found["statuses"] == totals(mixed)["statuses"]
    assert found["reasons"] == {"duplicate": 1}
    found = totals(mixed, "?reason=body")
    assert found["statuses"] == {"400": 1}
    assert found["reasons"] == totals(mixed)["reasons"]
    assert totals(mixed, "?search=557-0001")["statuses"] == {"201": 1}
    assert mixed.http.get("/_sandbox/requests/totals?status=x").status_code == 400


def test_requests_are_filtered_by_their_reason(mixed: Sandboxed) -> None:
    [found] = mixed.get("/_sandbox/requests?reason=duplicate")["requests"]
    assert found["response"]["status"] == 409
    assert mixed.http.get("/_sandbox/requests?reason=x").status_code == 400


def test_only_the_newest_are_counted(mixed: Sandboxed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_MOST_COUNTED", 2)
    found = totals(mixed)
    assert (found["counted"], found["isComplete"]) == (2, False)
    assert found["reasons"] == {"forced": 1, "body": 1}


def test_nothing_is_counted_where_there_is_nothing(empty: Sandboxed) -> None:
    found = totals(empty)
    assert (found["counted"], found["isComplete"], found["newest"]) == (0, True, None)
    assert found["statuses"] == found["reasons"] == {}
