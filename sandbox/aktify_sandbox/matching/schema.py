"""The JSON Schemas of a condition and of a file of expectations."""

from typing import Any

from aktify_sandbox.contract.schema import FIELDS
from aktify_sandbox.matching.words import WORDS, Kind

NESTED = "metadata"
"""The field of a lead that contains others."""

_STATUS = r"^(?:none|[1-5]xx|[1-5][0-9][0-9])$(?!\n)"
_ID = r"^r[0-9]{1,15}$(?!\n)"
_COUNT_WORDS = ("exactly", "atLeast", "atMost")
_MOST = 10_000_000


def object_of(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An object with these properties and no others."""
    return {"type": "object", "additionalProperties": False, "properties": properties, **more}


def condition_schema() -> dict[str, Any]:
    """The schema of a condition: a text, or one of several words."""
    words = {"type": "string"}
    only_true = {"type": "boolean", "enum": [True]}
    one_of = {"type": "array", "items": words, "minItems": 1, "maxItems": 10_000}
    several: dict[str, Any] = {
        "in": one_of,
        "matches": {"type": "string", "minLength": 1, "maxLength": 1_000},
        "missing": only_true,
        "present": only_true,
    }
    return {"anyOf": [words, object_of(several, minProperties=1, maxProperties=1)]}


def expectations_schema() -> dict[str, Any]:
    """The JSON Schema of a file of expectations, also for completion and checks in editors."""
    condition = {"$ref": "#/$defs/condition"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:aktify-sandbox:expectations",
        "title": "Expectations of aktify-sandbox",
        "type": "object",
        "additionalProperties": False,
        "required": ["expectations"],
        "properties": {
            "$schema": {"type": "string"},
            "description": {"type": "string"},
            "expectations": {
                "type": "array",
                "items": {"$ref": "#/$defs/expectation"},
                "minItems": 1,
                "maxItems": 1_000,
                "description": "All expectations must hold.",
            },
        },
        "$defs": {
            "expectation": _expectation(),
            "where": _where(),
            "condition": condition_schema(),
            "nested": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"anyOf": [condition, {"$ref": "#/$defs/nested"}]},
                "description": "Nested fields by name: {source: web} is metadata.source: web.",
            },
            "count": _count(),
        },
    }


def _expectation() -> dict[str, Any]:
    where = {"$ref": "#/$defs/where"}
    order = {
        "type": "array",
        "items": where,
        "minItems": 2,
        "maxItems": 1_000,
        "description": "One request of each kind, in this order; others may come in between.",
    }
    name = {"type": "string", "minLength": 1, "maxLength": 200, "description": "The expectation's name."}
    count = {"$ref": "#/$defs/count"}
    return object_of({"name": name, "where": where, "count": count, "order": order}, minProperties=1)


def _count() -> dict[str, Any]:
    number = {"type": "integer", "minimum": 0, "maximum": _MOST}
    words = object_of(dict.fromkeys(_COUNT_WORDS, number), minProperties=1)
    return {
        "anyOf": [number, words],
        "description": "An exact number, or {atLeast: 1}, {atMost: 3}, {exactly: 2}.",
    }


def _where() -> dict[str, Any]:
    condition, text = {"$ref": "#/$defs/condition"}, {"type": "string", "minLength": 1}
    status = {
        "type": ["integer", "string"],
        "minimum": 100,
        "maximum": 599,
        "pattern": _STATUS,
        "description": "Write 409, 4xx, or none for no answer.",
    }
    written: dict[Kind, dict[str, Any]] = {
        Kind.CONDITION: condition,
        Kind.TEXT: text,
        Kind.STATUS: {"anyOf": [status, {"type": "array", "items": status, "minItems": 1}]},
        Kind.YES_OR_NO: {"enum": ["yes", "no", "true", "false"]},
        Kind.ID: {"type": "string", "pattern": _ID},
    }
    conditions = {"type": "object", "additionalProperties": condition, "minProperties": 1}
    nested = {"anyOf": [condition, {"$ref": "#/$defs/nested"}]}
    properties: dict[str, Any] = {
        **{name: {**written[word.kind], "description": word.description} for name, word in WORDS.items()},
        "header": {**conditions, "description": "Headers of the request by name."},
        "body": {
            **conditions,
            "properties": {NESTED: nested},
            "description": "Fields of the lead by name; metadata.source for a nested one.",
        },
        **dict.fromkeys(FIELDS, condition),
        NESTED: nested,
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "patternProperties": {r"^metadata\..{1,100}$(?!\n)": condition},
        "description": "All conditions must hold. Without any, every request matches.",
    }
