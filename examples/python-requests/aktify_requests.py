"""A client for Aktify's lead API, with requests. `AKTIFY_BASE_URL` and `AKTIFY_API_KEY` say where and as whom."""

import os
import random
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

Lead = dict[str, Any]

LOST = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


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
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        base_url = setting("AKTIFY_BASE_URL")
        self._url = f"{base_url.rstrip('/')}/api/v1/leads"
        self._http = requests.Session()
        self._http.headers["x-api-key"] = setting("AKTIFY_API_KEY")
        self._tries, self._pause, self._timeout, self._sleep = tries, pause, timeout, sleep

    def drain(self, queue: deque[Lead], parked: list[Lead]) -> None:
        """Send what is in the queue; a lead leaves it when it is in, or parked. Raises `KeyRefused`, `GaveUp`."""
        while queue:
            if not self.send(queue[0]):
                parked.append(queue[0])
            queue.popleft()

    def send(self, lead: Lead) -> bool:
        """Whether the lead is in; if not, something is wrong with it. Raises `KeyRefused`, `GaveUp`."""
        status, asked = None, 0.0
        for number in range(self._tries):
            if number:
                self._sleep(max(asked, self._pause * 2**number * random.uniform(0.75, 1.25)))
            status, asked = self._post(lead)
            match status:
                case 201 | 409:  # 409: it was in already, maybe by a try whose answer was lost
                    return True
                case 400:
                    return False
                case 401:
                    raise KeyRefused
        raise GaveUp(f"{self._tries} tries; the last one: {status or 'no answer'}")

    def _post(self, lead: Lead) -> tuple[int | None, float]:
        """The status (none if the answer was lost), and for how many seconds the answer asks us to wait."""
        try:
            answer = self._http.post(self._url, json=lead, timeout=self._timeout, allow_redirects=False)
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
