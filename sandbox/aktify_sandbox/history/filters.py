"""Filters: which requests a query, a stream or an expectation means."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

import orjson

from aktify_sandbox.contract.lead import identity
from aktify_sandbox.errors import FilterError
from aktify_sandbox.journal.entry import Entry, timestamp
from aktify_sandbox.matching.recorded import text_of
from aktify_sandbox.originals import time
from aktify_sandbox.redaction import masked_key
from aktify_sandbox.storage.index import restored
from aktify_sandbox.storage.log import Line, number_of

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Filters:
    """Which requests: all that is given must hold."""

    status: str | None = None
    """A status or a class: `409`, `4xx`, or several by comma; `none` for requests that weren't answered."""
    key: str | None = None
    campaign: str | None = None
    phone: str | None = None
    """In any spelling, `+` as a space too; its last digits alone (four or more); or masked: `+1509***1234`.

    What was not written stands as `*` here.
    """
    since: str | None = None
    """A moment (RFC 3339) or a duration back from now: `10m`."""
    search: str | None = None
    """Text anywhere in the record, in upper or lower case."""
    forced: str | None = None
    """`yes` for forced answers only, `no` for natural ones, else a part of what forced them: `scenario flaky`."""
    after: str | None = None
    """The id of a request: only newer ones."""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "Filters":
        """From a query. Raises `FilterError`."""
        given = {field.name: values[field.name] for field in fields(cls) if values.get(field.name)}
        if "phone" in given:
            given["phone"] = _phone(given["phone"])
        if "status" in given:
            given["status"] = given["status"].lower()
            _check_status(given["status"])
        if "since" in given:
            given["since"] = _moment(given["since"])
        if number_of(given.get("after", "r0")) is None:
            raise FilterError(f"“{given['after']}” isn't an id: it looks like r000000042.")
        return cls(**given)

    @property
    def after_number(self) -> int:
        """The number of the id `after`; 0 without one."""
        return number_of(self.after or "r0") or 0

    def admits(self, line: Line) -> bool:
        """Whether the record on this line is meant. What the bare text rules out isn't parsed."""
        if self.after and line.number <= self.after_number:
            return False
        text, signs = line.text, _signs(self)
        for alternatives in signs:
            if not any(sign in text for sign in alternatives):
                return False
        if self.since and _received(line) < self.since:
            return False
        if self.search and not may_hold(text, self.search):
            return False
        return not (signs or self.search) or self._admits(line.load())

    @property
    def keys(self) -> tuple[str, ...]:
        """How the key may be shown."""
        return (self.key, masked_key(self.key), _namespaced(self.key)) if self.key else ()

    def _admits(self, entry: Entry) -> bool:
        return all(
            (
                not self.status or any(_is_status(entry, wanted) for wanted in self.status.split(",")),
                not self.campaign or entry["campaign"] == self.campaign,
                not self.key or entry["key"] in self.keys,
                not self.phone or _is_phone(entry["phone"], self.phone),
                not self.forced or _is_forced(entry, self.forced),
                not self.search or self.search.lower() in text_of(restored(entry)).lower(),
            )
        )


@functools.lru_cache(maxsize=16)
def _signs(filters: Filters) -> list[list[bytes]]:
    """Of each list, one stands on a line whose record the filters admit; inside texts, quotes have a backslash."""
    signs = []
    if filters.phone:
        signs.append([filters.phone.rpartition("*")[2].encode() + b'"'])
    if filters.campaign:
        signs.append([orjson.dumps(filters.campaign)])
    if filters.key:
        signs.append([orjson.dumps(key) for key in filters.keys])
    if filters.status:
        signs.append([_status_sign(wanted) for wanted in filters.status.split(",")])
    if filters.forced:
        signs.append([b'"scenario":null' if filters.forced == "no" else b'"scenario":"'])
    return signs


def _status_sign(wanted: str) -> bytes:
    return b'"response":null' if wanted == "none" else b'"status":' + wanted.removesuffix("xx").encode()


def _phone(text: str) -> str:
    """The number in E.164, with `*` for what isn't said of it. Raises `FilterError`."""
    found = identity(text)
    if found:
        return found
    before, _, after = re.sub(r"[ ().\-/]", "", text).removeprefix("+").rpartition("***")
    area = before.removeprefix("1")
    if re.fullmatch(r"[0-9]{0,3}", area) and re.fullmatch(r"[0-9]{4,9}", after):
        return f"{'+1' if before else ''}{area}*{after}"
    raise FilterError(
        f"“{text}” isn't a US phone number: write ten digits, seven for any area code, or the last four."
    )


def _is_phone(phone: str | None, wanted: str) -> bool:
    start, star, end = wanted.partition("*")
    return phone == wanted if not star else bool(phone and phone.startswith(start) and phone.endswith(end))


def _moment(text: str) -> str:
    """A moment (RFC 3339; without offset: UTC) or a duration back from now (`90s`, `10m`, `2h`, `1d`), in UTC."""
    duration = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    try:
        if duration:
            now = datetime.fromtimestamp(time.time(), UTC)
            moment = now - timedelta(seconds=int(duration[1]) * _SECONDS[duration[2]])
        else:
            moment = datetime.fromisoformat(re.sub(r"(?<=:[0-9]{2}) (?=[0-9]{2}:?[0-9]{2}$)", "+", text))
        return timestamp((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError, OSError):  # in UTC it may lie outside the calendar
        raise FilterError(
            f"“{text}” is no moment: write 2026-11-24T09:30:00Z, or 10m for the last ten minutes."
        ) from None


def _received(line: Line) -> str:
    start = line.text.index(b'"receivedAt":"') + 14
    return line.text[start : start + len("2026-11-24T09:30:00.000Z")].decode()


@functools.lru_cache(maxsize=16)
def _pieces(search: str) -> tuple[list[str], list[bytes]]:
    """What a line must hold, in lower case and as JSON writes it, if the text of its record holds the search.

    `text_of` puts ": " between a header's name and value, and line breaks between the parts: these aren't in the line.
    The bytes are what of it can be looked for without decoding: i and k are lower cases of other letters, too.
    """
    found = re.split(r": |\n|^ |:$", search.lower())
    pieces = [orjson.dumps(piece)[1:-1].decode() for piece in found if piece]
    plain = [part.encode() for piece in pieces for part in re.split(r"[^\x00-\x7f]|[ik]", piece) if part]
    return pieces, plain


def may_hold(text: bytes, search: str) -> bool:
    """Whether the record on that line may hold the text: most lines are ruled out without being decoded."""
    pieces, plain = _pieces(search)
    lowered = text.lower()
    if not all(part in lowered for part in plain):
        return False
    decoded = text.decode().lower()
    return all(piece in decoded for piece in pieces)


def _check_status(text: str) -> None:
    for part in text.split(","):
        if not re.fullmatch(r"none|[0-9](?:xx|[0-9]{2})", part):
            raise FilterError(f"“{part}” isn't a status: write 409, 4xx, several as 400,409, or none.")


def _is_status(entry: Entry, wanted: str) -> bool:
    response = entry["response"]
    if response is None or wanted == "none":
        return response is None and wanted == "none"
    status = str(response["status"])
    return status == wanted or (wanted.endswith("xx") and status[0] == wanted[0])


def _is_forced(entry: Entry, wanted: str) -> bool:
    by = entry["reason"]["scenario"]
    if wanted in ("yes", "no"):
        return (by is not None) == (wanted == "yes")
    return by is not None and wanted.lower() in by.lower()


def _namespaced(key: str) -> str:
    base, _, name = key.partition(".")
    return f"{masked_key(base)}.{name}"
