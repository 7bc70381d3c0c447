"""Entries of a journal without a sandbox: what a client sent, when, and what it was answered."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from aktify_sandbox.contract.lead import identity
from aktify_sandbox.journal.entry import Entry
from aktify_sandbox.scenarios.faults import Fault

LEAD = {"phoneNumber": "(509) 555-0101", "region": "CA"}
START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
OBJECTIONS = {
    201: "accepted",
    400: "body",
    401: "key",
    404: "route",
    405: "route",
    409: "duplicate",
    413: "body",
}


def recorded(number: int, lead: Any = LEAD, status: int | None = 201, at: float = 0.0, **more: Any) -> Entry:
    """The entry of a POST of a lead `at` seconds after the start; `body` sends a text instead of a lead.

    `forced` and `fault` say what forced the answer, `headers` and `answer_headers` are lists of names and values, and
    other names replace what the entry says.
    """
    body = more.pop("body", None) or json.dumps(lead)
    forced, fault = more.pop("forced", None), more.get("fault")
    if fault and not Fault(fault).has_answer:
        status = None
    phone = lead.get("phoneNumber") if isinstance(lead, dict) else None
    moment = (START + timedelta(seconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    headers = [("host", "127.0.0.1"), ("x-api-key", "test-key"), ("content-type", "application/json")]
    answer_headers = more.pop("answer_headers", [])
    return {
        "id": f"r{number:09d}",
        "receivedAt": moment,
        "durationMs": 1.0,
        "client": "127.0.0.1:50000",
        "method": "POST",
        "path": "/api/v1/leads",
        "query": "",
        "httpVersion": "1.1",
        "headers": [*headers, *more.pop("headers", [])],
        "body": body,
        "bodyBytes": len(body),
        "campaign": None if status == 401 and not forced else "demo",
        "key": "test-key",
        "phone": identity(phone) if isinstance(phone, str) else None,
        "response": None if status is None else {"status": status, "headers": answer_headers, "body": "{}"},
        "reason": {
            "rule": "…",
            "objection": "forced" if forced else OBJECTIONS.get(status or 0, "accepted"),
            "ruling": None,
            "scenario": forced or ("force" if fault else None),
        },
        "problems": [],
        **more,
    }
