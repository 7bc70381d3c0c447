"""What is remembered of a lead's last post."""

from typing import Any

import pytest

from aktify_sandbox.report import attempts
from aktify_sandbox.report.attempts import Attempts, EarlierPost, had_no_pause, is_parallel, is_retry
from aktify_sandbox.report.observed import Observed, observed
from support.recorded import LEAD, recorded

ELSEWHERE = "127.0.0.1:50001"


def second(*entries: dict[str, Any]) -> tuple[EarlierPost | None, Observed]:
    """The last of these requests, and what is remembered before it."""
    known, before, request = Attempts(), None, observed(entries[0])
    for entry in entries:
        request = observed(entry)
        before = known.before(request)
    return before, request


@pytest.mark.parametrize(
    ("at", "client", "expected"),
    [
        (0.003, ELSEWHERE, (True, False)),
        (0.03, ELSEWHERE, (False, False)),
        (0.003, "127.0.0.1:50000", (False, True)),
        (0.2, ELSEWHERE, (False, True)),
    ],
)
def test_a_second_post_is_parallel_or_a_retry_or_undecided(
    at: float, client: str, expected: tuple[bool, bool]
) -> None:
    before, request = second(recorded(1, status=503), recorded(2, at=at, client=client))
    assert before is not None
    assert (is_parallel(before, request), is_retry(before, request)) == expected
    assert had_no_pause(before, request) == (expected[1] and at < 0.1)


def test_a_retry_that_is_answered_401_is_known_by_the_number_in_its_body() -> None:
    before, _ = second(recorded(1, status=503), recorded(2, LEAD, 401, at=1, campaign="demo", phone=None))
    assert before is not None
    assert before.id == "r000000001"


def test_failures_are_counted_until_one_is_accepted() -> None:
    entries = [recorded(n, status=503, at=n * 1.0) for n in range(3)]
    before, _ = second(*entries, recorded(3, at=4))
    assert before is not None
    assert (before.failures, before.after_failure) == (3, "r000000001")
    before, _ = second(*entries, recorded(3, at=4), recorded(4, status=409, at=5))
    assert before is not None
    assert before.failures == 0


def test_what_is_no_post_of_a_lead_is_not_remembered() -> None:
    looks = [recorded(n, method="GET", path="/", body=" ", status=404, phone=None) for n in range(2)]
    assert second(*looks)[0] is None


def test_of_too_many_open_leads_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST_OPEN", 1)
    other = {"phoneNumber": "(213) 555-0102", "region": "CA"}
    assert second(recorded(1, status=503), recorded(2, other, 503), recorded(3, at=1))[0] is None
