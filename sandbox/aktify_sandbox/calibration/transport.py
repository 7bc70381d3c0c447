"""Sends the requests of a calibration, at most one a second, without redirects."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aktify_sandbox.addresses import address_of, is_loopback
from aktify_sandbox.contract.answers import ENDPOINT
from aktify_sandbox.errors import AddressError
from aktify_sandbox.version import __version__

from .answers import Answered
from .playing import LostAnswerError
from .probes import Asked

if TYPE_CHECKING:
    import httpx

SECONDS = 1.0
"""Between two requests, unless the endpoint is on this machine."""
_PATIENCE = 30.0
_LARGEST = 1_000_000
_UNKNOWN_KEY = "aktify-sandbox-unknown-key"
_NAMESPACE = "calibrate"


def origin_in(written: str) -> str:
    """The origin of the endpoint. Raises `AddressError` for what isn't https, unless it is on this machine."""
    import httpx

    url = address_of(written).removesuffix(ENDPOINT)
    parts = urlsplit(url)
    try:
        httpx.URL(url)
    except httpx.InvalidURL:
        raise AddressError(f"“{written}” isn't an address. Fix: write it as https://api.aktify.io.") from None
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise AddressError(
            f"“{written}” isn't https, so the key could be read on the way. Fix: write https://{parts.netloc}."
        )
    return url


def is_here(origin: str) -> bool:
    """Whether the endpoint is on this machine."""
    return is_loopback(urlsplit(origin).hostname or "")


def client_for(origin: str) -> "httpx.Client":
    """The client for an endpoint. It follows no redirect; an endpoint on this machine is reached without a proxy."""
    import httpx

    return httpx.Client(
        base_url=origin, follow_redirects=False, timeout=_PATIENCE, trust_env=not is_here(origin)
    )


class Pace:
    """Keeps requests apart."""

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._seconds, self._clock, self._sleep = seconds, clock, sleep
        self._last: float | None = None

    def wait(self) -> None:
        """Wait until the interval since the last call has passed."""
        if self._last is not None:
            left = self._last + self._seconds - self._clock()
            if left > 0:
                self._sleep(left)
        self._last = self._clock()


class Sender:
    """Sends the requests of probes with a key."""

    def __init__(self, client: "httpx.Client", key: str, pace: Pace) -> None:
        self._client = client
        self._keys = {"right": key, "unknown": _UNKNOWN_KEY, "namespace": f"{key}.{_NAMESPACE}"}
        self._pace = pace

    def send(self, asked: Asked) -> Answered:
        """The answer; of a long body only the beginning. Raises `LostAnswerError`."""
        import httpx

        headers = {
            "user-agent": f"aktify-sandbox/{__version__} (calibrate)",
            "accept-encoding": "identity",
            **asked.headers,
        }
        if key := self._keys.get(asked.key):
            headers["x-api-key"] = key
        self._pace.wait()
        ends = time.monotonic() + _PATIENCE
        body = bytearray()
        try:
            with self._client.stream(
                "POST", asked.path, headers=headers, content=asked.body.encode()
            ) as answer:
                for part in answer.iter_raw():
                    body += part
                    if len(body) > _LARGEST:
                        break
                    if time.monotonic() > ends:
                        raise LostAnswerError(f"it took longer than {_PATIENCE:.0f} s.")
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            UnicodeError,
        ) as error:  # or the name can't be looked up
            raise LostAnswerError(f"no connection ({_reason(error)}).", may_be_in=False) from None
        except httpx.TimeoutException:
            raise LostAnswerError(f"none came within {_PATIENCE:.0f} s.") from None
        except httpx.HTTPError as error:
            raise LostAnswerError(f"the connection broke ({_reason(error)}).") from None
        return Answered(answer.status_code, bytes(body), answer.headers.get("location"))


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
