"""Findings about the names and the shape of what is sent: each is proved by one request."""

import functools
from collections.abc import Mapping
from typing import Any

from aktify_sandbox.contract import page
from aktify_sandbox.contract.aliases import LEGACY, field_for_alias, misspelt_field
from aktify_sandbox.contract.body import parse
from aktify_sandbox.contract.schema import FIELDS
from aktify_sandbox.contract.sources import documented
from aktify_sandbox.report.observed import Observed

from .rule import FindingRule, each_request

_FIELDS = frozenset(FIELDS)
_PLACES = ("region", "zipCode")
_VALID = ("accepted", "duplicate")


def may_be_wrong(request: Observed) -> bool:
    """Whether the form of a lead has to be looked at: what was accepted by the default rulings is right."""
    return request.is_post_of_lead and (request.objection not in _VALID or "rulings" in request.entry)


@functools.lru_cache(maxsize=1_000)
def field_meant(name: str) -> str | None:
    """The field that another name certainly or by its spelling means."""
    return LEGACY.get(name) or field_for_alias(name) or misspelt_field(name)


def wrong_name(request: Observed) -> str | None:
    """The first name of the legacy API, of a CRM, or misspelt one."""
    sent = request.sent if request.is_post_of_lead else None
    if sent is None or _FIELDS.issuperset(sent):
        return None
    for name, value in sent.items():
        if name in _FIELDS or isinstance(value, list):
            continue
        meant = field_meant(name)
        if meant and (name in LEGACY or meant not in sent):
            return f"{name} instead of {meant}"
    return None


def _both_links(request: Observed) -> str | None:
    sent = request.sent if may_be_wrong(request) else None
    return "link and linkToShorten" if sent and "link" in sent and "linkToShorten" in sent else None


def _no_place(request: Observed) -> str | None:
    sent = request.sent if may_be_wrong(request) else None
    if not sent or any(sent.get(name) not in (None, "") for name in _PLACES):
        return None
    if any(name not in _FIELDS and field_meant(name) in _PLACES for name in sent) or _wrapped(sent):
        return None  # another finding says it
    return "neither region nor zipCode" if any(map(_is_field, sent)) else None


def _is_field(name: str) -> bool:
    return name in _FIELDS or field_meant(name) is not None


def _wrapped(sent: Mapping[str, Any]) -> str | None:
    """The name under which several leads stand."""
    for name, value in sent.items():
        if name not in _FIELDS and isinstance(value, list) and any(isinstance(each, dict) for each in value):
            return name
    return None


def _many_leads(request: Observed) -> str | None:
    if not may_be_wrong(request):
        return None
    sent = request.sent
    if sent is not None:
        name = _wrapped(sent)
        return f"an array called {name}" if name else None
    body = request.entry["body"]
    if not body or "bodyEncoding" in request.entry:
        return None
    start = body.lstrip("\ufeff \t\r\n")[:1]
    if start == "[":
        return "an array"
    lines = body.strip().splitlines() if start == "{" and "truncated" not in request.entry else []
    if len(lines) > 1 and all(parse(line.encode())[0] is not None for line in lines if line.strip()):
        return "several lines of JSON"
    return None


def _metadata(request: Observed) -> str | None:
    sent = request.sent if may_be_wrong(request) else None
    if not sent or "metadata" not in sent:
        return None
    metadata = sent["metadata"]
    if not isinstance(metadata, dict):
        return None if metadata is None else f"metadata is {_kind(metadata)}"
    for name, value in metadata.items():
        if not isinstance(value, str):
            return f"metadata.{name} is {_kind(value)}"
    return None


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "a text"
    return (
        "a number"
        if isinstance(value, (int, float))
        else "a list"
        if isinstance(value, list)
        else "an object"
    )


LEGACY_FIELD_NAME = FindingRule(
    id="legacy-field-name",
    level="error",
    certainty="proved",
    sentence="A field has a legacy or misspelt name, which the API doesn't know: its value is lost without an error.",
    fix="Use the names on Aktify's page, such as phoneNumber, firstName and externalLeadId.",
    source=documented(page.CREATED_LEAD),
    detector=each_request(wrong_name),
)
BOTH_LINKS = FindingRule(
    id="both-links",
    level="error",
    certainty="proved",
    sentence="A lead has both link and linkToShorten, which exclude each other.",
    fix="Send link to use the URL as it is, or linkToShorten to have Aktify shorten it.",
    source=documented(page.NOT_BOTH),
    detector=each_request(_both_links),
)
NO_REGION_OR_ZIP = FindingRule(
    id="no-region-or-zip",
    level="error",
    certainty="proved",
    sentence="A lead has neither region nor zipCode; one of them is required.",
    fix="Send the state's code as region, or the ZIP code as zipCode.",
    source=documented(page.REGION_OR_ZIP),
    detector=each_request(_no_place),
)
MANY_LEADS_IN_ONE = FindingRule(
    id="many-leads-in-one",
    level="error",
    certainty="proved",
    sentence="One request contains several leads, or a list of them. The endpoint takes one lead per request.",
    fix="Send one request for each lead, with one flat JSON object.",
    source=documented(page.ONE_LEAD),
    detector=each_request(_many_leads),
)
METADATA_NOT_STRING = FindingRule(
    id="metadata-not-string",
    level="error",
    certainty="proved",
    sentence="metadata has a value that isn't a string, or isn't an object.",
    fix='Convert each value to a string: send "42", not 42.',
    source=documented(page.METADATA),
    detector=each_request(_metadata),
)
