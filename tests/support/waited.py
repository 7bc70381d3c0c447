"""How long a client waited that got no answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

_INACCURACY = timedelta(milliseconds=10)
"""Of a moment that is written in milliseconds, and of two clocks."""


def assert_waited(record: dict[str, Any], began: datetime, seconds: float) -> None:
    """The record says how long a client waited that began then and gave up after `seconds`.

    It counts from when the request came, which is later than the client began, and on a busy machine much later.
    """
    came = datetime.fromisoformat(record["receivedAt"])
    said = timedelta(milliseconds=record["hungUpAfterMs"])
    least, most = timedelta(seconds=seconds) - (came - began), datetime.now(UTC) - came
    assert least - _INACCURACY <= said <= most + _INACCURACY
