"""The JSON Schemas of a condition and of a file of expectations."""

from typing import Any

from aktify_sandbox.contract.schema import FIELDS

NESTED = "metadata"
"""The field of a lead that has others inside."""

_STATUS = r"^(?:none|[1-5]xx|[1-5][0-9][0-9])$(?!\n)"
_ID = r"^r[0-9]{1,15}$(?!\n)"
_COUNT_WORDS = ("exactly", "atLeast", "atMost")
_MOST = 10_000_000


def object_of(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An object with these properties and no others."""
    return {"type": "object", "additionalProperties": False, "properties": properties, **more}


def condition_schema() -> dict[str, Any]:
    """The schema of one condition: a text, or the only word of several."""
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
    """The JSON Schema of a file of expectations, with which editors complete and check it."""
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
                "description": "All of them must hold.",
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
                "description": "What stands inside, by name: {source: web} is metadata.source: web.",
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
        "description": "One request of each kind, in this order; others may come between.",
    }
    name = {"type": "string", "minLength": 1, "maxLength": 200, "description": "How it is called."}
    count = {"$ref": "#/$defs/count"}
    return object_of({"name": name, "where": where, "count": count, "order": order}, minProperties=1)


def _count() -> dict[str, Any]:
    number = {"type": "integer", "minimum": 0, "maximum": _MOST}
    words = object_of(dict.fromkeys(_COUNT_WORDS, number), minProperties=1)
    return {
        "anyOf": [number, words],
        "description": "So many exactly, or {atLeast: 1}, {atMost: 3}, {exactly: 2}.",
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
    conditions = {
        "type": "object",
        "additionalProperties": condition,
        "minProperties": 1,
    }
    nested = {"anyOf": [condition, {"$ref": "#/$defs/nested"}]}
    properties: dict[str, Any] = {
        "phone": {
            **condition,
            "description": "The lead's number, in any spelling; seven digits: any area code.",
        },
        "status": {"anyOf": [status, {"type": "array", "items": status, "minItems": 1}]},
        "key": {**text, "description": "The key that sent it."},
        "campaign": {**text, "description": "Its campaign, by its whole name."},
        "after": {
            "type": "string",
            "pattern": _ID,
            "description": "Only requests newer than this id: r000000042.",
        },
        "since": {**text, "description": "A moment, or a duration back from now: 10m."},
        "search": {**text, "description": "A text anywhere in the record."},
        "forced": {**text, "description": "yes, no, or a part of what forced the answer."},
        "kept": {
            "enum": ["yes", "no", "true", "false"],
            "description": "Whether its lead was kept: yes or no.",
        },
        "ruling": {**condition, "description": "A ruling that decided."},
        "method": condition,
        "path": condition,
        "header": {**conditions, "description": "Headers of the request by name."},
        "body": {
            "type": "object",
            "properties": {NESTED: nested},
            "additionalProperties": condition,
            "minProperties": 1,
            "description": "Fields of the lead by name; metadata.source for one inside.",
        },
        **dict.fromkeys(FIELDS, condition),
        NESTED: nested,
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "patternProperties": {r"^metadata\..{1,100}$(?!\n)": condition},
        "description": "All that is given must hold; nothing given: every request.",
    }
