"""Findings that one request proves: each with requests that show it, and similar ones that don't."""

from typing import Any

import pytest

from aktify_sandbox.contract import page
from aktify_sandbox.contract.keys import MISTAKES
from aktify_sandbox.report.report import report_of
from support.recorded import LEAD, START, recorded
from support.reporting import findings_in

CREATED = "2022-11-15T21:04:28-0600"
KEY = {"rule": "…", "objection": "key", "ruling": None, "scenario": None}


def lead(**more: Any) -> dict[str, Any]:
    """A lead with other fields; None leaves one out."""
    return {name: value for name, value in {**LEAD, **more}.items() if value is not None}


def wrong_key(code: str, **more: Any) -> dict[str, Any]:
    """A 401 for a key with this mistake."""
    return recorded(1, LEAD, 401, reason={**KEY, "keyMistake": code}, **more)


GUILTY = {
    "legacy-field-name": [
        recorded(1, {"phone": "(509) 555-0101", "region": "CA"}, 400),
        recorded(1, lead(first_name="John")),
        recorded(1, lead(ext_lead_id="7", externalLeadId="7")),
        recorded(1, lead(region=None, State="CA"), 400),
        recorded(1, lead(fristName="John")),
        recorded(1, lead(last_name="Smith"), 503, forced="scenario outage, rule 1"),
    ],
    "key-in-wrong-place": [
        recorded(1, query="x-api-key=…"),
        recorded(1, LEAD, 401, query="a=b&apiKey=…"),
        recorded(1, lead(api_key="…")),
        wrong_key("other-header", headers=[("Authorization", "…")]),
    ],
    "key-damaged": [wrong_key(code) for code in MISTAKES if code not in ("none", "other-header")],
    "both-links": [recorded(1, lead(link="https://a.example", linkToShorten="https://a.example"), 400)],
    "no-region-or-zip": [
        recorded(1, lead(region=None), 400),
        recorded(1, {**LEAD, "region": None}, 400),
        recorded(1, lead(region="", zipCode=""), 400),
    ],
    "zip-lost-zero": [
        recorded(1, lead(zipCode="2138"), 400),
        recorded(1, lead(zipCode=2138), 400),
        recorded(1, lead(zipCode="2138.0"), 400),
        recorded(1, lead(zipCode="501"), 400),
        recorded(1, lead(zipCode="2138-1234"), 400),
    ],
    "region-by-name": [
        recorded(1, lead(region="California"), 400),
        recorded(1, lead(region="new york "), 400),
    ],
    "phone-damaged": [
        recorded(1, lead(phoneNumber="5.09555E+09"), 400),
        recorded(1, lead(phoneNumber="5095550101.0"), 400),
        recorded(1, lead(phoneNumber=5095550101), 400),
        recorded(1, lead(phoneNumber=5095550101.0), 400),
        recorded(1, lead(phoneNumber='="5095550101"'), 400),
        recorded(1, lead(phoneNumber="p:+15095550101"), 400),
        recorded(1, lead(phoneNumber="'5095550101"), 400),
        recorded(1, lead(phoneNumber=5095550101), 201, rulings={"phone-number-type": "coerce"}),
    ],
    "placeholder-value": [
        recorded(1, lead(firstName="undefined")),
        recorded(1, lead(region="null"), 400),
        recorded(1, lead(firstName="{{first_name}}")),
        recorded(1, lead(source="from ${source}")),
        recorded(1, lead(metadata={"plan": "[object Object]"})),
        recorded(1, lead(externalCreated="undefined"), 400),
        recorded(1, lead(email="NaN"), 400),
    ],
    "metadata-not-string": [
        recorded(1, lead(metadata={"age": 42}), 400),
        recorded(1, lead(metadata={"plan": "a", "vip": True}), 400),
        recorded(1, lead(metadata={"plan": None}), 400),
        recorded(1, lead(metadata=["a"]), 400),
        recorded(1, lead(metadata="a"), 400),
        recorded(1, lead(metadata={"age": 42}), 201, rulings={"metadata": "coerce"}),
    ],
    "date-form": [
        recorded(1, lead(externalCreated="11/15/2022"), 400),
        recorded(1, lead(externalCreated="1668567868"), 400),
        recorded(1, lead(externalCreated=1668567868000), 400),
        recorded(1, lead(externalCreated="yesterday"), 400),
        recorded(1, lead(externalCreated="2022-02-30T10:00:00Z"), 400),
    ],
    "date-without-offset": [
        recorded(1, lead(externalCreated="2022-11-15T21:04:28")),
        recorded(1, lead(externalCreated="2022-11-15")),
        recorded(1, lead(externalCreated="2022-11-15T21:04"), 503, forced="scenario outage, rule 1"),
    ],
    "date-in-future": [
        recorded(1, lead(externalCreated="2026-11-24T09:36:00Z")),
        recorded(1, lead(externalCreated="2026-11-24T09:36:00+00:00")),
        recorded(1, lead(externalCreated="2026-11-24T08:30:00-0600")),
        recorded(1, lead(externalCreated="2062-11-15T21:04:28-0600")),
        recorded(1, lead(externalCreated="2026-11-24T23:59:00-06:00"), at=15.6 * 3600),
    ],
    "many-leads-in-one": [
        recorded(1, [LEAD, LEAD], 400),
        recorded(1, {"leads": [LEAD]}, 400),
        recorded(1, body='{"region": "CA"}\n{"region": "WA"}\n', status=400),
        recorded(1, body='[{"region": "CA"}, {"reg', status=413, truncated=True),
    ],
    "origin-header": [
        recorded(1, headers=[("Origin", "https://shop.example")]),
        recorded(1, method="OPTIONS", status=405, headers=[("origin", "https://shop.example")]),
    ],
    "personal-data-in-query": [
        recorded(1, query="phoneNumber=5095550101"),
        recorded(1, method="GET", status=405, query="email=a%40b.example"),
        recorded(1, query="q=%2B15095550101"),
        recorded(1, query="first_name=John"),
    ],
}
INNOCENT = {
    "legacy-field-name": [
        recorded(1, lead(campaignCode="7", note="hello")),
        recorded(1, lead(email="a@b.example", email2="c@d.example")),
        recorded(1, {"leads": [LEAD]}, 400),
        recorded(1, {"phone": "(509) 555-0101"}, 404, path="/leads"),
    ],
    "key-in-wrong-place": [
        recorded(1, query="campaign=spring"),
        recorded(1, lead(keyword="solar", author="Ann")),
        recorded(1, headers=[("authorization", "…")]),
        wrong_key("none"),
    ],
    "key-damaged": [recorded(1, LEAD, 401), wrong_key("none"), wrong_key("other-header"), recorded(1)],
    "both-links": [
        recorded(1, lead(link="https://a.example")),
        recorded(1, lead(linkToShorten="https://a.example")),
    ],
    "no-region-or-zip": [
        recorded(1),
        recorded(1, lead(region=None, zipCode="90210")),
        recorded(1, lead(region=None, State="CA"), 400),
        recorded(1, {"leads": [LEAD]}, 400),
        recorded(1, {}, 400),
        recorded(1, body="{", status=400),
    ],
    "zip-lost-zero": [
        recorded(1, lead(zipCode="02138")),
        recorded(1, lead(zipCode="12"), 400),
        recorded(1, lead(zipCode=90210), 400),
        recorded(1, lead(zipCode=True), 400),
    ],
    "region-by-name": [
        recorded(1),
        recorded(1, lead(region="ca"), 400),
        recorded(1, lead(region="Bavaria"), 400),
    ],
    "phone-damaged": [
        recorded(1),
        recorded(1, lead(phoneNumber="555-0101"), 400),
        recorded(1, lead(phoneNumber="+49 30 123456"), 400),
        recorded(1, lead(phoneNumber=True), 400),
    ],
    "placeholder-value": [
        recorded(1, lead(lastName="Null")),
        recorded(1, lead(metadata={"insurance": "None"})),
        recorded(1, lead(source="undefined behaviour")),
        recorded(1, {**LEAD, "email": None}, 400),
        recorded(1, lead(source="$ {a} % b")),
    ],
    "metadata-not-string": [recorded(1, lead(metadata={"age": "42"})), recorded(1, lead(metadata={}))],
    "date-form": [
        recorded(1, lead(externalCreated=CREATED)),
        recorded(1, lead(externalCreated="20221115T210428Z"), 400),
        recorded(1, lead(externalCreated="undefined"), 400),
        recorded(1, lead(externalCreated=""), 400),
    ],
    "date-without-offset": [
        recorded(1, lead(externalCreated=CREATED)),
        recorded(1, lead(externalCreated="2022-11-15T21:04:28Z")),
        recorded(1, lead(externalCreated="11/15/2022"), 400),
    ],
    "date-in-future": [
        recorded(1, lead(externalCreated=CREATED)),
        recorded(1, lead(externalCreated="2026-11-24T09:31:00Z")),
        recorded(1, lead(externalCreated="2026-11-24T23:00:00")),
        recorded(1, lead(externalCreated="2026-11-24T11:00:00+0200")),
        recorded(1, lead(externalCreated="2026-11-24")),
    ],
    "many-leads-in-one": [
        recorded(1),
        recorded(1, lead(metadata={"a": "[1, 2]"})),
        recorded(1, lead(tags=["a", "b"])),
        recorded(1, body='{"region":\n"CA"', status=400),
        recorded(1, body="bm8=", bodyEncoding="base64", status=400),
    ],
    "origin-header": [recorded(1), recorded(1, headers=[("x-origin", "a")])],
    "personal-data-in-query": [recorded(1), recorded(1, query="trace=20261124&page=2&x-api-key=…")],
}


def pairs(table: dict[str, list[dict[str, Any]]]) -> list[Any]:
    return [
        pytest.param(rule, entry, id=f"{rule}-{place}")
        for rule, entries in table.items()
        for place, entry in enumerate(entries)
    ]


@pytest.mark.parametrize(("rule", "entry"), pairs(GUILTY))
def test_the_request_of_a_careless_client_is_found(rule: str, entry: dict[str, Any]) -> None:
    found = findings_in([recorded(0, {**LEAD, "phoneNumber": "(213) 555-0102"}), entry])
    assert (found[rule]["entries"], found[rule]["count"]) == (["r000000001"], 1)
    assert found[rule]["example"]


@pytest.mark.parametrize(("rule", "entry"), pairs(GUILTY))
def test_nothing_else_is_found_in_it(rule: str, entry: dict[str, Any]) -> None:
    others = {"stood-on-ruling"} if "rulings" in entry else set()
    assert set(findings_in([entry])) - others == {rule}


@pytest.mark.parametrize(("rule", "entry"), pairs(INNOCENT))
def test_a_similar_request_is_not_taken_for_it(rule: str, entry: dict[str, Any]) -> None:
    assert rule not in findings_in([entry])


def test_what_is_quoted_about_a_wrong_name_holds_for_every_field() -> None:
    found = findings_in([recorded(1, lead(ext_lead_id="7"))])["legacy-field-name"]
    assert found["quote"] == page.CREATED_LEAD


def test_no_finding_shows_a_phone_number_or_a_key() -> None:
    entry = recorded(1, lead(phoneNumber=5095550101, apiKey="…"), 400, query="phoneNumber=5095550101")
    for finding in report_of([entry])["findings"]:
        assert "5550101" not in finding["example"]


def test_a_date_is_compared_with_the_time_of_its_request() -> None:
    soon = START.replace(hour=12).isoformat()
    early = recorded(1, lead(externalCreated=soon))
    late = recorded(2, lead(externalCreated=soon), at=3 * 3_600)
    assert findings_in([early, late])["date-in-future"]["entries"] == ["r000000001"]
