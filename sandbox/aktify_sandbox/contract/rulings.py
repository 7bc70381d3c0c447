"""The rulings: the sandbox's choices where Aktify's page is silent, their other values, and the reasons.

Principle: what the page shows is accepted; where it is silent, the careless form is refused with an explanation.
Rulings are not Aktify's word, so every refusal by one names it.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from aktify_sandbox.errors import RulingError
from aktify_sandbox.text import suggest

PROFILES = ("lenient", "default", "strict")

_FREE = {"number": re.compile(r"[1-9][0-9]{0,6}"), "url": re.compile(r"https?://[^\s/?#]+[^\s?#]*")}


@dataclass(frozen=True, slots=True)
class Ruling:
    """One ruling."""

    name: str
    default: str
    values: Mapping[str, str]
    """Each value and its meaning."""
    reason: str
    lenient: str = ""
    """The most forgiving value; empty: the default."""
    strict: str = ""
    """The strictest value; empty: the default."""
    free: str | None = None
    """What is allowed in addition to the listed values: a `number` or a `url`."""

    def in_profile(self, profile: str) -> str:
        """The value that a profile chooses."""
        return {"lenient": self.lenient, "strict": self.strict}.get(profile) or self.default

    def allows(self, value: str) -> bool:
        """Whether the value may be chosen."""
        return value in self.values or bool(self.free and _FREE[self.free].fullmatch(value))

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        free = {"number": "a number from 1 to 9,999,999", "url": "a URL"}
        return ", ".join([*self.values, *([free[self.free]] if self.free else [])])


def _table(rulings: Iterable[Ruling]) -> Mapping[str, Ruling]:
    return MappingProxyType({ruling.name: ruling for ruling in rulings})


RULINGS: Mapping[str, Ruling] = _table(
    [
        Ruling(
            "phone-format",
            "nanp",
            {
                "nanp": "an optional +1 or 1, then ten digits of the North American plan, with ` ().-/` anywhere",
                "libphonenumber": "only numbers that libphonenumber considers valid",
            },
            "regions are US states; no assigned area code is refused",
            strict="libphonenumber",
        ),
        Ruling(
            "phone-extension",
            "refuse",
            {
                "refuse": "refuse a number with an extension",
                "drop": "ignore the extension, with a note",
            },
            "text messages can't reach an extension",
            lenient="drop",
        ),
        Ruling(
            "phone-spaces",
            "trim",
            {
                "trim": "ignore spaces around the number, with a note",
                "any": "also ignore no-break spaces, tabs and dashes of all kinds, with a note",
                "refuse": "refuse spaces around the number",
            },
            "CRM exports often contain them",
            lenient="any",
            strict="refuse",
        ),
        Ruling(
            "phone-number-type",
            "refuse",
            {"refuse": "refuse a JSON number", "coerce": "read a JSON number as its digits"},
            "Aktify's page gives the type as string",
            lenient="coerce",
        ),
        Ruling(
            "phone-echo",
            "as-sent",
            {"as-sent": "a 201 returns the number as sent", "e164": "a 201 returns +15095551234"},
            "the example on Aktify's page about link shortening returns it as sent; no profile changes this",
        ),
        Ruling(
            "duplicate-by",
            "e164",
            {
                "e164": "two spellings of one number are duplicates",
                "as-written": "only identical spellings are duplicates",
            },
            "Aktify's webhooks identify a lead by its E.164 number; no profile changes this",
        ),
        Ruling(
            "regions",
            "states-and-dc",
            {
                "states-and-dc": "the 50 states and DC",
                "states": "the 50 states",
                "usps": "the 50 states, DC, and PR VI GU AS MP FM MH PW AA AE AP",
            },
            '"US state codes"; ZIP codes 200xx belong to DC',
            lenient="usps",
            strict="states",
        ),
        Ruling(
            "region-case",
            "refuse",
            {"refuse": "refuse `ca`", "accept": "accept `ca` and return it as sent"},
            "lower case is undocumented; state names and `US-CA` are always refused",
            lenient="accept",
        ),
        Ruling(
            "zip-format",
            "plus-four",
            {"plus-four": "five digits, or ZIP+4 with a hyphen", "five": "five digits only"},
            "ZIP+4 codes are ZIP codes",
            strict="five",
        ),
        Ruling(
            "zip-unknown",
            "refuse",
            {
                "refuse": "refuse a ZIP code outside the allowed regions",
                "accept": "accept it, with a note, when a region is given",
            },
            '"Will be used to determine region"',
            lenient="accept",
        ),
        Ruling(
            "region-zip-conflict",
            "note",
            {
                "note": "accept both as sent, with a note",
                "zip": "replace the region with the ZIP code's, with a note",
                "refuse": "refuse the lead",
            },
            "undocumented; the example on Aktify's page combines 509, CA and 90210",
            strict="refuse",
        ),
        Ruling(
            "region-from-zip",
            "include",
            {
                "include": "a 201 contains the ZIP code's region when none was sent",
                "omit": "a 201 doesn't add a region",
            },
            '"Will be used to determine region"; uncertain, so clients must not rely on it; no profile changes this',
        ),
        Ruling(
            "email",
            "syntax",
            {
                "syntax": "local@domain.tld, at most 254 characters",
                "email-validator": "what email-validator accepts, without DNS lookups",
            },
            "Aktify's page only gives the type string; the address is never looked up",
            strict="email-validator",
        ),
        Ruling(
            "external-created",
            "extended",
            {
                "extended": "date and time with Z, ±HH, ±HHMM or ±HH:MM; with a note: no offset, or a date alone",
                "any": "every ISO 8601 date and time, also basic, week and ordinal forms and a decimal comma",
                "rfc3339": "date, time and offset by RFC 3339 (refuses the example on Aktify's page)",
            },
            '"ISO8601", example `2022-11-15T21:04:28-0600`; no profile chooses rfc3339',
            lenient="any",
        ),
        Ruling(
            "link",
            "http",
            {"http": "an absolute http or https URL", "any": "any text"},
            "the examples on Aktify's page are absolute URLs; the type is only string",
            lenient="any",
        ),
        Ruling(
            "links",
            "at-most-one",
            {
                "at-most-one": "a lead needs no link; both link and linkToShorten are refused, as documented",
                "exactly-one": "also refuse a lead without any link",
            },
            'Aktify\'s table requires neither, and says "one or the other must be provided"; no profile changes this',
        ),
        Ruling(
            "campaign-link",
            "note",
            {
                "note": "accept a lead without the link that its campaign sends, with a note",
                "refuse": "refuse it",
            },
            '"should be provided if"',
            strict="refuse",
        ),
        Ruling(
            "short-link",
            "sandbox",
            {"sandbox": "links start with the sandbox's address, so they can be opened"},
            "Aktify's two pages show different hosts; no profile changes this",
            free="url",
        ),
        Ruling(
            "metadata",
            "strings",
            {
                "strings": "an object with string values only",
                "coerce": "convert numbers and booleans to strings",
            },
            '"all values are strings"',
            lenient="coerce",
        ),
        Ruling(
            "null",
            "refuse",
            {"refuse": "refuse null", "absent": "treat null in an optional field as absent"},
            "Aktify's page gives the type as string and doesn't mention null",
            lenient="absent",
        ),
        Ruling(
            "empty-string",
            "refuse",
            {
                "refuse": "refuse it in phone, region, ZIP, e-mail, date, links; accept it in free text, with a note",
                "absent": "treat an empty string as absent",
                "keep": "keep an empty string in an optional field",
            },
            "undocumented; empty CSV cells are rarely intended",
            lenient="absent",
        ),
        Ruling(
            "unknown-property",
            "note",
            {"note": "leave it out of the answer, with a note", "refuse": "refuse the lead"},
            '"with whatever properties were accepted"',
            strict="refuse",
        ),
        Ruling(
            "text-length",
            "note",
            {"note": "accept more than 1,000 characters, with a note; a number refuses longer text"},
            "undocumented; --max-body limits the whole body",
            strict="1000",
            free="number",
        ),
        Ruling(
            "content-type",
            "json",
            {"json": "application/json, with any parameters", "any": "any content type"},
            '"(required)"',
            lenient="any",
        ),
        Ruling(
            "duplicate-json-key",
            "last",
            {"last": "the last one counts, with a note", "refuse": "refuse the lead"},
            "JSON parsers disagree about it",
            strict="refuse",
        ),
        Ruling(
            "trailing-slash",
            "refuse",
            {"refuse": "answer 404 with a hint", "accept": "serve /api/v1/leads/ too"},
            "undocumented",
            lenient="accept",
        ),
        Ruling(
            "key-namespaces",
            "on",
            {
                "on": "test-key.anything opens a separate campaign with the rules of test-key",
                "off": "test-key.anything is an unknown key",
            },
            "a feature of the sandbox for parallel tests; no profile changes this",
        ),
        Ruling(
            "fictional-only",
            "off",
            {
                "off": "accept any number",
                "on": "accept only 555-0100 to 555-0199, the range reserved for fiction",
            },
            "a protection of the sandbox: no real person's data in a test system",
        ),
    ]
)
"""Every ruling by its name, in the order of the fields."""

FORMER: Mapping[tuple[str, str], tuple[str, str] | None] = MappingProxyType(
    {
        ("both-links", "refuse"): ("links", "at-most-one"),
        ("external-created", "iso8601"): ("external-created", "extended"),
        ("region-or-zip", "one"): None,
    }
)
"""Names and values of earlier versions, and their current ones; None: the page decides, so there is nothing to
choose.
"""


def with_current_names(changes: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Choices with current names and values, and a notice for each that had an earlier one."""
    today: dict[str, str] = {}
    notices = []
    for name, value in changes.items():
        now = FORMER.get((name, value), (name, value))
        if now == (name, value):
            today[name] = value  # the current name wins when both are given
            continue
        meant = (
            f"is now called {'='.join(now)}"
            if now
            else "no longer exists, as Aktify's page decides. Fix: leave it out"
        )
        notices.append(f"The ruling {name}={value} {meant}.")
        if now:
            today.setdefault(*now)
    return today, notices


class Rulings(Mapping[str, str]):
    """The rulings in force: a value for every name. Hashable, so that rules are compiled once for each."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)
        self.changes = {name: value for name, value in values.items() if value != RULINGS[name].default}
        """The values that differ from the default."""
        self._hash = hash(frozenset(self.changes.items()))

    @classmethod
    def of(cls, profile: str = "default", changes: Mapping[str, str] = MappingProxyType({})) -> "Rulings":
        """A profile with these differences. Raises `RulingError`."""
        if profile not in PROFILES:
            raise RulingError("profile", f"Unknown profile “{profile}”.", _hint(profile, PROFILES))
        if not changes:
            return _unchanged(profile)
        today, _ = with_current_names(changes)
        for name, value in today.items():
            _check(name, value)
        return cls({**_unchanged(profile), **today})

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rulings) and self.changes == other.changes


def table_of(in_force: Mapping[str, str]) -> list[dict[str, Any]]:
    """Every ruling: its value in force, the possible values with their meanings, and its reason."""
    return [
        {
            "name": ruling.name,
            "value": in_force[ruling.name],
            "default": ruling.default,
            "values": list(ruling.values),
            "meanings": dict(ruling.values),
            "free": ruling.free,
            "reason": ruling.reason,
        }
        for ruling in RULINGS.values()
    ]


@functools.cache
def _unchanged(profile: str) -> Rulings:
    """An unmodified profile, cached because each campaign and key of a test asks for it."""
    return Rulings({name: ruling.in_profile(profile) for name, ruling in RULINGS.items()})


def _check(name: str, value: str) -> None:
    if name not in RULINGS:
        raise RulingError(name, f"Unknown ruling “{name}”.", _hint(name, tuple(RULINGS)))
    ruling = RULINGS[name]
    if not ruling.allows(value):
        meant = suggest(value, ruling.values)
        raise RulingError(
            name, f"Unknown value “{value}” of the ruling {name}.", f"{meant}Choose from: {ruling.allowed}."
        )


def _hint(found: str, allowed: tuple[str, ...]) -> str:
    return f"{suggest(found, allowed)}Choose from: {', '.join(allowed)}."
