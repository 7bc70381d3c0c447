"""Findings that only many leads together show."""

import functools
from collections.abc import Iterable, Iterator

from aktify_sandbox.contract.lead import LeadRules
from aktify_sandbox.contract.regions import region_of
from aktify_sandbox.contract.rulings import Rulings
from aktify_sandbox.contract.schema import FIELDS, FREE_TEXT, row
from aktify_sandbox.contract.sources import documented
from aktify_sandbox.journal.entry import body_of
from aktify_sandbox.redaction import may_hold_key
from aktify_sandbox.report.number_table import NumberTable
from aktify_sandbox.report.observed import Observed
from aktify_sandbox.storage.log import request_id
from aktify_sandbox.text import plural

from .fields import field_meant
from .rule import ADVICE, Evidence, FindingRule
from .values import by_name, damaged_phone, lost_zero, placeholder, wrong_date

_CONSTANT = ("region", "zipCode", "email", "firstName", "externalCreated", "externalLeadId")
_LEAST_LEADS = 20
"""From how many leads on a constant value is a finding."""
_LEAST_CONNECTIONS = 50
"""From how many connections in a row on they are a finding: more than a usual pool has."""
_IDLE_SECONDS = 5.0
"""For how long an idle connection is usually kept."""
_MOST_IDS = 100
_MOST_CAMPAIGNS = 1_000
_LONG = 1_000
_FIELDS = frozenset(FIELDS)


class _Values:
    """The accepted leads of a campaign, and the fields in which all of them have the same value."""

    def __init__(self, request: Observed) -> None:
        sent = request.sent or {}
        self.count = 0
        self.ids: list[str] = []
        self.constant = {name: sent[name] for name in _CONSTANT if sent.get(name) not in (None, "")}

    def add(self, request: Observed) -> None:
        self.count += 1
        if self.constant:
            sent = request.sent or {}
            if len(self.ids) < _MOST_IDS:
                self.ids.append(request.id)
            for name in [name for name, value in self.constant.items() if sent.get(name) != value]:
                del self.constant[name]

    def evidence(self) -> Iterator[Evidence]:
        if self.count >= _LEAST_LEADS:
            for name, value in self.constant.items():
                yield Evidence(tuple(self.ids), f"{name} is {value} in {plural(self.count, 'lead')}")


class _ConstantField:
    """The values of the first campaigns. One that was forgotten in between could look constant."""

    def __init__(self) -> None:
        self._campaigns: dict[str | None, _Values] = {}

    def see(self, request: Observed) -> Iterable[Evidence]:
        if request.objection != "accepted" or not request.is_post_of_lead:
            return ()
        values = self._campaigns.get(request.campaign)
        if values is None:
            if len(self._campaigns) == _MOST_CAMPAIGNS:
                return ()
            values = self._campaigns[request.campaign] = _Values(request)
        values.add(request)
        return ()

    def end(self, _until: float, /) -> Iterable[Evidence]:
        for values in self._campaigns.values():
            yield from values.evidence()


class _SharedExternalId:
    """For each externalLeadId of a campaign the phone and the number of its first request, in 64 bits."""

    def __init__(self) -> None:
        self._first = NumberTable()

    def see(self, request: Observed) -> Iterable[Evidence]:
        sent = request.sent if request.phone is not None else None
        name = sent.get("externalLeadId") if sent else None
        if not isinstance(name, str) or not name:
            return ()
        phone, number = hash(request.phone) & 0xFFFF_FFFF, int(request.id[1:]) & 0xFFFF_FFFF
        first = self._first.set_default(hash((request.campaign, name)), phone << 32 | number)
        if first >> 32 == phone:
            return ()
        return (Evidence((request_id(first & 0xFFFF_FFFF), request.id), f"externalLeadId {name}"),)

    def end(self, _until: float, /) -> Iterable[Evidence]:
        return ()


class _ConnectionPerLead:
    """The posts in succession of which each came on a connection of its own, by campaign."""

    def __init__(self) -> None:
        self._streaks: dict[str | None, dict[str, str]] = {}
        self._last: dict[str | None, tuple[float | None, bool]] = {}
        """When the last post ended, and whether the other side closed its connection."""

    def see(self, request: Observed) -> Iterable[Evidence]:
        client = request.client
        if client is None or not request.is_post_of_lead:
            return ()
        campaign = request.campaign
        last = self._last.get(campaign)
        was_closed = request.is_lost or request.response_header("connection") == "close"
        self._last[campaign] = (request.ended, was_closed)
        if len(self._last) > _MOST_CAMPAIGNS:
            oldest = next(iter(self._last))
            del self._last[oldest]
            self._streaks.pop(oldest, None)
        streak = self._streaks.setdefault(campaign, {})
        if last is None or client in streak or not _could_go_on(last[0], request):
            streak.clear()
        elif last[1]:
            return ()
        streak[client] = request.id
        if len(streak) < _LEAST_CONNECTIONS:
            return ()
        ids = tuple(streak.values())
        streak.clear()
        return (Evidence(ids, f"{len(ids)} posts, each on a new connection"),)

    def end(self, _until: float, /) -> Iterable[Evidence]:
        return ()


def _could_go_on(ended: float | None, request: Observed) -> bool:
    """Whether the last connection was free and still open."""
    return ended is not None and 0 <= request.at - ended + 0.001 <= _IDLE_SECONDS


class _StoodOnRuling:
    """How many leads each ruling has decided, and which were the first."""

    def __init__(self) -> None:
        self._leads: dict[str, int] = {}
        self._ids: dict[str, list[str]] = {}

    def see(self, request: Observed) -> Iterable[Evidence]:
        if request.is_post_of_lead:
            for name in sorted(_rulings(request)):
                self._leads[name] = self._leads.get(name, 0) + 1
                ids = self._ids.setdefault(name, [])
                if len(ids) < _MOST_IDS:
                    ids.append(request.id)
        return ()

    def end(self, _until: float, /) -> Iterable[Evidence]:
        example = ", ".join(f"{name} ({plural(count, 'lead')})" for name, count in self._leads.items())
        for ids in self._ids.values():
            yield Evidence(tuple(ids), example)


def _rulings(request: Observed) -> set[str]:
    """The rulings on which an answer stood, but for those that another finding is about."""
    if request.objection == "body":
        return _refused_by(request)
    if request.objection not in ("accepted", "duplicate"):
        return set()
    sent = request.sent
    if sent is None:
        return set()
    found = _changed(request) if "rulings" in request.entry else set()
    if not _FIELDS.issuperset(sent) and any(map(_is_own, sent)):
        found.add("unknown-property")
    phone = sent.get("phoneNumber")
    if isinstance(phone, str) and phone != phone.strip(" "):
        found.add("phone-spaces")
    region, zip_code = sent.get("region"), sent.get("zipCode")
    if region and zip_code and isinstance(region, str) and isinstance(zip_code, str):
        own = region_of(zip_code)
        if own is not None and own != region.upper():
            found.add("region-zip-conflict")
    if "" in sent.values() and any(sent.get(name) == "" for name in FREE_TEXT):
        found.add("empty-string")
    if request.entry["bodyBytes"] > _LONG and any(
        isinstance(each, str) and len(each) > _LONG for each in sent.values()
    ):
        found.add("text-length")
    return found


def _is_own(name: str) -> bool:
    return name not in _FIELDS and field_meant(name) is None and not may_hold_key(name)


_OWNERS = {
    "phoneNumber": damaged_phone,
    "zipCode": lost_zero,
    "region": by_name,
    "externalCreated": wrong_date,
}
"""What else may be found in a field."""


def _refused_by(request: Observed) -> set[str]:
    found: set[str] = set()
    if placeholder(request):
        return found
    for problem in request.entry["problems"]:
        owner = _OWNERS.get(problem["field"])
        if problem["ruling"] and not (owner and owner(request)):
            found.add(problem["ruling"])
    return found


@functools.cache
def _default_rules() -> LeadRules:
    return LeadRules(Rulings.of())


def _changed(request: Observed) -> set[str]:
    """The rulings of the campaign without which the lead would be refused."""
    problems = _default_rules().read(body_of(request.entry), b"application/json", None).problems
    if not problems:
        return set()
    owned = {field for field, owner in _OWNERS.items() if owner(request)}
    return {problem.ruling for problem in problems if problem.ruling and problem.field not in owned}


CONSTANT_FIELD = FindingRule(
    id="constant-field",
    level="note",
    certainty="likely",
    sentence=f"A field has the same value in all leads ({_LEAST_LEADS} or more). It may be written into the code.",
    fix="Send each lead's own value, or leave the field out.",
    source=ADVICE,
    detector=_ConstantField,
)
SHARED_EXTERNAL_ID = FindingRule(
    id="shared-external-id",
    level="warning",
    certainty="sequence",
    sentence="Leads with different phone numbers have the same externalLeadId, so it can't tell them apart.",
    fix="Send each lead's own id from your system as externalLeadId.",
    source=documented(row("externalLeadId")),
    detector=_SharedExternalId,
)
CONNECTION_PER_LEAD = FindingRule(
    id="connection-per-lead",
    level="note",
    certainty="likely",
    sentence="Each lead of a batch opens a new connection. Over TLS that costs more than the lead itself.",
    fix="Use one session or client object for the whole batch.",
    source=ADVICE,
    detector=_ConnectionPerLead,
)
STOOD_ON_RULING = FindingRule(
    id="stood-on-ruling",
    level="note",
    certainty="proved",
    sentence="Where Aktify's page is silent, a ruling of the sandbox decided about leads. Aktify may decide otherwise.",
    fix="Ask Aktify about these points before you go live: see docs/reference/rulings.md.",
    source=ADVICE,
    detector=_StoodOnRuling,
)
