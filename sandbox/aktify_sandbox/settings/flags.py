"""A field of the settings as flags, variables and the configuration file call it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from typing import Any, NamedTuple

PREFIX = "AKTIFY_SANDBOX_"
"""Of every environment variable."""


def option(default: Any, about: str, **more: Any) -> Any:
    """A field that a flag sets; `more` are those of `Flag` that don't follow from the default."""
    return field(default=default, metadata={"help": about, **more})


class Flag(NamedTuple):
    """A field as a command line shows it."""

    field: str
    name: str
    """Without the leading hyphens."""
    word: str
    """How the configuration file calls it."""
    help: str
    kind: str
    """text, number, boolean, path, choice or many."""
    metavar: str | None
    choices: tuple[str, ...]
    default: Any
    least: int
    most: int
    """Of a number; else both are 0."""

    @property
    def is_negated(self) -> bool:
        """Whether the flag, its variable and its word in the file say the opposite of the field."""
        return self.name.startswith("no-")

    @property
    def variables(self) -> list[str]:
        """The environment variables that set it, the first that isn't empty."""
        return [PREFIX + name.replace("-", "_").upper() for name in dict.fromkeys((self.name, self.word))]


def flag_of(each: "dataclasses.Field[Any]") -> Flag:
    """How a command line shows the field."""
    about = each.metadata
    name = about.get("flag", each.name.replace("_", "-"))
    return Flag(
        each.name,
        name,
        about.get("word", name),
        about["help"],
        about.get("kind") or _kind_of(each.default, about),
        about.get("metavar"),
        tuple(about.get("choices", ())),
        each.default,
        about.get("least", 0),
        about.get("most", 0),
    )


def _kind_of(default: Any, about: Mapping[str, Any]) -> str:
    if isinstance(default, bool):
        return "boolean"
    if "choices" in about:
        return "choice"
    return "number" if "least" in about else "text"
