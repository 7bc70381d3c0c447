"""Reads a lead: from the bytes of a body to the accepted lead, or to everything that is wrong with it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import dates, page
from .body import Problem, parse, repeated_names
from .notices import Notice, notices, notices_of
from .phone import FICTIONAL_EXAMPLE, identity, is_fictional, libphonenumber, plain, without_extension
from .problems import EXAMPLE_EMAIL, EXAMPLE_LINK, LeadProblems
from .regions import NAMES, REGIONS, allowing, region_of
from .rulings import Rulings
from .schema import FIELDS, RESPONSE_ORDER, accepts, errors_in, lead_schema
from .sources import LIMIT, documented, http, ruling
from .validators import Engine, validator_for

__all__ = ["LeadRules", "Notice", "Problem", "Reading", "identity"]

Lead = dict[str, Any]

_JSON = "Send it with the header content-type: application/json."


@dataclass(slots=True)
class Reading:
    """The result of reading a body."""

    phone: str | None
    """E.164, if the phone number is valid, even if other fields are wrong."""
    lead: Lead | None
    """The content of the 201 in the page's order, without a link that is still to be shortened."""
    long_url: str | None
    """The `linkToShorten`."""
    problems: tuple[Problem, ...]
    sent: Lead | None = None
    """The body as it was sent, if it is an object."""
    identity: str | None = None
    """What makes another lead a duplicate of this one: see `identity_of`."""


class LeadRules:
    """The rules of a campaign, compiled once for its rulings and its kind."""

    def __init__(self, rulings: Rulings, link: str = "optional", engine: Engine = validator_for) -> None:
        """`link` is the kind of the campaign: `optional`, `link` or `tracking`; `engine` validates the schema."""
        self.rulings = rulings
        self.link = link
        self.wanted_link = {"link": "link", "tracking": "linkToShorten"}.get(link)
        self.needs_link = self.wanted_link is not None and rulings["campaign-link"] == "refuse"
        self.regions = frozenset(REGIONS[rulings["regions"]])
        self._engine = engine
        self._accepts = accepts(rulings, engine)
        self._identify = identity if rulings["phone-format"] == "nanp" else libphonenumber()
        self._email = _email_validator() if rulings["email"] != "syntax" else None
        changing = ("null", "empty-string", "phone-number-type", "metadata", "phone-extension")
        self._prepares = any(name in rulings.changes for name in changing)
        self._drops_extensions = rulings["phone-extension"] == "drop"
        self._takes_any_space = rulings["phone-spaces"] == "any"
        self._echoes_e164 = rulings["phone-echo"] == "e164"
        self._compares_spelling = rulings["duplicate-by"] == "as-written"
        self._drops_empty = rulings["empty-string"] == "keep"
        self._refuses_repeats = rulings["duplicate-json-key"] == "refuse"
        self._objects_to_any = rulings["fictional-only"] == "on" or self.needs_link
        """Whether every lead needs checks beyond the schema; otherwise only a lead with one of `_objects_to`."""
        self._objects_to = {"zipCode", "externalCreated", *(["email"] if self._email else [])}

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema in force."""
        return lead_schema(self.rulings)

    # called for every request

    def read(self, body: bytes, content_type: bytes | None, content_encoding: bytes | None) -> Reading:
        """Read a body. Never raises."""
        if content_type != b"application/json" or content_encoding is not None:
            problem = self._wrong_kind(content_type, content_encoding)
            if problem:
                return Reading(None, None, None, (problem,))
        sent, problem = parse(body)
        if sent is None:
            return Reading(None, None, None, (problem,) if problem else ())
        lead = self.prepared(sent) if self._prepares else sent
        checked = self._checked(lead)
        phone = self.number_in(checked.get("phoneNumber"))
        if phone is None or not self._accepts(checked) or self._says_no(body, sent, checked, phone):
            return Reading(phone, None, None, tuple(self._problems(body, sent, checked, phone)), sent)
        accepted = self._accepted(lead, checked, phone)
        same = self.identity_of(phone, checked["phoneNumber"])
        return Reading(phone, accepted, checked.get("linkToShorten"), (), sent, same)

    def _says_no(self, body: bytes, sent: Lead, checked: Lead, phone: str) -> bool:
        if self._has_both_links(sent):
            return True
        if self._objects_to_any or not self._objects_to.isdisjoint(checked):
            for _ in self._beyond_the_schema(checked, phone):
                return True
        return self._refuses_repeats and bool(repeated_names(body))

    def _accepted(self, lead: Lead, checked: Lead, phone: str) -> Lead:
        accepted = {name: lead[name] for name in RESPONSE_ORDER if name in lead}
        if self._echoes_e164:
            accepted["phoneNumber"] = phone
        if "zipCode" in checked:
            self._add_region(accepted, checked)
        return accepted

    def _add_region(self, accepted: Lead, checked: Lead) -> None:
        found = region_of(checked["zipCode"])
        absent = not accepted.get("region")
        if found and (
            self.rulings["region-from-zip"] == "include"
            if absent
            else self.rulings["region-zip-conflict"] == "zip"
        ):
            again = {**accepted, "region": found}
            accepted.clear()
            accepted.update({name: again[name] for name in RESPONSE_ORDER if name in again})

    # rules that a schema can't express

    def number_in(self, written: Any) -> str | None:
        """The E.164 number, according to the rulings in force."""
        if type(written) is not str:
            return None
        if self._takes_any_space:
            written = plain(written)
        if self._drops_extensions:
            written = without_extension(written) or written
        return self._identify(written)

    def identity_of(self, phone: str, written: str) -> str:
        """What makes another lead its duplicate: the number, or by `duplicate-by` also its spelling."""
        return f"{phone} {written}" if self._compares_spelling else phone

    def _has_both_links(self, sent: Lead) -> bool:
        """Judged by what was sent: an empty link counts too, even where it is treated as absent. Only null doesn't."""
        return (
            "link" in sent
            and "linkToShorten" in sent
            and not (
                self.rulings["null"] == "absent" and (sent["link"] is None or sent["linkToShorten"] is None)
            )
        )

    def _beyond_the_schema(
        self, lead: Lead, phone: str | None, wrong: frozenset[str] = frozenset()
    ) -> Iterator[Problem]:
        """Problems with fields whose form is right (`wrong` has the others)."""
        if phone and self.rulings["fictional-only"] == "on" and not is_fictional(phone):
            yield Problem(
                "phoneNumber",
                "Only fictional numbers are accepted.",
                f"Use a number from 555-0100 to 555-0199, as in {FICTIONAL_EXAMPLE}.",
                *ruling("fictional-only"),
            )
        if "zipCode" in lead and "zipCode" not in wrong:
            yield from self._region_and_zip(lead, wrong)
        if (
            "externalCreated" in lead
            and "externalCreated" not in wrong
            and not dates.is_real(lead["externalCreated"])
        ):
            hint = "Write a date that exists."
            yield Problem(
                "externalCreated",
                f"{lead['externalCreated'][:10]} doesn't exist.",
                hint,
                *documented(page.CREATED),
            )
        if self._email and "email" in lead and "email" not in wrong:
            yield from self._email(lead["email"])
        if self.needs_link and self.wanted_link not in lead:
            yield _missing_link(self.wanted_link or "", lead)

    def _region_and_zip(self, lead: Lead, wrong: frozenset[str]) -> Iterator[Problem]:
        zip_code, region = lead["zipCode"], lead.get("region")
        found = region_of(zip_code)
        if found is None or found not in self.regions:
            if self.rulings["zip-unknown"] == "refuse" or region is None:
                yield _unknown_zip(zip_code, found, self.rulings["zip-unknown"])
        elif (
            self.rulings["region-zip-conflict"] == "refuse"
            and region
            and "region" not in wrong
            and found != region.upper()
        ):
            hint = f"{zip_code} is in {found}: correct one of the two."
            yield Problem(
                "region",
                f"{region} doesn't match the ZIP code {zip_code}.",
                hint,
                *ruling("region-zip-conflict"),
            )

    # problems in words

    def _wrong_kind(self, content_type: bytes | None, content_encoding: bytes | None) -> Problem | None:
        if content_encoding is not None and content_encoding.strip().lower() not in (b"", b"identity"):
            return _wrong_coding(content_encoding.decode("latin-1").strip())
        kind = (content_type or b"").decode("latin-1").partition(";")[0].strip()
        if kind.lower() == "application/json" or self.rulings["content-type"] == "any":
            return None
        return Problem("", f"The content type is {kind or 'missing'}.", _JSON, *documented(page.CONTENT_TYPE))

    def _problems(self, body: bytes, sent: Lead, checked: Lead, phone: str | None) -> list[Problem]:
        needed = {"phoneNumber", *([self.wanted_link] if self.wanted_link and self.needs_link else [])}
        problems = LeadProblems(self.rulings, sent, checked, needed, self.fits)
        for error in errors_in(self.rulings, checked, self._engine):
            problems.add_schema_error(error)
        if phone is None:
            problems.add_phone()
        if self._has_both_links(sent):
            problems.add_both_links()
        for problem in self._beyond_the_schema(checked, phone, problems.wrong):
            problems.add(problem)
        if self.rulings["duplicate-json-key"] == "refuse":
            for name in repeated_names(body):
                hint = "Send each name once: JSON parsers disagree about which one counts."
                message = "It appears more than once in the body."
                problem = Problem(name, message, hint, *ruling("duplicate-json-key"))
                problems.add(problem, relation="names")
        return problems.in_order()

    def fits(self, field: str, text: str) -> bool:
        """Whether the field would be valid with this text, so that a hint may suggest it."""
        name, _, inner = field.partition(".")
        place = {} if name == "zipCode" else {"region": "CA"}
        needed = self.rulings["links"] == "exactly-one" and name not in ("link", "linkToShorten")
        link = {"link": EXAMPLE_LINK} if needed else {}
        lead = {"phoneNumber": FICTIONAL_EXAMPLE, **place, **link, name: {inner: text} if inner else text}
        phone = self.number_in(lead["phoneNumber"])
        if phone is None or not self._accepts(lead):
            return False
        return all(problem.field != field for problem in self._beyond_the_schema(lead, phone))

    # rulings that change a lead

    def prepared(self, sent: Lead) -> Lead:
        """The lead without what the rulings drop, and with what they convert to strings."""
        lead = {}
        for name, value in sent.items():
            if name in FIELDS and self._counts_as_absent(name, value):
                continue
            lead[name] = self._coerced(name, value)
        return lead

    def _counts_as_absent(self, name: str, value: Any) -> bool:
        if value is None:
            return name != "phoneNumber" and self.rulings["null"] == "absent"
        return value == "" and self.rulings["empty-string"] == "absent"

    def _coerced(self, name: str, value: Any) -> Any:
        if (
            name == "phoneNumber"
            and self.rulings["phone-number-type"] == "coerce"
            and type(value) in (int, float)
        ):
            return str(int(value)) if value == int(value) else value
        if name == "metadata" and self.rulings["metadata"] == "coerce" and type(value) is dict:
            return {key: json.dumps(v) if type(v) in (int, float, bool) else v for key, v in value.items()}
        return value

    def _checked(self, lead: Lead) -> Lead:
        if not self._drops_empty or "" not in lead.values():
            return lead
        return {
            name: value
            for name, value in lead.items()
            if value != "" or name == "phoneNumber" or name not in FIELDS
        }

    # notices

    def notices(self, body: bytes, sent: Lead | None = None) -> list[Notice]:
        """What was or would be accepted but deserves a notice; empty if the body can't be parsed.

        `sent` is the object in it, where that is known: see `Reading`.
        """
        return notices(self, body, sent)

    def notices_of(self, sent: Lead) -> list[Notice]:
        """The same for a lead that the sandbox writes as JSON itself."""
        return notices_of(self, sent)


_CHARSET = re.compile(
    r"(?i)utf-?(?:7|8|16|32)(?:-?[lb]e)?|(?:us-)?ascii|iso[-_]?8859-[0-9]+|latin-?[0-9]+|windows-[0-9]+|cp[0-9]+"
)
_COMPRESSION = re.compile(r"(?i)(?:(?:x-)?(?:gzip|compress)|deflate|br|zstd|dcb|dcz)(?: *, *[\w-]+)*")


def _wrong_coding(name: str) -> Problem:
    if _COMPRESSION.fullmatch(name):
        message = f"The body is compressed (Content-Encoding: {name})."
        return Problem("", message, "Send it uncompressed, without the Content-Encoding header.", *LIMIT)
    kind = "a charset" if _CHARSET.fullmatch(name) else None
    kind = kind or ("a transfer coding" if name.lower() == "chunked" else None)
    kind = kind or ("a content type" if re.fullmatch(r"[\w.+-]+/[\w.+-]+.*", name) else None)
    message = f"Content-Encoding is {name[:60]}, which is {kind or 'an unknown content coding'}."
    return Problem(
        "", message, "Leave the Content-Encoding header out.", *(http("RFC 9110, 8.4") if kind else LIMIT)
    )


def _missing_link(wanted: str, lead: Lead) -> Problem:
    other = "link" if wanted == "linkToShorten" else "linkToShorten"
    hint = f"Send it instead of {other}." if other in lead else f"Add it, as in {EXAMPLE_LINK}."
    return Problem(
        wanted, f"{wanted} is missing: this campaign sends a link.", hint, *ruling("campaign-link")
    )


def _unknown_zip(zip_code: str, found: str | None, unknown: str) -> Problem:
    if found is None:
        hint = "Check its first three digits" + (", or send region too." if unknown == "accept" else ".")
        return Problem("zipCode", f"No region uses ZIP codes like {zip_code}.", hint, *ruling("zip-unknown"))
    hint = f"Send the ZIP code of a state, or {allowing(found)}."
    return Problem(
        "zipCode",
        f"{zip_code} is in {found} ({NAMES[found]}), which isn't a region here.",
        hint,
        *ruling("zip-unknown"),
    )


def _email_validator() -> Any:
    """Checks addresses with email-validator; loaded only if the ruling is in force."""
    from email_validator import EmailNotValidError, validate_email

    def check(address: str) -> Iterator[Problem]:
        try:
            validate_email(address, check_deliverability=False)
        except EmailNotValidError as error:
            yield Problem(
                "email",
                f"“{address}” isn't valid: {error}",
                f"Write it as in {EXAMPLE_EMAIL}.",
                *ruling("email"),
            )

    return check
