"""Everything that is wrong with a lead, each with its field, a message, and what would be right."""

import json
import re
from collections.abc import Mapping
from typing import Any

from . import dates, phone
from .names import meant_by, unknown_hint
from .parsing import Problem
from .places import NAMES, STATES
from .rulings import Rulings
from .schema import FIELDS

_PATTERNED = ("phoneNumber", "region", "zipCode", "email", "externalCreated", "link", "linkToShorten")


class Complaints:
    """Collects one complaint for each field: the first that is found is the one to mend first."""

    def __init__(self, rulings: Rulings, sent: Mapping[str, Any], lead: Mapping[str, Any]) -> None:
        self._rulings = rulings
        self._sent = sent
        self._lead = lead
        self._problems: dict[str, Problem] = {}

    @property
    def wrong(self) -> frozenset[str]:
        """The fields that have a complaint."""
        return frozenset(self._problems)

    def add(self, problem: Problem) -> None:
        """Keep a complaint, unless its field has one."""
        self._problems.setdefault(problem.field, problem)

    def in_order(self) -> list[Problem]:
        """The complaints in the page's order of fields; what concerns the whole body first."""
        order = {name: place for place, name in enumerate(("", *FIELDS))}
        return sorted(
            self._problems.values(), key=lambda problem: order.get(problem.field.partition(".")[0], 99)
        )

    def add_phone(self) -> None:
        """The number isn't one, though the schema may have nothing against it."""
        value = self._lead.get("phoneNumber")
        if isinstance(value, str):
            found = phone.complaint(value)
            self.add(Problem("phoneNumber", *found))

    def add_schema_error(self, error: Any) -> None:
        """Translate an error of `jsonschema`."""
        field = ".".join(str(part) for part in error.absolute_path)
        match error.validator:
            case "required":
                self._missing_phone()
            case "anyOf":
                self._missing_place()
            case "not":
                self._both_links()
            case "additionalProperties":
                self._unknown()
            case "type":
                self.add(self._wrong_type(field, error.instance, error.validator_value))
            case "maxLength" if field != "email":
                self.add(_too_long(field, error.instance, error.validator_value))
            case _ if isinstance(error.instance, str):  # if it isn't a text, its type is the complaint
                self.add(self._wrong_form(field, error.instance))

    # the body as a whole

    def _missing_phone(self) -> None:
        if self._is_wrapped:
            [(name, inner)] = self._sent.items()
            kind = "an array" if isinstance(inner, list) else "an object"
            hint = f"One flat lead per request: send what is inside {name}."
            self.add(Problem("", f"The lead is wrapped in {kind} called {name}.", hint, None))
            return
        other = next(
            (name for name in self._sent if meant_by(name) == "phoneNumber" and name != "phoneNumber"), None
        )
        hint = (
            f"This endpoint calls it phoneNumber: rename {other}."
            if other
            else "Every lead has a phone number."
        )
        self.add(Problem("phoneNumber", "phoneNumber is missing.", hint, None))

    @property
    def _is_wrapped(self) -> bool:
        return len(self._sent) == 1 and all(isinstance(value, (dict, list)) for value in self._sent.values())

    def _missing_place(self) -> None:
        if self._is_wrapped:
            return
        other = next(
            (name for name in self._sent if meant_by(name) in ("region", "zipCode") and name not in FIELDS),
            None,
        )
        hint = 'Send one of them, such as "region": "CA" or "zipCode": "90210".'
        if other:
            hint = f"This endpoint calls it {meant_by(other)}: rename {other}."
        self.add(Problem("region", "region or zipCode is required; both are missing.", hint, "region-or-zip"))

    def _both_links(self) -> None:
        hint = "Send link to have it sent as it is, or linkToShorten to have it shortened."
        self.add(Problem("link", "link and linkToShorten exclude each other.", hint, "both-links"))

    def _unknown(self) -> None:
        for name in self._sent:
            if name not in FIELDS:
                self.add(
                    Problem(
                        name, "The page has no field of this name.", unknown_hint(name), "unknown-property"
                    )
                )

    # a field of the wrong type or form

    def _wrong_type(self, field: str, value: Any, wanted: str) -> Problem:
        if value is None:
            return Problem(field, "It is null.", "Leave the field out when there is nothing to say.", "null")
        message = f"It is {_kind(value)}; the page's type is {wanted}."
        if field.startswith("metadata."):
            return Problem(
                field,
                f"It is {_kind(value)}; all values of metadata are strings.",
                _quoted(value),
                "metadata",
            )
        if wanted == "object":
            return Problem(field, message, 'Write it as {"name": "value"}.', None)
        if field == "zipCode" and isinstance(value, int) and not isinstance(value, bool):
            text = f"{value:05d}" if 0 <= value < 100_000 else str(value)
            lost = "a leading zero was lost: " if 0 <= value < 10_000 else ""
            return Problem(field, message, f'Write it in quotes; {lost}"{text}".', None)
        return Problem(
            field, message, _quoted(value), "phone-number-type" if _is_number(field, value) else None
        )

    def _wrong_form(self, field: str, value: Any) -> Problem:
        if value == "" and field in _PATTERNED:
            return Problem(
                field, "It is empty.", "Leave the field out when there is nothing to say.", "empty-string"
            )
        match field:
            case "phoneNumber":
                return Problem(field, *phone.complaint(value))
            case "region":
                return _region(value, self._rulings)
            case "zipCode":
                return _zip(value)
            case "email":
                return _email(value)
            case "externalCreated":
                hint = dates.suggestion(value)
                return Problem(
                    field, f"“{_cut(value)}” isn't a moment in ISO 8601.", hint, "external-created"
                )
            case _:
                return _link(field, value)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    return "a string" if isinstance(value, str) else "an array" if isinstance(value, list) else "an object"


def _is_number(field: str, value: Any) -> bool:
    return field == "phoneNumber" and isinstance(value, (int, float)) and not isinstance(value, bool)


def _quoted(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = json.dumps(value, ensure_ascii=False)
    return f'Quote it: "{_cut(text)}".' if not isinstance(value, (list, dict)) else "Write one string."


def _cut(text: str) -> str:
    return f"{text[:60]}…" if len(text) > 60 else text


def _too_long(field: str, value: str, longest: int) -> Problem:
    return Problem(
        field, f"It has {len(value):,} characters.", f"At most {longest:,} are taken here.", "text-length"
    )


def _region(value: str, rulings: Rulings) -> Problem:
    field, plain = "region", value.strip()
    code = plain.upper().removeprefix("US-").removeprefix("US_")
    by_name = next((c for c, name in NAMES.items() if name.lower() == plain.lower().rstrip(".")), None)
    message = f"“{_cut(value)}” isn't a US state code."
    if plain in NAMES and plain not in STATES and plain == value:
        hint = f"{NAMES[plain]} is no region here; the ruling `regions` is {rulings['regions']}."
        return Problem(field, message, hint, "regions")
    if code in NAMES and code == plain.upper() and value == plain:
        return Problem(field, f"“{value}” is in lower case.", f"Write {code}.", "region-case")
    if code in NAMES or by_name:
        return Problem(field, message, f"Write {by_name or code}.", None)
    close = next(
        (
            c
            for c, name in STATES.items()
            if len(plain) > 2 and name.lower().startswith(plain.lower().rstrip("."))
        ),
        None,
    )
    return Problem(
        field, message, f"Write {close}." if close else "Write two capital letters, such as CA.", None
    )


def _zip(value: str) -> Problem:
    digits = re.sub(r"[^0-9]", "", value.partition(".")[0])
    hint = "Write five digits, such as 90210."
    if re.fullmatch(r"[0-9]{3,4}", value):
        hint = f"A leading zero was lost: {value:0>5}."
    elif re.fullmatch(r"[0-9]{9}", value):
        hint = f"Write {value[:5]}-{value[5:]} or {value[:5]}."
    elif re.fullmatch(r"[0-9]{3,5}\.0+", value):
        hint = f"A spreadsheet added “.0”: write {digits:0>5}."
    elif re.fullmatch(r"[0-9]{5}-[0-9]{4}", value):
        hint = f"Write {value[:5]}."
    elif re.fullmatch(r"\s*[0-9]{5}(?:-[0-9]{4})?\s*", value):
        hint = f"Take out the white space: {value.strip()}."
    elif re.fullmatch(r"(?i)[a-z][0-9][a-z] ?[0-9][a-z][0-9]", value):
        hint = "That is Canadian; a lead's ZIP code is in the US."
    return Problem("zipCode", f"“{_cut(value)}” isn't a ZIP code.", hint, "zip-format")


def _email(value: str) -> Problem:
    hint = "Write it as in someone@example.com."
    if len(value) > 254:
        return Problem("email", f"It has {len(value):,} characters.", "An address has 254 at most.", "email")
    if value != value.strip():
        hint = f"Take out the white space: {value.strip()}."
    elif re.search(r"[,;] *\S+@", value):
        hint = "Send one address."
    elif re.fullmatch(r"[^@\s]+@[^@.\s]+", value):
        hint = "The domain has no dot: someone@example.com."
    elif "<" in value:
        hint = "Leave out the name: someone@example.com."
    return Problem("email", f"“{_cut(value)}” isn't an e-mail address.", hint, "email")


def _link(field: str, value: str) -> Problem:
    hint = "Write the whole of it, as in https://www.aktify.com."
    if re.match(r"(?:www\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:[/?#]|$)", value):
        hint = f"Put https:// before it: https://{_cut(value)}."
    elif re.match(r"https?://", value) and re.search(r"\s", value):
        hint = "Take out the white space (inside, write it as %20)."
    return Problem(field, f"“{_cut(value)}” isn't an absolute http or https URL.", hint, "link")
