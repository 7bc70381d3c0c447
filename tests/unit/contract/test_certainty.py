"""A hint that isn't certain says less: nothing is guessed, no digit, no day, no time, no zone."""

import json
from typing import Any

import pytest

from aktify_sandbox.contract.lead import LeadRules, Problem
from aktify_sandbox.contract.rulings import Rulings
from support.snapshots import Snapshot, label, refusal

LEAD = {"phoneNumber": "(509) 555-1234", "region": "CA"}
RULES = LeadRules(Rulings.of())


def refused(field: str, value: Any, **more: Any) -> Problem:
    body = json.dumps({**LEAD, field: value, **more}).encode()
    return next(each for each in RULES.read(body, b"application/json", None).problems if each.field == field)


@pytest.mark.parametrize(
    ("field", "value", "suggested"),
    [
        ("externalCreated", "4/30/2020 13:42", "2020-04-30T13:42"),
        ("externalCreated", "4/30/2020", "2020-04-30"),
        ("externalCreated", "11/15/2022 9:04 PM", "2022-11-15T21:04"),
        ("externalCreated", "15.11.2022", "2022-11-15"),
        ("externalCreated", "15/11/2022 12:00 am", "2022-11-15T00:00"),
        ("externalCreated", "2022-1-5", "2022-01-05"),
        ("externalCreated", "2022/11/15", "2022-11-15"),
        ("externalCreated", "20221115T210428Z", "2022-11-15T21:04:28Z"),
        ("externalCreated", "2022-11-15T21:04:28 -0600", "2022-11-15T21:04:28-0600"),
        ("externalCreated", "2022-W46-2", "2022-11-15"),
        ("externalCreated", "2022-319", "2022-11-15"),
        ("externalCreated", "2022-11-15T21:04:28,5Z", "2022-11-15T21:04:28.5Z"),
        ("externalCreated", "1668546268123", "2022-11-15T21:04:28.123Z"),
        ("phoneNumber", "tel:5095551234", "5095551234"),
        ("phoneNumber", "p:+15095551234", "+15095551234"),
        ("phoneNumber", '="5095551234"', "5095551234"),
        ("phoneNumber", "'5095551234", "5095551234"),
        ("phoneNumber", "509–555–1234", "509-555-1234"),
        ("region", "D.C.", "DC"),
        ("region", "Wash", "WA"),
        ("region", "Calif.", "CA"),
        ("region", "US_CA", "CA"),
        ("email", "A <a@b.co>", "a@b.co"),
        ("email", "mailto:a@b.co", "a@b.co"),
        ("link", " https://a.b", "https://a.b"),
        ("link", "www.a.co/b", "https://www.a.co/b"),
        ("zipCode", "90210 1234", "90210-1234"),
    ],
)
def test_what_is_certain_is_suggested(field: str, value: str, suggested: str, snapshot: Snapshot) -> None:
    problem = refused(field, value)
    assert suggested in problem.hint
    snapshot("refusals", refusal(problem), label(field, value))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("externalCreated", "4/5/2020"),
        ("externalCreated", "4/30/20"),
        ("externalCreated", "4/30/2020 13:42 CST"),
        ("externalCreated", "5095551234"),
        ("externalCreated", "2022-11-15T24:00"),
        ("externalCreated", "44880"),
        ("phoneNumber", "509☃5551234"),
        ("phoneNumber", "٥٠٩٥٥٥١٢٣٤"),
        ("region", "New"),
        ("region", "Miss"),
        ("region", "North"),
        ("region", "Vir"),
        ("email", "a@b,co"),
        ("email", "a,b@c.de"),
        ("email", "<x"),
        ("link", "http:/a.b"),
        ("link", "aktify"),
        ("link", "mailto:a@b.co"),
        ("link", "a@b.co"),
        ("link", "localhost:8080"),
        ("zipCode", "2138"),
        ("zipCode", 2138),
    ],
)
def test_what_is_not_certain_is_not(field: str, value: Any, snapshot: Snapshot) -> None:
    snapshot("refusals", refusal(refused(field, value)), f"{field}, {value!r}")


def test_a_lost_zero_is_certain_only_where_the_region_agrees(snapshot: Snapshot) -> None:
    snapshot("refusals", refusal(refused("zipCode", "2138", region="MA")), "a text and its region")
    snapshot("refusals", refusal(refused("zipCode", 2138, region="ma")), "a number and its region")
    body = json.dumps({"phoneNumber": "5095551234", "zipCode": "2138"}).encode()
    [problem] = RULES.read(body, b"application/json", None).problems
    snapshot("refusals", refusal(problem), "no region")


@pytest.mark.parametrize(
    "value", ["20221115T210428Z", "2022-W46-2", "2022-319", "2022-11", "2022-11-15T24:00", "20221115"]
)
def test_a_valid_form_of_iso_8601_is_called_one(value: str, snapshot: Snapshot) -> None:
    problem = refused("externalCreated", value)
    assert (problem.source, problem.ruling) == ("ruling", "external-created")
    snapshot("refusals", refusal(problem))


@pytest.mark.parametrize(
    "value", ["yesterday", "2022-13-01", "2022-02-30", "2022-366", "11/15/2022", "1668546268", "20230229"]
)
def test_what_is_no_iso_8601_is_the_pages_refusal(value: str, snapshot: Snapshot) -> None:
    problem = refused("externalCreated", value)
    assert (problem.source, problem.ruling) == ("documented", None)
    snapshot("refusals", refusal(problem))
    assert "ISO8601" in (problem.quote or "")


@pytest.mark.parametrize("value", ["müller@x.de", "a@[127.0.0.1]", '"a b"@c.de', "a@localhost"])
def test_an_address_of_another_form_is_not_called_none(value: str, snapshot: Snapshot) -> None:
    problem = refused("email", value)
    snapshot("refusals", refusal(problem))
    assert problem.ruling == "email"
