"""The probes: one request for each difference between values of a ruling, and for each clause that can be asked.

A probe is data: what to send, and which answer means what. `playing.py` sends them in the order of `STAGES`.
"""

import json
from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from aktify_sandbox.contract.answers import ENDPOINT
from aktify_sandbox.contract.rulings import RULINGS

from .numbers import as_on_the_page


class Field(Enum):
    """What a 201 says of a field, where no value can be given in advance."""

    ABSENT = "left out"
    PRESENT = "there"
    AS_SENT = "as sent"
    E164 = "in E.164"


class Expected(NamedTuple):
    """An answer that means something."""

    status: int
    fields: Mapping[str, Any] = MappingProxyType({})
    """What fields of a 201 hold: a value, or a `Field`."""


REFUSED = Expected(400)


def accepted(**fields: Any) -> Expected:
    """A 201 with these fields."""
    return Expected(201, fields)


Key = Literal["right", "none", "unknown", "namespace"]
Spelling = Callable[[str], Any]
"""How ten digits are written."""


class Probe(NamedTuple):
    """One request, and what its answers mean."""

    id: str
    what: str
    """What is sent, in a few words."""
    fields: Mapping[str, Any] = MappingProxyType({})
    """What differs from the ordinary lead, which has a number and the region CA. ABSENT leaves a field out."""
    ruling: str | None = None
    values: Mapping[str, Expected] = MappingProxyType({})
    """The answer that each value of the ruling means."""
    clause: str | None = None
    upheld: Expected = REFUSED
    """The answer that upholds the clause."""
    phone: Spelling = as_on_the_page
    raw: str | None = None
    """The body in place of the lead. PHONE stands for the number, MORE for the link that the campaign requires."""
    key: Key = "right"
    content_type: str = "application/json"
    path: str = ENDPOINT
    unassigned: bool = False
    """Whether its number is in an area code that has none."""
    repeats: bool = False
    """Whether its number is that of a lead that was accepted."""

    @property
    def may_be_unauthorized(self) -> bool:
        """Whether it asks for a 401."""
        return self.key != "right"

    @property
    def may_be_elsewhere(self) -> bool:
        """Whether it asks for a 404 or a redirect."""
        return self.path != ENDPOINT


_PHONE, _MORE = "PHONE", "MORE"
LINK = "https://www.aktify.com"
LONG = 50_000
"""Characters of the longest text that is sent."""


def _clause(name: str, what: str, **more: Any) -> Probe:
    return Probe(name, what, clause=name, **more)


def _ruling(name: str, what: str, values: Mapping[str, Expected], part: str = "", **more: Any) -> Probe:
    return Probe(f"{name}{f'/{part}' if part else ''}", what, ruling=name, values=values, **more)


_ANY = accepted()


def _always(ruling: str, expected: Expected) -> dict[str, Any]:
    """What every value of a ruling answers: another answer shows that none of them is in force."""
    return {"ruling": ruling, "values": dict.fromkeys(RULINGS[ruling].values, expected)}


KEYS = (
    _clause("no-key", "a lead without x-api-key", key="none", upheld=Expected(401)),
    _clause("unknown-key", "a lead with an unknown key", key="unknown", upheld=Expected(401)),
    _ruling(
        "key-namespaces",
        "the key with a dot and a name, and a lead without a number",
        {"on": REFUSED, "off": Expected(401)},
        fields={"phoneNumber": Field.ABSENT},
        key="namespace",
    ),
    _ruling(
        "trailing-slash",
        "a lead without a number to /api/v1/leads/",
        {"refuse": Expected(404), "accept": REFUSED},
        fields={"phoneNumber": Field.ABSENT},
        path=f"{ENDPOINT}/",
    ),
)
"""They need no lead."""

REFUSALS = (
    _clause("refused-no-phone", "a lead without phoneNumber", fields={"phoneNumber": Field.ABSENT}),
    _clause("refused-no-region-or-zip", "a lead without region and zipCode", fields={"region": Field.ABSENT}),
    _clause(
        "refused-phone",
        "a phoneNumber without digits",
        phone=lambda _: "call me",
        **_always("phone-format", REFUSED),
    ),
    _clause(
        "refused-region",
        "the region California",
        fields={"region": "California"},
        **_always("regions", REFUSED),
    ),
    _clause(
        "refused-zip",
        "a zipCode of four digits",
        fields={"zipCode": "9021"},
        **_always("zip-format", REFUSED),
    ),
    _clause("refused-email", "an email without @", fields={"email": "someone"}, **_always("email", REFUSED)),
    _clause(
        "refused-external-created",
        "externalCreated “yesterday”",
        fields={"externalCreated": "yesterday"},
        **_always("external-created", REFUSED),
    ),
    _clause(
        "refused-both-links", "link and linkToShorten together", fields={"link": LINK, "linkToShorten": LINK}
    ),
    _clause(
        "refused-metadata",
        "metadata with an object in it",
        fields={"metadata": {"customField1": {"inside": "value1"}}},
        **_always("metadata", REFUSED),
    ),
    _clause("refused-type", "a number as firstName", fields={"firstName": 5}),
    _clause("refused-not-json", "a body that isn't JSON", raw='{"phoneNumber": undefined}'),
    _clause("refused-many-leads", "a list of one lead", raw='[{"phoneNumber": "PHONE", "region": "CA"}]'),
    _clause("refused-no-object", "an empty body", raw=""),
)
"""What Aktify's page refuses."""

WITHOUT_LINK = _ruling("links", "a lead without a link", {"at-most-one": _ANY, "exactly-one": REFUSED})
WITH_LINK = Probe(
    "link-alone", "a lead with link", {"link": LINK}, clause="sends-link", upheld=accepted(link=Field.PRESENT)
)
WITH_LINK_TO_SHORTEN = Probe(
    "link-to-shorten-alone",
    "a lead with linkToShorten",
    {"linkToShorten": LINK},
    clause="sends-link-to-shorten",
    upheld=accepted(link=Field.PRESENT),
)
LINKS = (WITHOUT_LINK, WITH_LINK, WITH_LINK_TO_SHORTEN)
"""Which links an ordinary lead needs: the others are sent with what these show."""

CARELESS = (
    _ruling(
        "phone-extension",
        "a number with the extension x12",
        {"refuse": REFUSED, "drop": _ANY},
        phone=lambda number: f"{as_on_the_page(number)} x12",
    ),
    _ruling(
        "phone-spaces",
        "a number with no-break spaces",
        {"trim": REFUSED, "any": _ANY, "refuse": REFUSED},
        "no-break",
        phone=lambda number: as_on_the_page(number).replace(" ", "\u00a0"),
    ),
    _ruling(
        "phone-number-type",
        "a JSON number as phoneNumber",
        {"refuse": REFUSED, "coerce": _ANY},
        phone=int,
    ),
    _ruling(
        "regions",
        "the region PR",
        {"states-and-dc": REFUSED, "states": REFUSED, "usps": _ANY},
        "territory",
        fields={"region": "PR"},
    ),
    _ruling(
        "region-case",
        "the region ca",
        {"refuse": REFUSED, "accept": accepted(region="ca")},
        fields={"region": "ca"},
    ),
    _ruling(
        "zip-unknown",
        "the zipCode 00099, which no region uses, with the region CA",
        {"refuse": REFUSED, "accept": _ANY},
        fields={"zipCode": "00099"},
    ),
    _ruling(
        "external-created",
        "externalCreated 20221115T210428Z",
        {"extended": REFUSED, "any": _ANY, "rfc3339": REFUSED},
        "basic",
        fields={"externalCreated": "20221115T210428Z"},
    ),
    _ruling(
        "link",
        "a link without https://",
        {"http": REFUSED, "any": _ANY},
        fields={"link": "www.aktify.com"},
    ),
    _ruling(
        "metadata",
        "metadata with a number and a boolean",
        {"strings": REFUSED, "coerce": accepted(metadata={"customField1": "1", "customField2": "true"})},
        fields={"metadata": {"customField1": 1, "customField2": True}},
    ),
    _ruling(
        "null",
        "email null",
        {"refuse": REFUSED, "absent": accepted(email=Field.ABSENT)},
        fields={"email": None},
    ),
    _ruling(
        "empty-string",
        "an empty email",
        {"refuse": REFUSED, "absent": accepted(email=Field.ABSENT), "keep": accepted(email="")},
        fields={"email": ""},
    ),
    _ruling(
        "content-type",
        "a lead as text/plain",
        {"json": REFUSED, "any": _ANY},
        content_type="text/plain",
    ),
)
"""What the default rulings refuse."""

ORDINARY = (
    Probe(
        "phone-echo",
        "a lead with the region CA",
        ruling="phone-echo",
        values={"as-sent": accepted(phoneNumber=Field.AS_SENT), "e164": accepted(phoneNumber=Field.E164)},
        clause="created-by-region",
        upheld=accepted(phoneNumber=Field.PRESENT),
    ),
    Probe(
        "region-from-zip",
        "a lead with the zipCode 90210 and no region",
        {"region": Field.ABSENT, "zipCode": "90210"},
        ruling="region-from-zip",
        values={"include": accepted(region="CA"), "omit": accepted(region=Field.ABSENT)},
        clause="created-by-zip",
        upheld=accepted(phoneNumber=Field.PRESENT),
    ),
    _clause(
        "created-by-both",
        "a lead with the region CA and the zipCode 90210",
        fields={"zipCode": "90210"},
        upheld=accepted(phoneNumber=Field.PRESENT),
    ),
    *(
        _clause(
            name, f"a lead with {field}", fields={field: value}, upheld=accepted(**{field: Field.PRESENT})
        )
        for name, field, value in (
            ("sends-email", "email", "someone@example.com"),
            ("sends-external-lead-id", "externalLeadId", "myCustomLeadId"),
            ("sends-first-name", "firstName", "John"),
            ("sends-last-name", "lastName", "Smith"),
            ("sends-source", "source", "myCustomSource"),
            ("sends-metadata", "metadata", {"customField1": "value1"}),
        )
    ),
    Probe(
        "external-created/example",
        "externalCreated 2022-11-15T21:04:28-0600",
        {"externalCreated": "2022-11-15T21:04:28-0600"},
        ruling="external-created",
        values={"extended": _ANY, "any": _ANY, "rfc3339": REFUSED},
        clause="sends-external-created",
        upheld=accepted(externalCreated=Field.PRESENT),
    ),
    _ruling(
        "phone-format",
        "a number in an area code that isn't assigned",
        {"nanp": _ANY, "libphonenumber": REFUSED},
        unassigned=True,
    ),
    _ruling(
        "phone-spaces",
        "a number with spaces around it",
        {"trim": _ANY, "any": _ANY, "refuse": REFUSED},
        "around",
        phone=lambda number: f" {as_on_the_page(number)} ",
    ),
    _ruling(
        "regions",
        "the region DC",
        {"states-and-dc": _ANY, "states": REFUSED, "usps": _ANY},
        "district",
        fields={"region": "DC"},
    ),
    _ruling(
        "zip-format",
        "the zipCode 90210-1234",
        {"plus-four": _ANY, "five": REFUSED},
        fields={"zipCode": "90210-1234"},
    ),
    _ruling(
        "region-zip-conflict",
        "the region NY with the zipCode 90210",
        {"note": accepted(region="NY"), "zip": accepted(region="CA"), "refuse": REFUSED},
        fields={"region": "NY", "zipCode": "90210"},
    ),
    _ruling(
        "email",
        "an email with two dots in a row",
        {"syntax": _ANY, "email-validator": REFUSED},
        fields={"email": "some..one@example.com"},
    ),
    _ruling(
        "unknown-property",
        "a lead with favouriteColour",
        {"note": accepted(favouriteColour=Field.ABSENT), "refuse": REFUSED},
        fields={"favouriteColour": "green"},
    ),
    _ruling(
        "duplicate-json-key",
        "firstName twice in one lead",
        {"last": accepted(firstName="Jane"), "refuse": REFUSED},
        raw='{"phoneNumber": "PHONE", "region": "CA", "firstName": "John", "firstName": "Jane"MORE}',
    ),
)
"""What the default rulings accept."""


def text_of(length: int) -> Probe:
    """A lead with a firstName of that many characters."""
    return Probe(
        f"text-length/{length}", f"a firstName of {length:,} characters", {"firstName": "x" * length},
        ruling="text-length",
    )  # fmt: skip


TEXTS = (text_of(LONG),)
"""If it is refused, more of them find the limit: see `playing.py`."""

REPEATS = (
    _clause(
        "duplicate",
        "the same lead again",
        upheld=Expected(409),
        repeats=True,
        **_always("duplicate-by", Expected(409)),
    ),
    _ruling(
        "duplicate-by",
        "the same number in another spelling",
        {"e164": Expected(409), "as-written": _ANY},
        phone=lambda number: number,
        repeats=True,
    ),
)

STAGES = (KEYS, REFUSALS, LINKS, CARELESS, ORDINARY, TEXTS, REPEATS)
"""What should be refused comes first, a repeat last."""

PROBES = tuple(probe for stage in STAGES for probe in stage)

SKIPPABLE = tuple(probe.id for probe in PROBES if probe not in LINKS)
"""The ids of the probes that a run may leave out."""

UNKNOWN_RULINGS = MappingProxyType(
    {
        "campaign-link": "it only matters in a campaign for links, and which kind this one is can't be seen",
        "fictional-only": "only fictional numbers are sent",
    }
)
"""The rulings that can't be seen from outside, and why."""

_FAILS = "it only happens when the endpoint fails"
UNKNOWN_CLAUSES = MappingProxyType(
    {
        "revoked-key": "it needs a key that was revoked",
        "repeated-after-lost-answer": _FAILS,
        "rate-limited": "it needs more than one request a second",
        "server-error": _FAILS,
        "timeout": _FAILS,
        "reset": _FAILS,
        "closed": _FAILS,
        "truncated": _FAILS,
        "empty-body": _FAILS,
        "html-body": _FAILS,
    }
)
"""The clauses that can't be asked, and why."""

CLAUSES_BY_RULING = MappingProxyType(
    {"refused-link": "link", "refused-null": "null", "refused-empty": "empty-string"}
)
"""The clauses that aren't the page's but a ruling's, and the ruling whose probe asks them."""


class Asked(NamedTuple):
    """A request."""

    path: str
    headers: Mapping[str, str]
    """Without the key."""
    key: Key
    body: str
    number: str
    """Ten digits."""
    lead: Mapping[str, Any]
    """What is sent; empty for a raw body."""


def asked(probe: Probe, number: str, carrier: str | None = None) -> Asked:
    """The request of a probe. `carrier` is the link that the campaign requires of every lead."""
    lead: dict[str, Any] = {"phoneNumber": probe.phone(number), "region": "CA"}
    fields = dict(probe.fields)
    if carrier == "linkToShorten" and probe.ruling == "link":
        fields["linkToShorten"] = fields.pop("link")
    if carrier and probe not in LINKS and not {"link", "linkToShorten"} & fields.keys():
        lead[carrier] = LINK
    lead = {name: value for name, value in (lead | fields).items() if value is not Field.ABSENT}
    if probe.raw is None:
        body = json.dumps(lead)
    else:
        more = f', "{carrier}": "{LINK}"' if carrier else ""
        body = probe.raw.replace(_PHONE, as_on_the_page(number)).replace(_MORE, more)
        lead = {}
    headers = {"content-type": probe.content_type}
    return Asked(probe.path, headers, probe.key, body, number, lead)
