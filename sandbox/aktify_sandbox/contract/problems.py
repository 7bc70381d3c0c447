"""Finds everything that is wrong with a lead: each problem has its field, a message and a hint."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from . import dates, page, phone
from .aliases import rename_hint, unknown_hint
from .body import Problem
from .regions import NAMES, REGIONS, allowing, region_of
from .rulings import Rulings
from .schema import FIELDS, declared, row, source_of
from .sources import documented, ruling
from .validators import SchemaError
from .wrapping import wrapped

EXAMPLE_EMAIL = "someone@example.com"
EXAMPLE_LINK = "https://www.aktify.com"

_LONGEST_SHOWN = 60
_HOST_FIRST = re.compile(
    rf"(?=.{{1,{_LONGEST_SHOWN}}}$)(?:[A-Za-z0-9-]+\.)+[A-Za-z]{{2,}}(?::[0-9]+)?(?:[/?#].*)?"
)
_LEAVE_OUT = "Leave the field out when there is no value."


class LeadProblems:
    """Collects one problem for each field's value: the one to fix first."""

    def __init__(
        self,
        rulings: Rulings,
        sent: Mapping[str, Any],
        lead: Mapping[str, Any],
        needed: Collection[str],
        fits: Callable[[str, str], bool],
    ) -> None:
        """`needed` are the required fields.

        `fits` says whether a field would accept a text; a hint suggests only those.
        """
        self._rulings = rulings
        self._sent = sent
        self._lead = lead
        self._needed = needed
        self._fits = fits
        self._problems: dict[tuple[str, str], Problem] = {}

    @property
    def wrong(self) -> frozenset[str]:
        """The fields whose values have a problem."""
        return frozenset(field for field, relation in self._problems if not relation)

    def add(self, problem: Problem, relation: str = "") -> None:
        """Keep a problem, unless its field already has one of this kind.

        `relation` names a kind of problem between fields, which is kept in addition to one with the field's own value.
        """
        if self._rulings["fictional-only"] == "on":
            problem = problem._replace(hint=problem.hint.replace(phone.EXAMPLE, phone.FICTIONAL_EXAMPLE))
        self._problems.setdefault((problem.field, relation), problem)

    def in_order(self) -> list[Problem]:
        """The problems in the page's order of fields: first the whole body; metadata values as they were sent."""
        order = {name: place for place, name in enumerate(("", *FIELDS))}
        metadata = self._sent.get("metadata")
        inside = {name: place for place, name in enumerate(metadata if isinstance(metadata, dict) else ())}

        def position(problem: Problem) -> tuple[int, int]:
            name, _, inner = problem.field.partition(".")
            return order.get(name, 99), inside.get(inner, -1)

        return sorted(self._problems.values(), key=position)

    def add_phone(self) -> None:
        """Report an invalid number that the schema may accept."""
        value = self._lead.get("phoneNumber")
        if isinstance(value, str) and "phoneNumber" not in self.wrong:
            self.add(self._wrong_phone(value))

    def add_both_links(self) -> None:
        """Report that both links are present. The schema's own `not` misses some, since the rulings change what it
        validates.
        """
        hint = "Send link to use the URL as it is, or linkToShorten to have Aktify shorten it."
        message = "link and linkToShorten can't be combined."
        self.add(Problem("link", message, hint, *documented(page.NOT_BOTH)), relation="links")

    def add_schema_error(self, error: SchemaError) -> None:
        """Report a schema error in words."""
        match error.keyword:
            case "required":
                self._missing_phone()
            case "anyOf":
                self._missing_place()
            case "oneOf":
                self._missing_link()
            case "additionalProperties":
                self._unknown()
            case "type":
                self.add(self._wrong_type(error.field, error.value, error.limit))
            case "maxLength" if error.field != "email":
                self.add(_too_long(error.field, error.value, error.limit))
            case _ if isinstance(error.value, str):  # otherwise the type is the problem
                self.add(self._wrong_form(error.field, error.value))

    # the body as a whole

    def _missing_phone(self) -> None:
        if self._is_wrapped:
            [(name, inner)] = self._sent.items()
            kind = "an array" if isinstance(inner, list) else "an object"
            hint = f"Send only what is inside {name}: one flat lead per request."
            self.add(
                Problem(
                    "",
                    f"The lead is wrapped in {kind} called {name}.",
                    hint,
                    *documented(row("phoneNumber")),
                )
            )
            return
        hint = rename_hint(self._sent, "phoneNumber") or f"Send phoneNumber, as in {phone.EXAMPLE}."
        self.add(Problem("phoneNumber", "phoneNumber is missing.", hint, *documented(row("phoneNumber"))))

    @property
    def _is_wrapped(self) -> bool:
        return len(self._sent) == 1 and all(
            isinstance(value, (dict, list)) and name not in FIELDS for name, value in self._sent.items()
        )

    def _missing_place(self) -> None:
        if self._is_wrapped:
            return
        hint = rename_hint(self._sent, "region", "zipCode")
        hint = hint or 'Send one of them, such as "region": "CA" or "zipCode": "90210".'
        message = "region or zipCode is required; both are missing."
        self.add(Problem("region", message, hint, *documented(page.REGION_OR_ZIP)))

    def _missing_link(self) -> None:
        if self._is_wrapped or ("link" in self._lead and "linkToShorten" in self._lead):
            return
        hint = "Send link to use the URL as it is, or linkToShorten to have Aktify shorten it."
        message = "link or linkToShorten is required; both are missing."
        self.add(Problem("link", message, hint, *ruling("links")))

    def _unknown(self) -> None:
        for name in self._sent:
            if name not in FIELDS:
                hint = unknown_hint(name, self._sent)
                message = "Aktify documents no such field."
                self.add(Problem(name, message, hint, *ruling("unknown-property")))

    # a field of the wrong type or form

    def _wrong_type(self, field: str, value: Any, wanted: str) -> Problem:
        if field.startswith("metadata."):
            message = f"It is {_kind(value)}; metadata values must be strings."
            return Problem(field, message, self._in_quotes(field, value), *documented(page.METADATA))
        if value is None:
            source = documented(row(field)) if field == "phoneNumber" else ruling("null")
            return Problem(field, "It is null.", self._instead_of_nothing(field), *source)
        message = f"It is {_kind(value)}, not {'an' if wanted == 'object' else 'a'} {wanted}."
        if wanted == "object":
            return Problem(field, message, 'Write it as {"name": "value"}.', *documented(page.METADATA))
        return Problem(field, message, self._in_quotes(field, value), *documented(row(field)))

    def _in_quotes(self, field: str, value: Any) -> str:
        if value is None:
            return "Write a string, or leave it out."
        if isinstance(value, (list, dict)):
            return "Write one string."
        text = _as_text(value)
        lost = self._lost_zero(text) if field == "zipCode" else None
        if lost:
            return f'Quote it: "{text:0>5}"{lost}.'
        if len(text) <= _LONGEST_SHOWN and self._fits(field, text):
            return f'Quote it: "{text}".'
        return self._moment(text) if field == "externalCreated" else self._example(field)

    def _lost_zero(self, text: str) -> str | None:
        """What to say of a ZIP code of a few digits, if it lost its zero: certain only where the region agrees."""
        if not re.fullmatch("[0-9]{1,4}", text) or not self._fits("zipCode", f"{text:0>5}"):
            return None
        region = self._lead.get("region")
        if not isinstance(region, str) or region.upper() not in NAMES:
            return " if a leading zero was lost"
        return "; a leading zero was lost" if region_of(f"{text:0>5}") == region.upper() else None

    def _instead_of_nothing(self, field: str) -> str:
        """What to do about a field that is null or empty."""
        if field in self._needed:
            return self._example(field)
        other = {"region": "zipCode", "zipCode": "region"}.get(field)
        if other and self._lead.get(other) in (None, ""):
            return f"{self._example(field)} Or send {other} instead."
        return _LEAVE_OUT

    def _example(self, field: str) -> str:
        match field:
            case "phoneNumber":
                return f"Write the phone number in quotes, as in {phone.EXAMPLE}."
            case "region":
                return "Write two capital letters in quotes, such as CA."
            case "zipCode":
                return "Write five digits in quotes, such as 90210."
            case "email":
                return f"Write it as in {EXAMPLE_EMAIL}."
            case "externalCreated":
                return f"Write it as in {dates.EXAMPLES[self._rulings['external-created']]}."
            case "link" | "linkToShorten":
                return f"Write the full URL, as in {EXAMPLE_LINK}."
            case _:
                return "Write one string."

    def _wrong_form(self, field: str, value: str) -> Problem:
        if value == "" and field != "phoneNumber":
            return Problem(field, "It is empty.", self._instead_of_nothing(field), *ruling("empty-string"))
        match field:
            case "phoneNumber":
                return self._wrong_phone(value)
            case "region":
                return self._wrong_region(value)
            case "zipCode":
                return self._wrong_zip(value)
            case "email":
                return self._wrong_email(value)
            case "externalCreated":
                return self._wrong_moment(value)
            case "link" | "linkToShorten":
                return self._wrong_link(field, value)
            case _:
                message = f"“{_cut(value)}” isn't a valid {field}."
                hint = f"Write it as in {declared(field)['examples'][0]}."
                return Problem(field, message, hint, *source_of(field))

    def _wrong_moment(self, value: str) -> Problem:
        hint = self._moment(value)
        if not dates.is_iso_8601(value):
            message = f"“{_cut(value)}” isn't an ISO 8601 date and time."
            return Problem("externalCreated", message, hint, *documented(page.CREATED))
        forms = {"extended": "the extended form on Aktify's page", "rfc3339": "the form of RFC 3339"}
        wanted = self._rulings["external-created"]
        message = f"“{_cut(value)}” is ISO 8601, but the sandbox accepts only {forms[wanted]}."
        return Problem("externalCreated", message, hint, *ruling("external-created"))

    def _moment(self, text: str) -> str:
        return dates.suggestion(text, self._rulings["external-created"])

    def _wrong_phone(self, value: str) -> Problem:
        found = phone.problem_with(value, lambda number: self._fits("phoneNumber", number))
        if value == "" and self._rulings["empty-string"] == "keep":  # a lead needs a number
            found = found._replace(source=documented(page.PHONE))
        return Problem("phoneNumber", found.message, found.hint, *found.source)

    def _wrong_region(self, value: str) -> Problem:
        field, meant = "region", _region_meant(value)
        message = f"“{_cut(value)}” isn't a US state code."
        if meant and meant not in REGIONS[self._rulings["regions"]]:
            hint = f"Send the code of a state, or {allowing(meant)}."
            return Problem(field, message, hint, *ruling("regions"))
        if meant and value.upper() == meant:
            case = "in lower case" if value.islower() else "not in capital letters"
            return Problem(field, f"“{value}” is {case}.", f"Write {meant}.", *ruling("region-case"))
        hint = f"Write {meant}." if meant else "Write two capital letters, such as CA."
        return Problem(field, message, hint, *documented(page.STATE_CODES))

    def _wrong_zip(self, value: str) -> Problem:
        message, meant = f"“{_cut(value)}” isn't a ZIP code.", [*_zips_meant(value)]
        right = next((f"{hint}{text}." for hint, text in meant if self._fits("zipCode", text)), None)
        lost = self._lost_zero(value) if len(value) > 2 else None
        right = f"Write {value:0>5}{lost}." if lost else right
        hint = "Write five digits, such as 90210."
        if re.fullmatch(r"(?i)[a-z][0-9][a-z] ?[0-9][a-z][0-9]", value):
            hint = "This is a Canadian postal code; use a US ZIP code."
        source = ruling("zip-format") if any(map(str.isdigit, value)) else documented(page.ZIP)
        return Problem("zipCode", message, right or hint, *source)

    def _wrong_email(self, value: str) -> Problem:
        hint, bare = f"Write it as in {EXAMPLE_EMAIL}.", value.strip()
        alone = re.fullmatch(r"(?:[^<>]*<|(?i:mailto:))([^<>\s]+)>?", value)
        if len(value) > 254:
            return Problem(
                "email",
                f"It has {len(value):,} characters.",
                "Send an address of at most 254 characters.",
                *ruling("email"),
            )
        if value != bare and self._fits("email", bare):
            hint = f"Remove the white space: {bare}."
        elif re.search(r"@\S+[,; ] *\S+@", value):
            hint = "Send one address."
        elif re.fullmatch(r"[^@\s]+@[A-Za-z0-9-]+", value):
            hint = f"Write the whole domain, as in {EXAMPLE_EMAIL}."
        elif alone and self._fits("email", alone[1]):
            hint = f"Send the address alone: write {alone[1]}."
        if "@" not in value:
            return Problem(
                "email", f"“{_cut(value)}” isn't an e-mail address.", hint, *documented(page.EMAIL)
            )
        return Problem(
            "email", f"“{_cut(value)}” isn't of the form local@domain.tld.", hint, *ruling("email")
        )

    def _wrong_link(self, field: str, value: str) -> Problem:
        hint = f"Write the full URL, as in {EXAMPLE_LINK}."
        if _HOST_FIRST.fullmatch(value) and self._fits(field, f"https://{value}"):
            hint = f"Put https:// before it: https://{value}."
        elif value != value.strip() and self._fits(field, value.strip()):
            hint = f"Remove the white space: {value.strip()}."
        elif re.match(r"(?i)https?://\S*\s", value):
            hint = "Remove the white space, or write it as %20 inside the URL."
        elif re.match(r"(?i)https?://[^/?#]*[\[\]:]", value):
            hint = "Write a host after :// and optionally a port up to 65535, as in http://127.0.0.1:8080/."
        return Problem(field, f"“{_cut(value)}” isn't an absolute http or https URL.", hint, *ruling("link"))


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    return "a string" if isinstance(value, str) else "an array" if isinstance(value, list) else "an object"


def _as_text(value: Any) -> str:
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)


def _cut(text: str) -> str:
    return f"{text[:_LONGEST_SHOWN]}…" if len(text) > _LONGEST_SHOWN else text


def _too_long(field: str, value: str, longest: int) -> Problem:
    is_own = declared(field).get("maxLength") == longest
    source = source_of(field) if is_own else ruling("text-length")
    return Problem(
        field, f"It has {len(value):,} characters.", f"Send at most {longest:,} characters.", *source
    )


_CODES = {full.lower(): code for code, full in NAMES.items()}


def _region_meant(value: str) -> str | None:
    """The code that a wrong region probably means."""
    plain = value.strip()
    name = plain.lower().rstrip(".")
    code = plain.upper().removeprefix("US-").removeprefix("US_").replace(".", "")
    by_name = _CODES.get(name)
    if by_name or code in NAMES:
        return by_name or code
    begun = [each for full, each in _CODES.items() if len(name) > 2 and full.startswith(name)]
    return begun[0] if len(begun) == 1 else None  # New and Miss begin several


def _zips_meant(value: str) -> Iterator[tuple[str, str]]:
    """What to do, and the ZIP code that a wrong one probably means."""
    around = wrapped(value.strip())
    if around:
        yield f"Remove “{around.wrapping}”. Write ", around.inner.strip()
    elif re.fullmatch("[0-9]{5} ?[0-9]{4}", value):
        yield "Write ", f"{value[:5]}-{value[-4:]}"
        yield "Write ", value[:5]
    elif re.fullmatch(r"[0-9]{3,5}\.0+", value):
        yield "A spreadsheet added “.0”: write ", f"{value.partition('.')[0]:0>5}"
    elif re.fullmatch(r"\s*[0-9]{5}(?:-[0-9]{4})?\s*", value):
        yield "Remove the white space: ", value.strip()
        yield "Write ", value.strip()[:5]
