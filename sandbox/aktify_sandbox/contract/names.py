"""Names that people send instead of the page's: the legacy API's, other spellings, other words."""

from difflib import get_close_matches
from types import MappingProxyType

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
"""Names of the legacy leads_v2 API, as the page gives them."""

_OTHERS = MappingProxyType(
    {
        "state": "region", "statecode": "region", "zip": "zipCode", "postalcode": "zipCode", "postcode": "zipCode",
        "mobile": "phoneNumber", "cell": "phoneNumber", "tel": "phoneNumber", "telephone": "phoneNumber",
        "mail": "email", "emailaddress": "email", "created": "externalCreated", "createdat": "externalCreated",
        "leadid": "externalLeadId", "id": "externalLeadId", "fname": "firstName", "givenname": "firstName",
        "lname": "lastName", "surname": "lastName", "familyname": "lastName", "leadsource": "source", "url": "link",
        "shortlink": "linkToShorten", "meta": "metadata", "customfields": "metadata", "custom": "metadata",
    }
)  # fmt: skip

_FOLDED = MappingProxyType({name.lower(): name for name in FIELDS})


def meant_by(name: str) -> str | None:
    """The field of the page that an unknown name probably means."""
    if name in LEGACY:
        return LEGACY[name]
    folded = "".join(char for char in name.lower() if char.isalnum())
    exact = _FOLDED.get(folded) or _OTHERS.get(folded)
    close = get_close_matches(folded, _FOLDED, 1, 0.8)
    return exact or (_FOLDED[close[0]] if close else None)


def unknown_hint(name: str) -> str:
    """What would be right instead of a name that the page doesn't have."""
    meant = meant_by(name)
    if name in LEGACY:
        return f"That is the legacy API's name; this endpoint calls it {meant}."
    return (
        f"Did you mean {meant}?" if meant else "The page has no such field; what is yours goes into metadata."
    )
