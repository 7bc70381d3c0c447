"""What the bare text of a line rules out isn't parsed: that is quick, and never wrong."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aktify_sandbox.history.filters import Filters
from aktify_sandbox.matching.words import text_of
from aktify_sandbox.storage.index import restored
from aktify_sandbox.storage.log import Line, seal

TEXTS = st.text(
    st.sampled_from('abikKısS\u212aİé": \n\\/{}\x1b😀') | st.characters(codec="utf-8"), max_size=12
)
STATUSES = [200, 201, 400, 404, 409, 429, 503]


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """A record in the order in which it is written, with whatever a client can put into it."""
    status = draw(st.none() | st.sampled_from(STATUSES))
    text = draw(TEXTS)
    response = {"status": status, "headers": [["content-type", text]], "body": draw(st.none() | TEXTS)}
    lead = {}
    if status == 201 and draw(st.booleans()):  # the answer's body is its lead then, and isn't written twice
        del response["body"]
        lead = {"lead": {"phoneNumber": "+15095551234", "firstName": draw(TEXTS)}}
    return {
        **lead,
        "id": "r000000001",
        "kind": "request",
        "receivedAt": "2026-11-24T09:30:00.000Z",
        "method": "POST",
        "path": f"/{draw(TEXTS)}",
        "query": draw(TEXTS),
        "headers": [[draw(TEXTS), draw(TEXTS)]],
        "campaign": draw(st.none() | st.sampled_from(["demo", 'a"b'])),
        "key": draw(st.none() | st.sampled_from(["tes…key", "test-key"])),
        "phone": draw(st.none() | st.sampled_from(["+15095551234", "+12125551234"])),
        "response": response if status else None,
        "reason": {"rule": draw(TEXTS), "scenario": draw(st.none() | st.just("scenario flaky"))},
        "problems": [],
        "body": draw(TEXTS | st.just('{"status":409,"scenario":null,"response":null}')),
    }


def test_a_lead_is_found_by_its_field_and_value_as_the_answer_has_them() -> None:
    entry: dict[str, Any] = {
        "id": "r000000001",
        "method": "POST",
        "path": "/api/v1/leads",
        "query": "",
        "headers": [],
        "response": {"status": 201, "headers": []},
        "reason": {"rule": "", "scenario": None},
        "problems": [],
        "body": None,
        "lead": {"phoneNumber": "+15095551234"},
        "receivedAt": "2026-11-24T09:30:00.000Z",
        **dict.fromkeys(("campaign", "key", "phone")),
    }
    assert admits(entry, search='"phoneNumber":"+15095551234"')


def admits(record: dict[str, Any], *where: str, **filters: str) -> bool:
    return Filters.of(filters, where).admits(Line(0, seal(orjson.dumps(record))[:-1]))


@given(records(), st.data())
def test_each_part_of_a_records_text_finds_it_in_upper_and_lower_case(
    record: dict[str, Any], data: st.DataObject
) -> None:
    text = text_of(restored(record))
    start = data.draw(st.integers(0, len(text) - 1))
    part = text[start : start + data.draw(st.integers(1, 12))]
    assert admits(record, search=part)
    for other in (part.lower(), part.upper()):
        assert admits(record, search=other) == (other.lower() in text.lower())


@given(records(), TEXTS.filter(bool))
def test_a_search_finds_only_text_in_the_entry(record: dict[str, Any], search: str) -> None:
    assert admits(record, search=search) == (search.lower() in text_of(restored(record)).lower())


@given(records(), st.sampled_from([*map(str, STATUSES), "none", "2xx", "4xx", "5xx", "409,5xx", "none,201"]))
def test_a_status_is_the_answers_even_if_texts_have_others(record: dict[str, Any], wanted: str) -> None:
    status = str(record["response"]["status"]) if record["response"] else "none"
    assert admits(record, status=wanted) == any(
        each == status or (each[1:] == "xx" and status[0] == each[0] and status != "none")
        for each in wanted.split(",")
    )


@given(records(), st.sampled_from(["yes", "no", "FLAKY", "steady"]))
def test_what_forced_an_answer_is_told_from_what_a_text_says(record: dict[str, Any], wanted: str) -> None:
    is_forced = record["reason"]["scenario"] is not None
    expected = {"yes": is_forced, "no": not is_forced, "FLAKY": is_forced, "steady": False}[wanted]
    assert admits(record, forced=wanted) == expected


@given(records(), st.sampled_from(["test-key", "tes…key", "other-key"]))
def test_a_key_is_found_whole_and_as_it_is_shown(record: dict[str, Any], key: str) -> None:
    shown = {"test-key": ("test-key", "tes…key"), "tes…key": ("tes…key",), "other-key": ()}[key]
    assert admits(record, key=key) == (record["key"] in shown)


@pytest.mark.parametrize(("wanted", "found"), [("demo", "demo"), ('a"b', 'a"b'), ("dem", None)])
@given(record=records())
def test_a_campaign_is_found_by_its_whole_name(
    wanted: str, found: str | None, record: dict[str, Any]
) -> None:
    assert admits(record, campaign=wanted) == (record["campaign"] == found is not None)


@pytest.mark.parametrize(("written", "search"), [("\u212aelvin", "kelvin"), ("\u0130zmir", "i\u0307zmir")])
@given(record=records())
def test_letters_whose_lower_case_is_plain_are_found(
    written: str, search: str, record: dict[str, Any]
) -> None:
    assert admits({**record, "body": written}, search=search)


@pytest.mark.parametrize("cut", [{}, {"truncated": True}, {"bodyOmitted": "fictional-only"}], ids=str)
@given(record=records())
def test_a_field_is_found_where_the_record_holds_the_whole_body(
    cut: dict[str, Any], record: dict[str, Any]
) -> None:
    sent = {**record, "body": '{"region": "CA", "metadata": {"source": "web"}}', **cut}
    assert admits(sent, "region=CA", "metadata.source=web") == (not cut)
    assert not admits(sent, "region=NV")
