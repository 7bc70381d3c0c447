"""Leads that are imported by the hundred, and the log that holds them."""

from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import orjson

from aktify_sandbox.server.thread import ServerThread


def phone(number: int) -> str:
    return f"(509) {200 + number // 10_000}-{number % 10_000:04d}"


def leads(count: int) -> dict[str, Any]:
    return {"leads": [{"phoneNumber": phone(number)} for number in range(count)], "campaign": "demo"}


def log(tmp_path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (tmp_path / "state" / "log.jsonl").read_bytes().splitlines()]


def imported(sandbox: ServerThread, count: int) -> Counter[str]:
    answer = httpx.post(f"{sandbox.url}/_sandbox/leads", json=leads(count), timeout=60)
    assert answer.status_code == 201, answer.text
    assert answer.json()["refused"] == []
    return Counter(imported=answer.json()["imported"], already=answer.json()["already"])
