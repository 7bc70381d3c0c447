"""What a line of a state file may be, as JSON Schema: a checksum proves that it is whole, not that it makes sense."""

from typing import Any

from aktify_sandbox.contract.validators import Check, validator_for
from aktify_sandbox.settings import ERROR_BODIES

_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}
_PAIRS = {"type": "array", "items": {"type": "array", "items": _TEXT, "minItems": 2, "maxItems": 2}}
_TEXTS_BY_NAME = {"type": "object", "additionalProperties": _TEXT}
_LEAD = {
    "type": "object",
    "properties": {"metadata": _TEXTS_BY_NAME},
    "additionalProperties": _TEXT,
}
_PHONE = {"type": "string", "pattern": r"^\+[0-9]{4,15}$(?!\n)"}
_SHORT = {"type": ["object", "null"], "required": ["code", "url"], "additionalProperties": _TEXT}
_MOMENT = {"type": "string", "minLength": 1}

_RECORD: dict[str, Any] = {
    "id": _TEXT,
    "receivedAt": {"type": "string", "pattern": r"^[0-9T:.-]{23}Z$(?!\n)"},
    "durationMs": {"type": "number"},
    "client": _TEXT_OR_NULL,
    "method": _TEXT,
    "path": _TEXT,
    "query": _TEXT,
    "httpVersion": _TEXT,
    "headers": _PAIRS,
    "bodyBytes": _COUNT,
    "body": _TEXT_OR_NULL,
    "campaign": _TEXT_OR_NULL,
    "key": _TEXT_OR_NULL,
    "phone": {"anyOf": [_PHONE, {"type": "null"}]},
    "response": {
        "type": ["object", "null"],
        "required": ["status", "headers"],
        "properties": {
            "status": {"type": "integer", "minimum": 100, "maximum": 999},
            "headers": _PAIRS,
            "body": _TEXT_OR_NULL,
        },
    },
    "reason": {
        "type": "object",
        "required": ["rule", "objection", "ruling", "scenario"],
        "properties": {"rule": _TEXT},
        "additionalProperties": _TEXT_OR_NULL,
    },
    "problems": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["field", "message", "hint", "ruling"],
            "properties": {"field": _TEXT, "message": _TEXT, "hint": _TEXT, "source": _TEXT},
            "additionalProperties": _TEXT_OR_NULL,
        },
    },
}
_MORE_OF_A_RECORD = {
    "lead": _LEAD,
    "short": _SHORT,
    "identity": _TEXT,
    "rulings": _TEXTS_BY_NAME,
    "link": _TEXT,
    "bodyEncoding": _TEXT,
    "bodyOmitted": _TEXT,
    "truncated": {"type": "boolean"},
    "delayMs": {"type": "number"},
    "hungUpAfterMs": {"type": "number"},
}
_KEPT = {
    "identity": _TEXT,
    "campaign": _TEXT,
    "phone": _PHONE,
    "receivedAt": _MOMENT,
    "request": _TEXT_OR_NULL,
    "lead": _LEAD,
    "short": _SHORT,
}
_KEY = {"digest": _TEXT, "shown": _TEXT, "campaign": _TEXT, "revoked": {"type": "boolean"}}
_CAMPAIGN = {
    "name": _TEXT,
    "link": {"enum": ["optional", "link", "tracking"]},
    "profile": _TEXT_OR_NULL,
    "rulings": _TEXTS_BY_NAME,
}


def _with(members: dict[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members | more, "required": list(required or members)}


def _put(table: str, content: dict[str, Any]) -> dict[str, Any]:
    return _with({"table": {"const": table}, "document": _COUNT, "content": content})


_MORE_OF_A_CAMPAIGN = {
    "scenarios": {"type": ["array", "null"], "items": _TEXT},
    "error_bodies": {"enum": [*ERROR_BODIES, None]},
    "shuffle": {"type": ["boolean", "null"]},
}
_NEWS = {"type": "object", "propertyNames": {"enum": [*_MORE_OF_A_RECORD]}, "properties": _MORE_OF_A_RECORD}
_KINDS: dict[str, dict[str, Any]] = {
    "request": {
        **_with(_RECORD, *_RECORD, **_MORE_OF_A_RECORD),
        "if": {"required": ["lead"]},
        "then": {"properties": {"campaign": _TEXT, "phone": _PHONE}},
        "else": {"properties": {"response": {"required": ["body"]}}},
    },
    "amend": _with({"of": _COUNT, "content": _NEWS}),
    "put": {
        "anyOf": [
            _put("leads", _with(_KEPT, "campaign", "phone", "receivedAt", "request", "lead")),
            _put("keys", _with(_KEY)),
            _put("campaigns", _with(_CAMPAIGN, *_CAMPAIGN, **_MORE_OF_A_CAMPAIGN)),
        ]
    },
    "drop": {
        "anyOf": [
            _with({"table": {"const": "leads"}, "campaigns": {"type": "array", "items": _TEXT}}),
            _with(
                {
                    "table": {"const": "leads"},
                    "phones": {
                        "type": "array",
                        "items": {
                            "type": "array",
                            "prefixItems": [_TEXT, _COUNT],
                            "minItems": 2,
                            "maxItems": 2,
                        },
                    },
                }
            ),
            _with(
                {"table": {"enum": ["keys", "campaigns"]}, "documents": {"type": "array", "items": _COUNT}}
            ),
        ]
    },
    "loaded": {"type": "object"},
    "end": {"type": "object"},
}
_HEADER = _with({"next": {"type": "integer", "minimum": 1}}, dropped=_COUNT)


def schemas() -> dict[str | None, dict[str, Any]]:
    """What the content of each kind of line may be; None is the first line's kind."""
    every: dict[str | None, dict[str, Any]] = {None: _HEADER}
    return every | _KINDS


def judges() -> dict[str | None, Check]:
    """For each kind of line what tells whether its content makes sense."""
    return {kind: validator_for(schema).is_valid for kind, schema in schemas().items()}
