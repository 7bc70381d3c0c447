"""The leads that are sent: eleven fields, and a different phone number with each request.

The number's place decides its digits. All are in the exchange 555, from 555-1000 on: those below force answers.
"""

import json
from collections.abc import Mapping

HOST = "127.0.0.1"
PATH = "/api/v1/leads"
KEY = "test-key"
NUMBERS = 5_184_000
"""How many different phone numbers there are."""
LEAD: Mapping[str, object] = {
    "region": "CA",
    "zipCode": "90210",
    "email": "someone@example.com",
    "externalCreated": "2022-11-15T21:04:28-0600",
    "externalLeadId": "myCustomLeadId",
    "firstName": "John",
    "lastName": "Smith",
    "source": "myCustomSource",
    "link": "https://www.aktify.com",
    "metadata": {"customField1": "value1", "customField2": "value2"},
    "phoneNumber": "{phone}",
}


def phone_number(place: int) -> str:
    """The phone number at a place; always of the same length."""
    area = (2 + place % 8) * 100 + place // 8 % 9 * 10 + 2 + place // 72 % 8
    return f"({area}) 555-{1000 + place // 576 % 9000}"


def request(port: int, headers: Mapping[str, str] | None = None, lead: Mapping[str, object] = LEAD) -> str:
    """A whole request with `{phone}` for its phone number; `headers` go beside the usual ones, or replace them."""
    body = json.dumps(lead, separators=(",", ":"))
    length = len(body.replace("{phone}", phone_number(0)))
    all_headers = {
        "Host": f"{HOST}:{port}",
        "x-api-key": KEY,
        "Content-Type": "application/json",
        **(headers or {}),
        "Content-Length": str(length),
    }
    lines = [f"{name}: {value}" for name, value in all_headers.items()]
    return "\r\n".join([f"POST {PATH} HTTP/1.1", *lines, "", body])
