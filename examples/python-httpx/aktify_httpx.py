"""A client for Aktify's lead API, with httpx (async). `AKTIFY_BASE_URL` and `AKTIFY_API_KEY` say where and as whom."""

import asyncio
import os
import random
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self

import httpx

Lead = dict[str, Any]

LOST = (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError)


class NotSet(Exception):
    """A variable is missing. There is no default: a forgotten one would send leads of tests to production."""


class KeyRefused(Exception):
    """Nothing gets in with this key: stop everything, and tell a person."""


class GaveUp(Exception):
    """The other side had trouble for too long. The lead is still in the queue: come back later."""


class Aktify:
    """Sends leads, one after the other."""

    def __init__(
        self,
        *,
        tries: int = 6,
        pause: float = 0.5,
        timeout: float = 10,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        base_url = setting("AKTIFY_BASE_URL")
        headers = {"x-api-key": setting("AKTIFY_API_KEY")}
        self._http = httpx.AsyncClient(base_url=base_url, headers=headers, timeout=timeout)
        self._tries, self._pause, self._sleep = tries, pause, sleep

    async def __aenter__(self) -> Self:
        """Its connections are closed at the end."""
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.aclose()

    async def drain(self, queue: deque[Lead], parked: list[Lead]) -> None:
        """Send what is in the queue; a lead leaves it when it is in, or parked. Raises `KeyRefused`, `GaveUp`."""
        while queue:
            if not await self.send(queue[0]):
                parked.append(queue[0])
            queue.popleft()

    async def send(self, lead: Lead) -> bool:
        """Whether the lead is in; if not, something is wrong with it. Raises `KeyRefused`, `GaveUp`."""
        status, asked = None, 0.0
        for number in range(self._tries):
            if number:
                await self._sleep(max(asked, self._pause * 2**number * random.uniform(0.75, 1.25)))
            status, asked = await self._post(lead)
            match status:
                case 201 | 409:  # 409: it was in already, maybe by a try whose answer was lost
                    return True
                case 400:
                    return False
                case 401:
                    raise KeyRefused
        raise GaveUp(f"{self._tries} tries; the last one: {status or 'no answer'}")

    async def _post(self, lead: Lead) -> tuple[int | None, float]:
        """The status (none if the answer was lost), and for how many seconds the answer asks us to wait."""
        try:
            answer = await self._http.post("/api/v1/leads", json=lead)
        except LOST:
            return None, 0
        return answer.status_code, seconds(answer.headers.get("Retry-After", ""))


def setting(name: str) -> str:
    """An environment variable. Raises `NotSet`."""
    value = os.environ.get(name)
    if not value:
        raise NotSet(f"{name} isn't set. AKTIFY_BASE_URL is https://api.aktify.io in production alone.")
    return value


def seconds(retry_after: str) -> float:
    """`Retry-After` is a number of seconds, or a date."""
    if retry_after.isdecimal():
        return int(retry_after)
    try:
        return (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0
