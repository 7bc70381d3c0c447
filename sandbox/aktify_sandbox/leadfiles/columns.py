"""What the columns of a table are: the vendor's fields, metadata, or left out."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aktify_sandbox.contract.aliases import field_for_alias
from aktify_sandbox.contract.schema import FIELDS
from aktify_sandbox.errors import LeadFileError
from aktify_sandbox.text import suggest

METADATA = "metadata."
"""What the name of a column begins with whose cells go into metadata: `metadata.colour`."""

OF_EXPORTS = ("campaign", "phone", "lead")
"""What `leads export` writes beside the lead: `lead` is all of it as JSON, where cells don't say it all."""


OF_REJECTS = ("row", "problem", "fix")
"""What `--rejects` writes behind the user's own columns."""


def is_rejects(names: Sequence[str]) -> bool:
    """Whether a table with these columns is one that `--rejects` wrote."""
    return tuple(names[-len(OF_REJECTS) :]) == OF_REJECTS


class Columns(NamedTuple):
    """The columns of a table, in its order."""

    names: tuple[str, ...]
    """As the file has them, without blanks around; empty where a column has no name."""
    fields: tuple[str | None, ...]
    """What each is: a field of the page, `metadata.name`, or None when it is left out."""
    is_export: bool = False
    """Whether the table was written by `leads export`, which says campaign and phone beside each lead."""

    @property
    def by_name(self) -> dict[str, str | None]:
        """What each named column is."""
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
        raise LeadFileError(f"--map {text}: no column is named.", 'write it as "Phone=phoneNumber".')
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
            meant = suggest(field, FIELDS, "did you mean {}? ", 0.5)
            allowed = ", ".join(FIELDS)
            raise LeadFileError(
                f"--map {name}={field}: the page has no field {field}.",
                f"{meant}choose from {allowed}, metadata.NAME, or nothing to leave the column out.",
            )
    return dict(chosen)


def assigned(cells: Sequence[str], chosen: Mapping[str, str]) -> Columns:
    """The columns that a header's cells name; `chosen` goes before what the names mean by themselves."""
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
        message = f"the columns metadata and {inside} exclude each other."
        raise LeadFileError(
            message, "give each value of metadata a column of its own.", line, columns.by_name
        )


def refuse_unknown_choices(columns: Columns, chosen: Mapping[str, str]) -> None:
    """Raises `LeadFileError` when the user assigned a column that the file doesn't have."""
    for name in chosen:
        if name not in columns.names:
            meant = suggest(name, filter(None, columns.names), "did you mean {}? ", 0.5)
            message = f"--map {name}=…: the file has no column {name}."
            raise LeadFileError(message, f"{meant}it has {listed(columns.names)}.", columns=columns.by_name)


def listed(names: Sequence[str]) -> str:
    """Names of columns in words."""
    return ", ".join(name[:60] or "(no name)" for name in names[:40]) + (" …" if len(names) > 40 else "")
