"""What the report remembers of a lead's last post, so that the next one can be judged by it.

Of the leads that were refused or failed, the newest `MOST_OPEN` are remembered until they are sent again; of those that
were accepted, only some: just a post in parallel could still matter. So a journal of any length takes the same memory.
What is forgotten is never held against the client.
"""

from collections import deque
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import orjson

from aktify_sandbox.contract.phone import identity
from aktify_sandbox.report.observed import Observed
from aktify_sandbox.report.recent import Recent

MOST_OPEN = 40_000
_MOST_ACCEPTED = 20_000
_AT_ONCE = 0.1
"""Seconds between a failure and the next post, below which there was no pause."""
SAME_MOMENT = 0.01
"""Seconds within which a post on another connection was already under way."""
_MAYBE_SAME_MOMENT = 0.05
"""The same, below which they may have been: a busy machine delays one of them."""
UNDER_WAY = 0.25
"""Seconds after a 401 within which a post on another connection may have been sent before it was read."""
_ROUNDING = 0.001
"""Seconds by which a recorded time is too early."""
_NOTICED_LATE = 0.02
"""Seconds that a sandbox may take to notice that a client has hung up."""
_SAME_RUN = 10.0
"""Seconds after which a repeat on another connection is rather another run of the program."""
_SAME_SESSION = 600.0
"""The same for one on the same connection."""
FINAL = frozenset((400, 401, 404, 405, 409, 413))
"""The answers after which the same request is never to be sent again. Not 408 and 429."""
_WRITES = ("POST", "PUT", "PATCH")


class EarlierPost(NamedTuple):
    """A post of a lead, as far as the next one is judged by it."""

    id: str
    at: float
    ended: float | None
    client: str | None
    status: int | None
    is_lost: bool
    is_failure: bool
    allowed_at: float | None
    """From when on it may be sent again according to `Retry-After`, in seconds since the epoch."""
    content: int
    """For one of `FINAL`, what stands for key, path and body."""
    failures: int
    """How many posts of the lead have failed in succession, this one included."""
    is_quick: bool
    """Whether it came right after another one."""
    is_parallel: bool
    """Whether it, or one before it in this succession, was sent in parallel with another one."""
    after_failure: str | None
    """The id of the one before it, if that had failed."""
    external_id: int
    """For a failure, what stands for the lead's externalLeadId; 0 without one."""
    rest: int
    """For a failure with an externalLeadId, what stands for everything else of the lead."""


class Attempts:
    """The last post of each lead that may still matter."""

    def __init__(self) -> None:
        self._open: Recent[EarlierPost] = Recent(MOST_OPEN, EarlierPost)
        self._accepted: Recent[EarlierPost] = Recent(_MOST_ACCEPTED, EarlierPost)

    def before(self, request: Observed) -> EarlierPost | None:
        """The last post of the same lead. This one takes its place."""
        lead = request.lead = _lead_of(request)
        if lead is None:
            return None
        before = self._open.pop(lead) or self._accepted.pop(lead)
        is_open = request.is_failure or request.status in FINAL
        (self._open if is_open else self._accepted).add(lead, _earlier_post(request, before))
        return before

    def forget(self) -> None:
        """Forget them all, one by one."""
        for each in (self._open, self._accepted):
            deque(each.emptied(), maxlen=0)


def _lead_of(request: Observed) -> int | None:
    """What stands for the lead: its number in its campaign, or, where none is known, the whole request."""
    phone = request.phone or _phone_in(request)
    if phone is not None:
        return hash((request.campaign, phone))
    entry = request.entry
    if entry["method"] in _WRITES and "bodyOmitted" not in entry and request.objection != "aborted":
        return content_of(request)
    return None


def _phone_in(request: Observed) -> str | None:
    """The number in a request that was refused before its body was read, such as a 401."""
    written = (request.sent or {}).get("phoneNumber")
    return identity(written) if isinstance(written, str) else None


def content_of(request: Observed) -> int:
    """What stands for key, path and body: the same for the same request."""
    entry = request.entry
    return hash((request.key, entry["method"], entry["path"], entry["query"], entry["body"]))


def _earlier_post(request: Observed, before: EarlierPost | None) -> EarlierPost:
    failed_before = before is not None and before.is_failure
    quick = before is not None and _pause(before, request) < _AT_ONCE
    return EarlierPost(
        request.id,
        request.at,
        request.ended,
        request.client,
        request.status,
        request.is_lost,
        request.is_failure,
        allowed_at(request),
        content_of(request) if request.status in FINAL else 0,
        (before.failures if before else 0) + 1 if request.is_failure else 0,
        quick,
        before is not None and (is_parallel(before, request) or (failed_before and before.is_parallel)),
        before.id if before is not None and before.is_failure else None,
        *(external_id_and_rest(request) if request.is_failure else (0, 0)),
    )


def external_id_and_rest(request: Observed) -> tuple[int, int]:
    """What stands for the lead's externalLeadId, and for everything else of the lead; zeros without an id."""
    sent = request.sent or {}
    external_id = sent.get("externalLeadId")
    if not isinstance(external_id, str):
        return 0, 0
    rest = {name: value for name, value in sent.items() if name != "externalLeadId"}
    return hash(external_id), hash(orjson.dumps(rest, option=orjson.OPT_SORT_KEYS))


def _pause(before: EarlierPost, request: Observed) -> float:
    """Seconds from when the client had the answer, or had given up, to the next post."""
    return float("inf") if before.ended is None else request.at - before.ended


def is_parallel(before: EarlierPost, request: Observed) -> bool:
    """Whether a lead was posted before its last post was answered, or within 10 ms on another connection."""
    if before.ended is None:  # it hangs: the client may have given up without a word
        return False
    if request.at < before.at - SAME_MOMENT:  # the clock was set back
        return False
    is_same_moment = _on_others(before, request) and request.at - before.at <= SAME_MOMENT
    return is_same_moment or overlaps(before, request)


def overlaps(before: EarlierPost, request: Observed) -> bool:
    """Whether a lead was posted before its last post was answered, or its client had given up."""
    slack = _NOTICED_LATE if before.is_lost else _ROUNDING
    return before.ended is None or request.at < before.ended - slack


def is_retry(before: EarlierPost, request: Observed) -> bool:
    """Whether a lead was certainly posted again after its last answer, rather than in parallel."""
    if before.is_parallel or overlaps(before, request):
        return False
    return not (_on_others(before, request) and request.at - before.at <= _MAYBE_SAME_MOMENT)


def had_no_pause(before: EarlierPost, request: Observed) -> bool:
    """Whether a lead was posted again at once.

    On another connection a single one may have been sent in parallel; of a third in succession there is no doubt.
    """
    if _pause(before, request) >= _AT_ONCE or overlaps(before, request):
        return False
    return is_retry(before, request) or (before.is_quick and before.after_failure is not None)


def came_at_once(failure: Observed, request: Observed) -> bool:
    """Whether a post came less than 100 ms after another one had failed, be it a retry or a post in parallel."""
    if not failure.is_failure or failure.ended is None:
        return False
    return -_ROUNDING <= request.at - failure.ended < _AT_ONCE


def is_same_run(client: str | None, at: float, request: Observed) -> bool:
    """Whether a request still belongs to the run of the program that sent one at that time on that connection."""
    is_same_connection = client is not None and client == request.client
    return request.at - at <= (_SAME_SESSION if is_same_connection else _SAME_RUN)


def _on_others(before: EarlierPost, request: Observed) -> bool:
    return before.client is None or before.client != request.client


def allowed_at(request: Observed) -> float | None:
    """From when on a failed request may be sent again: `Retry-After` is a number of seconds or a date."""
    if not request.is_failure or request.is_lost or request.ended is None:
        return None
    text = request.response_header("retry-after")
    if text is None:
        return None
    if text.isdecimal() and text.isascii() and len(text) < 10:
        return request.ended + int(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
