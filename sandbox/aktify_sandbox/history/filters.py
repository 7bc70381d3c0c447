"""Filters: which requests a query, a stream or an expectation selects."""

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import orjson

from aktify_sandbox.contract.lead import identity
from aktify_sandbox.errors import DocumentError, FilterError
from aktify_sandbox.journal.entry import timestamp
from aktify_sandbox.matching.condition import Condition
from aktify_sandbox.matching.expectation import Scope
from aktify_sandbox.matching.expectation_file import conditions_of, expectations_in, words_of
from aktify_sandbox.matching.recorded import RecordedRequest
from aktify_sandbox.matching.words import FILTERS, REASONS, condition_on
from aktify_sandbox.originals import time
from aktify_sandbox.storage.index import restored
from aktify_sandbox.storage.log import Line, number_of

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class _Filter(NamedTuple):
    """One filter: its condition on an entry, and a faster test on the bare text of its line."""

    may_hold: Callable[[bytes], bool]
    """False if the entry on that line can't match: then it isn't parsed."""
    condition: Condition


@dataclass(frozen=True, slots=True)
class Filters:
    """A conjunction of filters."""

    filters: tuple[_Filter, ...] = ()
    conditions: tuple[Condition, ...] = ()
    since: str = ""
    """A time in UTC: only requests from then on."""
    after: int | None = None
    """Only requests with a greater number."""

    @classmethod
    def of(cls, values: Mapping[str, str], where: Sequence[str] = ()) -> "Filters":
        """From a query: `FILTERS`, and conditions such as `region=CA`. Raises `FilterError`."""
        given = [name for name in FILTERS if values.get(name)]
        found = [_READERS[name](values[name]) for name in given if name not in ("since", "after", "where")]
        since = _moment(values["since"]) if values.get("since") else ""
        after = number_of(values["after"]) if values.get("after") else None
        if values.get("after") and after is None:
            raise FilterError(f"“{values['after']}” isn't an id: it looks like r000000042.")
        conditions = [each.condition for each in found]
        return cls(tuple(found), (*conditions, *(_conditions(where) if where else ())), since, after)

    @classmethod
    def without(cls, name: str, values: Mapping[str, str], where: Sequence[str] = ()) -> "Filters":
        """The same filters without one of them. Raises `FilterError`."""
        return cls.of({each: values[each] for each in values if each != name}, where)

    @property
    def admit_all(self) -> bool:
        """Whether there are none."""
        return self == Filters()

    @property
    def after_number(self) -> int:
        """The number in the id `after`; 0 without one."""
        return self.after or 0

    def admits(self, line: Line) -> bool:
        """Whether the entry on this line matches. A line that its bare text rules out isn't parsed."""
        if self.after is not None and line.number <= self.after:
            return False
        if self.since and _received(line.text) < self.since:
            return False
        for each in self.filters:
            if not each.may_hold(line.text):
                return False
        if not self.conditions:
            return True
        request = RecordedRequest(restored(line.load()))
        return all(condition.holds(request) for condition in self.conditions)


def _conditions(where: Sequence[str]) -> tuple[Condition, ...]:
    """Conditions as in expectations, such as `header.x-batch=7`. Raises `FilterError`."""
    try:
        [expectation] = expectations_in({"where": conditions_of(where)})
    except DocumentError as error:
        raise FilterError(words_of(error)) from None
    except FilterError as error:
        raise FilterError(f"where={error}") from None
    if expectation.scope != Scope():
        raise FilterError("campaign, since and after are separate filters: write campaign=demo.")
    return tuple(wanted.condition for wanted in expectation.steps[0])


# each filter: the text to look for in a line (quotes inside texts are escaped), and the condition on the entry


def _has_one_of(signs: Iterable[bytes]) -> Callable[[bytes], bool]:
    found = tuple(signs)
    return lambda text: any(sign in text for sign in found)


def _status(text: str) -> _Filter:
    wanted = text.lower().split(",")
    for part in wanted:
        if not re.fullmatch(r"none|[0-9](?:xx|[0-9]{2})", part):
            raise FilterError(f"“{part}” isn't a status: write 409, 4xx, several as in 400,409, or none.")
    return _Filter(_has_one_of(map(_status_sign, wanted)), condition_on("status", *wanted))


def _status_sign(wanted: str) -> bytes:
    return b'"response":null' if wanted == "none" else b'"status":' + wanted.removesuffix("xx").encode()


def _key(text: str) -> _Filter:
    condition = condition_on("key", text)
    return _Filter(_has_one_of(map(orjson.dumps, condition.values)), condition)


def _campaign(text: str) -> _Filter:
    return _Filter(_has_one_of([orjson.dumps(text)]), condition_on("campaign", text))


def _phone(text: str) -> _Filter:
    """A number in any spelling, `+` as a space too; at least its last four digits; or masked: `+1509***1234`."""
    phone = identity(text)
    if phone:
        return _Filter(_has_one_of([phone.encode() + b'"']), condition_on("phone", phone))
    before, _, end = re.sub(r"[ ().\-/]", "", text).removeprefix("+").rpartition("***")
    area = before.removeprefix("1")
    if not (re.fullmatch(r"[0-9]{0,3}", area) and re.fullmatch(r"[0-9]{4,9}", end)):
        raise FilterError(
            f"“{text}” isn't a US phone number: write ten digits, seven for any area code, or the last four."
        )
    start = f"{'+1' if before else ''}{area}"
    condition = Condition("phone", matches=lambda phone: phone.startswith(start) and phone.endswith(end))
    return _Filter(_has_one_of([end.encode() + b'"']), condition)


def _search(text: str) -> _Filter:
    return _Filter(lambda line: may_hold(line, text), condition_on("search", text))


def _by_forced(text: str) -> _Filter:
    is_forced = condition_on("forced", text).values != {"no"}
    sign = b'"scenario":"' if is_forced else b'"scenario":null'
    return _Filter(_has_one_of([sign]), condition_on("forced", text))


def _reason(text: str) -> _Filter:
    if text not in REASONS:
        raise FilterError(f"“{text}” isn't a reason: write one of {', '.join(REASONS)}.")
    return _Filter(_has_one_of([b'"objection":' + orjson.dumps(text)]), condition_on("reason", text))


_READERS: Mapping[str, Callable[[str], _Filter]] = {
    "status": _status,
    "key": _key,
    "campaign": _campaign,
    "phone": _phone,
    "search": _search,
    "forced": _by_forced,
    "reason": _reason,
}


def _moment(text: str) -> str:
    """A time (RFC 3339, UTC by default) or a duration before now (`90s`, `10m`, `2h`, `1d`), in UTC."""
    duration = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    try:
        if duration:
            now = datetime.fromtimestamp(time.time(), UTC)
            moment = now - timedelta(seconds=int(duration[1]) * _SECONDS[duration[2]])
        else:
            moment = datetime.fromisoformat(re.sub(r"(?<=:[0-9]{2}) (?=[0-9]{2}:?[0-9]{2}$)", "+", text))
        return timestamp((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError, OSError):  # conversion to UTC may leave the supported range
        raise FilterError(
            f"“{text}” isn't a time: write 2026-11-24T09:30:00Z, or 10m for the last ten minutes."
        ) from None


def _received(text: bytes) -> str:
    start = text.index(b'"receivedAt":"') + 14
    return text[start : start + len("2026-11-24T09:30:00.000Z")].decode()


@functools.lru_cache(maxsize=16)
def _pieces(search: str) -> tuple[list[tuple[str, str]], list[bytes]]:
    """The bytes that a line must contain, in lower case, if its entry's text contains the search, plain or escaped as
    in JSON.

    `text_of` puts ": " between a header's name and value, and line breaks between the parts: the line doesn't have
    these. A lead appears in the line as an object, and as text in an answer's body, so quotes may be bare or escaped.
    The pieces can be searched for without decoding. They exclude i and k, which are lower cases of other letters, too.
    """
    found = [piece for piece in re.split(r": |\n|^ |:$", search.lower()) if piece]
    pieces = [(piece, orjson.dumps(piece)[1:-1].decode()) for piece in found]
    parts = [part for piece in found for part in re.split(r'[^\x20-\x7e]|["\\ik]', piece) if part]
    return pieces, [part.encode() for part in parts]


def may_hold(text: bytes, search: str) -> bool:
    """Whether the entry on that line may contain the text. Rules out most lines without decoding them."""
    pieces, plain = _pieces(search)
    lowered = text.lower()
    if not all(part in lowered for part in plain):
        return False
    decoded = text.decode().lower()
    return all(bare in decoded or escaped in decoded for bare, escaped in pieces)
