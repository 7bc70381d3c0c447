"""The JSON Schema of a scenario file, for validation and for completion in editors."""

from typing import Any

from aktify_sandbox.contract.schema import FIELDS
from aktify_sandbox.documents.document import ALSO
from aktify_sandbox.matching.schema import condition_schema, object_of
from aktify_sandbox.scenarios.faults import OTHER_NAMES, Fault

ANSWER_WORDS = ("status", "headers", "body", "delay", "fault", "lead")
"""The words for an answer that `force` accepts."""

_DELAY = r"^(?:[0-9]{1,6}ms|[0-9]{1,3}(?:\.[0-9]{1,3})?s)$(?!\n)"
_TOKEN = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$(?!\n)"  # noqa: S105  the characters of a header's name
_HEADER_NAME = "A header name has 1 to 100 letters, digits, hyphens or underscores."
_HEADER_VALUE = r"^[\t -~\xa0-\xff]{0,4000}$(?!\n)"
_COUNT = r"^[1-9][0-9]{0,8}(?:-[1-9][0-9]{0,8}|\+)?$(?!\n)"
_ELAPSED = r"^[0-9]{1,5}(?:\.[0-9]{1,3})?s(?:-[0-9]{1,5}(?:\.[0-9]{1,3})?s|\+)$(?!\n)"


def scenario_schema() -> dict[str, Any]:
    """The schema of a whole file."""
    one = [{"$ref": f"#/$defs/{kind}"} for kind in ("status", "natural", "answer")]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:aktify-sandbox:scenario",
        "title": "A scenario of aktify-sandbox",
        **object_of(
            {
                "$schema": {"type": "string"},
                "description": {"type": "string", "description": "What the scenario is for, in one line."},
                "rules": {
                    "type": "array",
                    "items": {"$ref": "#/$defs/rule"},
                    "minItems": 1,
                    "maxItems": 10_000,
                    "description": "The first matching rule answers.",
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
                    *one,
                    {
                        "title": "a list of these",
                        "type": "array",
                        "items": {"$ref": "#/$defs/one"},
                        "minItems": 1,
                        "maxItems": 1_000,
                    },
                ]
            },
            "one": {"anyOf": one},
            "natural": {"type": "string", "enum": ["natural"]},
            "status": {"title": "a status (503)", "type": "integer", "minimum": 200, "maximum": 599},
            "answer": {"title": "an object ({fault: hang})", **_answer()},
            "delay": {"type": "string", "pattern": _DELAY, "description": "Write 250ms or 2s, at most 300s."},
            "json": {
                "type": ["object", "array", "string", "number", "boolean", "null"],
                "additionalProperties": {"$ref": "#/$defs/json"},
                "items": {"$ref": "#/$defs/json"},
            },
        },
    }


def force_schema() -> dict[str, Any]:
    """The body of `POST /_sandbox/force`: an answer, how often, and for which requests."""
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
    span = "1, 1-2, 3+ or {every: 10}, counting requests that meet all other conditions"
    properties: dict[str, Any] = {
        "key": condition | {"description": "The API key; a namespace of it counts too."},
        "campaign": condition | {"description": "The campaign that the key opens."},
        **fields,
        "header": {
            "type": "object",
            "additionalProperties": False,
            "propertyNames": {"description": _HEADER_NAME},
            "patternProperties": {_TOKEN: condition},
            "description": "Headers by name.",
        },
        "attempt": {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": _COUNT, "description": f"Write {span}."},
                object_of({"every": {"type": "integer", "minimum": 1}}, required=["every"]),
            ],
            "description": f"Which attempts: {span}.",
        },
        "elapsed": {
            "type": "string",
            "pattern": _ELAPSED,
            "description": "Write 0s-5s or 10s+, the time since the first request that met the conditions.",
        },
        "per": {
            "type": "string",
            "enum": ["lead", "key", "all"],
            "description": "What is counted together: lead (default; the key where no phone is known), key or all.",
        },
        "chance": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1,
            "description": "The probability that the rule applies. The same --seed gives the same run.",
        },
        "applies": {
            "type": "string",
            "enum": ["valid", "any"],
            "description": "valid (default): requests that would otherwise get 201 or 409; any: every request.",
        },
    }
    return {**object_of(properties), "patternProperties": {r"^metadata\..{1,100}$(?!\n)": condition}}


def _answer() -> dict[str, Any]:
    delay = {"$ref": "#/$defs/delay"}
    properties: dict[str, Any] = {
        "status": {
            "type": "integer",
            "minimum": 200,
            "maximum": 599,
            "description": "The status; 400, 401 and 409 have the contract's wording unless body says otherwise.",
        },
        "headers": {
            "type": "object",
            "description": "Headers of the answer, by name.",
            "additionalProperties": False,
            "maxProperties": 50,
            "propertyNames": {"description": _HEADER_NAME},
            "patternProperties": {
                _TOKEN: {
                    "type": "string",
                    "pattern": _HEADER_VALUE,
                    "description": "A header value is one line of Latin-1 without control characters.",
                }
            },
        },
        "body": {
            "type": ["string", "object", "array"],
            "additionalProperties": {"$ref": "#/$defs/json"},
            "items": {"$ref": "#/$defs/json"},
            "description": "An object, text, or {file: NAME} in the scenario's folder.",
        },
        "delay": {
            "anyOf": [delay, object_of({"from": delay, "to": delay}, required=["from", "to"])],
            "description": "Delay the answer: 250ms, 2s, or {from: 50ms, to: 400ms}. Alone: the normal answer, late.",
        },
        "fault": {
            "type": "string",
            "enum": [fault.value for fault in Fault],
            ALSO: OTHER_NAMES,
            "description": "A failure on the connection.",
        },
        "lead": {"type": "string", "enum": ["kept"], "description": "Keep the lead although it is forced."},
        "gather": {
            "type": "integer",
            "minimum": 2,
            "maximum": 100,
            "description": "Hold posts of one number until this many arrived, at most 2 s: one gets 201, the rest 409.",
        },
        "shuffle": {
            "type": "boolean",
            "enum": [True],
            "description": "The normal answer, changed in all that the contract doesn't promise.",
        },
    }
    return {**object_of(properties), "minProperties": 1}
