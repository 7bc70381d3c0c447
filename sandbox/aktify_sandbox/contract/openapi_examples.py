"""Examples of each answer for the OpenAPI document, each made by the code that answers requests."""

import json
from collections.abc import Iterator
from typing import Any

from . import answers
from .answers import Answer
from .examples import Lead, example
from .keys import why_missing, why_unknown
from .lead import LeadRules
from .problems import EXAMPLE_LINK

Examples = dict[str, dict[str, Any]]
"""Examples by name, as OpenAPI has them: `summary`, `value`, and often a `description`."""

_LARGEST = 100_000
"""The default of --max-body, in bytes."""

_REFUSED: dict[str, tuple[str, Any]] = {
    "phoneMissing": ("No phone number", {"region": "CA"}),
    "phoneFormat": ("A phone number without area code", {"phoneNumber": "555-1234", "region": "CA"}),
    "regionAndZipMissing": ("Neither region nor ZIP code", {"phoneNumber": "(509) 555-1234"}),
    "regionUnknown": ("A state's name", {"phoneNumber": "(509) 555-1234", "region": "California"}),
    "regionCase": ("A region in lower case", {"phoneNumber": "(509) 555-1234", "region": "ca"}),
    "zipFormat": ("A ZIP code that lost its zero", {"phoneNumber": "(509) 555-1234", "zipCode": "2138"}),
    "emailFormat": (
        "Text that is no e-mail address",
        {"phoneNumber": "(509) 555-1234", "region": "CA", "email": "someone"},
    ),
    "dateFormat": (
        "Text that is no date",
        {"phoneNumber": "(509) 555-1234", "region": "CA", "externalCreated": "yesterday"},
    ),
    "bothLinks": (
        "Both links",
        {
            "phoneNumber": "(509) 555-1234",
            "region": "CA",
            "link": "https://www.aktify.com",
            "linkToShorten": "https://www.aktify.com",
        },
    ),
    "metadataNumber": (
        "A metadata value that is a number",
        {"phoneNumber": "(509) 555-1234", "region": "CA", "metadata": {"age": 42}},
    ),
    "wrongType": (
        "A name that is a number",
        {"phoneNumber": "(509) 555-1234", "region": "CA", "firstName": 5},
    ),
    "several": ("Several problems", {"phoneNumber": "555-1234", "region": "California", "firstName": 5}),
    "manyLeads": ("A list of leads", [{"phoneNumber": "(509) 555-1234", "region": "CA"}]),
}
_REFUSED_TEXTS = {
    "notJson": ("A comma too many", '{"phoneNumber": "(509) 555-1234", "region": "CA",}'),
    "emptyBody": ("No body", ""),
}


def lead_examples(rules: LeadRules) -> Examples:
    """Leads that are accepted. Empty when the rulings accept no known example."""
    lead = example(rules)
    if lead is None:
        return {}
    found: Examples = {"lead": {"summary": "A lead", "value": lead}}
    shortened = {**lead, "linkToShorten": EXAMPLE_LINK}
    if not rules.read(json.dumps(shortened).encode(), b"application/json", None).problems:
        found["shortLink"] = {"summary": "A lead with a link to shorten", "value": shortened}
    return found


def created_examples(rules: LeadRules) -> Examples:
    """Bodies of a 201, each by the name of its lead: Postman pairs them by that."""
    return {
        name: {**each, "value": _created(rules, each["value"])} for name, each in lead_examples(rules).items()
    }


def _created(rules: LeadRules, lead: Lead) -> Lead:
    reading = rules.read(json.dumps(lead).encode(), b"application/json", None)
    content = dict(reading.lead or {})
    return (
        content if reading.long_url is None else {**content, "link": "https://shortlink.aktify.com/abcd1234"}
    )


def refused_examples(rules: LeadRules) -> Examples:
    """Bodies of a 400: those of these leads that the rulings refuse."""
    texts = {name: (summary, json.dumps(lead)) for name, (summary, lead) in _REFUSED.items()}
    found: Examples = {}
    for name, (summary, text) in (texts | _REFUSED_TEXTS).items():
        reading = rules.read(text.encode(), b"application/json", None)
        if reading.problems:
            answer = answers.invalid(None, None, reading.problems)
            found[name] = _example(summary, answer, _for(text) if text else "For an empty body.")
    return found


def other_examples() -> dict[str, Examples]:
    """Bodies of the other errors in JSON, by status."""
    return {
        "401": dict(_unauthorized()),
        "409": {"duplicate": _example("The number is in the campaign", answers.duplicate(None, None))},
        "413": {"tooLarge": _example("A body that is too large", answers.too_large(_LARGEST, None))},
        "503": {"diskFull": _example("The disk is full", answers.unavailable("No space left on device."))},
    }


def _unauthorized() -> Iterator[tuple[str, dict[str, Any]]]:
    missing = why_missing(0, [], lambda _: None)
    for name, summary, mistake in (
        ("keyMissing", "No x-api-key header", missing.sentence),
        ("keyUnknown", "An unknown key", why_unknown(b"anything", lambda _: None).sentence),
        ("keyRevoked", "A revoked key", answers.REVOKED),
    ):
        yield name, _example(summary, answers.unauthorized(mistake))


def _example(summary: str, answer: Answer, description: str = "") -> dict[str, Any]:
    told = {"description": description} if description else {}
    return {"summary": summary, **told, "value": answers.detailed(answer)}


def _for(text: str) -> str:
    return f"For the body `{text}`"
