"""Forced answers: orders, magic numbers, and whether the lead was stored."""

from typing import Any

import httpx

from support.running import Sandboxed


def magic(sandbox: Sandboxed, area: str, ending: int, **more: Any) -> httpx.Response:
    return sandbox.post({"phoneNumber": f"({area}) 555-01{ending:02d}", "region": "CA"}, **more)


def is_kept(sandbox: Sandboxed, phone: str) -> bool:
    found = sandbox.get(f"/_sandbox/leads?phone={phone}&campaign=demo.{sandbox.api_key.partition('.')[2]}")
    return bool(found["leads"])


def force(sandbox: Sandboxed, **order: Any) -> Any:
    answer = sandbox.http.post("/_sandbox/force", json={"key": sandbox.api_key, **order})
    assert answer.status_code == 201, answer.text
    return answer.json()
