"""The OpenAPI 3.1 document of the endpoint, made from the schema that the endpoint uses."""

from copy import deepcopy
from typing import Any

from .answers import ENDPOINT
from .lead import LeadRules
from .openapi_examples import Examples, created_examples, lead_examples, other_examples, refused_examples
from .rulings import RULINGS, Rulings
from .schema import BEYOND, RESPONSE_ORDER, lead_schema

_ERRORS = {
    "400": "Returned if required fields are missing or any provide field is invalid.",
    "401": "Returned if the request was not authorized with a valid x-api-key header.",
    "409": "Returned if the phone number was already submitted to the campaign.",
    "413": "Limit of the sandbox: the body is larger than --max-body.",
    "503": "Limit of the sandbox: it can't store anything, e.g. because its disk is full.",
}
_UNREADABLE = {
    "400": "Also returned, in plain text, for bytes that aren't an HTTP request.",
    "431": "Limit of the sandbox: the headers are too large.",
}


LICENSE = {"name": "MIT", "identifier": "MIT"}
"""The licence of the documents, and of the sandbox."""


def openapi(rulings: Rulings, version: str, server_url: str) -> dict[str, Any]:
    """The document for the rulings in force."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Aktify lead API, served by aktify-sandbox",
            "version": version,
            "description": _description(rulings),
            "license": LICENSE,
        },
        "tags": [{"name": "Leads", "description": "Leads of the campaign that the API key belongs to."}],
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
    """The body of a 201: the request's fields without `linkToShorten`, and without exclusions."""
    lead = lead_schema(Rulings.of())  # values that rulings drop or convert aren't returned
    fields, required = lead["properties"], lead["required"]
    created = {name: _described(fields[name]) for name in RESPONSE_ORDER}
    if rulings["empty-string"] == "keep":
        created["metadata"]["type"] = ["object", "string"]
    created["link"]["description"] = "The link that will be sent to the lead."
    created["link"]["examples"] = ["https://shortlink.aktify.com/abcd1234"]
    return {"title": "CreatedLead", "type": "object", "required": required, "properties": created}


def _described(field: dict[str, Any]) -> dict[str, Any]:
    kept = {name: deepcopy(field[name]) for name in ("type", "description", "examples") if name in field}
    return kept | ({"additionalProperties": {"type": "string"}} if field["type"] == "object" else {})


def _without_id(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name not in ("$id", "$schema")}


def _operation(rulings: Rulings) -> dict[str, Any]:
    rules = LeadRules(rulings)
    return {
        "operationId": "createLead",
        "summary": "Adds a lead to the campaign associated with the API key",
        "description": "Use the status code alone: the bodies of errors aren't part of the contract.",
        "tags": ["Leads"],
        "security": [{"key": []}],
        "requestBody": _body(rulings),
        "responses": {
            "201": {
                "description": "The created lead with whatever properties were accepted.",
                "content": _json("CreatedLead", created_examples(rules)),
            },
            "400": {
                "description": f"{_ERRORS['400']} {_UNREADABLE['400']} {_NO_CONTRACT}",
                "content": _json("Error", refused_examples(rules)) | _plain(_NOT_HTTP),
            },
            **{
                status: {
                    "description": f"{_ERRORS[status]} {_NO_CONTRACT}",
                    "content": _json("Error", examples),
                }
                for status, examples in other_examples().items()
            },
            "431": {
                "description": f"{_UNREADABLE['431']} {_NO_CONTRACT}",
                "content": _plain("The request's headers are larger than 64 kB."),
            },
        },
    }


_NOT_HTTP = "This begins with a body. Fix: send a request line and headers first."


def _plain(example: str) -> dict[str, Any]:
    """Content of an answer from below the application."""
    return {"text/plain": {"schema": {"type": "string"}, "example": f"{example}\n"}}


def _body(rulings: Rulings) -> dict[str, Any]:
    beyond = lead_schema(rulings)["$comment"].partition(BEYOND)[2]
    content = _json("Lead", lead_examples(LeadRules(rulings)))
    return {"required": True, "description": f"One flat lead.{BEYOND}{beyond}", "content": content}


_NO_CONTRACT = "The body isn't part of the contract; rely on the status code alone."


def _json(name: str, examples: Examples | None = None) -> dict[str, Any]:
    shown = {"examples": examples} if examples else {}
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}, **shown}}


def _error() -> dict[str, Any]:
    text = {"type": "string"}
    maybe = {"type": ["string", "null"]}
    problem = {"field": text, "message": text, "hint": text, "source": text, "quote": maybe, "ruling": maybe}
    return {
        "title": "Error",
        "description": "The error body of --error-bodies detailed. Aktify documents no error bodies.",
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
    return "Rulings in force, the sandbox's choices where Aktify's page is silent:\n\n" + "\n".join(lines)
