"""The vocabulary for recorded requests: words of conditions, and filters of lists."""

from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from aktify_sandbox.matching.condition import Condition, Texts
from aktify_sandbox.redaction import masked_key

if TYPE_CHECKING:
    from aktify_sandbox.matching.recorded import RecordedRequest

Entry = Mapping[str, Any]

REASONS = MappingProxyType(
    {
        "accepted": "accepted",
        "duplicate": "duplicate",
        "body": "invalid lead",
        "key": "key refused",
        "route": "wrong path or method",
        "request": "not valid HTTP",
        "link": "short link",
        "forced": "forced",
        "aborted": "hung up early",
        "defect": "sandbox error",
        "disk": "disk error",
    }
)
"""What can decide (see `Answer.objection`), with its label on the page."""

_YES_OR_NO = {"yes": "yes", "no": "no", "true": "yes", "false": "no"}


class Kind(Enum):
    """How the value of a word is written."""

    CONDITION = "text, or {in: […]}, {matches: …}, {missing: true}, {present: true}"
    TEXT = "text"
    STATUS = "one or several statuses"
    YES_OR_NO = "yes or no"
    ID = "an id"


class Word(NamedTuple):
    """A word of conditions; in addition there are the fields of a lead, `header` and `body`."""

    kind: Kind
    description: str
    texts: Callable[["RecordedRequest"], Texts | None]
    """A request's values for it: empty if missing, None if not recorded."""


def _status(request: "RecordedRequest") -> Texts:
    response = request.entry["response"]
    status = str(response["status"]) if response else "none"
    return (status, f"{status[0]}xx") if response else (status,)


def _phone(request: "RecordedRequest") -> Texts | None:
    phone = request.entry["phone"]
    if phone:
        return phone, phone[5:]
    return None if request.is_cut else ()


def _forced(request: "RecordedRequest") -> Texts:
    by = request.entry["reason"]["scenario"]
    return ("no",) if by is None else ("yes", by)


def _rulings(request: "RecordedRequest") -> Texts:
    problems = request.entry["problems"]
    rulings = [request.entry["reason"]["ruling"], *(problem["ruling"] for problem in problems)]
    return tuple(each for each in rulings if each)


def _under(name: str) -> Callable[["RecordedRequest"], Texts]:
    """The value that the entry itself has under a name."""
    return lambda request: (request.entry[name],) if request.entry[name] else ()


def _no_texts(_: "RecordedRequest") -> Texts:
    """For words that limit the search instead of describing a request."""
    return ()


WORDS: Mapping[str, Word] = MappingProxyType(
    {
        "phone": Word(
            Kind.CONDITION, "The lead's phone number in any spelling; seven digits for any area code.", _phone
        ),
        "status": Word(Kind.STATUS, "The answer's status: 409, 4xx, or none for no answer.", _status),
        "key": Word(Kind.TEXT, "The key that the request was sent with.", _under("key")),
        "campaign": Word(Kind.TEXT, "The campaign's full name.", _under("campaign")),
        "after": Word(Kind.ID, "Only requests after this id, such as r000000042.", _no_texts),
        "since": Word(Kind.TEXT, "Only requests since a time, or for a duration such as 10m.", _no_texts),
        "search": Word(Kind.TEXT, "Text anywhere in the record.", lambda request: (text_of(request.entry),)),
        "forced": Word(
            Kind.TEXT, "Whether the answer was forced: yes, no, or part of what forced it.", _forced
        ),
        "reason": Word(
            Kind.TEXT,
            f"What decided: {', '.join(REASONS)}.",
            lambda request: (request.entry["reason"]["objection"],),
        ),
        "kept": Word(
            Kind.YES_OR_NO,
            "Whether the lead was kept: yes or no.",
            lambda request: ("yes" if "lead" in request.entry else "no",),
        ),
        "ruling": Word(Kind.CONDITION, "A ruling that decided the answer.", _rulings),
        "method": Word(Kind.CONDITION, "The method, such as POST.", _under("method")),
        "path": Word(Kind.CONDITION, "The path, such as /api/v1/leads.", _under("path")),
    }
)
"""By name."""


class Filter(NamedTuple):
    """A filter of lists, described for the admin API, the commands and the documentation."""

    metavar: str
    description: str
    """Without a capital letter and a full stop."""


FILTERS: Mapping[str, Filter] = MappingProxyType(
    {
        "status": Filter("STATUS", "409, 4xx, several separated by commas, or none for no answer"),
        "key": Filter("KEY", "the key, whole or as shown"),
        "campaign": Filter("NAME", "the campaign"),
        "phone": Filter(
            "NUMBER",
            "a number in any spelling, seven digits for any area code (555-9999), the last four or more (9999), or as "
            "shown in lists (+1509***9999)",
        ),
        "search": Filter("TEXT", "text anywhere in request or answer, case-insensitive"),
        "forced": Filter("WHAT", "yes, no, or part of what forced the answer (flaky)"),
        "reason": Filter("REASON", f"what decided: {', '.join(REASONS)}"),
        "since": Filter("TIME", "a time (2026-11-24T09:30:00Z) or a duration (10m)"),
        "after": Filter("ID", "only requests after this id"),
        "where": Filter(
            "FIELD=VALUE",
            "a condition on a field of the lead, header.NAME, "
            f"{', '.join(word for word in WORDS if word not in ('after', 'since', 'campaign'))}; repeatable",
        ),
    }
)
"""By name; `history/filters.py` parses each."""


OF_REPORTS = ("key", "campaign", "phone", "since", "after", "where")
"""The filters of a report: they choose a course of requests. Others would leave out the retry that a finding misses."""


def condition_on(name: str, *values: str) -> Condition:
    """The condition of a word whose value is a text or a list of texts, for filters and expectations."""
    text = values[0]
    match name:
        case "key":
            return Condition(name, _key_texts(text))
        case "search":
            return Condition(name, matches=_Holds(text))
        case "forced" if text not in _YES_OR_NO:
            return Condition(name, matches=_IsForcedBy(text))
        case _ if name == "forced" or WORDS[name].kind is Kind.YES_OR_NO:
            return Condition(name, frozenset([_YES_OR_NO[text]]))
        case _:
            return Condition(name, frozenset(values))


def text_of(entry: Entry) -> str:
    """The text of an entry that a search looks through, line by line. `history/filters.py` depends on how it
    is joined.
    """
    response = entry["response"] or {}
    headers = [f"{name}: {value}" for name, value in [*entry["headers"], *response.get("headers", [])]]
    problems = [text for problem in entry["problems"] for text in problem.values()]
    parts = [
        entry[name]
        for name in ("id", "method", "path", "query", "body", "phone", "campaign", "key", "receivedAt")
    ]
    parts += [*headers, response.get("body"), entry["reason"]["rule"], *problems]
    return "\n".join(str(part) for part in parts if part is not None)


class _Holds:
    """Whether a text contains another one, in upper or lower case."""

    def __init__(self, part: str) -> None:
        self._part = part.lower()

    def __call__(self, text: str) -> bool:
        return self._part in text.lower()


class _IsForcedBy(_Holds):
    """Like `_Holds`, for what forced an answer; whether one was forced isn't part of its name."""

    def __call__(self, text: str) -> bool:
        return text not in ("yes", "no") and super().__call__(text)


def _key_texts(key: str) -> frozenset[str]:
    """How an entry may show a key: masked, with or without a namespace."""
    base, dot, name = key.partition(".")
    return frozenset([key, masked_key(key), f"{masked_key(base)}.{name}" if dot else masked_key(key)])
