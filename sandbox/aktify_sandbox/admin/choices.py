"""The lists of choices in `/_sandbox/config`, so that the page needs no copies of them."""

from typing import Any

from aktify_sandbox.admin.problems import MAX_BODY
from aktify_sandbox.contract.examples import IN_HINTS
from aktify_sandbox.leadfiles.decoding import COMMON_ENCODINGS
from aktify_sandbox.leadfiles.delimited import DELIMITERS
from aktify_sandbox.matching.words import REASONS
from aktify_sandbox.redaction import MASKING
from aktify_sandbox.scenarios.faults import Fault

STATUS_FILTERS = {
    "2xx": "2xx accepted",
    "4xx": "4xx refused",
    "400": "400 invalid",
    "401": "401 unauthorized",
    "409": "409 duplicate",
    "429": "429 rate limited",
    "5xx": "5xx server error",
    "none": "no answer",
}
FORCED_STATUSES = (400, 401, 409, 429, 500, 502, 503, 504)
RETRIED_STATUSES = (429, 500, 502, 503, 504)
"""The statuses after which a client should send the same lead again."""

LEAD_COLUMNS = {
    "firstName": "First name",
    "lastName": "Last name",
    "region": "Region",
    "zipCode": "ZIP",
    "email": "E-mail",
    "source": "Source",
}
"""The columns of the table of leads."""

FORMS = {
    "curl": "curl",
    "har": "HAR",
    "pytest": "pytest",
    "python": "Python",
    "node": "Node",
    "http": "HTTP file",
}
"""The formats in which a request can be copied."""


def choices() -> dict[str, Any]:
    """Values with their labels, in the order in which they are offered."""
    return {
        "statusFilters": _labelled(STATUS_FILTERS),
        "reasons": _labelled(dict(REASONS)),
        "forcedStatuses": FORCED_STATUSES,
        "retriedStatuses": RETRIED_STATUSES,
        "faults": [
            {"value": fault.value, "label": fault.label, "losesAnswer": fault.loses_answer} for fault in Fault
        ],
        "encodings": _labelled(COMMON_ENCODINGS),
        "delimiters": _labelled({name: name for name in DELIMITERS.values()}),
        "leadColumns": _labelled(LEAD_COLUMNS),
        "forms": _labelled(FORMS),
        "fileBytes": MAX_BODY,
        "masking": {**MASKING, "examples": IN_HINTS},
    }


def _labelled(labels: dict[str, str]) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in labels.items()]
