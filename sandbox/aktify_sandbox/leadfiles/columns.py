"""Maps the columns of a table to Aktify's fields or metadata, or leaves them out."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aktify_sandbox.contract.aliases import field_for_alias, likely_field
from aktify_sandbox.contract.schema import FIELDS
from aktify_sandbox.errors import LeadFileError
from aktify_sandbox.text import suggest

METADATA = "metadata."
"""The prefix of columns whose cells go into metadata: `metadata.colour`."""

OF_EXPORTS = ("campaign", "phone", "lead")
"""Columns that `leads export` adds to a lead: `lead` is the lead as JSON, if cells can't express it."""


OF_REJECTS = ("row", "problem", "fix")
"""The columns that `--rejects` adds after the user's own."""


def is_rejects(names: Sequence[str]) -> bool:
    """Whether a table with these columns is one that `--rejects` wrote."""
    return tuple(names[-len(OF_REJECTS) :]) == OF_REJECTS


class Columns(NamedTuple):
    """The columns of a table, in its order."""

    names: tuple[str, ...]
    """As the file has them, without blanks around; empty where a column has no name."""
    fields: tuple[str | None, ...]
    """For each: a field of the page, `metadata.name`, or None if it is left out."""
    is_export: bool = False
    """Whether the table was written by `leads export`, which says campaign and phone beside each lead."""

    @property
    def by_name(self) -> dict[str, str | None]:
        """The mapping of named columns."""
        return {name: field for name, field in zip(self.names, self.fields, strict=True) if name}

    @property
    def has_phone(self) -> bool:
        """Whether there is a column of phone numbers, without which no row is a lead."""
        return "phoneNumber" in self.fields


def assignment(text: str) -> tuple[str, str]:
    """A column and its field, of `COLUMN=FIELD`. The last equals sign divides: a column's name may have one.

    Raises `LeadFileError`.
    """
    column, sign, field = text.rpartition("=")
    if not sign or not column.strip():
        raise LeadFileError(f"--map {text} names no column.", 'write it as "Phone=phoneNumber".')
    return column.strip(), field.strip()


def metadata_for(name: str) -> str:
    """Where in metadata a column may go: `metadata.leadStatus` for Lead Status."""
    words: list[str] = re.findall(r"[A-Za-z0-9]+", name) or ["name"]
    first, *others = words
    return METADATA + first[:1].lower() + first[1:] + "".join(each[:1].upper() + each[1:] for each in others)


def checked_mapping(chosen: Mapping[str, str]) -> dict[str, str]:
    """The user's own assignments: `Phone` to `phoneNumber`, or to nothing to leave it out.

    Raises `LeadFileError` for a field that the page doesn't have.
    """
    for name, field in chosen.items():
        if field and field not in FIELDS and not field.startswith(METADATA):
            raise LeadFileError(f"--map {name}={field}: Aktify has no field {field}.", _instead(name, field))
    return dict(chosen)


def _instead(name: str, field: str) -> str:
    """The right name instead of a field that isn't on the page."""
    if name in FIELDS:
        return f'the column comes first: --map "{field}={name}".'
    meant = likely_field(field) or field_for_alias(name)
    if meant:
        return f'write the column, then Aktify\'s field: --map "{name}={meant}".'
    allowed = ", ".join(each for each in FIELDS if each != "metadata")
    return f"choose from {allowed}, metadata.NAME, or nothing to leave out the column."


def assigned(cells: Sequence[str], chosen: Mapping[str, str]) -> Columns:
    """The mapping of a header's cells; `chosen` overrides the meaning of names."""
    names = tuple(cell.strip() for cell in cells)
    is_export = {"campaign", "phone", "phoneNumber"} <= {*names}
    fields: list[str | None] = []
    for name in names:
        if is_export and name in OF_EXPORTS and name not in chosen:
            fields.append(None)
        else:
            fields.append(_field(name, chosen))
    return Columns(names, tuple(fields), is_export)


def _field(name: str, chosen: Mapping[str, str]) -> str | None:
    if name in chosen:
        return chosen[name] or None
    if name.lower().startswith(METADATA) and len(name) > len(METADATA):
        return METADATA + name[len(METADATA) :]
    return name if name in FIELDS else field_for_alias(name)


def refuse_doubles(columns: Columns, line: int) -> None:
    """Raises `LeadFileError` when two columns are one field: which of them counts is for a person to say."""
    first: dict[str, str] = {}
    for name, field in zip(columns.names, columns.fields, strict=True):
        if field is None:
            continue
        if field in first:
            both = f"{first[field]} and {name}" if first[field] != name else f"two columns called {name}"
            fix = f'leave one out with --map "{name}="' if first[field] != name else "rename one of them"
            raise LeadFileError(f"{both} are both {field}.", f"{fix}.", line, columns.by_name)
        first[field] = name
    inside = next((field for field in first if field.startswith(METADATA)), None)
    if inside and "metadata" in first:
        message = f"the columns metadata and {inside} can't be combined."
        raise LeadFileError(
            message, "use one column for each metadata value, and no metadata column.", line, columns.by_name
        )


def refuse_unknown_choices(columns: Columns, chosen: Mapping[str, str]) -> None:
    """Raises `LeadFileError` if the user assigned a column that the file doesn't have."""
    for name in chosen:
        if name not in columns.names:
            meant = suggest(name, filter(None, columns.names), " Did you mean {}?", 0.5)
            message = f"--map {name}=…: the file has no column {name}.{meant}"
            raise LeadFileError(message, f"choose from {listed(columns.names)}.", columns=columns.by_name)


def listed(names: Sequence[str]) -> str:
    """Names of columns in words."""
    return ", ".join(name[:60] or "(no name)" for name in names[:40]) + (" …" if len(names) > 40 else "")
