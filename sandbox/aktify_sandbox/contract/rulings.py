"""The points on which the vendor's page is silent: what the sandbox rules there, what else could be ruled, and why.

Principle: what the page shows is accepted; where it is silent, the sloppy form is refused with an explanation. None of
this is the vendor's word, so every refusal by one names it.
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
    """One silent point."""

    name: str
    default: str
    values: Mapping[str, str]
    """Each word that may be chosen, and what it means."""
    reason: str
    lenient: str = ""
    """The most forgiving value; empty: the default."""
    strict: str = ""
    """The least forgiving value; empty: the default."""
    free: str | None = None
    """What may stand beside the words: a `number` or a `url`."""

    def in_profile(self, profile: str) -> str:
        """The value that a profile chooses."""
        return {"lenient": self.lenient, "strict": self.strict}.get(profile) or self.default

    def allows(self, value: str) -> bool:
        """Whether the value may be chosen."""
        return value in self.values or bool(self.free and _FREE[self.free].fullmatch(value))

    @property
    def allowed(self) -> str:
        """What may be chosen, in words."""
        free = {"number": "a number from 1 to 9999999", "url": "a url"}
        return ", ".join([*self.values, *([free[self.free]] if self.free else [])])


def _table(rulings: Iterable[Ruling]) -> Mapping[str, Ruling]:
    return MappingProxyType({ruling.name: ruling for ruling in rulings})


RULINGS: Mapping[str, Ruling] = _table(
    [
        Ruling(
            "phone-format",
            "nanp",
            {
                "nanp": "an optional +1 or 1, then ten digits of the North American plan; ` ().-/` may stand anywhere",
                "libphonenumber": "only what libphonenumber calls a valid number",
            },
            "regions are US states; refuses none of the 456 assigned area codes",
            strict="libphonenumber",
        ),
        Ruling(
            "phone-extension",
            "refuse",
            {
                "refuse": "a number with an extension is refused",
                "drop": "the extension is ignored, with a note",
            },
            "an extension is not a text-message target",
            lenient="drop",
        ),
        Ruling(
            "phone-spaces",
            "trim",
            {
                "trim": "ordinary spaces around a number are ignored, with a note",
                "any": "no-break spaces, tabs and dashes of all kinds are ignored too, with a note",
                "refuse": "spaces around a number are refused",
            },
            "CRM exports have them",
            lenient="any",
            strict="refuse",
        ),
        Ruling(
            "phone-number-type",
            "refuse",
            {"refuse": "a JSON number is refused", "coerce": "a JSON number is read as its digits"},
            "the page's type is string",
            lenient="coerce",
        ),
        Ruling(
            "phone-echo",
            "as-sent",
            {"as-sent": "a 201 says the number as it was sent", "e164": "a 201 says it as +15095551234"},
            "the example on Aktify's page about link shortening gives it back as sent; no profile changes it",
        ),
        Ruling(
            "duplicate-by",
            "e164",
            {
                "e164": "two spellings of one number are a duplicate",
                "as-written": "only the same spelling is a duplicate",
            },
            "Aktify's webhooks know a lead by its E.164 number; no profile changes it",
        ),
        Ruling(
            "regions",
            "states-and-dc",
            {
                "states-and-dc": "the 50 states and DC",
                "states": "the 50 states",
                "usps": "also PR VI GU AS MP FM MH PW AA AE AP",
            },
            '"US state codes"; ZIP codes 200xx must map to something',
            lenient="usps",
            strict="states",
        ),
        Ruling(
            "region-case",
            "refuse",
            {"refuse": "`ca` is refused", "accept": "`ca` is accepted and comes back as sent"},
            "lower case is undocumented; names and `US-CA` are always refused",
            lenient="accept",
        ),
        Ruling(
            "zip-format",
            "plus-four",
            {"plus-four": "five digits, or ZIP+4 with a hyphen", "five": "five digits only"},
            "ZIP+4 is a ZIP code",
            strict="five",
        ),
        Ruling(
            "zip-unknown",
            "refuse",
            {
                "refuse": "a ZIP code that no region in force uses is refused",
                "accept": "it is accepted, with a note, when a region is given",
            },
            '"Will be used to determine region"',
            lenient="accept",
        ),
        Ruling(
            "region-zip-conflict",
            "note",
            {
                "note": "accepted as sent, with a note",
                "zip": "the ZIP code's region replaces the one that was sent, with a note",
                "refuse": "refused",
            },
            "undocumented; the page's own example mixes 509, CA and 90210",
            strict="refuse",
        ),
        Ruling(
            "region-from-zip",
            "include",
            {"include": "a 201 says the ZIP code's region when none was sent", "omit": "it doesn't"},
            '"Will be used to determine region"; uncertain, so a client must not rely on it; no profile changes it',
        ),
        Ruling(
            "email",
            "syntax",
            {
                "syntax": "local@domain.tld, at most 254 characters",
                "email-validator": "what email-validator accepts, without DNS",
            },
            "the page only says string; nothing is looked up",
            strict="email-validator",
        ),
        Ruling(
            "external-created",
            "extended",
            {
                "extended": "date and time with Z, ±HH, ±HHMM or ±HH:MM; no offset, or a date alone: with a note",
                "any": "every date and time of ISO 8601: also basic, week, ordinal, and a comma for the point",
                "rfc3339": "date, time and offset as RFC 3339 wants them (refuses the page's own example)",
            },
            '"ISO8601", example `2022-11-15T21:04:28-0600`; no profile chooses rfc3339',
            lenient="any",
        ),
        Ruling(
            "link",
            "http",
            {"http": "an absolute http or https URL", "any": "any text"},
            "the page's examples are absolute URLs; it says no more than string",
            lenient="any",
        ),
        Ruling(
            "links",
            "at-most-one",
            {
                "at-most-one": "a lead may have no link; link and linkToShorten together are the page's own refusal",
                "exactly-one": "a lead without a link is refused too",
            },
            'the table says that neither is required, and "one or the other must be provided"; no profile changes it',
        ),
        Ruling(
            "campaign-link",
            "note",
            {
                "note": "a lead without the link that its campaign sends is accepted with a note",
                "refuse": "it is refused",
            },
            '"should be provided if"',
            strict="refuse",
        ),
        Ruling(
            "short-link",
            "sandbox",
            {"sandbox": "the sandbox's own address, so that the link can be opened"},
            "the hosts differ between this page and the one about link shortening; no profile changes it",
            free="url",
        ),
        Ruling(
            "metadata",
            "strings",
            {
                "strings": "an object whose values are all strings",
                "coerce": "numbers and booleans become strings",
            },
            '"all values are strings"',
            lenient="coerce",
        ),
        Ruling(
            "null",
            "refuse",
            {"refuse": "null is refused", "absent": "null for an optional field counts as absent"},
            "the page's type is string, and it doesn't mention null",
            lenient="absent",
        ),
        Ruling(
            "empty-string",
            "refuse",
            {
                "refuse": "refused in phone, region, ZIP, e-mail, date and links; accepted with a note in free text",
                "absent": "an empty string counts as absent",
                "keep": "an empty string is kept where the field is optional",
            },
            "undocumented; an empty cell of a CSV is rarely meant",
            lenient="absent",
        ),
        Ruling(
            "unknown-property",
            "note",
            {"note": "left out of the answer, with a note", "refuse": "refused"},
            '"with whatever properties were accepted"',
            strict="refuse",
        ),
        Ruling(
            "text-length",
            "note",
            {"note": "more than 1,000 characters are accepted with a note; a number refuses more than that"},
            "undocumented; the limit of the body bounds it anyway",
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
            {"last": "the last one wins, with a note", "refuse": "refused"},
            "JSON parsers differ",
            strict="refuse",
        ),
        Ruling(
            "trailing-slash",
            "refuse",
            {"refuse": "404 with a hint", "accept": "/api/v1/leads/ is served too"},
            "undocumented",
            lenient="accept",
        ),
        Ruling(
            "key-namespaces",
            "on",
            {
                "on": "test-key.anything opens a campaign of its own with the rules of test-key",
                "off": "it is an unknown key",
            },
            "not a reading of the page but a help for parallel tests; no profile changes it",
        ),
        Ruling(
            "fictional-only",
            "off",
            {"off": "any number", "on": "only 555-0100 to 555-0199, the range reserved for fiction"},
            "not a reading of the page but our own protection: no real person's data in a test system",
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
"""Names and values of earlier versions, and today's; None: the page decides, so there is nothing to choose."""


def with_current_names(changes: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Choices with today's names and values, and a notice for each that had an earlier one."""
    today: dict[str, str] = {}
    notices = []
    for name, value in changes.items():
        now = FORMER.get((name, value), (name, value))
        if now == (name, value):
            today[name] = value  # today's name counts where both are given
            continue
        meant = f"is called {'='.join(now)} now" if now else "is decided by the page: leave it out"
        notices.append(f"The ruling {name}={value} {meant}.")
        if now:
            today.setdefault(*now)
    return today, notices


class Rulings(Mapping[str, str]):
    """The rulings in force: a value for every name. Hashable, so that rules are compiled once for each."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)
        self.changes = {name: value for name, value in values.items() if value != RULINGS[name].default}
        """What differs from the default."""
        self._hash = hash(frozenset(self.changes.items()))

    @classmethod
    def of(cls, profile: str = "default", changes: Mapping[str, str] = MappingProxyType({})) -> "Rulings":
        """A profile and what differs from it. Raises `RulingError`."""
        if profile not in PROFILES:
            raise RulingError("profile", f"There is no profile {profile}.", _hint(profile, PROFILES))
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
    """Every ruling: its value in force, the values that it may have, and its reason."""
    return [
        {
            "name": ruling.name,
            "value": in_force[ruling.name],
            "default": ruling.default,
            "values": list(ruling.values),
            "free": ruling.free,
            "reason": ruling.reason,
        }
        for ruling in RULINGS.values()
    ]


@functools.cache
def _unchanged(profile: str) -> Rulings:
    """A profile as it is: each campaign of a test, and each key in it, asks for it."""
    return Rulings({name: ruling.in_profile(profile) for name, ruling in RULINGS.items()})


def _check(name: str, value: str) -> None:
    if name not in RULINGS:
        raise RulingError(name, f"There is no ruling {name}.", _hint(name, tuple(RULINGS)))
    ruling = RULINGS[name]
    if not ruling.allows(value):
        meant = suggest(value, ruling.values)
        raise RulingError(name, f"{name} can't be {value}.", f"{meant}Allowed: {ruling.allowed}.")


def _hint(found: str, allowed: tuple[str, ...]) -> str:
    return f"{suggest(found, allowed)}Allowed: {', '.join(allowed)}."
