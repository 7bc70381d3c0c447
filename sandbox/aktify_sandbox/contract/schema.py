"""The lead's JSON Schema by the rulings in force, and the two engines that read it.

`jsonschema_rs` says yes in a microsecond, and no with its reasons in ten. `jsonschema`, ten times slower, is the
reference that it is held against.
"""

import functools
import importlib.resources
import itertools
from collections.abc import Iterable
from copy import deepcopy
from typing import Any, NamedTuple

import jsonschema_rs
import orjson

from . import dates, phone
from .places import REGIONS
from .rulings import Rulings

Schema = dict[str, Any]

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

ZIP_FORMS = {"plus-four": r"^[0-9]{5}(?:-[0-9]{4})?$(?!\n)", "five": r"^[0-9]{5}$(?!\n)"}
"""The form that each value of the ruling `zip-format` wants."""


@functools.cache
def _base() -> Schema:
    text = importlib.resources.files(__package__).joinpath("lead.schema.json").read_bytes()
    schema: Schema = orjson.loads(text)
    return schema


@functools.cache
def lead_schema(rulings: Rulings) -> Schema:
    """The effective schema of a request's body. It is one for all who ask: copy it before changing it."""
    schema = deepcopy(_base())
    fields = schema["properties"]
    if rulings["phone-extension"] == "refuse":
        fields["phoneNumber"]["pattern"] = phone.PATTERNS[rulings["phone-spaces"]]
    else:  # what stands before an extension is a rule that a pattern would only blur
        del fields["phoneNumber"]["pattern"]
    fields["region"]["enum"] = _regions(rulings)
    fields["zipCode"]["pattern"] = ZIP_FORMS[rulings["zip-format"]]
    fields["externalCreated"]["pattern"] = dates.PATTERNS[rulings["external-created"]]
    for text in (
        *(fields[name] for name in (*FREE_TEXT, "phoneNumber", "link", "linkToShorten")),
        fields["metadata"]["additionalProperties"],
    ):
        text.pop("maxLength", None)
        if rulings["text-length"] != "note":
            text["maxLength"] = int(rulings["text-length"])
    if rulings["link"] == "any":
        for name in ("link", "linkToShorten"):
            del fields[name]["pattern"]
            fields[name]["minLength"] = 1
    if rulings["links"] == "exactly-one":
        schema["oneOf"] = [{"required": ["link"]}, {"required": ["linkToShorten"]}]
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
def accepts(rulings: Rulings) -> Any:
    """A fast yes or no: a function of a lead."""
    return _fast(rulings).is_valid


def errors_in(rulings: Rulings, lead: Schema) -> list[SchemaError]:
    """What the schema in force has against a lead, of each field its type and length before its form."""
    schema = lead_schema(rulings)
    found = []
    for error in _fast(rulings).iter_errors(lead):
        limit: Any = schema
        for step in error.schema_path:
            limit = limit[step]
        keyword = next(step for step in reversed(error.schema_path) if isinstance(step, str))
        found.append(SchemaError(_joined(error.instance_path), keyword, error.instance, limit))
    return sorted(found, key=_rank)


def reference_errors_in(rulings: Rulings, lead: Schema) -> list[SchemaError]:
    """The same by the reference implementation."""
    found = (
        SchemaError(_joined(error.absolute_path), error.validator, error.instance, error.validator_value)
        for error in _reference(rulings).iter_errors(lead)
    )
    return sorted(found, key=_rank)


def _rank(error: SchemaError) -> int:
    return {"type": 0, "maxLength": 1}.get(error.keyword, 2)


def _joined(path: Iterable[str | int]) -> str:
    return ".".join(map(str, path))


@functools.cache
def _fast(rulings: Rulings) -> Any:
    return jsonschema_rs.validator_for(_for_rust(lead_schema(rulings)))


def _for_rust(schema: Any) -> Any:
    """Rust's `$` never matches before a final newline, so what keeps Python's from it would only cost time."""
    if isinstance(schema, dict):
        return {
            name: value.replace(r"$(?!\n)", "$")
            if name == "pattern" and isinstance(value, str)
            else _for_rust(value)
            for name, value in schema.items()
        }
    return schema


@functools.cache
def _reference(rulings: Rulings) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(lead_schema(rulings))
