"""The content of a log in memory: who has a lead, how many requests there are, keys and campaigns.

An index is built line by line, from the start of the log or from a checkpoint. Applying lines twice in order gives the
same result, so a checkpoint may be taken while more lines are written.
"""

import hashlib
import heapq
import itertools
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from aktify_sandbox.contract.answers import number_of_code
from aktify_sandbox.storage.log import Snapshot, header, is_request
from aktify_sandbox.storage.shards import NUMBERS, Shards

Document = Mapping[str, Any]
Tables = Mapping[str, Mapping[str, Document]]
"""Documents by table and id."""

_INTERNAL = ("crc", "kind", "lead", "short", "link", "identity")
PLAIN_TABLES = ("keys", "campaigns")
STRIDE = 256
"""The number of one in this many requests is remembered, so that a position is found by reading few lines."""
_PAGE = 1 << 16
_SPELLING = 24
"""Bits for the spelling of a phone number, which fit into 64 together with the number."""


class LeadEntry(NamedTuple):
    """A lead of a request: its identity and its short link."""

    campaign: str
    identity: str
    """The number (E.164), or with a space and its spelling: see the ruling `duplicate-by`."""
    code: str | None = None


class CampaignLeads:
    """The leads of one campaign, and their lines."""

    __slots__ = ("is_spelled", "lines", "order")

    def __init__(self) -> None:
        self.lines = Shards()
        """From identities, as numbers, to line numbers."""
        self.order = line_numbers(())
        """Line numbers, oldest first, possibly with some of removed leads."""
        self.is_spelled = False
        """Whether a number's spelling counts."""

    def put(self, place: int, number: int, *, is_spelled: bool) -> None:
        """The identity's lead is on that line."""
        self.lines[place] = number
        self.is_spelled = self.is_spelled or is_spelled
        if not self.order or self.order[-1] < number:
            try:
                self.order.append(number)
            except OverflowError:
                self.order = array(NUMBERS, self.order)
                self.order.append(number)

    def __len__(self) -> int:
        return len(self.lines)


class Index:
    """What is known of a log that was read up to some line."""

    def __init__(self) -> None:
        self.leads: dict[str, CampaignLeads] = {}
        self.links = Shards()
        """From codes of short links, as numbers, to the line numbers of their leads."""
        self.amendments = Shards()
        """From request numbers to the lines with later events."""
        self.plain: dict[str, dict[str, Document]] = {name: {} for name in PLAIN_TABLES}
        self.next = 1
        """The next number of the sequence."""
        self.written = 0
        """The number of the newest line."""
        self.came = 0
        """How many requests were read, including those forgotten since."""
        self.forgotten = 0
        """How many of them are no longer in the log."""
        self.max_requests: int | None = None
        """How many requests the sandbox that writes the log shows; None: all."""
        self.dropped = 0
        """How many older ones were dropped by `--keep`, according to the log's first line."""
        self.strides = array(NUMBERS)
        """The number of every `STRIDE`-th request."""
        self.discarded: list[CampaignLeads] = []
        """Leads dropped with their campaign, to be freed later."""

    @property
    def requests(self) -> int:
        """How many requests are in the log."""
        return self.came - self.forgotten

    @property
    def hidden(self) -> int:
        """How many requests in the log are hidden by `--keep`."""
        return max(0, self.requests - (self.max_requests or self.requests))

    def oldest_in_sight(self, log: Snapshot) -> int:
        """The number of the oldest visible request; the next number if there is none."""
        came, forgotten = self.came, self.forgotten
        wanted = forgotten + self.hidden
        if wanted == came:
            return self.next
        stride = wanted // STRIDE
        skipped = wanted - max(stride * STRIDE, forgotten)
        lines = log.lines(log.offset_of(self.strides[stride]), chunk_size=_PAGE)
        found = next(itertools.islice(filter(is_request, lines), skipped, None), None)
        return found.number if found else self.next

    def header(self, dropped: int = 0) -> bytes:
        """The first line of a log that continues from here, after `dropped` requests were dropped."""
        return header(
            self.next, dropped=dropped, **({"keep": self.max_requests} if self.max_requests else {})
        )

    # applying lines

    def apply(self, content: Mapping[str, Any]) -> None:
        """Apply a line. Raises `KeyError`, `TypeError`, `ValueError` if no sandbox wrote it."""
        self.written = number = int(content["id"][1:])
        self.next = max(self.next, number + 1)
        match content.get("kind"):
            case "request":
                self.count_request(number)
                self._apply_lead(content)
            case "amend":
                self.amendments[content["of"]] = number
            case "put" if content["table"] == "leads":
                self._apply_lead(content)
            case "put":
                self.plain[content["table"]][str(content["document"])] = content["content"]
            case "drop" if content["table"] == "leads":
                self._drop_leads(content)
            case "drop":
                for key in content["documents"]:
                    self.plain[content["table"]].pop(str(key), None)
            case "keep" | "loaded":
                self.max_requests = content.get("keep")
            case None:
                self.next = max(self.next, content["next"])
                self.dropped, self.max_requests = content.get("dropped", 0), content.get("keep")

    def count_request(self, number: int) -> None:
        """Count one more request."""
        if self.came % STRIDE == 0:
            self.strides.append(number)
        self.came += 1

    def _apply_lead(self, content: Mapping[str, Any]) -> None:
        """Faster than `lead_in` for the many lines of a start, since it makes no lead object."""
        is_put = content["kind"] == "put"
        lead = content["content"] if is_put else content
        if is_put or "lead" in content:
            short = lead.get("short")
            self.reserve(
                self.written, LeadEntry(lead["campaign"], identity_in(lead), short["code"] if short else None)
            )

    def _drop_leads(self, content: Mapping[str, Any]) -> None:
        for campaign in content.get("campaigns", ()):
            leads = self.leads.pop(campaign, None)
            if leads:
                self.discarded.append(leads)
        for campaign, place in content.get("phones", ()):
            if campaign in self.leads:
                self.leads[campaign].lines.pop(place)

    def reserve(self, number: int, lead: LeadEntry) -> None:
        """The lead will be on the line of that number, so its identity is taken."""
        leads = self.leads.get(lead.campaign)
        if leads is None:
            leads = self.leads[lead.campaign] = CampaignLeads()
        leads.put(place_of(lead.identity), number, is_spelled=" " in lead.identity)
        if lead.code:
            self.links[number_of_code(lead.code)] = number

    def rollback(self, lead: LeadEntry) -> None:
        """The line couldn't be written: the identity is free again."""
        self.leads[lead.campaign].lines.pop(place_of(lead.identity))
        if lead.code:
            self.links.pop(number_of_code(lead.code))

    def forget_requests(self, before: int, count: int, kept: "array[int]", dropped: int) -> None:
        """Of the `count` requests with smaller numbers only those with the numbers in `kept` are still in the log."""
        first, end = self.forgotten + count - len(kept), self.forgotten + count
        self.forgotten, self.dropped = first, dropped
        if kept:  # they now count as the last ones before `before`
            place = first // STRIDE
            self.strides[place] = kept[0]
            later = array(NUMBERS, kept[-first % STRIDE :: STRIDE])
            start = -(-first // STRIDE)
            self.strides[start : -(-end // STRIDE)] = later
        remaining = Shards()
        for of, line in self.amendments.items():
            if of >= before or is_among(of, kept):
                remaining[of] = line
        self.amendments = remaining

    # queries

    def line_of(self, campaign: str, identity: str) -> int | None:
        """The line number of the identity's lead."""
        leads = self.leads.get(campaign)
        return leads.lines.get(place_of(identity)) if leads is not None else None

    def lines_with(self, campaign: str, phone: str) -> list[int]:
        """The line numbers of the leads with this phone number (E.164), in any spelling."""
        leads, place = self.leads.get(campaign), int(phone[1:])
        if leads is None:
            return []
        if not leads.is_spelled:
            found = leads.lines.get(place)
            return [] if found is None else [found]
        return sorted(line for each, line in leads.lines.items() if place in (each, each >> _SPELLING))

    def newest_leads(self, campaign: str | None = None, before: int | None = None) -> Iterator[int]:
        """Numbers of lines with current or former leads, newest first."""
        groups = [self.leads.get(campaign)] if campaign is not None else list(self.leads.values())
        orders = [group.order for group in groups if group is not None]
        return heapq.merge(*(_downwards(order, before) for order in orders), reverse=True)

    def oldest_leads(self, campaign: str | None = None, after: int = 0) -> Iterator[int]:
        """The same, oldest first, after that number."""
        groups = [self.leads.get(campaign)] if campaign is not None else list(self.leads.values())
        orders = [group.order for group in groups if group is not None]
        return heapq.merge(*(_upwards(order, after) for order in orders))

    def is_current(self, campaign: str, identity: str, number: int) -> bool:
        """Whether the line of that number has the identity's current lead."""
        return self.line_of(campaign, identity) == number

    def is_current_row(self, content: Mapping[str, Any]) -> bool:
        """Whether the line has the current version of a document in a plain table."""
        if content.get("kind") != "put" or content["table"] not in self.plain:
            return False
        put: Document = content["content"]
        return self.plain[content["table"]].get(str(content["document"])) == put


def line_numbers(numbers: Iterable[int]) -> "array[int]":
    """An array of line numbers, of which there may be millions, in 32 bits each while that is enough."""
    try:
        return array("I", numbers)
    except OverflowError:
        return array(NUMBERS, numbers)


def is_among(number: int, numbers: "array[int]") -> bool:
    """Whether it is one of these ascending line numbers."""
    place = bisect_left(numbers, number)
    return place < len(numbers) and numbers[place] == number


def lead_in(content: Mapping[str, Any]) -> dict[str, Any] | None:
    """The lead on a line, as the leads table shows it."""
    if content.get("kind") == "put" and content["table"] == "leads":
        lead: dict[str, Any] = content["content"]
        return lead
    if content.get("kind") != "request" or "lead" not in content:
        return None
    names = ("campaign", "phone", "receivedAt", "lead", "identity")
    found = {name: content[name] for name in names if name in content}
    return {**found, "request": content["id"], "short": content.get("short")}


def public_lead(lead: Mapping[str, Any]) -> dict[str, Any]:
    """A lead without internal fields."""
    return {name: lead[name] for name in ("campaign", "phone", "receivedAt", "request", "lead")}


def restored(content: dict[str, Any]) -> dict[str, Any]:
    """An entry as it is read, with the body that its line has only once."""
    response = content["response"]
    if response is None or "body" in response:
        return content
    return {**content, "response": {**response, "body": orjson.dumps(content["lead"]).decode()}}


def public(content: Mapping[str, Any], hidden: Iterable[str] = ()) -> dict[str, Any]:
    """An entry without the fields that only the log needs."""
    return {name: value for name, value in content.items() if name not in _INTERNAL and name not in hidden}


def identity_in(lead: Mapping[str, Any]) -> str:
    """The identity of a lead or of a request's entry."""
    identity: str = lead.get("identity") or lead["phone"]
    return identity


def place_of(identity: str) -> int:
    """An identity as a number, which takes less memory: the digits, and a digest of the spelling if that counts."""
    phone, space, written = identity.partition(" ")
    if not space:
        return int(phone[1:])
    digest = hashlib.blake2b(written.encode(errors="surrogatepass"), digest_size=_SPELLING // 8).digest()
    return int(phone[1:]) << _SPELLING | int.from_bytes(digest)


def _downwards(order: "array[int]", before: int | None) -> Iterator[int]:
    end = len(order) if before is None else bisect_left(order, before)
    return (order[place] for place in range(end - 1, -1, -1))


def _upwards(order: "array[int]", after: int) -> Iterable[int]:
    return (order[place] for place in range(bisect_left(order, after + 1), len(order)))
