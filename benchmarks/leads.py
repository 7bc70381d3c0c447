"""The leads that are sent: eleven fields, a different phone number with each request.

A number's place decides its digits, so that runs take stretches of places and never meet. Area codes and
exchanges are what the sandbox takes (5,680,000,000 numbers); the exchange 555 is left out, since some of its
numbers force an answer.
"""

import json

HOST = "127.0.0.1"
PATH = "/api/v1/leads"

_AREAS = [area for area in range(200, 1000) if area // 10 % 10 != 9 and area % 100 != 11]
_EXCHANGES = [exchange for exchange in range(200, 1000) if exchange != 555]
_MARK = "(000) 000-0000"
_LEAD = {
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
    "phoneNumber": _MARK,
}


def phone_number(place: int) -> str:
    """The phone number at a place; always of the same length."""
    area = _AREAS[place // 10_000 // len(_EXCHANGES) % len(_AREAS)]
    return f"({area}) {_EXCHANGES[place // 10_000 % len(_EXCHANGES)]}-{place % 10_000:04d}"


def pieces(port: int) -> list[str]:
    """What joins to a whole request around a phone number."""
    body = json.dumps(_LEAD, separators=(",", ":"))
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {HOST}:{port}\r\nx-api-key: test-key\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).split(_MARK)


class Places:
    """Stretches of places that no other run has had."""

    def __init__(self) -> None:
        self._next = 0

    def take(self, count: int = 10_000_000) -> int:
        """The first of `count` places; as many as no run of a few minutes can use up."""
        first, self._next = self._next, self._next + count
        return first
