"""Other names of the page's fields: those of the legacy API, CRMs and lead forms, and other spellings.

An alias is certain enough to rename a field by: it means one field and nothing else. A name that only may mean a field
is a guess: a hint may ask about it, but nothing acts on it.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from aktify_sandbox.text import nearest

from .phone import identity
from .schema import FIELDS

LEGACY = MappingProxyType(
    {
        "phone": "phoneNumber",
        "ext_created": "externalCreated",
        "ext_lead_id": "externalLeadId",
        "first_name": "firstName",
        "last_name": "lastName",
    }
)
"""Names of the legacy leads_v2 API, as the page lists them."""

ALIASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "phoneNumber": (
            "Phone", "Phone No.", "Phone Num", "Phone Nbr", "Phone Number 1", "Phone 1", "Phone 1 - Value",
            "Mobile", "Mobile Phone", "Mobile Number", "Mobile No.", "Mobile Phone Number", "Phone Mobile",
            "Cell", "Cell Phone", "Cell Number", "Cell No.", "Cell Phone Number", "Cellular", "Phone Cell",
            "Tel", "Tel. No.", "Telephone", "Telephone Number", "Telephone No.", "Home Phone", "Home Phone Number",
            "Primary Phone", "Primary Phone Number", "Main Phone", "Preferred Phone", "Personal Phone",
            "Lead Phone", "Lead Phone Number", "Contact Phone", "Contact Phone Number", "Contact Number",
            "Customer Phone", "Customer Phone Number", "Person - Phone", "Your Phone", "Your Phone Number",
            "Default Address Phone", "Daytime Phone", "Evening Phone", "Day Phone",
        ),
        "region": (
            "State", "State Code", "State Abbreviation", "State Abbr", "US State", "State/Province",
            "State/Province Code", "State/Province (text only)", "State/Region", "State/Region Code",
            "Region Code", "Region/State", "Province/State", "State or Province", "State of Residence",
            "Address State", "Home State", "Mailing State", "Mailing State Code", "Mailing State/Province",
            "Mailing State/Province (text only)", "Person Mailing State", "Default Address Province Code",
        ),
        "zipCode": (
            "Zip", "Zip 5", "Zip Code 5", "US Zip", "US Zip Code", "Postal", "Postal Code", "Post Code",
            "Zip/Postal Code", "Zip/Postal", "Zip or Postal Code", "Postal Code/Zip", "Postal/Zip Code",
            "Zip/Post Code", "Address Zip", "Address Zip Code", "Home Zip", "Home Zip Code", "Mailing Zip",
            "Mailing Zip Code", "Mailing Postal Code", "Mailing Zip/Postal Code", "Person Mailing Postal Code",
            "Your Zip Code", "Default Address Zip",
        ),
        "email": (
            "Email Address", "Email Addr", "Email 1", "Email Address 1", "E-mail 1 - Value",
            "Primary Email", "Primary Email Address", "Personal Email", "Personal Email Address", "Lead Email",
            "Contact Email", "Contact Email Address", "Customer Email", "Customer Email Address",
            "Person - Email", "Your Email", "Your Email Address",
        ),
        "externalCreated": (
            "Created", "Created At", "Created On", "Created Date", "Created Date/Time", "Created Time",
            "Create Date", "Create Time", "Creation Date", "Creation Time", "Date Created", "Time Created",
            "Ext Created", "Ext Created At", "External Created At", "External Created Date", "Lead Created",
            "Lead Created At", "Lead Created Date", "Lead Created Time", "Lead Create Date", "Lead Creation Date",
            "Lead Submit Time", "Lead Submission Time", "Submitted At", "Submitted On", "Submit Date",
            "Submit Time", "Submit Date (UTC)", "Submission Date", "Submission Time", "Date Submitted",
        ),
        "externalLeadId": (
            "Ext Lead Id", "Ext Id", "External Id", "Lead Id", "Lead Identifier",
            "CRM Lead Id", "CRM Id", "Record Id", "Record ID - Contact", "HS Object Id", "Salesforce Id",
            "Salesforce Lead Id",
        ),
        "firstName": (
            "First", "First Nm", "F. Name", "Given Name", "Forename", "Lead First Name",
            "Contact First Name", "Customer First Name", "Person - First Name", "Your First Name",
        ),
        "lastName": (
            "Last", "Last Nm", "L. Name", "Surname", "Family Name", "Lead Last Name", "Contact Last Name",
            "Customer Last Name", "Person - Last Name", "Your Last Name",
        ),
        "source": ("Lead Source", "Lead Src", "Source of Lead", "Contact Source"),
        "link": ("Link URL", "Link to Send"),
        "metadata": ("Custom Fields", "Custom Properties", "Custom Data"),
        "linkToShorten": ("URL to Shorten", "Link for Shortening", "Long Link", "Long URL"),
    }
)  # fmt: skip
"""Other names of each field in CRMs, shops and lead forms, each once without case, spaces and punctuation.

The page's own names and the legacy ones aren't listed.
"""

_GUESSES = MappingProxyType(
    {
        "otherphone": "phoneNumber", "workphone": "phoneNumber", "workphonenumber": "phoneNumber",
        "businessphone": "phoneNumber", "officephone": "phoneNumber", "companyphone": "phoneNumber",
        "phone2": "phoneNumber", "whatsapp": "phoneNumber", "whatsappnumber": "phoneNumber",
        "number": "phoneNumber", "province": "region", "billingstate": "region", "shippingstate": "region",
        "billingzip": "zipCode", "billingpostalcode": "zipCode", "shippingzip": "zipCode",
        "shippingpostalcode": "zipCode", "mail": "email", "workemail": "email", "timestamp": "externalCreated",
        "date": "externalCreated", "submitted": "externalCreated", "id": "externalLeadId",
        "contactid": "externalLeadId", "customerid": "externalLeadId", "originalsource": "source",
        "url": "link", "website": "link", "shortlink": "link", "shorturl": "link", "meta": "metadata",
        "custom": "metadata",
    }
)  # fmt: skip
"""Folded names that may mean a field or something else."""

_WHOLE_NAMES = ("name", "fullname", "leadname", "contactname", "customername", "yourname", "personname")


def folded(name: str) -> str:
    """A name without case, spaces and punctuation."""
    return "".join(char for char in unicodedata.normalize("NFKC", name).casefold() if char.isalnum())


def _meanings() -> Iterator[tuple[str, str]]:
    yield from ((folded(name), name) for name in FIELDS)
    yield from ((folded(name), field) for name, field in LEGACY.items())
    yield from ((folded(name), field) for field, names in ALIASES.items() for name in names)


_MEANINGS = MappingProxyType(dict(_meanings()))
_NEARLY = MappingProxyType(
    {folded(name): field for name, field in (*zip(FIELDS, FIELDS, strict=True), *LEGACY.items())}
)


def field_for_alias(name: str) -> str | None:
    """The one field of the page that a name means, ignoring case, spaces and punctuation."""
    return _MEANINGS.get(folded(name))


def misspelt_field(name: str) -> str | None:
    """The field whose name, or legacy name, is almost this one; None for another word."""
    plain = folded(name)
    close = None if plain in _GUESSES or plain in _MEANINGS else nearest(plain, _NEARLY, 0.8)
    return _NEARLY[close] if close else None


def likely_field(name: str) -> str | None:
    """The field that a name may mean, by spelling or custom: good for a question, not for renaming."""
    plain = folded(name)
    close = nearest(plain, _NEARLY, 0.8)
    return _MEANINGS.get(plain) or _GUESSES.get(plain) or (_NEARLY[close] if close else None)


def rename_hint(sent: Mapping[str, Any], *missing: str) -> str | None:
    """Which name to change so that a missing field is there; None when no name is similar."""
    others = [name for name in sent if name not in FIELDS]
    for name in others:
        meant = field_for_alias(name)
        if meant in missing:
            return _rename(name, meant)
    if "phoneNumber" in missing:
        for name in others:
            if _holds_phone(sent[name]):
                return f"If its value is a phone number, rename {name} to phoneNumber."
    guesses = ((name, likely_field(name)) for name in others)
    return next(
        (f"If it means {meant}, rename {name} to {meant}." for name, meant in guesses if meant in missing),
        None,
    )


def unknown_hint(name: str, sent: Mapping[str, Any]) -> str:
    """What to write instead of a name that isn't on the page."""
    meant = field_for_alias(name)
    if meant:
        return f"Leave {name} out: {meant} is there too." if meant in sent else _rename(name, meant)
    if "phoneNumber" not in sent and _holds_phone(sent[name]):
        return f"If its value is a phone number, rename {name} to phoneNumber."
    if folded(name) in _WHOLE_NAMES:
        return "Split it into firstName and lastName."
    guess = likely_field(name)
    if guess and guess not in sent:
        return f"If it means {guess}, rename {name} to {guess}."
    return "Put your own fields into metadata."


def _rename(name: str, field: str) -> str:
    whose = "This is the legacy API's name" if name in LEGACY else f"This API calls it {field}"
    return f"{whose}: rename {name} to {field}."


def _holds_phone(value: Any) -> bool:
    return isinstance(value, str) and identity(value) is not None
