"""The clauses of the contract: what a client may send and what it may meet. The report says which ones a client did."""

import json
import re
import shlex
from types import MappingProxyType
from typing import NamedTuple

from . import page
from .schema import FIELDS, declared, row
from .sources import Source, documented, http, ruling

_ADDRESS = "${AKTIFY_BASE_URL:-http://127.0.0.1:8509}"


class Clause(NamedTuple):
    """One clause."""

    id: str
    text: str
    """What is sent, or what is answered, in a few words."""
    source: Source
    """Whose word it is."""
    provoke: str
    """One shell command that shows it, or that lets the client's next post meet it."""

    def provoke_at(self, origin: str) -> str:
        """The command for the sandbox at this address, such as `http://127.0.0.1:8600`, wherever it is run."""
        named = self.provoke.replace(_ADDRESS, origin)
        return re.sub("(?<=aktify-sandbox )(send|force)", rf"\1 --url {shlex.quote(origin)}", named, count=1)


def _example(lead: str) -> str:
    """A command that posts a lead."""
    return f"echo '{lead}' | aktify-sandbox send -"


def _example_with(number: int, more: str) -> str:
    return _example(f'{{"phoneNumber": "(509) 555-01{number:02}", "region": "CA", {more}}}')


def _by_curl(body: str, *headers: str) -> str:
    """A command that posts what `send` refuses to send."""
    address = f'"{_ADDRESS}/api/v1/leads"'
    words = [f"-H {header}" for header in ("'content-type: application/json'", *headers)]
    return f"curl {address} {' '.join(words)} -d '{body}'"


_KEY = '"x-api-key: ${AKTIFY_API_KEY:-test-key}"'

_ACCEPTED = (
    Clause(
        "created-by-region",
        "201 for a lead with a region and no ZIP code",
        documented(page.CREATED_LEAD),
        _example('{"phoneNumber": "(509) 555-0101", "region": "CA"}'),
    ),
    Clause(
        "created-by-zip",
        "201 for a lead with a ZIP code and no region",
        documented(page.REGION_OR_ZIP),
        _example('{"phoneNumber": "(509) 555-0102", "zipCode": "90210"}'),
    ),
    Clause(
        "created-by-both",
        "201 for a lead with region and ZIP code",
        documented(page.CREATED_LEAD),
        _example('{"phoneNumber": "(509) 555-0103", "region": "CA", "zipCode": "90210"}'),
    ),
)

SENDING = MappingProxyType(
    {
        f"sends-{re.sub('[A-Z]', lambda found: f'-{found[0].lower()}', field)}": field
        for field in FIELDS
        if field not in ("phoneNumber", "region", "zipCode")
    }
)
"""The clauses of the optional fields, with the field that a lead has; the other fields have clauses of their own."""

_FIELDS = tuple(
    Clause(
        name,
        f"A valid lead with {field}",
        documented(row(field)),
        _example_with(number, f'"{field}": {json.dumps(declared(field)["examples"][0])}'),
    )
    for number, (name, field) in enumerate(SENDING.items(), start=4)
)

_REFUSED = (
    Clause(
        "refused-no-phone",
        "400: phoneNumber is missing",
        documented(row("phoneNumber")),
        _example('{"region": "CA"}'),
    ),
    Clause(
        "refused-no-region-or-zip",
        "400: region and zipCode are missing",
        documented(page.REGION_OR_ZIP),
        _example('{"phoneNumber": "(509) 555-0113"}'),
    ),
    Clause(
        "refused-both-links",
        "400: link and linkToShorten together",
        documented(page.NOT_BOTH),
        _example_with(13, '"link": "https://www.aktify.com", "linkToShorten": "https://www.aktify.com"'),
    ),
    Clause(
        "refused-phone",
        "400: phoneNumber isn't a US phone number",
        documented(page.PHONE),
        _example('{"phoneNumber": "555-0113", "region": "CA"}'),
    ),
    Clause(
        "refused-region",
        "400: region isn't a state code",
        documented(page.STATE_CODES),
        _example('{"phoneNumber": "(509) 555-0113", "region": "California"}'),
    ),
    Clause(
        "refused-zip",
        "400: zipCode isn't a ZIP code",
        documented(page.ZIP),
        _example('{"phoneNumber": "(509) 555-0113", "zipCode": "9021"}'),
    ),
    Clause(
        "refused-email",
        "400: email isn't an address",
        documented(page.EMAIL),
        _example_with(13, '"email": "someone"'),
    ),
    Clause(
        "refused-external-created",
        "400: externalCreated isn't an ISO 8601 date and time",
        documented(page.CREATED),
        _example_with(13, '"externalCreated": "11/15/2022"'),
    ),
    Clause(
        "refused-link",
        "400: a link isn't an absolute URL",
        ruling("link"),
        _example_with(13, '"link": "www.aktify.com"'),
    ),
    Clause(
        "refused-metadata",
        "400: metadata isn't an object of strings",
        documented(page.METADATA),
        _example_with(13, '"metadata": {"customField1": 1}'),
    ),
    Clause(
        "refused-type",
        "400: a number, list or object where the page has a string",
        documented(row("phoneNumber")),
        _example('{"phoneNumber": 5095550113, "region": "CA"}'),
    ),
    Clause("refused-null", "400: a field is null", ruling("null"), _example_with(13, '"email": null')),
    Clause(
        "refused-empty", "400: a field is empty", ruling("empty-string"), _example_with(13, '"email": ""')
    ),
    Clause(
        "refused-not-json",
        "400: the body isn't JSON, or isn't sent as application/json",
        documented(page.CONTENT_TYPE),
        _by_curl('{"phoneNumber": undefined}', _KEY),
    ),
    Clause(
        "refused-many-leads",
        "400: several leads in one request",
        documented(page.ONE_LEAD),
        _by_curl('[{"phoneNumber": "(509) 555-0113", "region": "CA"}]', _KEY),
    ),
    Clause(
        "refused-no-object",
        "400: the body is empty, or no JSON object",
        documented(page.INVALID),
        _by_curl("", _KEY),
    ),
)

_UNAUTHORIZED = (
    Clause(
        "no-key",
        "401: no x-api-key header",
        documented(page.UNAUTHORIZED),
        _by_curl('{"phoneNumber": "(509) 555-0113", "region": "CA"}'),
    ),
    Clause(
        "unknown-key",
        "401: an unknown key",
        documented(page.UNAUTHORIZED),
        "aktify-sandbox send --sample 1 --key unknown-key",
    ),
    Clause(
        "revoked-key",
        "401: a revoked key",
        documented(page.UNAUTHORIZED),
        "aktify-sandbox send --sample 1 --key test-401",
    ),
)

_REPEATED = (
    Clause(
        "duplicate",
        "409: the phone number was already submitted",
        documented(page.DUPLICATE),
        "aktify-sandbox force 409",
    ),
    Clause(
        "repeated-after-lost-answer",
        "A lead is posted again after its answer was lost",
        http("RFC 9112, 9.3.1"),
        "aktify-sandbox force reset --lead-kept",
    ),
)

_FAILED = (
    Clause(
        "rate-limited",
        "429 with Retry-After",
        http("RFC 9110, 10.2.3"),
        "aktify-sandbox force 429 --header 'Retry-After: 1'",
    ),
    Clause("server-error", "5xx", http("RFC 9110, 15.6"), "aktify-sandbox force 503"),
    Clause(
        "timeout",
        "No answer until the client gives up",
        http("RFC 9112, 9.5"),
        "aktify-sandbox force hang",
    ),
    Clause("reset", "The connection is reset", http("RFC 9112, 9.5"), "aktify-sandbox force reset"),
    Clause(
        "closed",
        "The connection is closed without an answer",
        http("RFC 9112, 9.5"),
        "aktify-sandbox force empty",
    ),
    Clause("truncated", "The answer is cut off", http("RFC 9112, 8"), "aktify-sandbox force truncate"),
    Clause(
        "empty-body",
        "201 without a body",
        documented(page.CREATED_LEAD),
        _example('{"phoneNumber": "(509) 555-0166", "region": "CA"}'),
    ),
    Clause(
        "html-body",
        "An error with an HTML page as its body",
        documented(page.NO_CONTRACT),
        "aktify-sandbox force 502 --header 'Content-Type: text/html' --body '<h1>502 Bad Gateway</h1>'",
    ),
)

CLAUSES: tuple[Clause, ...] = (
    *_ACCEPTED,
    *_FIELDS,
    *_REFUSED,
    *_UNAUTHORIZED,
    *_REPEATED,
    *_FAILED,
)
"""Every clause, in the order of the answers."""
