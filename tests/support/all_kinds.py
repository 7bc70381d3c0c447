"""A sandbox that has seen requests of all kinds."""

import contextlib

import httpx

from support.running import LEAD, Sandboxed


def record_all_kinds(sandbox: Sandboxed) -> None:
    """Requests of all kinds that a record can be of."""
    sandbox.post({**LEAD, "firstName": "O'Brien $HOME `x` ✓"})
    sandbox.post()
    sandbox.post({**LEAD, "region": "ca"})
    sandbox.post(key="nobody")
    sandbox.http.get("/no/such/päth?a=1&b=%20&c&key=secret")
    sandbox.http.post("/api/v1/leads", content=b"\xff\x00", headers={"x-api-key": "test-key"})
    sandbox.http.put("/api/v1/leads", content=b"x" * 200_000, headers={"content-type": "text/plain"})
    sandbox.http.post("/_sandbox/force", json={"fault": "reset"})
    with contextlib.suppress(httpx.ReadError):
        sandbox.post({**LEAD, "phoneNumber": "(509) 555-9999"})


def ids(sandbox: Sandboxed) -> list[str]:
    return [each["id"] for each in sandbox.get("/_sandbox/requests")["requests"]][::-1]
