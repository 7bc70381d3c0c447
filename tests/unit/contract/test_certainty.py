"""A hint that isn't certain says less: nothing is guessed, no digit, no day, no time, no zone."""

import json
from typing import Any

import pytest

from aktify_sandbox.contract.lead import LeadRules, Problem
from aktify_sandbox.contract.rulings import Rulings

LEAD = {"phoneNumber": "(509) 555-1234", "region": "CA"}
RULES = LeadRules(Rulings.of())


def refused(field: str, value: Any, **more: Any) -> Problem:
    body = json.dumps({**LEAD, field: value, **more}).encode()
    return next(each for each in RULES.read(body, b"application/json", None).problems if each.field == field)


@pytest.mark.parametrize(
    ("field", "value", "suggested"),
    [
        ("externalCreated", "4/30/2020 13:42", "2020-04-30T13:42."),
        ("externalCreated", "4/30/2020", "first: 2020-04-30."),
        ("externalCreated", "11/15/2022 9:04 PM", "2022-11-15T21:04."),
        ("externalCreated", "15.11.2022", "2022-11-15."),
        ("externalCreated", "15/11/2022 12:00 am", "2022-11-15T00:00."),
        ("externalCreated", "2022-1-5", "2022-01-05."),
        ("externalCreated", "2022/11/15", "2022-11-15."),
        ("externalCreated", "20221115T210428Z", "2022-11-15T21:04:28Z."),
        ("externalCreated", "2022-11-15T21:04:28 -0600", "2022-11-15T21:04:28-0600."),
        ("externalCreated", "2022-W46-2", "2022-11-15."),
        ("externalCreated", "2022-319", "2022-11-15."),
        ("externalCreated", "2022-11-15T21:04:28,5Z", "2022-11-15T21:04:28.5Z."),
        ("externalCreated", "1668546268123", "2022-11-15T21:04:28.123Z."),
        ("phoneNumber", "tel:5095551234", "Write 5095551234."),
        ("phoneNumber", "p:+15095551234", "Write +15095551234."),
        ("phoneNumber", '="5095551234"', "Write 5095551234."),
        ("phoneNumber", "'5095551234", "Write 5095551234."),
        ("phoneNumber", "509–555–1234", "Write 509-555-1234."),
        ("region", "D.C.", "Write DC."),
        ("region", "Wash", "Write WA."),
        ("region", "Calif.", "Write CA."),
        ("email", "A <a@b.co>", "write a@b.co."),
        ("email", "mailto:a@b.co", "write a@b.co."),
        ("link", " https://a.b", "https://a.b."),
        ("link", "www.a.co/b", "https://www.a.co/b."),
        ("zipCode", "90210 1234", "Write 90210-1234."),
    ],
)
def test_what_is_certain_is_suggested(field: str, value: str, suggested: str) -> None:
    assert refused(field, value).hint.endswith(suggested)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("externalCreated", "4/5/2020", "as in 2022-"),
        ("externalCreated", "4/30/20", "as in 2022-"),
        ("externalCreated", "4/30/2020 13:42 CST", "as in 2022-"),
        ("externalCreated", "5095551234", "as in 2022-"),
        ("externalCreated", "2022-11-15T24:00", "as in 2022-"),
        ("externalCreated", "44880", "as in 2022-"),
        ("phoneNumber", "509☃5551234", "Use the digits"),
        ("phoneNumber", "٥٠٩٥٥٥١٢٣٤", "Use the digits"),
        ("region", "New", "two capital letters"),
        ("region", "Miss", "two capital letters"),
        ("region", "North", "two capital letters"),
        ("region", "Vir", "two capital letters"),
        ("email", "a@b,co", "as in someone"),
        ("email", "a,b@c.de", "as in someone"),
        ("email", "<x", "as in someone"),
        ("link", "http:/a.b", "as in https://www"),
        ("link", "aktify", "as in https://www"),
        ("link", "mailto:a@b.co", "as in https://www"),
        ("link", "a@b.co", "as in https://www"),
        ("link", "localhost:8080", "as in https://www"),
        ("zipCode", "2138", "five digits"),
        ("zipCode", 2138, "five digits"),
    ],
)
def test_what_is_not_certain_is_not(field: str, value: Any, said: str) -> None:
    assert said in refused(field, value).hint


def test_a_lost_zero_is_certain_only_where_the_region_agrees() -> None:
    assert refused("zipCode", "2138", region="MA").hint == "A leading zero was lost: 02138."
    assert (
        refused("zipCode", 2138, region="ma").hint == 'Write it in quotes; a leading zero was lost: "02138".'
    )
    body = json.dumps({"phoneNumber": "5095551234", "zipCode": "2138"}).encode()
    [problem] = RULES.read(body, b"application/json", None).problems
    assert problem.hint == "If a leading zero was lost: 02138."


@pytest.mark.parametrize(
    "value", ["20221115T210428Z", "2022-W46-2", "2022-319", "2022-11", "2022-11-15T24:00", "20221115"]
)
def test_a_valid_form_of_iso_8601_is_called_one(value: str) -> None:
    problem = refused("externalCreated", value)
    assert (problem.source, problem.ruling) == ("ruling", "external-created")
    assert "is ISO 8601, but" in problem.message
    assert "extended" not in problem.message  # 24:00, a week and a month alone are of the extended form, too


@pytest.mark.parametrize(
    "value", ["yesterday", "2022-13-01", "2022-02-30", "2022-366", "11/15/2022", "1668546268", "20230229"]
)
def test_what_is_no_iso_8601_is_the_pages_refusal(value: str) -> None:
    problem = refused("externalCreated", value)
    assert (problem.source, problem.ruling) == ("documented", None)
    assert "ISO8601" in (problem.quote or "")


@pytest.mark.parametrize("value", ["müller@x.de", "a@[127.0.0.1]", '"a b"@c.de', "a@localhost"])
def test_an_address_of_another_form_is_not_called_none(value: str) -> None:
    problem = refused("email", value)
    assert "isn't of the form local@domain.tld" in problem.message
    assert problem.ruling == "email"
