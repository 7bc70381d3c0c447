"""What the page offers and looks for, in `/_sandbox/config`: it has no list of its own."""

from typing import Any

from aktify_sandbox.admin.problems import MAX_BODY
from aktify_sandbox.leadfiles.decoding import COMMON_ENCODINGS
from aktify_sandbox.leadfiles.delimited import DELIMITERS
from aktify_sandbox.redaction import MASKING
from aktify_sandbox.scenarios.faults import Fault

STATUS_FILTERS = {
    "2xx": "2xx accepted",
    "4xx": "4xx refused",
    "400": "400 invalid",
    "401": "401 key",
    "409": "409 duplicate",
    "429": "429 too fast",
    "5xx": "5xx trouble",
    "none": "no answer",
}
FORCED_STATUSES = (400, 401, 409, 429, 500, 502, 503, 504)
RETRIED_STATUSES = (429, 500, 502, 503, 504)
"""After these a client should send the same lead again."""

LEAD_COLUMNS = {
    "firstName": "First name",
    "lastName": "Last name",
    "region": "Region",
    "zipCode": "ZIP",
    "email": "E-mail",
    "source": "Source",
}
"""The fields of a lead that its table shows."""


def choices() -> dict[str, Any]:
    """Values with their labels, in the order in which they are offered."""
    return {
        "statusFilters": _labelled(STATUS_FILTERS),
        "forcedStatuses": FORCED_STATUSES,
        "retriedStatuses": RETRIED_STATUSES,
        "faults": [
            {"value": fault.value, "label": fault.label, "losesAnswer": fault.loses_answer} for fault in Fault
        ],
        "encodings": _labelled(COMMON_ENCODINGS),
        "delimiters": _labelled({name: name for name in DELIMITERS.values()}),
        "leadColumns": _labelled(LEAD_COLUMNS),
        "fileBytes": MAX_BODY,
        "masking": MASKING,
    }


def _labelled(labels: dict[str, str]) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in labels.items()]
