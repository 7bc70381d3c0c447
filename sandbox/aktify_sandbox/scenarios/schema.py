"""The JSON Schema of a scenario file, with which editors complete and check it, and with which it is read."""

from typing import Any

from aktify_sandbox.contract.schema import FIELDS
from aktify_sandbox.matching.schema import condition_schema, object_of
from aktify_sandbox.scenarios.faults import Fault

ANSWER_WORDS = ("status", "headers", "body", "delay", "fault", "lead")
"""What `force` may say of an answer."""

_DELAY = r"^(?:[0-9]{1,6}ms|[0-9]{1,3}(?:\.[0-9]{1,3})?s)$(?!\n)"
_TOKEN = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$(?!\n)"  # noqa: S105  the characters of a header's name
_HEADER_VALUE = r"^[\t -~\xa0-\xff]{0,4000}$(?!\n)"
_COUNT = r"^[1-9][0-9]{0,8}(?:-[1-9][0-9]{0,8}|\+)?$(?!\n)"
_ELAPSED = r"^[0-9]{1,5}(?:\.[0-9]{1,3})?s(?:-[0-9]{1,5}(?:\.[0-9]{1,3})?s|\+)$(?!\n)"


def scenario_schema() -> dict[str, Any]:
    """The schema of a whole file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:aktify-sandbox:scenario",
        "title": "A scenario of aktify-sandbox",
        **object_of(
            {
                "$schema": {"type": "string"},
                "description": {"type": "string", "description": "What it is for, in one line."},
                "rules": {
                    "type": "array",
                    "items": {"$ref": "#/$defs/rule"},
                    "minItems": 1,
                    "maxItems": 10_000,
                    "description": "The first rule that matches answers.",
                },
            },
            required=["rules"],
        ),
        "$defs": {
            "rule": object_of(
                {"when": {"$ref": "#/$defs/when"}, "answer": {"$ref": "#/$defs/answers"}}, required=["answer"]
            ),
            "when": _when(),
            "condition": condition_schema(),
            "answers": {
                "anyOf": [
                    {"$ref": "#/$defs/status"},
                    {"$ref": "#/$defs/natural"},
                    {"$ref": "#/$defs/answer"},
                    {
                        "title": "a list of these",
                        "type": "array",
                        "items": {"$ref": "#/$defs/one"},
                        "minItems": 1,
                        "maxItems": 1_000,
                    },
                ]
            },
            "one": {
                "anyOf": [
                    {"$ref": "#/$defs/status"},
                    {"$ref": "#/$defs/natural"},
                    {"$ref": "#/$defs/answer"},
                ]
            },
            "natural": {"type": "string", "enum": ["natural"]},
            "status": {"title": "a status (503)", "type": "integer", "minimum": 200, "maximum": 599},
            "answer": {"title": "more of an answer ({fault: hang})", **_answer()},
            "delay": {"type": "string", "pattern": _DELAY, "description": "Write 250ms or 2s; 300s at most."},
            "json": {
                "type": ["object", "array", "string", "number", "boolean", "null"],
                "additionalProperties": {"$ref": "#/$defs/json"},
                "items": {"$ref": "#/$defs/json"},
            },
        },
    }


def force_schema() -> dict[str, Any]:
    """What `POST /_sandbox/force` takes: an answer, how often, and for whom."""
    whole = scenario_schema()
    text = {"type": "string", "minLength": 1, "maxLength": 200}
    answer = whole["$defs"]["answer"]["properties"]
    more = {
        "times": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "phone": text,
        "key": text,
        "campaign": text,
        "applies": whole["$defs"]["when"]["properties"]["applies"],
    }
    allowed = {name: answer[name] for name in ANSWER_WORDS}
    return {
        "$schema": whole["$schema"],
        "title": "A forced answer",
        **object_of({**allowed, **more}),
        "$defs": whole["$defs"],
    }


def _when() -> dict[str, Any]:
    condition = {"$ref": "#/$defs/condition"}
    fields = dict.fromkeys(FIELDS, condition)
    span = "the n-th request that meets all the other conditions: 1, 1-2, 3+ or {every: 10}"
    properties: dict[str, Any] = {
        "key": condition,
        "campaign": condition,
        **fields,
        "header": {
            "type": "object",
            "additionalProperties": False,
            "patternProperties": {_TOKEN: condition},
            "description": "Headers by name.",
        },
        "attempt": {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": _COUNT, "description": f"Write {span}."},
                object_of({"every": {"type": "integer", "minimum": 1}}, required=["every"]),
            ],
            "description": f"Which requests: {span}.",
        },
        "elapsed": {
            "type": "string",
            "pattern": _ELAPSED,
            "description": "Time since the first request that met the conditions: write 0s-5s or 10s+.",
        },
        "per": {
            "type": "string",
            "enum": ["lead", "key", "all"],
            "description": "What is counted together. Default: lead (the key where no phone is known).",
        },
        "chance": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "applies": {
            "type": "string",
            "enum": ["valid", "any"],
            "description": "valid (default): requests that would else get 201 or 409; any: every request.",
        },
    }
    return {**object_of(properties), "patternProperties": {r"^metadata\..{1,100}$(?!\n)": condition}}


def _answer() -> dict[str, Any]:
    delay = {"$ref": "#/$defs/delay"}
    properties: dict[str, Any] = {
        "status": {"type": "integer", "minimum": 200, "maximum": 599},
        "headers": {
            "type": "object",
            "additionalProperties": False,
            "maxProperties": 50,
            "patternProperties": {
                _TOKEN: {
                    "type": "string",
                    "pattern": _HEADER_VALUE,
                    "description": "A header's value is one line of Latin-1 without control characters.",
                }
            },
        },
        "body": {
            "type": ["string", "object", "array"],
            "additionalProperties": {"$ref": "#/$defs/json"},
            "items": {"$ref": "#/$defs/json"},
            "description": "An object, a text, or {file: NAME} beside the scenario.",
        },
        "delay": {"anyOf": [delay, object_of({"from": delay, "to": delay}, required=["from", "to"])]},
        "fault": {"type": "string", "enum": [fault.value for fault in Fault]},
        "lead": {"type": "string", "enum": ["kept"], "description": "Keep the lead all the same."},
        "gather": {
            "type": "integer",
            "minimum": 2,
            "maximum": 100,
            "description": "Hold posts of one phone until so many have come (2 s at most).",
        },
        "shuffle": {
            "type": "boolean",
            "enum": [True],
            "description": "The natural answer, with everything changed that the contract doesn't promise.",
        },
    }
    return {**object_of(properties), "minProperties": 1}
