"""What people call a field, and what they call otherwise."""

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aktify_sandbox.contract.aliases import (
    ALIASES,
    LEGACY,
    field_for_alias,
    folded,
    likely_field,
)
from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.contract.schema import FIELDS

KNOWN = {
    **{name: name for name in FIELDS},
    **LEGACY,
    **{name: field for field, names in ALIASES.items() for name in names},
}

HEADERS: dict[str, dict[str, str | None]] = {
    "the page's legacy names": {**LEGACY},
    "Salesforce": {
        "Lead ID": "externalLeadId", "First Name": "firstName", "Last Name": "lastName", "Email": "email",
        "Phone": "phoneNumber", "Mobile": "phoneNumber", "MobilePhone": "phoneNumber",
        "State/Province": "region", "State/Province (text only)": "region", "Zip/Postal Code": "zipCode",
        "PostalCode": "zipCode", "Mailing State/Province": "region", "Mailing Zip/Postal Code": "zipCode",
        "Lead Source": "source", "LeadSource": "source", "Create Date": "externalCreated",
        "CreatedDate": "externalCreated", "Created Date": "externalCreated", "Salutation": None, "Title": None,
        "Company": None, "Street": None, "City": None, "Country": None, "Country Code": None,
        "Lead Owner": None, "Lead Status": None, "Rating": None, "Industry": None, "Annual Revenue": None,
        "No. of Employees": None, "Fax": None, "Fax Opt Out": None, "Email Opt Out": None, "Do Not Call": None,
        "Email Bounced Date": None, "Last Modified Date": None, "Last Activity": None, "Converted": None,
        "Unread": None, "Description": None, "Website": None, "Created By": None, "Created By Alias": None,
        "Phone Verified": None, "Account Source": None,
    },
    "HubSpot": {
        "Record ID": "externalLeadId", "Record ID - Contact": "externalLeadId",
        "hs_object_id": "externalLeadId", "First Name": "firstName", "firstname": "firstName",
        "Last Name": "lastName", "lastname": "lastName", "Email": "email", "Phone Number": "phoneNumber",
        "phone": "phoneNumber", "mobilephone": "phoneNumber", "Mobile Phone Number": "phoneNumber",
        "State/Region": "region", "state": "region", "State/Region Code": "region", "Postal Code": "zipCode",
        "zip": "zipCode", "Create Date": "externalCreated", "createdate": "externalCreated",
        "Contact owner": None, "Lifecycle Stage": None, "Lead Status": None, "Original Source": None,
        "Original Source Drill-Down 1": None, "Country/Region": None, "Email Domain": None,
        "Last Contacted": None, "Last Activity Date": None, "First Conversion": None,
        "First Conversion Date": None, "Became a Lead Date": None, "Marketing contact status": None,
        "Unsubscribed from all email": None, "WhatsApp Phone Number": None, "IP State/Region": None,
        "IP State Code/Region Code": None, "Last Modified Date": None, "Number of Pageviews": None,
    },
    "Facebook": {
        "created_time": "externalCreated", "phone_number": "phoneNumber", "state": "region",
        "zip_code": "zipCode", "post_code": "zipCode", "email": "email", "first_name": "firstName",
        "last_name": "lastName", "ad_id": None, "ad_name": None, "adset_id": None, "adset_name": None,
        "campaign_id": None, "campaign_name": None, "form_id": None, "form_name": None, "is_organic": None,
        "platform": None, "full_name": None, "city": None, "id": None, "work_phone_number": None,
        "lead_status": None, "date_of_birth": None, "gender": None,
    },
    "shops, forms, other CRMs": {
        "phone1": "phoneNumber", "Cell Phone": "phoneNumber", "TELEPHONE": "phoneNumber",
        "Phone #": "phoneNumber", "Person - Phone": "phoneNumber", "E-mail": "email", "Email Address": "email",
        "EXT_LEAD_ID": "externalLeadId", "Lead Submit Time": "externalCreated",
        "Created Time": "externalCreated", "Submit Date (UTC)": "externalCreated", "Zip Code": "zipCode",
        "ZIP": "zipCode", "Postal": "zipCode", "Default Address Province Code": "region",
        "Surname": "lastName", "Given Name": "firstName", "Phone 2": None, "Fax Number": None, "Name": None,
        "Number": None, "Date": None, "Timestamp": None, "URL": None, "Website": None, "Notes": None,
        "Accepts Email": None, "Accepts Email Marketing": None, "Total Spent": None, "Tags": None,
    },
    "columns about a field": {
        "Phone Type": None, "Phone Extension": None, "Phone Country Code": None, "Phone Valid": None,
        "Company Phone": None, "Company Phone Verified": None, "Mobile Opt In": None, "Mobile App User": None,
        "Cell Carrier": None, "Cell Count": None, "Telephone Consent": None, "Home State Bonus": None,
        "State Tax": None, "State of Mind": None, "Statement": None, "Status": None, "Region Manager": None,
        "Zip File": None, "Zipped": None, "Zip Distance": None, "Postal Consent": None, "Email Opt Out": None,
        "Email Verified": None, "Email Count": None, "Created By": None, "Created Via": None,
        "Date Modified": None, "Lead Score": None, "Lead ID Type": None, "First Contact Date": None,
        "First Name Spelling": None, "Last Login": None, "Last Name Change": None, "Source Code": None,
        "Source System Record": None, "Link Clicks": None, "Metadata Version": None, "": None, "#": None,
        "???": None,
    },
}  # fmt: skip
"""Headers as the programs write them, and what each means; None: something else, or more than one thing."""


@pytest.mark.parametrize(
    ("name", "field"),
    [
        pytest.param(name, field, id=f"{program}: {name}")
        for program, names in HEADERS.items()
        for name, field in names.items()
    ],
)
def test_a_header_means_its_field_and_no_column_is_taken_that_means_something_else(
    name: str, field: str | None
) -> None:
    assert field_for_alias(name) == field


def test_every_alias_leads_to_one_field_and_stands_in_the_table_once() -> None:
    assert set(ALIASES) <= set(FIELDS)
    spellings = Counter(
        folded(name) for name in (*FIELDS, *(name for names in ALIASES.values() for name in names))
    )
    assert [name for name, count in spellings.items() if count > 1] == []
    assert {name: field_for_alias(name) for name in KNOWN} == KNOWN


MARKS = st.text(" \t\u00a0_-./#*:()[]'\"\ufeff", max_size=3)


@given(st.sampled_from(sorted(KNOWN)), st.data())
def test_case_spaces_and_punctuation_never_matter(name: str, data: st.DataObject) -> None:
    letters = [data.draw(st.sampled_from([char.lower(), char.upper()])) for char in name if char.isalnum()]
    written = "".join(data.draw(MARKS) + letter for letter in letters) + data.draw(MARKS)
    assert field_for_alias(written) == KNOWN[name]


@given(
    st.sampled_from(sorted(KNOWN)), st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)
)
def test_a_word_more_makes_another_name(name: str, more: str) -> None:
    """No alias is found inside another name: an alias is the whole name or none of it."""
    for longer in (f"{name} {more}", f"{more} {name}"):
        known = {folded(each): field for each, field in KNOWN.items()}
        assert field_for_alias(longer) == known.get(folded(longer))


@given(st.text())
def test_any_text_is_a_name_that_means_one_field_or_none(name: str) -> None:
    assert field_for_alias(name) in (*FIELDS, None)
    assert likely_field(name) in (*FIELDS, None)


@pytest.mark.parametrize(
    ("name", "field"),
    [("fone", None), ("phonenumbr", "phoneNumber"), ("regoin", "region"), ("emial", "email"), ("zipcod", "zipCode"),
     ("Work Phone", "phoneNumber"), ("id", "externalLeadId"), ("url", "link"), ("phonne", "phoneNumber")],
)  # fmt: skip
def test_a_misspelling_is_asked_about_but_is_no_alias(name: str, field: str | None) -> None:
    assert field_for_alias(name) is None
    assert likely_field(name) == field


# what a lead is told


def hints(lead: dict[str, object], profile: str = "default") -> dict[str, str]:
    body = json.dumps(lead).encode()
    rules = LeadRules(Rulings.of(profile))
    problems = {
        problem.field: problem.hint for problem in rules.read(body, b"application/json", None).problems
    }
    return {note.field: note.message for note in rules.notices(body)} | problems


@given(st.sampled_from([name for name, field in KNOWN.items() if field == "phoneNumber" and name != field]))
@settings(deadline=None)  # the first one loads libphonenumber
def test_a_phone_number_of_another_name_is_to_be_renamed(name: str) -> None:
    for profile in ("default", "lenient", "strict"):
        said = hints({name: "(509) 555-1234", "region": "CA"}, profile)
        assert f"rename {name} to phoneNumber" in said["phoneNumber"]
        assert f"rename {name} to phoneNumber" in said.get(name, f"rename {name} to phoneNumber")
        assert "metadata" not in "".join(said.values())


@given(
    st.sampled_from(
        [name for name, field in KNOWN.items() if field in ("region", "zipCode") and name != field]
    )
)
def test_a_place_of_another_name_is_to_be_renamed(name: str) -> None:
    said = hints({"phoneNumber": "(509) 555-1234", name: "CA"})
    assert f"rename {name} to {KNOWN[name]}" in said["region"]


@given(st.sampled_from([name for name, field in KNOWN.items() if field not in (name, "phoneNumber")]))
def test_an_accepted_lead_is_told_what_it_loses_by_a_name(name: str) -> None:
    said = hints({"phoneNumber": "(509) 555-1234", "region": "CA", "zipCode": "90210", name: "x"})
    wanted = (
        f"{KNOWN[name]} is there too"
        if KNOWN[name] in ("region", "zipCode")
        else f"rename {name} to {KNOWN[name]}"
    )
    assert wanted in said[name]


def test_a_phone_number_under_a_name_of_ones_own_is_found_by_its_value() -> None:
    said = hints({"Handy": "+1 509 555 1234", "region": "CA"}, "strict")
    assert "rename Handy to phoneNumber" in said["phoneNumber"]
    assert said["Handy"] == said["phoneNumber"]
    assert "metadata" in hints({"phoneNumber": "5095551234", "Handy": "5095551234", "region": "CA"})["Handy"]


def test_a_missing_field_is_looked_for_among_misspellings() -> None:
    said = hints({"phoneNumber": "5095551234", "regoin": "CA"})
    assert "rename regoin to region" in said["region"]


def test_an_alias_beside_its_field_is_to_be_left_out() -> None:
    said = hints({"phoneNumber": "5095551234", "Phone": "5095551234", "region": "CA"})
    assert "Leave Phone out" in said["Phone"]
