"""Findings about leads that are posted again although nothing is gained by it."""

from collections.abc import Iterable
from typing import NamedTuple

from aktify_sandbox.contract import page
from aktify_sandbox.contract.sources import documented, http
from aktify_sandbox.report.attempts import (
    FINAL,
    UNDER_WAY,
    EarlierPost,
    content_of,
    is_parallel,
    is_retry,
    is_same_run,
    overlaps,
)
from aktify_sandbox.report.observed import Observed

from .rule import Evidence, FindingRule, each_repeat

_MOST_KEYS = 1_000


def _in_parallel(request: Observed, before: EarlierPost) -> str | None:
    if request.phone is None or not is_parallel(before, request):
        return None
    if before.is_failure and not overlaps(before, request):
        return None  # it may be a retry at once
    apart = (request.at - before.at) * 1000
    return f"{before.status or 'no answer'} and {request.status or 'no answer'}, {apart:.0f} ms apart"


def _sent_again(request: Observed, before: EarlierPost) -> str | None:
    if before.status not in FINAL or before.is_lost or not is_retry(before, request):
        return None
    if before.status == 409 and before.after_failure:
        return None  # see duplicate-taken-as-failure
    is_same = is_same_run(before.client, before.at, request) and before.content == content_of(request)
    return f"{before.status}, then the same request again" if is_same else None


class _Unauthorized(NamedTuple):
    """A run of the program in which a key was answered 401: the first one, and when and where the last one was."""

    id: str
    content: int
    first_ended: float
    last_ended: float
    client: str | None


class _PostsAfter401:
    """The run of each key that was answered 401 and wasn't accepted since."""

    def __init__(self) -> None:
        self._runs: dict[str | None, _Unauthorized] = {}

    def see(self, request: Observed) -> Iterable[Evidence]:
        if request.status != 401 or request.is_lost or not request.is_post_of_lead:
            if self._runs and request.status == 201:
                self._runs.pop(request.key, None)
            return ()
        content = content_of(request)
        ended = request.ended or request.at
        run = self._runs.pop(request.key, None)
        if run is None or not is_same_run(run.client, run.last_ended, request):
            run = _Unauthorized(request.id, content, ended, ended, request.client)
            is_guilty = False
        else:
            is_guilty = content != run.content and not _was_under_way(run, request)
        self._runs[request.key] = run._replace(last_ended=ended, client=request.client)
        if len(self._runs) > _MOST_KEYS:
            del self._runs[next(iter(self._runs))]
        if not is_guilty:
            return ()
        return (Evidence((run.id, request.id), "401, then another lead with the same key"),)

    def end(self, _until: float, /) -> Iterable[Evidence]:
        return ()


def _was_under_way(run: _Unauthorized, request: Observed) -> bool:
    """Whether a post was perhaps sent before its client had read a 401."""
    if run.client is not None and run.client == request.client:
        return request.at < run.last_ended - 0.001
    return request.at < run.first_ended + UNDER_WAY


PARALLEL_DUPLICATE = FindingRule(
    id="parallel-duplicate",
    level="warning",
    certainty="likely",  # two quick programs, one after the other, look the same
    sentence="The same lead is posted twice at the same time, as two workers with one queue do.",
    fix="Let one worker take each lead from the queue, and treat the 409 of the other one as done.",
    source=documented(page.DUPLICATE),
    detector=each_repeat(_in_parallel),
)
RESENT_4XX = FindingRule(
    id="resent-4xx",
    level="error",
    certainty="sequence",
    sentence="A request that was refused is sent again unchanged. It stays refused until somebody corrects it.",
    fix="After a 400 set the lead aside, after a 401 stop, and take a 409 as done. Retry only 429, 5xx and no answer.",
    source=http("RFC 9110, 15.5"),
    detector=each_repeat(_sent_again),
)
POSTS_AFTER_401 = FindingRule(
    id="posts-after-401",
    level="error",
    certainty="sequence",
    sentence="The client goes on with the next lead after a 401. Every lead with this key fails the same way.",
    fix="Stop the run at the first 401, keep the leads that are left, and tell a person.",
    source=documented(page.UNAUTHORIZED),
    detector=_PostsAfter401,
)
