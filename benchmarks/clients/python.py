"""Python's clients, as their documentation uses them.

`python -m benchmarks.clients.python requests-session|requests|httpx|aiohttp URL KEY LEAD CONCURRENCY START DIFFERENT
SECONDS COUNT` posts leads for SECONDS, or COUNT of them, and prints the answers by status.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

from benchmarks.leads import phone_number

Leads = Iterator[dict[str, Any]]


def with_session(url: str, headers: dict[str, str], leads: Leads) -> Counter[int]:
    """`requests` with one session."""
    import requests

    with requests.Session() as session:
        return Counter(session.post(url, json=lead, headers=headers).status_code for lead in leads)


def without_session(url: str, headers: dict[str, str], leads: Leads) -> Counter[int]:
    """`requests.post`: a connection for each request."""
    import requests

    return Counter(requests.post(url, json=lead, headers=headers, timeout=30).status_code for lead in leads)


def with_httpx(url: str, headers: dict[str, str], leads: Leads) -> Counter[int]:
    """`httpx` with one client."""
    import httpx

    with httpx.Client(headers=headers) as client:
        return Counter(client.post(url, json=lead).status_code for lead in leads)


async def with_aiohttp(url: str, headers: dict[str, str], leads: Leads, concurrency: int) -> Counter[int]:
    """`aiohttp` with one session and several posts at a time."""
    import aiohttp

    statuses = Counter[int]()

    async def post() -> None:
        for lead in leads:
            async with session.post(url, json=lead) as answer:
                await answer.read()
                statuses[answer.status] += 1

    async with aiohttp.ClientSession(headers=headers) as session:
        await asyncio.gather(*(post() for _ in range(concurrency)))
    return statuses


def main(kind: str, url: str, key: str, lead: str, *numbers: str) -> None:
    """Post, and print the answers by status."""
    concurrency, start, different, most = (int(numbers[place]) for place in (0, 1, 2, 4))
    fields, headers = json.loads(lead), {"x-api-key": key}

    def leads() -> Leads:
        end = time.monotonic() + (86_400 if most else float(numbers[3]))  # after the library is imported
        for number in range(most) if most else count():
            if time.monotonic() > end:
                return
            yield fields | {"phoneNumber": phone_number((start + number) % different)}

    if kind == "aiohttp":
        statuses = asyncio.run(with_aiohttp(url, headers, leads(), concurrency))
    else:
        post = {"requests-session": with_session, "requests": without_session, "httpx": with_httpx}[kind]
        statuses = post(url, headers, leads())
    print(json.dumps({"statuses": statuses}))


if __name__ == "__main__":
    main(*sys.argv[1:])
