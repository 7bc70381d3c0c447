"""Findings about the key and about what a stranger may read: each is proved by one request."""

import re
from urllib.parse import unquote_plus

from aktify_sandbox.contract import page
from aktify_sandbox.contract.aliases import field_for_alias
from aktify_sandbox.contract.phone import identity
from aktify_sandbox.contract.schema import FIELDS
from aktify_sandbox.contract.sources import documented
from aktify_sandbox.redaction import may_hold_key
from aktify_sandbox.report.observed import Observed

from .rule import ADVICE, FindingRule, each_request

_OTHER_WORDS = re.compile(r"keyword|author(?!i)|monkey|turkey", re.IGNORECASE)
_FIELDS = frozenset(FIELDS)
_ELSEWHERE = ("none", "other-header")
"""Mistakes with a key that don't damage it."""


def _wrong_place(request: Observed) -> str | None:
    entry = request.entry
    if entry["query"]:
        for name, value in _parameters(entry["query"]):
            if _is_key(name):
                return f"in the query, as {name}" if value else "in the query, without a name"
    sent = request.sent
    if sent and not _FIELDS.issuperset(sent):
        for name in sent:
            if name not in _FIELDS and _is_key(name):
                return f"in the body, as {name}"
    if entry["reason"].get("keyMistake") == "other-header":
        names = {name.lower() for name, _ in entry["headers"] if may_hold_key(name)}
        return f"in the header {', '.join(sorted(names))}"
    return None


def _is_key(name: str) -> bool:
    return may_hold_key(name) and not _OTHER_WORDS.search(name)


def _parameters(query: str) -> list[tuple[str, str]]:
    pairs = (parameter.partition("=") for parameter in query.split("&"))
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]


def _damage(request: Observed) -> str | None:
    mistake: str | None = request.entry["reason"].get("keyMistake")
    return None if mistake is None or mistake in _ELSEWHERE else mistake


def _origin(request: Observed) -> str | None:
    for name, value in request.entry["headers"]:
        if len(name) == len("origin") and name.lower() == "origin":
            return f"Origin: {value}"
    return None


def _personal_query(request: Observed) -> str | None:
    query = request.entry["query"]
    if not query:
        return None
    for name, value in _parameters(query):
        field = name if name in FIELDS else field_for_alias(name)
        if value and field in ("phoneNumber", "email", "firstName", "lastName"):
            return f"{name} in the query"
        if "@" in value or identity(value):
            return f"{name or 'a value'} in the query"
    return None


KEY_IN_WRONG_PLACE = FindingRule(
    id="key-in-wrong-place",
    level="error",
    certainty="proved",
    sentence="The key is sent somewhere other than in the header x-api-key. Addresses and bodies end up in logs.",
    fix="Send the key in the header x-api-key only.",
    source=documented(page.UNAUTHORIZED),
    detector=each_request(_wrong_place),
)
KEY_DAMAGED = FindingRule(
    id="key-damaged",
    level="error",
    certainty="proved",
    sentence="The key arrives damaged: it is blank, quoted, a placeholder, or has something added to it.",
    fix="Send the key exactly as Aktify provided it. Stop at the start if its variable isn't set.",
    source=documented(page.UNAUTHORIZED),
    detector=each_request(_damage),
)
ORIGIN_HEADER = FindingRule(
    id="origin-header",
    level="error",
    certainty="proved",
    sentence="A web page sends the request, so every visitor of that page can read the key.",
    fix="Send the form to your own server, and post the lead from there.",
    source=ADVICE,
    detector=each_request(_origin),
)
PERSONAL_DATA_IN_QUERY = FindingRule(
    id="personal-data-in-query",
    level="error",
    certainty="proved",
    sentence="The address contains personal data. Proxies and servers log addresses.",
    fix="Send the lead in the JSON body only.",
    source=documented(page.CONTENT_TYPE),
    detector=each_request(_personal_query),
)
