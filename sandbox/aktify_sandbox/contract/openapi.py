"""The OpenAPI 3.1 document of the endpoint, made from the schema that decides."""

from copy import deepcopy
from typing import Any

from .answers import ENDPOINT
from .examples import example
from .lead import LeadRules
from .rulings import RULINGS, Rulings
from .schema import BEYOND, RESPONSE_ORDER, lead_schema

_ERRORS = {
    "400": "Returned if required fields are missing or any provide field is invalid.",
    "401": "Returned if the request was not authorized with a valid x-api-key header.",
    "409": "Returned if the phone number was already submitted to the campaign.",
    "413": "The sandbox's own: the body is larger than it takes.",
    "503": "The sandbox's own: it can't keep anything, as its disk is full.",
}
_UNREADABLE = {
    "400": "So is what can't be read as HTTP; that is said in plain text.",
    "431": "The sandbox's own: the headers are larger than it takes.",
}


def openapi(rulings: Rulings, version: str, server_url: str) -> dict[str, Any]:
    """The document for the rulings in force."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Aktify lead API, as aktify-sandbox stands in for it",
            "version": version,
            "description": _description(rulings),
        },
        "servers": [{"url": server_url}],
        "paths": {ENDPOINT: {"post": _operation(rulings)}},
        "components": {
            "schemas": {
                "Lead": _without_id(lead_schema(rulings)),
                "CreatedLead": created_schema(rulings),
                "Error": _error(),
            },
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        },
    }


def created_schema(rulings: Rulings) -> dict[str, Any]:
    """The body of a 201: the request's fields without `linkToShorten`, and with nothing excluded."""
    fields = lead_schema(Rulings.of())["properties"]  # what rulings drop or convert doesn't come back
    created = {name: _described(fields[name]) for name in RESPONSE_ORDER}
    if rulings["empty-string"] == "keep":
        created["metadata"]["type"] = ["object", "string"]
    created["link"]["description"] = "The link that will be sent to the lead."
    created["link"]["examples"] = ["https://shortlink.aktify.com/abcd1234"]
    return {"title": "CreatedLead", "type": "object", "required": ["phoneNumber"], "properties": created}


def _described(field: dict[str, Any]) -> dict[str, Any]:
    kept = {name: deepcopy(field[name]) for name in ("type", "description", "examples") if name in field}
    return kept | ({"additionalProperties": {"type": "string"}} if field["type"] == "object" else {})


def _without_id(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name not in ("$id", "$schema")}


def _operation(rulings: Rulings) -> dict[str, Any]:
    return {
        "operationId": "createLead",
        "summary": "Adds a lead to the campaign associated with the API key",
        "security": [{"key": []}],
        "requestBody": _body(rulings),
        "responses": {
            "201": {
                "description": "The created lead with whatever properties were accepted.",
                "content": _json("CreatedLead"),
            },
            **{
                status: {"description": f"{words} {_NO_CONTRACT}", "content": _json("Error")}
                for status, words in _ERRORS.items()
            },
            **_unreadable(),
        },
    }


def _unreadable() -> dict[str, Any]:
    """What is answered below the application, in plain text; a 400 comes from both."""
    plain = {"text/plain": {"schema": {"type": "string"}}}
    invalid = f"{_ERRORS['400']} {_UNREADABLE['400']} {_NO_CONTRACT}"
    return {
        "400": {"description": invalid, "content": _json("Error") | plain},
        "431": {"description": f"{_UNREADABLE['431']} {_NO_CONTRACT}", "content": plain},
    }


def _body(rulings: Rulings) -> dict[str, Any]:
    beyond = lead_schema(rulings)["$comment"].partition(BEYOND)[2]
    lead = example(LeadRules(rulings))
    content = _json("Lead")
    content["application/json"] |= {"example": lead} if lead else {}
    return {"required": True, "description": f"One flat lead.{BEYOND}{beyond}", "content": content}


_NO_CONTRACT = "The body isn't part of the contract: use the status code alone."


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _error() -> dict[str, Any]:
    text = {"type": "string"}
    maybe = {"type": ["string", "null"]}
    problem = {"field": text, "message": text, "hint": text, "source": text, "quote": maybe, "ruling": maybe}
    return {
        "title": "Error",
        "description": "What --error-bodies detailed sends. The vendor promises nothing about it.",
        "type": "object",
        "required": ["statusCode", "message", "problems"],
        "properties": {
            "statusCode": {"type": "integer"},
            "message": text,
            "problems": {"type": "array", "items": {"type": "object", "properties": problem}},
        },
    }


def _description(rulings: Rulings) -> str:
    lines = [f"- {name}: {rulings[name]} ({ruling.reason})" for name, ruling in RULINGS.items()]
    return "Where the vendor's page is silent, these rulings of the sandbox hold:\n\n" + "\n".join(lines)
