"""The report on the client that tests exercise: each test's requests are those of one client."""

import bisect
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aktify_sandbox.client.local import LocalClient
from aktify_sandbox.client.messages import AdminClient, AdminRequest
from aktify_sandbox.originals import json
from aktify_sandbox.report.merging import merged
from aktify_sandbox.report.report import Report, report_of

_SECONDS = 600
"""How long the export of a long journal may take."""


class Use(NamedTuple):
    """The sandbox of a test."""

    name: str
    """The test; empty for one that several tests share."""
    campaign: str
    after: str
    """The id of the newest request when it started."""


def report_on(client: AdminClient, uses: Sequence[Use]) -> Report:
    """One report on all of them, each read by itself. A test ends before its client does, so what the last request of
    a test leaves open isn't held against the client. Raises `SandboxError`.
    """
    off = client.thread.settings.report_off if isinstance(client, LocalClient) else {}
    reports = [report_of([], off)]
    if uses:
        journal = _journal(client, min(use.after for use in uses))
        reports += [
            _named(report_of(entries, off), use.name)
            for use, entries in _by_use(journal, uses, is_shared=not isinstance(client, LocalClient))
        ]
    return merged(reports)


def _journal(client: AdminClient, after: str) -> list[dict[str, Any]]:
    query = {"format": "jsonl", "after": after}
    answer = client.ask(AdminRequest("GET", "/requests/export", query=query, seconds=_SECONDS))
    return [json.loads(line) for line in answer.body.splitlines()]


def _by_use(
    journal: Sequence[dict[str, Any]], uses: Sequence[Use], *, is_shared: bool
) -> "list[tuple[Use, list[dict[str, Any]]]]":
    """The requests of each. One without a campaign, such as one with a wrong key, is of the test that ran: it isn't
    known which one that is in a sandbox that others use too.
    """
    places = {use.campaign: place for place, use in enumerate(uses)}
    in_time = sorted((use.after, place) for place, use in enumerate(uses))
    found: list[list[dict[str, Any]]] = [[] for _ in uses]
    for entry in journal:
        place = _place_of(entry["campaign"], places)
        if place is None and not is_shared:
            place = in_time[max(bisect.bisect_left(in_time, (entry["id"],)) - 1, 0)][1]
        if place is not None:
            found[place].append(entry)
    return list(zip(uses, found, strict=True))


def _place_of(campaign: str | None, places: Mapping[str, int]) -> int | None:
    """Of the campaign, or of the one whose namespace it is."""
    while campaign:
        if campaign in places:
            return places[campaign]
        campaign = campaign.rpartition(".")[0]
    return None


def _named(report: Report, name: str) -> Report:
    """With the test in each example: the ids of requests say little once the sandbox has stopped."""
    prefix = f"{name}: " if name else ""
    findings = [{**finding, "example": f"{prefix}{finding['example']}"} for finding in report["findings"]]
    return {**report, "findings": findings}  # type: ignore[typeddict-item]  # copies of findings are findings
