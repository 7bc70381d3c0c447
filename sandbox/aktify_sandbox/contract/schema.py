"""The lead's JSON Schema by the rulings in force, and what it has against a lead."""

import functools
import itertools
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from . import dates, phone
from .regions import REGIONS, zip_pattern
from .rulings import Rulings
from .validators import Check, Engine, Schema, Validator, validator_for

RESPONSE_ORDER = (
    "phoneNumber",
    "region",
    "zipCode",
    "email",
    "externalCreated",
    "externalLeadId",
    "firstName",
    "lastName",
    "source",
    "link",
    "metadata",
)
"""The fields of the 201 in the order of the page's table."""

FIELDS = (*RESPONSE_ORDER[:-1], "metadata", "linkToShorten")
"""The fields of a request in the order of the page's table."""

FREE_TEXT = ("externalLeadId", "firstName", "lastName", "source")

_ZIP_ENDS = {"plus-four": r"(?:-[0-9]{4})?$(?!\n)", "five": r"$(?!\n)"}
ZIP_FORMS = {name: f"^[0-9]{{5}}{end}" for name, end in _ZIP_ENDS.items()}
"""The form that each value of the ruling `zip-format` wants."""


@functools.cache
def _base() -> Schema:
    text = Path(__file__).with_name("lead.schema.json").read_bytes()
    schema: Schema = orjson.loads(text)
    return schema


@functools.cache
def lead_schema(rulings: Rulings) -> Schema:
    """What a request's body may be, as it is sent; `beyond` says what else is refused.

    It is one for all who ask: copy it before changing it.
    """
    schema = deepcopy(_prepared_schema(rulings))
    schema["description"] = _description(rulings)
    schema["$comment"] = _comment(rulings)
    fields = schema["properties"]
    fields["phoneNumber"]["pattern"] = phone.pattern(
        rulings["phone-spaces"], rulings["phone-extension"], rulings["fictional-only"]
    )
    known_zip = f"^{zip_pattern(REGIONS[rulings['regions']])}{_ZIP_ENDS[rulings['zip-format']]}"
    if rulings["zip-unknown"] == "refuse":
        fields["zipCode"]["pattern"] = known_zip
    fields["externalCreated"]["pattern"] = dates.CALENDAR_PATTERNS[rulings["external-created"]]
    if rulings["phone-number-type"] == "coerce":
        fields["phoneNumber"] |= {
            "type": ["string", "integer"],
            "minimum": 2_002_000_000,
            "maximum": 19_899_999_999,
        }
    if rulings["metadata"] == "coerce":
        fields["metadata"]["additionalProperties"]["type"] = ["string", "number", "boolean"]
    nothings = _nothings(rulings)
    for name in FIELDS[1:]:
        for nothing in nothings:
            _allow(fields[name], nothing)
    there = {name: _there(name, nothings) for name in ("region", "zipCode", "link", "linkToShorten")}
    links: list[Schema] = [{"not": _both_links(nulls=None in nothings)}]
    if rulings["links"] == "exactly-one":
        links.append({"oneOf": [there["link"], there["linkToShorten"]]})
    if rulings["zip-unknown"] == "accept":
        there["zipCode"].setdefault("properties", {}).setdefault("zipCode", {})["pattern"] = known_zip
    schema["allOf"] = [{"anyOf": [there["region"], there["zipCode"]]}, *links]
    return schema


def _nothings(rulings: Rulings) -> tuple[str | None, ...]:
    """What an optional field may say beside a value: the rulings take or drop it."""
    return (
        *([None] if rulings["null"] == "absent" else []),
        *([""] if rulings["empty-string"] != "refuse" else []),
    )


def _allow(field: Schema, nothing: str | None) -> None:
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    kind = "null" if nothing is None else "string"
    if kind not in kinds:
        field["type"] = [*kinds, kind]
    if "enum" in field:
        field["enum"] = [*field["enum"], nothing]
    if nothing == "":
        field.pop("minLength", None)
        if "pattern" in field:
            field["pattern"] = rf"^$(?!\n)|{field['pattern']}"
        if "object" in kinds:
            field["maxLength"] = 0


def _there(name: str, nothings: tuple[str | None, ...]) -> Schema:
    """That a field is there and says something."""
    value = ({"type": "string"} if None in nothings else {}) | ({"minLength": 1} if "" in nothings else {})
    return {"required": [name]} | ({"properties": {name: value}} if value else {})


def _both_links(*, nulls: bool) -> Schema:
    names = ["link", "linkToShorten"]
    both: Schema = {"required": names}
    return both | ({"properties": {name: {"type": "string"} for name in names}} if nulls else {})


_BEYOND = {
    "phone-format": ("libphonenumber", "a number that libphonenumber calls invalid"),
    "phone-number-type": ("coerce", "a JSON number whose digits are no phone number"),
    "region-zip-conflict": ("refuse", "a ZIP code that isn't in the region"),
    "email": ("email-validator", "an address that email-validator refuses"),
    "campaign-link": ("refuse", "a lead without the link that its campaign sends"),
    "duplicate-json-key": ("refuse", "a name that stands twice in an object"),
}


def beyond(rulings: Rulings) -> dict[str, str]:
    """What is refused though the schema allows it: the rulings that may decide so, and what they refuse, in words."""
    return {name: words for name, (value, words) in _BEYOND.items() if rulings[name] == value}


CALENDAR = "a date of a week, of a day of the year or without hyphens that isn't in the calendar"
"""What the page itself refuses though the schema allows it, where such forms are taken."""


def _comment(rulings: Rulings) -> str:
    said = [f"{words} ({name})" for name, words in beyond(rulings).items()]
    said += [CALENDAR] if rulings["external-created"] == "any" else []
    return f"{_page_comment()}{BEYOND}{', '.join(said) or 'nothing'}."


BEYOND = " Refused beyond this schema: "
"""What stands in the comment before what no schema can say."""


def _page_comment() -> str:
    comment: str = _base()["$comment"]
    return comment.partition(BEYOND)[0]


def _description(rulings: Rulings) -> str:
    changes = ", ".join(f"{name}={value}" for name, value in sorted(rulings.changes.items()))
    by = f"these rulings: {changes}" if changes else "the sandbox's default rulings"
    return f"A lead as POST /api/v1/leads takes it, by {by}."


@functools.cache
def _prepared_schema(rulings: Rulings) -> Schema:
    """What a lead may be once the rulings have dropped and converted what they do."""
    schema = deepcopy(_base())
    fields = schema["properties"]
    fields["phoneNumber"]["pattern"] = phone.pattern(rulings["phone-spaces"], rulings["phone-extension"])
    fields["region"]["enum"] = _regions(rulings)
    fields["zipCode"]["pattern"] = ZIP_FORMS[rulings["zip-format"]]
    fields["externalCreated"]["pattern"] = dates.PATTERNS[rulings["external-created"]]
    if rulings["text-length"] != "note":
        for text in (
            *(fields[name] for name in (*FREE_TEXT, "phoneNumber", "link", "linkToShorten")),
            fields["metadata"]["additionalProperties"],
        ):
            text["maxLength"] = int(rulings["text-length"])
    if rulings["link"] == "any":
        for name in ("link", "linkToShorten"):
            del fields[name]["pattern"]
            fields[name]["minLength"] = 1
    if rulings["links"] == "exactly-one":
        schema["allOf"].append({"oneOf": [{"required": ["link"]}, {"required": ["linkToShorten"]}]})
    if rulings["unknown-property"] == "refuse":
        schema["additionalProperties"] = False
    return schema


def _regions(rulings: Rulings) -> list[str]:
    codes = REGIONS[rulings["regions"]]
    if rulings["region-case"] == "refuse":
        return list(codes)
    cases = (itertools.product(*zip(code, code.lower(), strict=True)) for code in codes)
    return ["".join(letters) for case in cases for letters in case]


class SchemaError(NamedTuple):
    """One thing that a schema has against a lead."""

    field: str
    """The name on the page, `metadata.name` inside, or empty for the lead as a whole."""
    keyword: str
    """The keyword of JSON Schema that says no: `type`, `pattern`, `required` …"""
    value: Any
    """What stands there."""
    limit: Any
    """What the keyword wants."""


@functools.cache
def _validator(rulings: Rulings, engine: Engine) -> Validator:
    return engine(_prepared_schema(rulings))


def accepts(rulings: Rulings, engine: Engine = validator_for) -> Check:
    """A fast yes or no: a function of a lead."""
    return _validator(rulings, engine).is_valid


def errors_in(rulings: Rulings, lead: Schema, engine: Engine = validator_for) -> list[SchemaError]:
    """What the schema in force has against a lead, of each field its type and length before its form."""
    found = (
        SchemaError(".".join(map(str, place)), *said)
        for place, *said in _validator(rulings, engine).errors(lead)
    )
    return sorted(found, key=_rank)


def _rank(error: SchemaError) -> int:
    return {"type": 0, "maxLength": 1}.get(error.keyword, 2)
