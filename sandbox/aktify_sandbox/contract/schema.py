"""The lead's JSON Schema under the rulings in force, and the errors that it finds in a lead."""

import functools
import itertools
import re
from copy import deepcopy
from pathlib import Path

import orjson

from . import dates, phone
from .regions import REGIONS, zip_pattern
from .rulings import Rulings
from .sources import Source, documented, ruling
from .validators import Check, Engine, Schema, SchemaError, Validator, validator_for

_BASE: Schema = orjson.loads(Path(__file__).with_name("lead.schema.json").read_bytes())

FIELDS: tuple[str, ...] = tuple(_BASE["properties"])
"""The fields of a request in the order of the page's table."""

RESPONSE_ORDER = tuple(name for name in FIELDS if name != "linkToShorten")
"""The fields of the 201 in the order of the page's table."""

FREE_TEXT = tuple(
    name
    for name, field in _BASE["properties"].items()
    if field["type"] == "string" and not field.keys() & {"enum", "pattern"}
)
"""The fields that may be any text, without a limit or with one of their own."""

_ZIP_ENDS = {"plus-four": r"(?:-[0-9]{4})?$(?!\n)", "five": r"$(?!\n)"}
ZIP_FORMS = {name: f"^[0-9]{{5}}{end}" for name, end in _ZIP_ENDS.items()}
"""The form that each value of the ruling `zip-format` requires."""


def declared(field: str) -> Schema:
    """The field's definition in `lead.schema.json`, before any ruling; empty for a value inside metadata."""
    found: Schema = _BASE["properties"].get(field, {})
    return found


def row(field: str) -> str:
    """The beginning of a field's row in the page's table “Body”: name, type, required."""
    return f"`{field}` | {declared(field)['type']} | {'yes' if field in _BASE['required'] else 'no'}"


def source_of(field: str) -> Source:
    """What restricts a field, according to its `$comment`: the quoted sentence, else its ruling, else its row."""
    comment = declared(field)["$comment"]
    quoted, rulings = re.search("“(.+?)”", comment), comment.partition("ruling: ")[2]
    own = [name for name in re.findall("[a-z-]+", rulings.partition(".")[0]) if name != "text-length"]
    return documented(quoted[1]) if quoted else ruling(own[0]) if own else documented(row(field))


@functools.cache
def lead_schema(rulings: Rulings) -> Schema:
    """The schema of a request's body as it is sent; `beyond` lists what else is refused.

    The result is shared: copy it before changing it.
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
    """The values other than a string that an optional field may have, which rulings accept or drop."""
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
    """Requires the field to be present and not empty."""
    value = ({"type": "string"} if None in nothings else {}) | ({"minLength": 1} if "" in nothings else {})
    return {"required": [name]} | ({"properties": {name: value}} if value else {})


def _both_links(*, nulls: bool) -> Schema:
    names = ["link", "linkToShorten"]
    both: Schema = {"required": names}
    return both | ({"properties": {name: {"type": "string"} for name in names}} if nulls else {})


_BEYOND = {
    "phone-format": ("libphonenumber", "a number that libphonenumber considers invalid"),
    "phone-number-type": ("coerce", "a JSON number whose digits aren't a phone number"),
    "region-zip-conflict": ("refuse", "a ZIP code that isn't in the region"),
    "email": ("email-validator", "an address that email-validator refuses"),
    "campaign-link": ("refuse", "a lead without the link that its campaign sends"),
    "duplicate-json-key": ("refuse", "a repeated name in an object"),
}


def beyond(rulings: Rulings) -> dict[str, str]:
    """What is refused although the schema allows it: the rulings that may decide so, and what they refuse, in words."""
    return {name: words for name, (value, words) in _BEYOND.items() if rulings[name] == value}


CALENDAR = "a week date, ordinal date or date without hyphens that doesn't exist"
"""What the page refuses although the schema allows it, where rulings accept such forms."""


def _comment(rulings: Rulings) -> str:
    said = [f"{words} ({name})" for name, words in beyond(rulings).items()]
    said += [CALENDAR] if rulings["external-created"] == "any" else []
    return f"{_page_comment()}{BEYOND}{', '.join(said) or 'nothing'}."


BEYOND = " Refused beyond this schema: "
"""The beginning of the comment on what the schema can't express."""


def _page_comment() -> str:
    comment: str = _BASE["$comment"]
    return comment.partition(BEYOND)[0]


def _description(rulings: Rulings) -> str:
    changes = ", ".join(f"{name}={value}" for name, value in sorted(rulings.changes.items()))
    by = f"these rulings: {changes}" if changes else "the sandbox's default rulings"
    return f"The body of POST /api/v1/leads, by {by}."


@functools.cache
def _prepared_schema(rulings: Rulings) -> Schema:
    """The schema of a lead after the rulings have dropped and converted values."""
    schema = deepcopy(_BASE)
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
            longest = int(rulings["text-length"])
            text["maxLength"] = min(longest, text.get("maxLength", longest))
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


@functools.cache
def _validator(rulings: Rulings, engine: Engine) -> Validator:
    return engine(_prepared_schema(rulings))


def accepts(rulings: Rulings, engine: Engine = validator_for) -> Check:
    """A fast yes or no, as a function of a lead."""
    return _validator(rulings, engine).is_valid


def errors_in(rulings: Rulings, lead: Schema, engine: Engine = validator_for) -> list[SchemaError]:
    """The errors of the schema in force; of each field, its type and length before its form."""
    return sorted(_validator(rulings, engine).errors(lead), key=_rank)


def _rank(error: SchemaError) -> int:
    return {"type": 0, "maxLength": 1}.get(error.keyword, 2)
