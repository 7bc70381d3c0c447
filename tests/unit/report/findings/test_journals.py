"""Journals of all kinds: whatever is in one, each finding names requests that are there and that prove it."""

from collections.abc import Iterator
from math import inf
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.report.findings import RULES
from support.recorded import recorded
from support.reporting import findings_in

SENT: list[Any] = [
    {"phoneNumber": "(509) 555-0101", "region": "CA"},
    {"phoneNumber": "(213) 555-0102", "zipCode": "90210", "externalLeadId": "7"},
    {"phoneNumber": "(512) 555-0103", "region": "Texas", "externalLeadId": "7"},
    {"phoneNumber": 5095550104, "zipCode": "2138", "externalCreated": "11/15/2022"},
    {"phone": "(509) 555-0105", "first_name": "undefined", "apiKey": "…", "link": "a", "linkToShorten": "b"},
    {"phoneNumber": "(206) 555-0106", "region": "WA", "externalCreated": "2099-01-01T00:00:00", "own": 1},
    {"phoneNumber": "(702) 555-0107", "region": "NV", "metadata": {"a": 1}},
    [{"phoneNumber": "(404) 555-0108"}],
]
ANSWERS: list[dict[str, Any]] = [
    *({"status": status} for status in (201, 400, 401, 404, 409, 413, 429, 503)),
    *({"status": status, "forced": "force"} for status in (400, 401, 409)),
    *({"fault": fault} for fault in ("reset", "empty", "truncate", "dribble", "hang")),
    {"fault": "hang", "hungUpAfterMs": 400.0},
    {"delayMs": 900, "forced": "force"},
    {"status": 503, "answer_headers": [("retry-after", "3")]},
    {"status": 503, "response": {"status": 503, "headers": [], "body": "<html>"}},
]
ODD: list[dict[str, Any]] = [
    {"method": "", "path": "", "phone": None, "campaign": None, "client": None, "key": None},
    {"body": "{", "phone": None}, {"body": "[[", "phone": None}, {"body": "7", "phone": None},
    {"body": "gAGC", "bodyEncoding": "base64", "phone": None}, {"body": '{"phoneNumber": "50', "truncated": True},
    {"method": "GET", "path": "/"}, {"query": "&&=&a=%FF&email=x@y"}, {"query": "x-api-key=…"},
    {"headers": [("ORIGIN", "null"), ("authorization", "…")]}, {"durationMs": 700.0},
    {"reason": {"rule": "", "objection": "aborted", "ruling": None, "scenario": None}, "response": None},
    {"reason": {"rule": "", "objection": "body", "ruling": "links", "scenario": None},
     "problems": [{"field": "link", "message": "", "hint": "", "source": "ruling", "quote": None, "ruling": "links"}]},
    {"reason": {"rule": "", "objection": "key", "ruling": None, "scenario": None, "keyMistake": "quotes"}},
    {"rulings": {"phone-number-type": "coerce"}}, {"client": "127.0.0.1:50001"}, {"campaign": "other"},
]  # fmt: skip


def omitted(entry: Entry) -> Entry:
    """As with `--fictional-only`."""
    return {**entry, "body": None, "bodyOmitted": "fictional-only", "phone": None}


@st.composite
def journals(draw: st.DrawFn, gaps: tuple[float, ...], more: list[dict[str, Any]]) -> list[Entry]:
    """Posts of a few leads with all kinds of answers, one after the other."""
    at = 0.0
    journal: list[Entry] = []
    for _ in range(draw(st.integers(0, 12))):
        lead, answer = draw(st.sampled_from(SENT)), draw(st.sampled_from(ANSWERS))
        other, gap = draw(st.sampled_from([{}, *more])), draw(st.sampled_from(gaps))
        for _ in range(draw(st.sampled_from((1, 1, 1, 12))) if more else 1):
            at += gap
            journal.append(recorded(len(journal), lead, at=round(at, 3), **{**answer, **other}))
    if more and draw(st.sampled_from((False, True))):
        journal.append(omitted(recorded(len(journal), at=at)))
    return journal


CALM = journals((0.3, 2.0, 20.0), [])
"""One client with one connection that does one thing after the other."""
WILD = journals((0.0, 0.001, 0.02, 0.09, 0.3, 5.0), ODD)


def named(journal: list[Entry], rule: str, until: float | None) -> set[str]:
    """The requests that a finding names; none without it."""
    found = findings_in(journal, until).get(rule)
    return set(found["entries"]) if found else set()


def failed(entry: Entry) -> bool:
    """Whether the client can't know if the lead was taken."""
    return "fault" in entry or entry["response"] is None or entry["response"]["status"] >= 429


@given(WILD, st.sampled_from((None, inf)))
def test_a_finding_names_requests_that_are_there(journal: list[Entry], until: float | None) -> None:
    ids = {entry["id"] for entry in journal}
    for finding in findings_in(journal, until).values():
        assert finding["count"] >= 1
        assert finding["example"]
        assert finding["entries"]
        assert set(finding["entries"]) <= ids


@given(CALM, st.sampled_from((None, inf)))
def test_without_the_requests_that_it_names_there_is_no_finding(
    journal: list[Entry], until: float | None
) -> None:
    for rule in findings_in(journal, until):
        ids = named(journal, rule, until)
        if rule == "resent-4xx" and any(failed(entry) for entry in journal if entry["id"] in ids):
            continue  # the failure that is taken out was also the excuse of a try after a later 409
        assert not named([entry for entry in journal if entry["id"] not in ids], rule, until)


@given(CALM)
def test_the_requests_that_a_finding_names_prove_it_by_themselves(journal: list[Entry]) -> None:
    for rule in findings_in(journal):
        ids = named(journal, rule, None)
        assert named([entry for entry in journal if entry["id"] in ids], rule, inf)


@given(WILD)
def test_what_one_request_proves_it_proves_alone(journal: list[Entry]) -> None:
    for rule, finding in findings_in(journal).items():
        if RULES[rule].certainty == "proved":
            for entry in journal:
                if entry["id"] in finding["entries"]:
                    assert rule in findings_in([entry])


def careful(answers: list[dict[str, Any]]) -> Iterator[Entry]:
    """The requests of a client that does as docs/explanation/clients.md says, whatever it is answered."""
    number, at = 0, 0.0
    queue = iter(answers)
    for place in range(12):
        lead = {
            "phoneNumber": f"({509 + place}) 555-{100 + place:04d}",
            "region": ("CA", "WA", "TX")[place % 3],
        }
        may_be_in = False
        for tried in range(6):
            answer = {**next(queue, {"status": 201})}
            if may_be_in and not answer.get("forced") and answer.get("status") == 201:
                answer["status"] = 409
            lost = "fault" in answer and answer["fault"] != "dribble"
            if answer.get("fault") == "hang":
                answer["hungUpAfterMs"] = 5_000.0
            entry = recorded(number, lead, at=round(at, 3), **{**answer, "campaign": "demo"})
            yield entry
            number += 1
            status = entry["response"]["status"] if entry["response"] and not lost else None
            at += 5.0 if answer.get("fault") == "hang" else 0.002 + answer.get("delayMs", 0) / 1000
            may_be_in = may_be_in or answer.get("fault") == "truncate"
            if status in (201, 400, 409):
                break
            if status in (401, 404, 413):
                return
            at += max(2.0**tried, 3.0 if answer.get("answer_headers") else 0.0)
        else:
            return


@given(st.lists(st.sampled_from(ANSWERS), max_size=60))
def test_nothing_is_found_in_what_a_careful_client_does(answers: list[dict[str, Any]]) -> None:
    assert findings_in(careful(answers), until=inf) == {}
