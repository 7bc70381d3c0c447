"""Findings that a sequence of requests shows: each with journals of careless clients and of careful ones."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

import pytest

from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.report.observed import observed
from support.recorded import LEAD, recorded
from support.reporting import findings_in

OTHER = {"phoneNumber": "(213) 555-0102", "region": "CA"}
SHORT = {"phoneNumber": "555-0101", "region": "CA"}
ELSEWHERE = "127.0.0.1:50001"
OUTAGE = "scenario outage, rule 1"
JSON, HTML = '{"statusCode": 503}', "<html>"
Journal = list[Entry]


def lead(number: int, **more: Any) -> dict[str, Any]:
    """One of many leads that have nothing in common."""
    return {"phoneNumber": f"(509) 555-{number:04d}", "region": ("CA", "WA", "TX")[number % 3], **more}


def failed(number: int, of: Any = LEAD, status: int | None = 503, at: float = 0.0, **more: Any) -> Entry:
    """A forced 503, or another failure."""
    return recorded(number, of, status, at, forced=OUTAGE, **more)


def told(status: int, body: str) -> dict[str, Any]:
    """An answer with this body."""
    return {"response": {"status": status, "headers": [], "body": body}}


def problem(field: str, ruling: str) -> list[dict[str, Any]]:
    """What was wrong with a lead according to a ruling."""
    return [
        {"field": field, "message": "…", "hint": "…", "source": "ruling", "quote": None, "ruling": ruling}
    ]


def each_on_its_own(count: int, gap: float = 0.1, **more: Any) -> Journal:
    """Posts in succession, each on a new connection."""
    return [recorded(n, lead(n), at=n * gap, client=f"127.0.0.1:{40_000 + n}", **more) for n in range(count)]


def sent_again_as(new: Callable[[int], str], leads: int = 3, **more: Any) -> Journal:
    """Leads that fail and are sent again a second later, with this externalLeadId."""
    journal: Journal = []
    for place in range(leads):
        first, again = (lead(place, externalLeadId=each) for each in (f"old-{place}", new(place)))
        journal.append(failed(len(journal), first, at=place * 10.0, **more))
        journal.append(recorded(len(journal), again, at=place * 10.0 + 1))
    return journal


def after_bodies(again: Callable[[str], bool], bodies: Iterable[str] = (JSON, HTML) * 3) -> Journal:
    """One lead for each body of a 503, and one that is accepted much later."""
    journal: Journal = []
    for place, body in enumerate(bodies):
        journal.append(failed(len(journal), lead(place), at=place * 10, **told(503, body)))
        if again(body):
            journal.append(recorded(len(journal), lead(place), at=place * 10 + 2))
    return [*journal, recorded(len(journal), lead(99), at=1_000)]


GUILTY: dict[str, list[Journal]] = {
    "parallel-duplicate": [
        [recorded(1), recorded(2, status=409, at=0.004, client=ELSEWHERE)],
        [recorded(1, durationMs=50.0), recorded(2, status=409, at=0.03, client=ELSEWHERE)],
        [
            recorded(1, forced="scenario slow, rule 1", delayMs=900),
            recorded(2, status=409, at=0.5, client=ELSEWHERE),
        ],
        [recorded(1, status=409), recorded(2, status=409, at=0.001, client=ELSEWHERE)],
    ],
    "resent-4xx": [
        *(
            [recorded(1, LEAD, status), recorded(2, LEAD, status, at=0.5)]
            for status in (400, 401, 404, 405, 409, 413)
        ),
        [recorded(1, SHORT, 400), recorded(2, SHORT, 400, at=300)],
        [recorded(1, status=400), recorded(2, status=400, at=5, client=ELSEWHERE)],
        [failed(1, status=400), recorded(2, at=1)],
        [recorded(1), recorded(2, status=409, at=1), recorded(3, status=409, at=2)],
    ],
    "posts-after-401": [
        [recorded(1, LEAD, 401), recorded(2, OTHER, 401, at=0.01)],
        [recorded(1, LEAD, 401), recorded(2, OTHER, 401, at=1, client=ELSEWHERE)],
        [failed(1, LEAD, 401), failed(2, OTHER, 401, at=0.01)],
        [recorded(n, lead(n), 401, at=n * 0.008, client=f"127.0.0.1:{n}") for n in range(40)],
    ],
    "gave-up-after-failure": [
        [failed(1), recorded(2, OTHER, at=2)],
        [failed(1, status=429), recorded(2, OTHER, at=2)],
        [failed(1, fault="reset"), recorded(2, OTHER, at=2)],
        [recorded(1, fault="truncate"), recorded(2, OTHER, at=2)],
        [recorded(1, delayMs=9_000, hungUpAfterMs=2_000.0), recorded(2, OTHER, at=4)],
        [failed(1, answer_headers=[("retry-after", "5")]), recorded(2, OTHER, at=7)],
    ],
    "ignored-retry-after": [
        [failed(1, answer_headers=[("retry-after", "5")]), recorded(2, at=4.9)],
        [failed(1, status=429, answer_headers=[("retry-after", "1")]), recorded(2, at=0.5, client=ELSEWHERE)],
        [failed(1, answer_headers=[("retry-after", "Tue, 24 Nov 2026 09:30:10 GMT")]), recorded(2, at=8)],
    ],
    "retry-without-pause": [
        [failed(1), recorded(2, at=0.01)],
        [failed(1, delayMs=500), recorded(2, at=0.55)],
        [failed(1, fault="reset"), recorded(2, at=0.09, client=ELSEWHERE)],
        [failed(1, fault="hang", hungUpAfterMs=2_000.0), recorded(2, at=2.02, client=ELSEWHERE)],
        [failed(n, at=n * 0.004, client=f"127.0.0.1:{n}") for n in range(3)],
    ],
    "retry-without-end": [[failed(n, at=n * 1.0) for n in range(11)]],
    "new-id-on-retry": [
        sent_again_as(lambda n: f"new-{n}"),
        sent_again_as(lambda n: f"new-{n}", fault="reset"),
    ],
    "duplicate-taken-as-failure": [
        [recorded(1, fault="reset"), recorded(2, status=409, at=1), recorded(3, status=409, at=2)],
        [
            *(recorded(n, lead(n), at=n * 1.0) for n in range(3)),
            recorded(3, lead(0), at=10, fault="reset", campaign="lost"),
            recorded(4, lead(0), 409, at=11, campaign="lost"),
            recorded(5, lead(7), at=20),
        ],
    ],
    "error-body-matters": [after_bodies(lambda body: body == JSON)],
    "constant-field": [
        [recorded(n, {**lead(n), "region": "CA"}, at=n * 1.0) for n in range(20)],
        [recorded(n, lead(n, email="a@b.example"), at=n * 1.0) for n in range(25)],
    ],
    "shared-external-id": [
        [recorded(1, lead(1, externalLeadId="7")), recorded(2, lead(2, externalLeadId="7"), at=1)],
        [recorded(1, lead(1, externalLeadId="7")), recorded(2, lead(2, externalLeadId="7"), 400, at=1)],
    ],
    "connection-per-lead": [each_on_its_own(50), each_on_its_own(51, durationMs=3.0)],
    "stood-on-ruling": [
        [recorded(1, lead(1, campaignCode="spring"))],
        [recorded(1, lead(1, zipCode="02138"))],
        [recorded(1, {**LEAD, "phoneNumber": " (509) 555-0101"})],
        [recorded(1, lead(1, lastName=""))],
        [recorded(1, lead(1, source="x" * 1_001))],
        [recorded(1, {**LEAD, "region": "ca"}, rulings={"region-case": "accept"})],
        [recorded(1, {**LEAD, "region": "ca"}, 400, problems=problem("region", "region-case"))],
    ],
}
INNOCENT: dict[str, list[Journal]] = {
    "parallel-duplicate": [
        [recorded(1), recorded(2, status=409, at=0.002)],
        [recorded(1), recorded(2, status=409, at=0.02, client=ELSEWHERE)],
        [failed(1, fault="hang", hungUpAfterMs=500.0), recorded(2, at=0.499, client=ELSEWHERE)],
        [failed(1, fault="hang"), recorded(2, at=5, client=ELSEWHERE)],
        [failed(1, fault="reset"), recorded(2, at=0.003, client=ELSEWHERE)],
        [failed(1, fault="reset", durationMs=1.7), recorded(2, at=0.001, client=ELSEWHERE)],  # times are cut
        [recorded(1), recorded(2, campaign="other", at=0.001, client=ELSEWHERE)],
        [recorded(1, at=10), recorded(2, status=409, at=0, client=ELSEWHERE)],  # the clock was set back
    ],
    "resent-4xx": [
        [recorded(1, status=400), recorded(2, {**LEAD, "email": "a@b.example"}, at=1)],
        [recorded(1, LEAD, 401), recorded(2, at=1, key="other-key")],
        [failed(1, status=408), recorded(2, at=1)],
        [failed(1, status=429), recorded(2, at=1)],
        [recorded(1), recorded(2, status=409, at=1)],
        [recorded(1, fault="reset"), recorded(2, status=409, at=1)],
        [recorded(1, status=409), recorded(2, status=409, at=60, client=ELSEWHERE)],
        [recorded(1, status=400), recorded(2, status=400, at=0.004, client=ELSEWHERE)],
        [recorded(n, method="GET", status=404, path="/", body=" ", at=n * 1.0, phone=None) for n in range(2)],
        [recorded(1, status=409, fault="truncate"), recorded(2, status=409, at=1)],
    ],
    "posts-after-401": [
        [recorded(1, LEAD, 401), recorded(2, LEAD, 401, at=1)],
        [recorded(1, LEAD, 401), recorded(2, OTHER, 401, at=1, key="other-key")],
        [recorded(1, LEAD, 401), recorded(2, OTHER, at=1)],
        [recorded(1, LEAD, 401), recorded(2, OTHER, 401, at=0.002, client=ELSEWHERE)],
        [recorded(1, LEAD, 401), recorded(2, OTHER, 401, at=60, client=ELSEWHERE)],
        [recorded(n, lead(n), 401, at=n * 0.02, client=f"127.0.0.1:{n}") for n in range(10)],  # ten workers
    ],
    "gave-up-after-failure": [
        [failed(1), recorded(2, at=1), recorded(3, OTHER, at=9)],
        [failed(1), failed(2, at=1), recorded(3, OTHER, at=9)],
        [recorded(1, OTHER), failed(2, at=1)],
        [failed(1), recorded(2, OTHER, at=0.9)],
        [failed(1, answer_headers=[("retry-after", "5")]), recorded(2, OTHER, at=5.5)],
        [failed(1, fault="hang"), recorded(2, OTHER, at=9)],
        [recorded(1, status=400), recorded(2, OTHER, at=9)],
        [recorded(1, phone=None, status=503), recorded(2, OTHER, at=9)],
    ],
    "ignored-retry-after": [
        [failed(1, answer_headers=[("retry-after", "5")]), recorded(2, at=5.0)],
        [failed(1, answer_headers=[("retry-after", "5")]), recorded(2, OTHER, at=1)],
        [failed(1, answer_headers=[("retry-after", "soon")]), recorded(2, at=1)],
        [failed(1), recorded(2, at=1)],
        [failed(1, answer_headers=[("retry-after", "5")]), failed(2, at=0.001, client=ELSEWHERE)],
    ],
    "retry-without-pause": [
        [failed(1), recorded(2, at=0.102)],
        [failed(1, fault="hang", hungUpAfterMs=2_000.0), recorded(2, at=2.2, client=ELSEWHERE)],
        [failed(1, fault="hang"), recorded(2, at=5, client=ELSEWHERE)],
        [
            failed(1),
            failed(2, at=0.002, client=ELSEWHERE),
            failed(3, at=0.25),
            failed(4, at=0.3, client=ELSEWHERE),
        ],
        [failed(1), recorded(2, OTHER, at=0.01)],
        [recorded(1, status=409), recorded(2, status=409, at=0.01)],
    ],
    "retry-without-end": [[failed(n, at=n * 1.0) for n in range(10)]],
    "new-id-on-retry": [
        sent_again_as(lambda n: f"old-{n}", leads=9),
        sent_again_as(lambda n: f"new-{n}", leads=2),
        [failed(n, lead(1, externalLeadId=f"{n}"), at=n * 2.0) for n in range(9)],  # one lead alone
        [
            *sent_again_as(lambda n: f"new-{n}", leads=2),
            failed(5, lead(7), at=50),
            recorded(6, lead(7), at=52),
        ],
    ],
    "duplicate-taken-as-failure": [
        [recorded(1, fault="reset"), recorded(2, status=409, at=1), recorded(3, OTHER, at=2)],
        [
            *(recorded(n, lead(n), at=n * 1.0) for n in range(3)),
            *(recorded(3 + n, lead(n), at=9.0 + n, campaign="lost") for n in range(2)),
            recorded(6, lead(2), at=13, fault="reset", campaign="lost"),
            recorded(7, lead(2), 409, at=14, campaign="lost"),
            recorded(8, lead(7), at=20, campaign="third"),
        ],
    ],
    "error-body-matters": [
        after_bodies(lambda _: True),
        after_bodies(lambda _: False),
        after_bodies(lambda body: body == JSON, (JSON, JSON, HTML)),
    ],
    "constant-field": [
        [recorded(n, lead(n, firstName="Ann"), at=n * 1.0) for n in range(19)],
        [recorded(n, lead(n, firstName="Ann" if n else "Ben"), at=n * 1.0) for n in range(30)],
        [recorded(n, {**LEAD, "email": "a@b.example"}, 409, at=n * 20.0) for n in range(30)],
        [recorded(n, lead(n, source="web"), at=n * 1.0) for n in range(30)],
        [recorded(n, lead(n, firstName="Ann"), at=n * 1.0, campaign=f"c{n % 2}") for n in range(38)],
        [
            *(recorded(n, lead(n, firstName="Ann"), at=n * 1.0) for n in range(20)),
            *(recorded(n, campaign=f"c{n}", at=n * 1.0) for n in range(20, 1_020)),
            *(recorded(n, lead(n, firstName="Ben"), at=n * 1.0) for n in range(1_020, 1_040)),
        ],
    ],
    "shared-external-id": [
        [recorded(n, {**LEAD, "externalLeadId": "7"}, 201 if n == 1 else 409, at=n * 20.0) for n in (1, 2)],
        [recorded(n, lead(n, externalLeadId="7"), campaign=f"c{n}") for n in (1, 2)],
        [recorded(n, lead(n, externalLeadId=""), 400) for n in (1, 2)],
    ],
    "connection-per-lead": [
        each_on_its_own(49),
        each_on_its_own(60, gap=10),
        each_on_its_own(60, durationMs=500.0),
        each_on_its_own(60, answer_headers=[("connection", "close")]),
        [recorded(n, lead(n), at=n * 0.1, client=f"127.0.0.1:{n % 20}") for n in range(60)],
    ],
    "stood-on-ruling": [
        [recorded(1, lead(1, email="a@b.example", externalCreated="2022-11-15T21:04:28-0600"))],
        [recorded(1, lead(1, first_name="Ann"))],
        [recorded(1, lead(1, zipCode="90210", region="CA"))],
        [recorded(1, lead(1, zipCode="2138"), 400, problems=problem("zipCode", "zip-format"))],
        [recorded(1, lead(1), 201, rulings={"region-case": "accept"})],
    ],
}


def pairs(table: dict[str, list[Journal]]) -> list[Any]:
    return [
        pytest.param(rule, journal, id=f"{rule}-{place}")
        for rule, journals in table.items()
        for place, journal in enumerate(journals)
    ]


@pytest.mark.parametrize(("rule", "journal"), pairs(GUILTY))
def test_a_careless_client_is_found_by_its_requests(rule: str, journal: Journal) -> None:
    found = findings_in(journal)
    assert rule in found
    assert found[rule]["example"]
    assert set(found[rule]["entries"]) <= {entry["id"] for entry in journal}


@pytest.mark.parametrize(("rule", "journal"), pairs(GUILTY))
def test_it_is_found_under_no_other_name(rule: str, journal: Journal) -> None:
    more = {"gave-up-after-failure"} if rule == "error-body-matters" else set()
    assert set(findings_in(journal)) == {rule} | more


@pytest.mark.parametrize(("rule", "journal"), pairs(GUILTY))
def test_without_its_evidence_there_is_no_finding(rule: str, journal: Journal) -> None:
    named = set(findings_in(journal)[rule]["entries"])
    assert rule not in findings_in([entry for entry in journal if entry["id"] not in named])


@pytest.mark.parametrize(("rule", "journal"), pairs(INNOCENT))
def test_a_careful_client_is_not_taken_for_it(rule: str, journal: Journal) -> None:
    assert rule not in findings_in(journal)


def test_the_last_failure_is_held_against_a_client_only_once_it_has_ended() -> None:
    journal = [recorded(1, OTHER), failed(2, at=1, answer_headers=[("retry-after", "60")])]
    assert "gave-up-after-failure" not in findings_in(journal, until=journal_time(journal) + 60)
    assert "gave-up-after-failure" in findings_in(journal, until=inf)


def journal_time(journal: Journal) -> float:
    """When the last request arrived."""
    return observed(journal[-1]).at


def test_each_ruling_is_one_question_with_its_leads() -> None:
    journal = [recorded(n, lead(n, campaignCode="spring"), at=n * 1.0) for n in range(3)]
    journal += [recorded(3, {**LEAD, "phoneNumber": " (509) 555-0101"}, at=5)]
    found = findings_in(journal)["stood-on-ruling"]
    assert (found["count"], len(found["entries"])) == (2, 4)
    assert "unknown-property (3 leads)" in found["example"]


def test_of_connections_it_is_not_said_that_one_came_after_the_other() -> None:
    at_the_same_time = each_on_its_own(50, gap=0.001)
    [found] = findings_in(at_the_same_time).values()
    assert found["example"] == "50 posts, each on a new connection"


@pytest.mark.parametrize("status", [400, 401, 409])
def test_whatever_refused_a_request_http_says_whose_error_it_is(status: int) -> None:
    found = findings_in([recorded(1, status=status), recorded(2, status=status, at=1)])["resent-4xx"]
    assert (found["source"], found["quote"]) == ("http", "RFC 9110, 15.5")


def test_a_pair_names_both_of_its_requests() -> None:
    journal = [recorded(1, status=400), recorded(2, OTHER, at=1), recorded(3, status=400, at=2)]
    assert findings_in(journal)["resent-4xx"]["entries"] == ["r000000001", "r000000003"]
