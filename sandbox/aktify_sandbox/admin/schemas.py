"""The JSON schemas of the admin API's OpenAPI document. `page.d.ts` has the same types for the page."""

from collections.abc import Iterable
from typing import Any

from aktify_sandbox.contract.keys import MISTAKES
from aktify_sandbox.contract.rulings import PROFILES, RULINGS
from aktify_sandbox.report.formats.schema import report_schema
from aktify_sandbox.settings import ERROR_BODIES

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
MAYBE: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
YES: Schema = {"type": "boolean"}
OBJECT: Schema = {"type": "object", "additionalProperties": True}
"""Any object. Without the second word, generated types would allow no member."""
ID: Schema = {"type": "string", "pattern": "^r[0-9]{9,15}$", "examples": ["r000000042"]}
MAYBE_ID: Schema = {"type": ["string", "null"]}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_MILLISECONDS: Schema = {"type": "number", "minimum": 0}


def ref(name: str) -> Schema:
    """A reference to one of the document's schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def object_of(properties: Schema, required: Iterable[str] | None = None) -> Schema:
    """The schema of a response: all members are required unless told otherwise."""
    return {
        "type": "object",
        "required": list(properties if required is None else required),
        "properties": properties,
    }


def body_of(properties: Schema, required: Iterable[str] = ()) -> Schema:
    """The schema of a request body: no other members are allowed."""
    return {**object_of(properties, required), "additionalProperties": False}


def many(items: Schema) -> Schema:
    """A list of them."""
    return {"type": "array", "items": items}


def one_of(*words: str) -> Schema:
    """One of these words."""
    return {"type": "string", "enum": list(words)}


def _maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _pairs() -> Schema:
    return many({"type": "array", "items": TEXT, "minItems": 2, "maxItems": 2})


def _counts() -> Schema:
    return {"type": "object", "additionalProperties": COUNT}


_LISTED: Schema = {
    "id": ID,
    "receivedAt": _MOMENT,
    "durationMs": _MILLISECONDS,
    "method": TEXT,
    "path": TEXT,
    "query": TEXT,
    "client": MAYBE,
    "campaign": MAYBE,
    "key": MAYBE,
    "phone": MAYBE,
    "response": _maybe(ref("Answer")),
    "reason": ref("Reason"),
    "problems": many(ref("LeadProblem")),
    "delayMs": _MILLISECONDS,
    "hungUpAfterMs": _MILLISECONDS,
    "fault": TEXT,
}
"""The members of a request in the list."""
_WHOLE: Schema = {
    "httpVersion": TEXT,
    "headers": _pairs(),
    "body": MAYBE,
    "bodyBytes": COUNT,
    "bodyEncoding": TEXT,
    "bodyOmitted": TEXT,
    "truncated": YES,
    "masked": YES,
    "notes": many(ref("LeadProblem")),
    "syntaxError": ref("Place"),
    "forcedBy": ref("Origin"),
    "firstPost": _maybe(ref("FirstPost")),
}
"""The members that only a single request has."""
_ALWAYS = (*(name for name in _LISTED if name not in ("delayMs", "hungUpAfterMs", "fault")),)


def _report() -> Schema:
    """The published schema of a report, and its parts."""
    schema = report_schema()
    parts = schema.pop("$defs")
    coverage = schema["properties"]["coverage"]["properties"]
    coverage["clauses"]["items"] = ref("Clause")
    schema["properties"]["findings"]["items"] = ref("Finding")
    return {
        **parts,
        "Report": {name: each for name, each in schema.items() if name not in ("$schema", "title")},
    }


SCHEMAS: Schema = {
    "Problem": object_of(
        {"type": TEXT, "title": TEXT, "status": {"type": "integer"}, "detail": TEXT},
    ),
    "Request": object_of(_LISTED, _ALWAYS),
    "RecordedRequest": object_of(
        _LISTED | _WHOLE, (*_ALWAYS, "httpVersion", "headers", "body", "bodyBytes", "notes")
    ),
    "RequestPage": object_of(
        {"requests": many(ref("Request")), "next": MAYBE_ID, "dropped": COUNT}, ["requests", "next"]
    ),
    "Totals": object_of(
        {"counted": COUNT, "isComplete": YES, "newest": MAYBE_ID, "statuses": _counts(), "reasons": _counts()}
    ),
    "Answer": object_of(
        {"status": {"type": "integer"}, "headers": _pairs(), "body": MAYBE, "bodyEncoding": TEXT}, ["status"]
    ),
    "Reason": object_of(
        {
            "rule": TEXT,
            "objection": TEXT,
            "ruling": MAYBE,
            "keyMistake": {"type": "string", "enum": list(MISTAKES)},
            "scenario": MAYBE,
        },
        ["rule", "objection", "ruling", "scenario"],
    ),
    "LeadProblem": object_of(
        {"field": TEXT, "message": TEXT, "hint": TEXT, "source": TEXT, "quote": MAYBE, "ruling": MAYBE},
        ["field", "message", "ruling"],
    ),
    "Place": object_of({"line": COUNT, "column": COUNT}),
    "Origin": object_of(
        {
            "kind": {"type": "string", "enum": ["scenario", "force", "key", "number", "header"]},
            "name": TEXT,
            "rule": COUNT,
        },
        ["kind"],
    ),
    "FirstPost": object_of(
        {
            "id": MAYBE_ID,
            "receivedAt": _MOMENT,
            "phone": TEXT,
            "phoneNumber": {},
            "sent": OBJECT,
            "differences": many(object_of({"field": TEXT, "first": {}, "this": {}})),
        }
    ),
    "Resent": object_of(
        {"request": MAYBE_ID, "status": {"type": ["integer", "null"]}, "body": TEXT, "outcome": TEXT}
    ),
    "StoredLead": object_of(
        {
            "campaign": TEXT,
            "phone": TEXT,
            "receivedAt": _MOMENT,
            "request": MAYBE_ID,
            "lead": OBJECT,
        },
    ),
    "LeadPage": object_of({"leads": many(ref("StoredLead")), "next": MAYBE_ID}),
    "Key": object_of({"key": TEXT, "campaign": TEXT, "revoked": YES, "answer": TEXT, "source": TEXT}),
    "Campaign": object_of(
        {
            "campaign": TEXT,
            "link": MAYBE,
            "scenarios": {"type": ["array", "null"], "items": TEXT},
            "leads": COUNT,
        }
    ),
    "Scenario": object_of(
        {
            "name": TEXT,
            "description": TEXT,
            "active": YES,
            "rules": many(OBJECT),
            "hits": many(COUNT),
            "file": TEXT,
            "shipped": YES,
            "mistake": MAYBE,
        }
    ),
    "Forced": object_of({"id": {"type": "integer"}, "times": COUNT, "left": COUNT}),
    "ExpectedCount": {
        "anyOf": [COUNT, body_of({"atLeast": COUNT, "atMost": COUNT, "exactly": COUNT})],
        "description": "An exact number, or bounds.",
    },
    "Expectation": body_of(
        {"name": TEXT, "where": OBJECT, "count": ref("ExpectedCount"), "order": many(OBJECT)},
    ),
    "ToVerify": body_of(
        {
            "name": TEXT,
            "where": OBJECT,
            "count": ref("ExpectedCount"),
            "order": many(OBJECT),
            "expectations": many(ref("Expectation")),
            "timeout": {"type": "number", "minimum": 0, "maximum": 600},
        }
    ),
    "ActiveScenarios": body_of({"active": many(TEXT)}, ["active"]),
    "NewCampaign": body_of(
        {
            "name": {"type": ["string", "null"]},
            "profile": {"type": ["string", "null"], "enum": [*PROFILES, None]},
            "rulings": {
                "type": ["object", "null"],
                "properties": dict.fromkeys(RULINGS, TEXT),
                "additionalProperties": TEXT,
            },
            "link": {"type": ["string", "null"], "enum": ["optional", "link", "tracking", None]},
            "scenarios": {"type": ["array", "null"], "items": TEXT},
            "errorBodies": {"type": ["string", "null"], "enum": [*ERROR_BODIES, None]},
            "shuffle": {"type": ["boolean", "null"]},
        }
    ),
    **_report(),
    "Verification": object_of({"ok": YES, "results": many(OBJECT)}),
    "Status": object_of(
        {
            "version": TEXT,
            "state": MAYBE,
            "trouble": MAYBE,
            "scenarios": many(TEXT),
            "forced": COUNT,
            "leads": COUNT,
            "requests": COUNT,
            "refusalsNotRecorded": COUNT,
        }
    ),
    "Config": object_of(
        {
            "version": TEXT,
            "run": TEXT,
            "newest": TEXT,
            "endpoint": TEXT,
            "apiKey": MAYBE,
            "curl": MAYBE,
            "curlNeeds": MAYBE,
            "magic": object_of(
                {
                    "keys": many(object_of({"key": TEXT, "does": TEXT})),
                    "numbers": many(object_of({"phoneNumber": TEXT, "does": TEXT})),
                }
            ),
            "choices": ref("Choices"),
            "settings": OBJECT,
            "rulings": many(ref("Ruling")),
            "calibration": _maybe(ref("Calibration")),
            "campaigns": many(OBJECT),
        }
    ),
    "Calibration": object_of(
        {
            "url": TEXT,
            "startedAt": _MOMENT,
            "verified": many(TEXT),
            "differing": {"type": "object", "additionalProperties": TEXT},
        }
    ),
    "Ruling": object_of(
        {
            "name": TEXT,
            "value": TEXT,
            "default": TEXT,
            "values": many(TEXT),
            "meanings": {"type": "object", "additionalProperties": TEXT},
            "free": MAYBE,
            "reason": TEXT,
        }
    ),
    "Choice": object_of({"value": TEXT, "label": TEXT}),
    "Choices": object_of(
        {
            "statusFilters": many(ref("Choice")),
            "reasons": many(ref("Choice")),
            "forcedStatuses": many(COUNT),
            "retriedStatuses": many(COUNT),
            "faults": many(object_of({"value": TEXT, "label": TEXT, "losesAnswer": YES})),
            "encodings": many(ref("Choice")),
            "delimiters": many(ref("Choice")),
            "leadColumns": many(ref("Choice")),
            "forms": many(ref("Choice")),
            "fileBytes": COUNT,
            "masking": ref("Masking"),
        }
    ),
    "Masking": object_of(
        {
            "email": TEXT,
            "lastName": TEXT,
            "number": TEXT,
            "spared": TEXT,
            "e164": TEXT,
            "beforeArea": TEXT,
            "examples": many(TEXT),
            "impersonalFields": many(TEXT),
        }
    ),
    "Findings": object_of(
        {
            "summary": object_of(
                {
                    "form": TEXT,
                    "counts": TEXT,
                    "duplicates": MAYBE,
                    "repairs": MAYBE,
                    "leftOut": many(TEXT),
                    "advice": many(TEXT),
                    "notes": many(TEXT),
                }
            ),
            "kinds": many(ref("Kind")),
            "rejects": ref("FilePart"),
            "fixed": ref("FilePart"),
            "assignable": _maybe(ref("Assignable")),
        }
    ),
    "FilePart": object_of({"rows": COUNT, "content": TEXT}),
    "Kind": object_of(
        {
            "problems": COUNT,
            "field": TEXT,
            "what": TEXT,
            "fix": TEXT,
            "fixes": many(TEXT),
            "word": TEXT,
            "rows": TEXT,
        }
    ),
    "Assignable": object_of({"columns": many(ref("AssignableColumn")), "fields": many(TEXT)}),
    "AssignableColumn": object_of({"column": TEXT, "field": MAYBE, "metadata": TEXT}),
}
