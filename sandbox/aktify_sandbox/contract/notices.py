"""Notices about accepted leads. They are computed when an entry is read, so requests don't pay for them."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from . import dates
from .aliases import unknown_hint
from .body import has_bom, parse, repeated_names
from .phone import plain, without_extension
from .placeholders import is_placeholder
from .regions import region_of
from .schema import FIELDS, FREE_TEXT, ZIP_FORMS

if TYPE_CHECKING:
    from .lead import LeadRules


_LONG = 1_000


class Notice(NamedTuple):
    """One remark that Aktify's answer doesn't contain."""

    field: str
    message: str
    ruling: str | None


def notices(rules: "LeadRules", body: bytes, sent: Mapping[str, Any] | None = None) -> list[Notice]:
    """The notices about a body; empty if it can't be parsed. `sent` is the object in it, where that is known."""
    if sent is None:
        sent, _ = parse(body)
    return [] if sent is None else [*_bytes(rules, body), *notices_of(rules, sent)]


def notices_of(rules: "LeadRules", sent: Mapping[str, Any]) -> list[Notice]:
    """The notices about a lead, without those about its bytes."""
    looks = (
        _names(rules, sent),
        _phone(rules, sent),
        _region_and_zip(rules, sent),
        _date(rules, sent),
        _texts(rules, sent),
        _link(rules, sent),
    )
    return [notice for look in looks for notice in look]


def _bytes(rules: "LeadRules", body: bytes) -> Iterator[Notice]:
    if has_bom(body):
        yield Notice("", "The body begins with a byte order mark; strict JSON parsers refuse it.", None)
    if rules.rulings["duplicate-json-key"] == "refuse":
        return
    for name in repeated_names(body):
        yield Notice(
            name, "It appears more than once in the body; the last one counts.", "duplicate-json-key"
        )


def _names(rules: "LeadRules", sent: Mapping[str, Any]) -> Iterator[Notice]:
    if rules.rulings["unknown-property"] == "refuse":
        return
    for name in sent:
        if name not in FIELDS:
            yield Notice(
                name,
                f"Dropped without an error: Aktify documents no such field. {unknown_hint(name, sent)}",
                "unknown-property",
            )


def _phone(rules: "LeadRules", sent: Mapping[str, Any]) -> Iterator[Notice]:
    written = sent.get("phoneNumber")
    if not isinstance(written, str):
        return
    if rules.rulings["phone-spaces"] != "refuse" and written != written.strip(" "):
        yield Notice("phoneNumber", "It has spaces around it, which are ignored.", "phone-spaces")
    elif rules.rulings["phone-spaces"] == "any" and plain(written) != written:
        yield Notice("phoneNumber", "It has unusual spaces or dashes, which are ignored.", "phone-spaces")
    if rules.rulings["phone-extension"] == "drop" and without_extension(written):
        yield Notice("phoneNumber", "Its extension is ignored.", "phone-extension")


def _region_and_zip(rules: "LeadRules", sent: Mapping[str, Any]) -> Iterator[Notice]:
    zip_code, region = sent.get("zipCode"), sent.get("region")
    if not isinstance(zip_code, str) or not isinstance(region, str):
        return
    if not re.search(ZIP_FORMS[rules.rulings["zip-format"]], zip_code) or region.upper() not in rules.regions:
        return  # a refused value needs no notice
    found = region_of(zip_code)
    if found is None or found not in rules.regions:
        if rules.rulings["zip-unknown"] == "accept":
            yield Notice("zipCode", f"No allowed region uses ZIP codes like {zip_code}.", "zip-unknown")
    elif found != region.upper():
        kept = f"; {found} counts" if rules.rulings["region-zip-conflict"] == "zip" else ""
        yield Notice("region", f"{zip_code} is in {found}, not in {region}{kept}.", "region-zip-conflict")


def _date(rules: "LeadRules", sent: Mapping[str, Any]) -> Iterator[Notice]:
    written = sent.get("externalCreated")
    form = dates.PATTERNS[rules.rulings["external-created"]]
    if isinstance(written, str) and re.search(form, written) and dates.is_real(written):
        missing = dates.missing_in(written)
        if missing:
            yield Notice(
                "externalCreated", f"It {missing}, so the exact time is ambiguous.", "external-created"
            )


def _texts(rules: "LeadRules", sent: Mapping[str, Any]) -> Iterator[Notice]:
    for name, text in _texts_in(sent):
        if rules.rulings["text-length"] == "note" and len(text) > _LONG:
            yield Notice(name, f"It has {len(text):,} characters, unusually many for a lead.", "text-length")
        if name not in FIELDS or name in FREE_TEXT:
            yield from _placeholder(name, text)
    ruling = rules.rulings["empty-string"]
    for name in FREE_TEXT if ruling == "refuse" else FIELDS:
        if sent.get(name) == "" and ruling != "keep":
            absent = " and counts as absent" if ruling == "absent" else ""
            yield Notice(
                name,
                f"It is empty{absent}; leave the field out when there is no value.",
                "empty-string",
            )


def _placeholder(name: str, text: str) -> Iterator[Notice]:
    if is_placeholder(name, text):
        message = f"“{text[:60]}” looks like a missing value; leave the field out when there is no value."
        yield Notice(name, message, None)


def _texts_in(sent: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    metadata = sent.get("metadata")
    inside = metadata.items() if isinstance(metadata, dict) else ()
    pairs = [
        *((name, sent.get(name)) for name in FIELDS),
        *((f"metadata.{name}", each) for name, each in inside),
    ]
    return ((name, value) for name, value in pairs if isinstance(value, str))


def _link(rules: "LeadRules", sent: Mapping[str, Any]) -> Iterator[Notice]:
    wanted = rules.wanted_link
    if wanted and wanted not in sent:
        yield Notice(wanted, f"{wanted} is missing, although this campaign sends a link.", "campaign-link")
