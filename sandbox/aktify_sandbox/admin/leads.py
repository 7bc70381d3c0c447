"""`/_sandbox/leads`: lists, imports and deletes leads."""

import itertools
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aktify_sandbox.admin.client_jobs import runs_for
from aktify_sandbox.admin.components import Components
from aktify_sandbox.admin.import_body import LeadBody
from aktify_sandbox.admin.problems import ProblemError, json_bytes
from aktify_sandbox.admin.requests import before_in, limit_in, refuse_unknown
from aktify_sandbox.admin.responses import JSONResponse, StoredJSONResponse
from aktify_sandbox.contract import dates
from aktify_sandbox.contract.phone import identity, is_fictional
from aktify_sandbox.contract.schema import RESPONSE_ORDER
from aktify_sandbox.errors import LogWriteError, StoppingError
from aktify_sandbox.history.filters import may_hold
from aktify_sandbox.jobs import Work
from aktify_sandbox.journal.entry import timestamp
from aktify_sandbox.leadfiles.export import csv_lines, csv_row
from aktify_sandbox.originals import time
from aktify_sandbox.storage.index import public_lead
from aktify_sandbox.storage.log import Line, request_id
from aktify_sandbox.storage.store import Store
from aktify_sandbox.text import plural

_AT_ONCE = 200
"""Leads imported per slice, which takes a few milliseconds."""
_IMPORTED = "imported"
"""Stands in for the id of the request that posted a lead."""
_MOMENT = re.compile(dates.PATTERNS["rfc3339"])


def routes(components: Components) -> list[Route]:
    """The routes of the leads."""
    store = components.store

    async def list_leads(request: Request) -> Response:
        refuse_unknown(request, "campaign", "phone", "search", "limit", "before", "after", "format")
        form, search = request.query_params.get("format", "json"), request.query_params.get("search", "")
        if form not in ("json", "csv"):
            raise ProblemError(400, f"format={form} must be json or csv.")
        meant = _meant(store, request)
        if form == "csv":
            table, count = await runs_for(request, components)(_table(store, meant, search))
            return Response(table, headers={"x-total-count": str(count)}, media_type="text/csv")
        limit = limit_in(request)
        page = _page(store, meant, search, limit)
        leads, following = await runs_for(request, components)(page)
        return StoredJSONResponse({"leads": leads, "next": following})

    async def import_leads(request: Request) -> Response:
        body = LeadBody(await json_bytes(request))
        await runs_for(request, components)(body.read())
        done = _Import(components, body.campaign or _default_campaign(components))
        await done.store(body)
        counts = {"imported": done.imported, "already": done.already, "refused": done.refused}
        return JSONResponse(counts, 201)

    async def delete_leads(request: Request) -> Response:
        refuse_unknown(request, "campaign", "phone")
        campaign, found = request.query_params.get("campaign"), _phone_in(request)
        campaigns = [campaign] if campaign else store.campaigns_with_leads()
        if found is None:
            return JSONResponse({"removed": store.clear_leads(campaigns)})
        numbers = _numbers_with(store, campaigns, found)
        store.change("leads", {}, numbers)
        return JSONResponse({"removed": len(numbers)})

    return [
        Route("/leads", list_leads, methods=["GET"]),
        Route("/leads", import_leads, methods=["POST"]),
        Route("/leads", delete_leads, methods=["DELETE"]),
    ]


def _page(
    store: Store, meant: Iterator[Line], search: str, limit: int
) -> Work[tuple[list[dict[str, Any]], str | None]]:
    """The first of these leads that contain the text, and the id from which to continue."""
    found: list[dict[str, Any]] = []
    last = 0
    for line in meant:
        yield
        if search and not _may_hold(line, search):
            continue
        lead = store.lead_on(line)
        if lead is None or not _holds(lead, search):
            continue
        if len(found) == limit:
            return found, request_id(last)
        last = line.number
        found.append(public_lead(lead))
    return found, None


def _table(store: Store, meant: Iterator[Line], search: str) -> Work[tuple[bytes, int]]:
    """All of these leads that contain the text, as CSV, and their number."""
    found, _ = yield from _page(store, meant, search, sys.maxsize)
    lines = []
    for line in csv_lines(map(csv_row, found)):
        yield
        lines.append(line.encode(errors="replace"))
    return b"".join(lines), len(found)


def _meant(store: Store, request: Request) -> Iterator[Line]:
    """The lines of the selected leads, newest first; with `after`, oldest first. Raises `ProblemError`."""
    before, after = before_in(request), before_in(request, "after")
    campaign, found = request.query_params.get("campaign"), _phone_in(request)
    if found is not None:
        lines = _lines_with(store, campaign, found, is_upwards=after is not None)
        return (line for line in lines if _is_between(line.number, after, before))
    if after is None:
        return store.newest_leads(campaign, before)
    return itertools.takewhile(
        lambda line: _is_between(line.number, None, before), store.oldest_leads(campaign, after)
    )


def _lines_with(store: Store, campaign: str | None, phone: str, *, is_upwards: bool) -> Iterator[Line]:
    """The lines that hold a lead with that number (E.164)."""
    campaigns = [campaign] if campaign else store.campaigns_with_leads()
    numbers = _numbers_with(store, campaigns, phone)
    yield from filter(None, map(store.log.find, numbers if is_upwards else reversed(numbers)))


def _is_between(number: int, after: int | None, before: int | None) -> bool:
    return (after is None or number > after) and (before is None or number < before)


def _numbers_with(store: Store, campaigns: Iterable[str], phone: str) -> list[int]:
    """The lines of the leads with that number (E.164), oldest first."""
    return sorted(number for name in campaigns for number in store.leads_with(name, phone))


def _phone_in(request: Request) -> str | None:
    """The query's phone number (E.164), or None. Raises `ProblemError`."""
    phone = request.query_params.get("phone")
    found = None if phone is None else identity(phone)
    if phone is not None and found is None:
        raise ProblemError(400, f"phone={phone} isn't a US phone number.")
    return found


def _may_hold(line: Line, search: str) -> bool:
    """Whether the lead on that line may contain the text. The marker of an imported lead isn't in its line."""
    return may_hold(line.text, search) or search.lower() in _IMPORTED


def _holds(lead: Any, search: str) -> bool:
    if not search:
        return True
    values = [value for value in lead["lead"].values() if isinstance(value, str)]
    values += (lead["lead"].get("metadata") or {}).values()
    texts = (lead["campaign"], lead["phone"], lead["receivedAt"], lead["request"] or _IMPORTED, *values)
    return search.lower() in "\n".join(texts).lower()


def _default_campaign(components: Components) -> str:
    return components.campaigns.campaigns()[0].name


class _Import:
    """Keeps new leads, except those that exist already and those that are invalid."""

    def __init__(self, components: Components, campaign: str) -> None:
        self._components = components
        self._campaign = campaign
        self._now = timestamp(time.time())
        self._new: dict[tuple[str, str], dict[str, Any]] = {}
        self.imported = 0
        self.already = 0
        self.refused: list[dict[str, Any]] = []

    async def store(self, body: LeadBody) -> None:
        """Keep leads in slices, with other work in between. Raises `ProblemError` if the disk fails or at a stop.

        Each slice is compared and kept in one step, so that a lead posted meanwhile isn't kept twice.
        """
        try:
            for start in range(0, len(body), _AT_ONCE):
                if start:
                    await self._components.jobs.pause()
                for index in range(start, min(start + _AT_ONCE, len(body))):
                    self._add(index, body.lead(index))
                self._components.store.leads.insert_multiple(self._new.values())
                self.imported += len(self._new)
                self._new.clear()
        except (LogWriteError, StoppingError) as error:
            kept = f"Imported {self.imported:,} of {plural(len(body), 'lead')}."
            raise ProblemError(
                503,
                f"{error} {kept} Fix: import all of them again; leads that are there already are only counted.",
            ) from error

    def _add(self, index: int, item: Any) -> None:
        """Take a lead in the form of Aktify's request body or of `GET /_sandbox/leads`."""
        lead = item.get("lead", item) if isinstance(item, dict) else None
        if not isinstance(lead, dict):
            self._refuse(index, "", "A lead must be a JSON object.")
            return
        campaign = item.get("campaign") or self._campaign
        received = item.get("receivedAt") or self._now
        said = {name: lead[name] for name in RESPONSE_ORDER if lead.get(name) is not None}
        said = {"phoneNumber": item.get("phone"), **said}
        phone = identity(said["phoneNumber"]) if isinstance(said["phoneNumber"], str) else None
        problem = self._problem(campaign, phone, received, said)
        if problem or phone is None:
            self._refuse(index, *(problem or _wrong_number(said)))
            return
        same = self._components.campaigns.rules_of(campaign).identity_of(phone, said["phoneNumber"])
        if self._components.store.has(campaign, same) or (campaign, same) in self._new:
            self.already += 1
        else:
            known = {"campaign": campaign, "phone": phone, "receivedAt": received, "request": None}
            spelled = {"identity": same} if same != phone else {}
            shown = self._components.campaigns.redaction().masked(said)
            self._new[campaign, same] = {**known, **spelled, "lead": shown, "short": None}

    def _problem(
        self, campaign: Any, phone: str | None, received: Any, said: dict[str, Any]
    ) -> tuple[str, str] | None:
        """Why the sandbox could not have accepted a lead: field and message."""
        campaigns = self._components.campaigns
        if not isinstance(campaign, str) or campaigns.campaign(campaign) is None:
            return "campaign", f"There is no campaign {campaign}."
        if phone is None:
            return _wrong_number(said)
        if campaigns.rules_of(campaign).rulings["fictional-only"] == "on" and not is_fictional(phone):
            return (
                "phoneNumber",
                "Only fictional numbers (555-0100 to 555-0199) can be kept: --fictional-only is on.",
            )
        if not _is_moment(received):
            return "receivedAt", "This isn't a time: write it as in 2026-11-24T09:30:00Z."
        return next((found for found in map(_wrong_type, said, said.values()) if found), None)

    def _refuse(self, index: int, field: str, message: str) -> None:
        self.refused.append({"index": index, "problems": [{"field": field, "message": message}]})


def _wrong_number(said: dict[str, Any]) -> tuple[str, str]:
    is_missing = said["phoneNumber"] is None
    return "phoneNumber", "phoneNumber is missing." if is_missing else "This isn't a US phone number."


def _is_moment(value: Any) -> bool:
    return isinstance(value, str) and bool(_MOMENT.match(value)) and dates.is_real(value)


def _wrong_type(field: str, value: Any) -> tuple[str, str] | None:
    """Every value of a 201 is a string, except metadata, an object of strings."""
    if field == "metadata":
        right = isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
        return None if right else (field, "This must be an object with string values only.")
    return None if isinstance(value, str) else (field, "This must be a string, in quotes.")
